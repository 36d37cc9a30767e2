# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Training against attacks, and what is measured of it."""
from depth_ros.contracts import InputError
from depth_ros.evaluation.protocols import find_protocol
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
from tiny_frames import batch, train  # noqa: E402
from tiny_runs import leave_run  # noqa: E402
from training.attack.gradient import attack_loss, fgsm, ifgsm, perturb  # noqa: E402
from training.attack.measure import measure, Models, stronger  # noqa: E402
from training.attack.natural import measure_natural  # noqa: E402
from training.attack.sheets import amplified, sheet  # noqa: E402
from training.experiment import build  # noqa: E402
from training.losses.composite import composite_loss  # noqa: E402
from training.methods.adversarial import Adversarial  # noqa: E402
from training.methods.defence import Defence  # noqa: E402
from training.runs import lineage, load_method  # noqa: E402
from training.targets import load_target  # noqa: E402

NET = {'network': 'fast_student', 'encoder': 'efficientnet_lite0', 'imagenet': False}
MASK = {'mask_net': 'light', 'imagenet': False}
PROTOCOL = find_protocol('image_mse')


@pytest.fixture(scope='module')
def n(tmp_path_factory):
    """Leave a run of a depth network with random weights; returns its checkpoint."""
    return leave_run(tmp_path_factory.mktemp('N'), 'Supervised', {**NET, 'focal': 40.0}, 0.0)


@pytest.fixture(scope='module')
def g(n):
    """Leave a run of a mask network for it."""
    return leave_run(n.parent.parent / 'G', 'Saliency', {**MASK, 'target': str(n)}, 0.0)


def frames(seed=0):
    """Return three small frames, their line and unknown pixels."""
    data = batch(3, 32, 64, seed=seed)
    data['depth'][:, :4] = float('nan')
    data['sparse_depth'] = torch.zeros(3, 32, 64)
    return data


def section(kind, **options):
    return build({'class_path': kind, 'init_args': options})


@pytest.mark.parametrize('against', ['target', 'self'])
def test_adversarial(n, against):
    """Clean images give the supervised loss; attacked ones a higher one; nothing else moves."""
    data = frames()
    options = {**NET, 'focal': 40.0, 'freeze_norm': True}
    method = section('Adversarial', target=str(n), against=against, attack_share=0.0, **options)
    method.setup('fit')
    method.train()
    plain = section('Supervised', **options)
    plain.net.load_state_dict(method.net.state_dict())
    plain.train()
    clean = method.losses(data)['loss'].item()
    assert clean == pytest.approx(plain.losses(data)['loss'].item(), abs=1e-6)
    assert not any('attacked' in key or 'target' in key for key in method.state_dict())
    hit = section('Adversarial', target=str(n), against=against, attack_share=1.0,
                  eps=[0.3, 0.3], **options)
    hit.setup('fit')
    hit.net.load_state_dict(method.net.state_dict())
    hit.train()
    before = {key: value.clone() for key, value in hit.net.state_dict().items()}
    attacked = hit.losses(data)['loss']
    assert not torch.isclose(attacked, torch.tensor(clean), atol=1e-5)
    if against == 'self':
        assert attacked > clean
    assert all(torch.equal(value, before[key]) for key, value in hit.net.state_dict().items())
    assert all(value.grad is None for value in hit.net.parameters())
    assert hit.training and not any(layer.training for layer in hit.net.modules()
                                    if isinstance(layer, torch.nn.BatchNorm2d))
    attacked.backward()
    assert any(value.grad is not None and value.grad.abs().max() > 0
               for value in hit.net.parameters())


def test_attack_keeps_statistics(n):
    """Statistics come from the batch that is trained on, once, not from the attack's steps."""
    method = section('Adversarial', target=str(n), against='self', attack_share=1.0, **NET)
    method.setup('fit')
    method.train()
    method.losses(frames())
    counts = {int(value) for key, value in method.net.state_dict().items()
              if key.endswith('num_batches_tracked')}
    assert counts == {1} and method.net.training


def test_defence_loss(n, g):
    """The loss is l_dif of truth and N of the masked image, plus lambda times the mask's mean."""
    data = frames()
    method = section('Defence', target=str(n), start=str(g), sparsity=1.5, attack_share=0.0,
                     **MASK)
    assert torch.equal(method.net.decoder.head.weight, load_method(g)[0].net.decoder.head.weight)
    method.eval()
    parts, target = method.losses(data), load_target(n)
    mask = load_method(g)[0].net(data['image'])
    depth = target.depth(data['image'] * mask, None, data['camera'])
    truth = data['depth'].nan_to_num(0.0)[:, None]
    expected = composite_loss(depth, truth, mask=truth > 0)['loss'] + 1.5 * mask.mean()
    assert parts['loss'].item() == pytest.approx(expected.item(), abs=1e-5)
    parts['loss'].backward()
    assert all(value.grad is None for value in method.target.parameters())
    assert max(float(value.grad.abs().max()) for value in method.net.parameters()
               if value.grad is not None) > 0
    assert not any('kept' in key or 'target' in key for key in method.state_dict())


