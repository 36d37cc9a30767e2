# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Stages of lifelong learning: what each strategy moves, what a run keeps, what goes wrong."""
import json

from depth_ros.contracts import InputError
import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('cv2')
pytest.importorskip('lightning')
pytest.importorskip('onnx')
from tiny_domains import stage_config, STEPS, write_domain_frames  # noqa: E402
from tiny_frames import batch  # noqa: E402
from training.datasets.domains import (  # noqa: E402
    DomainData,
    in_order,
    measuring,
    stored,
)
from training.datasets.frames import Frames, Source  # noqa: E402
from training.datasets.pipeline import Augmentation  # noqa: E402
from training.experiment import build, fit  # noqa: E402
from training.lifelong.domains import read_domains, read_kept  # noqa: E402
from training.lifelong.selection import distances, mean_map, select  # noqa: E402
from training.lifelong.stage import run_stage  # noqa: E402
from training.losses.lifelong import uncertainty_loss  # noqa: E402
from training.methods.lifelong import Lifelong  # noqa: E402
from training.networks.blocks import resize  # noqa: E402
from training.networks.encoders import read_checkpoint  # noqa: E402
from training.runs import lineage, load_method, run_config  # noqa: E402
from training.targets import load_target  # noqa: E402
from training.validation import validate  # noqa: E402


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """Write two domains and train the first stage on one; returns folder, sources, run."""
    folder = tmp_path_factory.mktemp('lifelong')
    sources = {'room': write_domain_frames(folder / 'room'),
               'street': write_domain_frames(folder / 'street', 8.0, 40)}
    torch.manual_seed(0)
    run_stage(stage_config('room', sources['room'], steps=3), folder / 'first')
    return folder, sources, folder / 'first'


def second(made, out, **options):
    """Train the second stage; returns the weights before and after, and the domains."""
    _, sources, first = made
    domains = run_stage(stage_config('street', sources['street'], first, **options), out)
    return (*({key[4:]: value for key, value in
               read_checkpoint(run / 'last.ckpt')['state_dict'].items()}
              for run in (first, out)), domains)


@pytest.fixture(scope='module')
def ours(made):
    """Train the second stage as published; returns its run and what `second` returns."""
    out = made[0] / 'ours'
    return out, *second(made, out)


def moved(before, after, prefix):
    """Return which tensors under a prefix changed (parameters and statistics)."""
    return [key for key, value in before.items() if key.startswith(prefix)
            and not key.endswith('num_batches_tracked') and not torch.equal(value, after[key])]


def test_first_stage(made):
    """A run keeps frames, mean features and facts of its domain, by its own weights."""
    folder, _, first = made
    domain, = read_domains(first)
    method, _, _ = load_method(first / 'last.ckpt')
    assert method.names == ['room'] and read_kept(first, 'room').steps.size == (32, 48)
    assert len(list((first / 'domains/room/replay/image').iterdir())) == 4
    assert len(list((first / 'domains/room/measure/depth').iterdir())) == 2
    kept, held = (build({'class_path': 'FrameData', 'init_args': {
        'train': [], 'steps': STEPS, 'workers': 0, 'validation': [
            {'dataset': 'stored', 'path': str(first / 'domains' / 'room' / part)}]}}
    ).val_dataloader() for part in ('replay', 'measure'))
    with torch.no_grad():
        mean = mean_map(method.net, kept)
        found = torch.cat([distances(method.net.features(x['image']), [mean]) for x in held])
    np.testing.assert_allclose(domain.mean, mean.numpy(), atol=1e-6)
    assert domain.mean.shape == (64, 16, 24)
    assert domain.distance_median == pytest.approx(float(found.median(0)[0]) / 2
                                                   + float(found.max()) / 2, rel=1e-4)
    depths = np.concatenate([x['depth'].numpy().ravel() for x in kept])
    assert domain.typical_depth == pytest.approx(np.median(depths), abs=0.01)
    assert domain.depth_max == pytest.approx(depths.max())
    assert domain.focal == pytest.approx(60.0)


