# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Distillation without training data: images, statistics, both steps, the baselines."""
from depth_ros.contracts import InputError
import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
from tiny_frames import batch, SMALL, train  # noqa: E402
from tiny_simulator import foreign_file  # noqa: E402
from training.datasets.mixing import mix, pasted_pixels, things  # noqa: E402
from training.feature_statistics import norms, statistics  # noqa: E402
from training.losses import data_free as losses_of  # noqa: E402
from training.methods.data_free import DataFree  # noqa: E402
from training.networks.generator import Generator  # noqa: E402
from training.networks.metric import build_network  # noqa: E402
from training.networks.transformation import Transformation  # noqa: E402


@pytest.fixture(scope='module')
def teacher(tmp_path_factory):
    """Write the weights of a teacher that knows dull images; returns the path."""
    torch.manual_seed(5)
    path, net = tmp_path_factory.mktemp('teacher') / 'teacher.pth', build_network(
        'mff_student', 'mobilenet_v2')
    for layer in norms(net):
        layer.momentum = 1.0
    with torch.no_grad():
        net(0.6 * batch(8)['image'] + 0.4)
    torch.save(net.state_dict(), path)
    return path


def method(path, **options):
    """Make a method with its teacher read."""
    torch.manual_seed(6)
    made = DataFree(**SMALL, teacher_encoder='mobilenet_v2', teacher_checkpoint=str(path),
                    **options)
    made.setup('fit')
    return made


def simulated(count=4):
    """Make a batch of images whose things 1, 2, ... are squares at places of their own."""
    data = batch(count)
    data['instances'] = torch.zeros(count, 32, 48, dtype=torch.long)
    for k in range(count):
        data['instances'][k, 8 + k:16 + k, 10 + 5 * k:20 + 5 * k] = k + 1
    return data


def test_things():
    """Neither specks nor walls are pasted, nor what is cut off by two sides, nor background."""
    ids = torch.zeros(40, 40, dtype=torch.long)
    ids[10:20, 10:20] = 4
    ids[30, 30] = 5
    ids[:18, 22:] = 6  # touches two sides
    ids[36:, 5:30] = 7  # touches one
    assert things(ids).tolist() == [4, 7]
    assert things(ids, (0.0, 0.07)).tolist() == [4, 5, 7]
    mask = pasted_pixels(ids, most=2)
    assert set(ids[mask].tolist()) <= {4, 7} and mask.any()
    assert not pasted_pixels(torch.zeros(9, 9, dtype=torch.long)).any()


def test_mix():
    """Pasted pixels are those of a thing of another image, all others are as they were."""
    data = simulated()
    images = torch.arange(4.0)[:, None, None, None].expand(-1, 3, 32, 48)
    mixed, mask = mix(images, data['instances'], 1.0)
    assert mask.flatten(1).any(1).all()
    for k in range(4):
        assert (mixed[k][:, ~mask[k]] == k).all()
        other = mixed[k][0][mask[k]].unique()
        assert len(other) == 1 and other != k
        assert torch.equal(mask[k], data['instances'][int(other)] == int(other) + 1)
    assert not mix(images, data['instances'], 0.0)[1].any()
    assert torch.equal(mix(images[:1], data['instances'][:1], 1.0)[0], images[:1])


def test_transformation_begins_as_identity():
    """Images of any size stay as they are at first; later they stay within black and white."""
    net, image = Transformation(), batch(2, 30, 41)['image'].clamp(-1.8, 2.2)
    assert torch.equal(net(image), image)
    torch.nn.init.normal_(net.change.weight, 0.0, 3.0)
    changed = net(image)
    assert 0.1 < (changed - image).abs().max() <= 0.5 + 1e-6
    assert (changed >= net.low).all() and (changed <= net.high).all()


@pytest.mark.parametrize('kind', ['relative', 'absolute'])
def test_statistics(kind):
    """Mean and variance of a layer's input beside the stored ones, with gradients."""
    net = torch.nn.Sequential(torch.nn.ReLU(), torch.nn.BatchNorm2d(3)).eval()
    net[1].running_mean += 2.0
    net[1].running_var *= 0.3
    x = torch.rand(2, 3, 4, 5, requires_grad=True)
    with statistics(net) as found:
        net(x)
    values = x.detach().numpy().transpose(1, 0, 2, 3).reshape(3, -1)
    mean, variance = values.mean(1), values.var(1)
    expected = {'absolute': (mean - 2.0) ** 2 + (variance - 0.3) ** 2,
                'relative': (mean - 2.0) ** 2 / 0.3 + np.log(variance / 0.3) ** 2}[kind].mean()
    loss = losses_of.statistics_loss(found, kind)
    assert loss.item() == pytest.approx(expected, rel=1e-3)
    loss.backward()
    assert x.grad.abs().min() > 0
    net(x)
    assert len(found) == 1 and len(norms(net)) == 1