def test_defence_learns(n, g):
    """Its loss falls on attacked images, and N stays as it was."""
    method = section('Defence', target=str(n), start=str(g), against='self', attack_share=1.0,
                     sparsity=0.0, eps=[0.1, 0.1], attack_steps=[2, 3], **MASK)
    before = {key: value.clone() for key, value in method.target.state_dict().items()}
    losses = train(method, frames(), 4, 2e-3)
    assert min(losses[-2:]) < losses[0]
    assert all(torch.equal(value, before[key])
               for key, value in method.target.state_dict().items())


def test_measure(n, g):
    """The figures of each configuration by hand; what is adaptive is worse than what is not."""
    data, target, mask = frames(), load_target(n), load_method(g)[0].net.requires_grad_(False)
    other = load_method(leave_run(g.parent.parent / 'G2', 'Saliency', {
        **MASK, 'target': str(n)}, 0.5))[0].net.requires_grad_(False)
    models = Models(target, mask, other)
    attack = ifgsm(steps=2)
    curves = {(c['setting'], c['configuration']): c for c in measure(
        models, [data], attack, [0.0, 0.2], PROTOCOL, [attack, stronger(attack, 3, 2)])}
    assert set(curves) == {('transfer', name) for name in ('N', 'N.G(x)', 'N.G', 'N.G_adv')} | {
        (setting, name) for setting in ('adaptive', 'adaptive, 3 steps, 2 starts', 'worst of all')
        for name in ('N.G', 'N.G_adv')}

    def depth(image):
        return target.depth(image, None, data['camera'])
    clean = data['image']
    x = perturb(attack.at(0.2), depth, clean, data['depth'])
    own = perturb(attack.at(0.2), lambda image: depth(image * other(image)), clean, data['depth'])
    with torch.no_grad():
        expected = {('transfer', 'N'): depth(x), ('transfer', 'N.G(x)'): depth(x * mask(clean)),
                    ('transfer', 'N.G'): depth(x * mask(x)),
                    ('transfer', 'N.G_adv'): depth(x * other(x)),
                    ('adaptive', 'N.G_adv'): depth(own * other(own))}
    for key, answer in expected.items():
        figures = PROTOCOL.combine(PROTOCOL.image(a[0].numpy(), t.numpy())
                                   for a, t in zip(answer, data['depth']))
        for name in ('rmse', 'abs_rel', 'delta1'):
            assert curves[key]['figures'][name][1] == pytest.approx(figures[name], abs=1e-5), key
    for name in ('N.G', 'N.G_adv'):
        at = {setting: curves[setting, name]['figures']['rmse'] for setting, one in curves
              if one == name}
        assert len({values[0] for values in at.values()}) == 1
        assert max(values[1] for values in at.values()) <= at['worst of all'][1] + 1e-9
        assert at['adaptive'][1] > at['adaptive'][0]
    with pytest.raises(InputError, match='no frame'):
        measure(models, [], attack, [0.1], PROTOCOL)


def test_natural(n, g):
    """The usual level gives the clean figures; what needs the clean image is left out."""
    pytest.importorskip('kornia')
    data, target = frames(), load_target(n)
    models = Models(target, load_method(g)[0].net.requires_grad_(False))
    curves = measure_natural(models, [data], PROTOCOL, ['sensor noise', 'exposure'])
    assert [(c['corruption'], c['configuration']) for c in curves] == [
        (kind, name) for kind in ('sensor noise', 'exposure') for name in ('N', 'N.G')]
    clean = measure(models, [data], fgsm(), [0.0], PROTOCOL)
    for curve in curves:
        assert curve['levels'] == sorted(curve['levels'])
        same = next(c for c in clean if c['configuration'] == curve['configuration'])
        place = curve['levels'].index(curve['usual'])
        assert curve['figures']['rmse'][place] == same['figures']['rmse'][0]
        assert len(set(curve['figures']['rmse'])) == len(curve['levels'])


def test_sheet(n, g):
    """Two rows of tiles per frame; the change is grey where nothing changed."""
    mask = load_method(g)[0].net.requires_grad_(False)
    models = Models(load_target(n), mask, mask, load_target(n))
    picture = sheet(models, frames(), fgsm(), 0.1, fgsm(), count=2)
    assert picture.shape == (4 * 96, 192 * 7, 3) and picture.dtype.name == 'uint8'
    assert (amplified(torch.zeros(3, 4, 4), 0.1) == 127).all()
    assert amplified(torch.full((3, 1, 1), 0.1), 0.1).max() == 254


def test_lineage(n, g):
    """A mask's lineage has the depth network's."""
    text, free = lineage(load_method(g)[1])
    assert 'masks for the network of: a run trained on procedural frames only' in text and free
    config = load_method(g)[1]
    config['model']['init_args']['target'] = 'student'
    assert 'masks for student: trained on procedural' in lineage(config)[0]
    config['model']['init_args']['target'] = 'gone/last.ckpt'
    assert lineage(config) == (lineage(config)[0], False)


def test_wrong_settings(n):
    """Each is one error."""
    with pytest.raises(InputError, match='model.target'):
        section('Adversarial', **NET).setup('fit')
    with pytest.raises(InputError, match='self'):
        Adversarial(against='both', **NET)
    with pytest.raises(InputError, match='attack_share'):
        Defence(str(n), attack_share=3.0, **MASK)
    with pytest.raises(InputError, match='no weights'):
        Defence(str(n), start='gone.ckpt', **MASK)
    assert attack_loss('l1', torch.ones(1, 1, 2, 2), torch.full((1, 2, 2), torch.nan)) == 0