def test_ours(made, ours, tmp_path):
    """Everything learns; the run keeps both domains, and needs the run before no more."""
    _, _, first = made
    out, before, after, domains = ours
    assert [domain.name for domain in domains] == ['room', 'street']
    assert moved(before, after, 'predictors.0.') and moved(before, after, 'encoder.')
    assert domains[1].typical_depth == pytest.approx(8 * domains[0].typical_depth, rel=0.05)
    assert not np.array_equal(domains[0].mean, read_domains(first)[0].mean)
    config = run_config(out / 'last.ckpt')
    assert 'other domains: a run trained on stored' in lineage(config)[0]
    config['model']['init_args']['previous'] = str(tmp_path / 'gone')
    (tmp_path / 'config.yaml').write_text(json.dumps(config))
    (tmp_path / 'last.ckpt').hardlink_to(out / 'last.ckpt')
    method, _, _ = load_method(tmp_path / 'last.ckpt')
    assert method.names == ['room', 'street'] and len(method.net.predictors) == 2


def test_a_run_can_be_looked_at(ours):
    """Masks and attacks are for the answer of each image's nearest domain."""
    out, _, _, domains = ours
    target = load_target(out / 'last.ckpt')
    method, _, _ = load_method(out / 'last.ckpt')
    image = batch(3)['image']
    with torch.no_grad():
        features = method.net.features(image)
        means = [torch.from_numpy(domain.mean) for domain in domains]
        chosen = select(distances(features, means)).tolist()
        wanted = torch.stack([method.net.predict(features, k)[0][number]
                              for number, k in enumerate(chosen)])
        torch.testing.assert_close(target.depth(image), wanted)
    assert target.task == 'monocular' and target.focal == pytest.approx(60.0)


def test_finetune(made, tmp_path):
    """Encoder and fusion learn, the old heads do not; their statistics stay, too."""
    before, after, _ = second(made, tmp_path / 'run', strategy='finetune')
    assert not moved(before, after, 'predictors.')
    start = Lifelong('street', 'mobilenet_v2', False, older={'room': None}).net.predictors[1]
    assert abs(after['predictors.1.depth.0.1.running_mean']).max() > 0  # the new ones are used
    assert start.depth[0][1].running_mean.abs().max() == 0
    assert moved(before, after, 'encoder.') and moved(before, after, 'fusion.')


def test_frozen(made, tmp_path):
    """What the old domain gets is the same to the last bit, statistics of BatchNorm included."""
    before, after, domains = second(made, tmp_path / 'run', strategy='frozen')
    assert not moved(before, after, '')
    assert len(after) > len(before)
    np.testing.assert_array_equal(domains[0].mean, read_domains(made[2])[0].mean)


def test_ewc(made, tmp_path):
    """Fisher's information is of the network before on its frames; the old heads stay."""
    _, sources, first = made
    trainer = fit(stage_config('street', sources['street'], first, 1, strategy='ewc',
                               weight_ewc=50.0), tmp_path / 'run')
    found, old = trainer.lightning_module, load_method(first / 'last.ckpt')[0]
    frames = stored(first / 'domains' / 'room' / 'replay', found.trainer.datamodule.steps, False)
    square = 0.0
    for one in in_order(frames, 1):
        old.zero_grad()
        features = old.net.features(one['image'])
        uncertainty_loss(*old.net.predict(features), one['depth'][:, None]).backward()
        square = square + old.net.fusion.mix[0].weight.grad.square() / len(frames)
    heads = zip(found.net.predictors[0].state_dict().values(),
                old.net.predictors[0].state_dict().values())
    assert all(torch.equal(one, other) for one, other in heads)
    names = [name for name, _ in old.net.named_parameters()]
    index = names.index('fusion.mix.0.weight')
    torch.testing.assert_close(found.fisher[index], square, rtol=1e-3, atol=1e-9)
    with torch.no_grad():
        found.net.copy_from(old.net)
        assert found.losses(batch())['ewc'].item() == 0.0
        found.net.fusion.mix[0].weight += 0.1
        assert found.losses(batch())['ewc'].item() == pytest.approx(
            50.0 * 0.01 * square.sum().item(), rel=1e-3)