def test_statistics_have_no_unit():
    """A layer whose values are a thousand times larger counts as much as the others."""
    layer = tuple(torch.tensor(values) for values in (
        [1.0, 2.0], [1.0, 4.0], [1.5, 2.0], [2.0, 4.0]))
    large = tuple(values * scale for values, scale in zip(layer, (1e3, 1e6, 1e3, 1e6)))
    one, both = losses_of.statistics_loss([layer]), losses_of.statistics_loss([layer, large])
    assert both.item() == pytest.approx(one.item(), rel=1e-4)
    assert losses_of.statistics_loss([layer, large], 'absolute') > 1e5
    # Twice the variance is as wrong as half of it.
    wrong = [losses_of.statistics_loss([(layer[2], factor * layer[3], layer[2], layer[3])]).item()
             for factor in (2.0, 0.5)]
    assert wrong == pytest.approx([np.log(2.0) ** 2] * 2, rel=1e-4)
    parts = losses_of.transform_loss([layer], torch.ones(1, 3, 2, 2), torch.zeros(1, 3, 2, 2), 3.0)
    assert parts['loss'].item() == pytest.approx(parts['statistics'].item() + 3.0)


def test_ours_learns(teacher):
    """Student and transformation come nearer to the teacher, who stays as it is."""
    made, data = method(teacher), simulated()
    before = {key: value.clone() for key, value in made.teacher[0].state_dict().items()}
    torch.manual_seed(1)
    image = data['image']
    found = [made.train().adapt(image)[1]['transform_statistics'] for _ in range(5)]
    assert found[-1] < 0.98 * found[0]
    losses = train(made, data, 5, 1e-3)
    assert losses[-1] < 0.8 * losses[0]
    changed, _ = made.adapt(image)
    assert changed.shape == image.shape and 0 < (changed - image).abs().max() <= 0.5 + 1e-6
    parts = made.losses(data)
    assert {'pasted', 'transform_loss', 'transform_moved'} <= set(parts)
    assert len(parts['prediction']) == 2 * len(image) and parts['transform_moved'] > 0
    assert all(torch.equal(value, before[key])
               for key, value in made.teacher[0].state_dict().items())
    assert not any('teacher' in key for key in made.state_dict())
    kept = {}
    made.on_save_checkpoint(kept)
    taken = int(kept['maker_optimizer']['state'][0]['step'])
    again = method(teacher)
    again.on_load_checkpoint(kept)
    again.adapt(image)
    steps = [state['step'] for state in again.maker_optimizer.state_dict()['state'].values()]
    assert taken > 5 and set(map(int, steps)) == {taken + 1}


def test_half_precision(teacher):
    """In bfloat16 the losses stay finite, and near what they are in full precision."""
    made, data, parts = method(teacher), simulated(), []
    for half in (False, True):
        torch.manual_seed(4)
        with torch.autocast('cpu', torch.bfloat16, half):
            parts.append(made.train().losses(data))
    for name in ('loss', 'transform_statistics'):
        assert parts[1][name].item() == pytest.approx(parts[0][name].item(), rel=0.1)
    assert parts[1]['prediction'].dtype == torch.float32
    parts[1]['loss'].backward()
    assert all(torch.isfinite(value.grad).all() for value in made.net.parameters()
               if value.grad is not None)


def test_plain_images(teacher):
    """KD-OOD: the mean difference on the images as they are; a spoilt answer does not count."""
    made, data = method(teacher, mix_share=0.0, transform=False).eval(), batch(3)
    assert made.maker is None
    answers = made.teach(data['image'], (32, 48))
    with torch.no_grad():
        errors = (made.net(data['image']) - answers).abs().flatten(1).mean(1)
        assert made.losses(data)['loss'].item() == pytest.approx(errors.mean().item(), abs=1e-6)
        answers[1, 0, 3, 4] = torch.nan
        made.teach = lambda image, size: answers
        parts = made.losses(data)
    assert parts['loss'].item() == pytest.approx(errors[[0, 2]].mean().item(), abs=1e-6)
    assert parts['left_out'].item() == pytest.approx(1 / 3)
    answers[:] = torch.inf
    assert made.losses(data)['loss'].item() == 0.0