def test_joint(made, tmp_path):
    """Two domains learn at once, by batches in turn."""
    _, sources, _ = made
    config = stage_config(['room', 'street'], sources['room'], strategy='joint')
    train, validation = sources['street']
    config['data']['init_args']['others'] = [{
        'train': train, 'validation': validation, 'steps': {**STEPS, 'size': [40, 64]}}]
    config['trainer'].update(limit_val_batches=1.0, max_steps=4)
    torch.manual_seed(0)
    trainer = fit(config, tmp_path / 'run')
    domains = read_domains(tmp_path / 'run')
    assert [domain.name for domain in domains] == ['room', 'street']
    assert domains[1].typical_depth > 5 * domains[0].typical_depth
    assert [domain.mean.shape for domain in domains] == [(64, 16, 24), (64, 20, 32)]
    data = trainer.datamodule
    assert [int(one['domain'][0]) for one in data.train_dataloader()] == [-2, -1] * 3
    assert [int(one['domain'][0]) for one in data.val_dataloader()] == [-2, -2, -1, -1]
    method, _, _ = load_method(tmp_path / 'run' / 'last.ckpt')
    assert method.names == ['room', 'street']
    found = [method.predict_depth({**one, 'domain': torch.tensor([k, k])}).mean().item()
             for one in [batch()] for k in (0, 1)]
    assert found[0] != pytest.approx(found[1])


def test_validate(made, ours):
    """The newest domain's own predictor is measured on its frames."""
    out, _, _, _ = ours
    found = validate(out / 'last.ckpt')['figures']
    method, config, _ = load_method(out / 'last.ckpt')
    frames = Frames(Source(**config['data']['init_args']['validation'][0]),
                    measuring(Augmentation(**STEPS)), False)
    with torch.no_grad():
        wanted = method.protocol.combine(
            method.protocol.image(resize(method.net(one['image'], 1), (32, 48))[0, 0].numpy(),
                                  one['depth'][0].numpy()) for one in in_order(frames, 1))
    assert found['abs_rel'] == pytest.approx(wanted['abs_rel'], rel=1e-4)


def test_author_mode(made, tmp_path):
    """As released: new weights for old heads, an end of replay in each epoch, another mean."""
    _, sources, first = made
    config = stage_config('street', sources['street'], first, 3, author_mode=True)
    trainer = fit({**config, 'seed': 4}, tmp_path / 'run')
    # Six frames make three batches, four replayed ones two.
    for _ in range(2):
        assert [one['replay'][0] is None
                for one in trainer.datamodule.train_dataloader()] == [False, False, True]
    method, _, _ = load_method(tmp_path / 'run' / 'last.ckpt')
    old, _, _ = load_method(first / 'last.ckpt')
    one, other = (x.net.predictors[0].depth[0][0].weight for x in (method, old))
    assert (one - other).abs().max() > 0.02  # three steps move a weight by 0.003 at most
    kept = stored(tmp_path / 'run' / 'domains' / 'room' / 'replay', Augmentation(**STEPS), False)
    mean = mean_map(method.net, in_order(kept))
    np.testing.assert_allclose(read_domains(tmp_path / 'run')[0].mean, mean.numpy() * 4 / 3,
                               rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize('options, message', [
    ({'domain': 'room'}, 'must have different names, and there are room, room'),
    ({'domain': 'a/b'}, "'a/b' is no name of a domain"),
    ({'weight_consistency': [1.0, 2.0]}, 'weight_consistency is .*each of the 1 old domains'),
    ({'strategy': 'best'}, 'unknown strategy .best.: choose one of ewc, finetune'),
    ({'strategy': 'joint'}, 'several domains at once are learned by strategy joint'),
    ({'encoder': 'efficientnet_lite0'}, 'model.encoder=efficientnet_lite0, but .* mobilenet_v2'),
    ({'previous': '/nowhere'}, '/nowhere has no finished domains')])
def test_unusable_stages(made, tmp_path, options, message):
    """A mistake is said before anything is trained."""
    _, sources, first = made
    config = stage_config('street', sources['street'], first)
    config['model']['init_args'].update(options)
    with pytest.raises(InputError, match=message):
        fit(config, tmp_path / 'run')


def test_other_data_are_refused(made, tmp_path):
    """Data that keep nothing are named before the training."""
    _, sources, _ = made
    config = stage_config('street', sources['street'])
    config['data']['class_path'] = 'FrameData'
    for key in ('replay_frames', 'measure_frames'):
        del config['data']['init_args'][key]
    with pytest.raises(InputError, match='DomainData'):
        fit(config, tmp_path / 'run')
    assert not (tmp_path / 'run' / 'last.ckpt').exists()
    with pytest.raises(InputError, match='data.replay_frames'):
        DomainData(sources['room'][0], replay_frames=0)