@pytest.mark.parametrize('source', ['noise', 'adversarial'])
def test_made_images(teacher, source, monkeypatch):
    """Noise and a generator need the size of an image alone; the generator finds mistakes."""
    made = method(teacher, source=source, generator_size=[32, 48], maker_lr=1e-2,
                  optimizer='sgd', student_steps=2)
    data = {'image': torch.full((3, 3, 30, 44), torch.nan)}
    assert isinstance(made.configure_optimizers()['optimizer'], torch.optim.SGD)
    images, _ = made.train().samples(data)
    assert images.shape == (3, 3, 30, 44) and torch.isfinite(images).all()
    steps = []
    monkeypatch.setattr(DataFree, 'global_step', property(lambda self: len(steps)))
    for _ in range(7):
        parts = made.losses(data)
        steps.append(parts.get('generator'))
        assert torch.isfinite(parts['loss'])
    if source == 'noise':
        assert steps == [None] * 7 and images.std() == pytest.approx(1.0, abs=0.1)
    else:
        assert [step is not None for step in steps] == [k in (2, 4, 6) for k in range(7)]
        assert steps[6] < steps[2]
        assert all(value.grad is None for value in made.net.parameters())


def test_dfad_losses(goldens):
    """Losses of the adversarial baseline."""
    from reference_numbers import assert_golden
    inputs, outputs, rtol = goldens.load('distill_attack_misc/dfad_losses')
    student, teacher = (torch.from_numpy(inputs[name]) for name in ('student', 'teacher'))
    assert_golden(losses_of.disagreement(student, teacher), outputs['loss_S'], rtol)
    assert_golden(losses_of.generator_loss(student, teacher), outputs['loss_G'], rtol)


def test_dfad_generator(goldens):
    """Images of the generator with weights that follow from their shapes, and its size."""
    from reference_numbers import assert_golden, fill
    from training.networks.blocks import parameter_count
    inputs, outputs, rtol = goldens.load('distill_attack_misc/dfad_generatorB')
    net = fill(Generator(), single=False)
    assert parameter_count(net) == outputs['total'] == 11_243_203
    with torch.no_grad():
        image = net(torch.from_numpy(inputs['z']))
    assert list(image.shape) == outputs['shape']
    assert_golden(image[..., ::8, ::8], outputs['out_every8'], rtol)


def test_foreign_teacher(tmp_path):
    """An ONNX file teaches, depth below zero and all; what needs its features is refused."""
    pytest.importorskip('onnxruntime')
    for spoilt in (False, True):
        path = tmp_path / f'{spoilt}.onnx'
        foreign_file(path, spoilt)
        made, data = method(path, mix_share=0.0, transform=False), batch(2)
        mean, std = (np.array(x, np.float32)[:, None, None]
                     for x in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
        bytes_ = (255 * (data['image'].numpy() * std + mean).clip(0, 1)).astype(np.uint8)
        expected = bytes_.mean(1) / 100 + (-9.0 if spoilt else 1.0)
        answer = made.teach(data['image'], (32, 48))[:, 0].numpy()
        assert np.allclose(answer, expected, atol=1e-4)
        made.losses(data)['loss'].backward()
    made = method(path, mix_share=0.0, transform=False, teacher_unit=0.001)
    assert np.allclose(made.teach(data['image'], (32, 48))[:, 0].numpy(), expected / 1000)
    for options in ({}, {'source': 'adversarial', 'generator_size': [32, 48]}):
        with pytest.raises(InputError, match='neither features nor gradients'):
            method(path, **options)


@pytest.mark.parametrize('options, message', [
    ({}, 'needs model.teacher_checkpoint'),
    ({'source': 'gan'}, 'unknown source of images .gan.: choose one of adversarial, noise'),
    ({'loss': 'l2'}, 'unknown loss of the student .l2.'),
    ({'mix_share': 2}, 'mix_share is 2: it is a probability'),
    ({'student_steps': 0}, 'student_steps is 0'), ({'teacher_unit': 0}, 'teacher_unit is 0'),
    ({'statistics': 'none'}, 'unknown way to compare statistics'),
    ({'optimizer': 'lion'}, 'unknown optimizer'),
    ({'source': 'adversarial', 'generator_size': [30, 40]}, 'multiples of 16, not .30, 40.')])
def test_unusable_options(options, message):
    """Mistakes in the config are one clear error."""
    with pytest.raises(InputError, match=message):
        DataFree(**SMALL, **options).setup('fit')


def test_mixing_needs_instances(teacher):
    """A batch without them is an error that says what to do."""
    with pytest.raises(InputError, match='mixing needs data with instances.*model.mix_share=0'):
        method(teacher, transform=False).losses(batch())


@pytest.mark.parametrize('name', ['data_free', 'cpu/data_free'])
def test_configs(name, repository):
    """The configs, and the baselines that their first lines name, are understood."""
    from training.experiment import load_config, resolve
    config = repository / 'config' / 'training' / f'{name}.yaml'
    for changes in ((), ('model.mix_share=0', 'model.transform=false'),
                    ('model.source=noise', 'data.blank=50', 'data.train=[]'),
                    ('model.source=adversarial', 'model.optimizer=sgd', 'data.blank=50',
                     'data.train=[]', 'model.generator_size=[96, 128]')):
        assert 'DataFree' in resolve(load_config(config, changes))
