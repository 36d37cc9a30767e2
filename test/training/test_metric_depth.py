# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Supervised metric depth: learning, units, masks, measuring, broken samples."""
from depth_ros.contracts import InputError
from depth_ros.evaluation.edges import edge_metrics
from depth_ros.evaluation.protocols import PROTOCOLS
import numpy as np
import pytest

torch = pytest.importorskip('torch')
lightning = pytest.importorskip('lightning')
from tiny_frames import batch, SMALL, train  # noqa: E402
from training.losses.composite import composite_loss  # noqa: E402
from training.methods.supervised import Supervised  # noqa: E402


class Constant(torch.nn.Module):
    """Answers the same whatever it sees."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, image):
        return self.answer


@pytest.mark.parametrize('network, encoder, terms', [
    ('high_resolution', 'resnet18', ['depth', 'grad', 'normal']),
    ('mff_student', 'mobilenet_v2', ['depth']), ('fcrn', 'resnet18', ['depth', 'normal'])])
def test_supervised_learns(network, encoder, terms):
    """A few steps on one batch bring the loss down by much."""
    torch.manual_seed(0)
    method = Supervised(network, encoder, imagenet=False, terms=terms)
    losses = train(method, batch(), 10, 1e-3)
    assert losses[-1] < losses[0] - 0.3


def test_supervised_on_procedural_batches():
    """Raw images, sky and unknown depth of mixed sizes of ground truth are taken as they are."""
    torch.manual_seed(0)
    data = batch()
    data['image'] = torch.randint(0, 255, (2, 32, 48, 3), dtype=torch.uint8)
    data['depth'][0, :9] = torch.inf
    data['depth'][1, 5:] = torch.nan
    del data['name'], data['labelled']
    losses = train(Supervised('high_resolution', 'resnet18', imagenet=False), data, 4, 1e-3)
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


def test_pyramid_learns_at_every_scale():
    """The loss of a network with several maps is the sum over them, each beside its own truth."""
    data = batch()
    method = Supervised(**SMALL, masked=True)
    maps = [torch.rand(2, 1, height, 3 * height // 2) for height in (4, 8, 16)]
    method.net = Constant(maps[-1])
    finest = method.losses(data)
    method.net.pyramid = lambda image: maps
    found = method.losses(data)
    assert found['prediction'] is maps[-1]
    assert found['depth'] == finest['depth']
    expected = finest['loss'] + sum(
        composite_loss(one, method.targets(data, one.shape[2:]))['loss'] for one in maps[:2])
    assert found['loss'].item() == pytest.approx(expected.item(), abs=1e-6)


def test_unknown_depth_counts_as_published():
    """Without the mask unknown depth is a target of 0 m; with it, it is none."""
    data = batch()
    data['depth'][:, :16] = torch.nan
    predicted = torch.full((2, 1, 16, 24), 2.0)
    for masked in (True, False):
        method = Supervised(**SMALL, masked=masked, terms=['depth'])
        method.net = Constant(predicted)
        target = torch.nan_to_num(data['depth'][:, 1::2, 1::2])  # the centres, as Pillow has it
        error = torch.log((predicted[:, 0] - target).abs() + 0.5)
        expected = error[target > 0].mean() if masked else error.mean()
        assert method.losses(data)['loss'].item() == pytest.approx(expected.item(), abs=1e-5)


def test_focal_length():
    """One network for several cameras: twice the focal length means twice the depth."""
    method = Supervised(**SMALL, focal=60.0).eval()
    data = batch()
    with torch.no_grad():
        near = method.predict_depth(data)
        data['camera'][:, :2] *= 2.0
        far = method.predict_depth(data)
    assert torch.allclose(far, 2.0 * near)
    assert method.targets(data, (32, 48))[:, 0] == pytest.approx(data['depth'] / 2.0)
    assert near.shape == data['depth'].shape


def test_frozen_normalisation():
    """`freeze_norm` keeps the statistics while the weights learn."""
    method = Supervised(**SMALL, freeze_norm=True)
    norm = method.net.encoder.features[0][1]
    before, weight = norm.running_mean.clone(), norm.weight.clone()
    train(method, batch(), 2, 1e-3)
    assert torch.equal(norm.running_mean, before)
    assert not torch.equal(norm.weight, weight)


def test_broken_sample_is_named():
    """A loss that is not finite names the sample, or says that the weights diverged."""
    method, data = Supervised(**SMALL), batch(3)
    data['image'] = data['image'].clone()
    data['image'][1, 0, 0, 0] = torch.nan
    with pytest.raises(InputError, match='the image is not finite of frame 1. Remove'):
        method.training_step(data, 0)
    with torch.no_grad():
        method.net.refinement[-1].bias.fill_(torch.nan)
    with pytest.raises(InputError, match='frame 0, frame 1, frame 2. The weights diverged'):
        method.training_step(batch(3), 0)


def test_validation_figures():
    """What is logged is the evaluation's protocol over all images."""
    method = Supervised(**SMALL, protocol='image_mse').eval()
    with torch.no_grad():
        method.net.refinement[-1].bias.fill_(2.0)
    logged = {}
    method.log = lambda name, value, **_: logged.update({name: value})
    images, edges = [], []
    with torch.no_grad():
        for seed in (1, 2):
            data = batch(seed=seed)
            data['depth'][:, :, :5 * seed - 5] = torch.nan
            method.validation_step(data, 0)
            images += [PROTOCOLS['image_mse'].image(p, t) for p, t in zip(
                method.predict_depth(data).numpy(), data['depth'].numpy())]
            edges += [edge_metrics(p, t, 0.5)['f1'] for p, t in zip(
                method.predict_depth(data).numpy(), data['depth'].numpy())]
    method.on_validation_epoch_end()
    combined = PROTOCOLS['image_mse'].combine(images)
    assert logged['val/rmse'] == pytest.approx(combined['rmse'])
    assert logged['val/delta1'] == pytest.approx(combined['delta1'])
    assert logged['val/edge_f1'] == pytest.approx(np.mean(edges))
    assert 0.1 < np.mean(edges) < 1.0
    assert not method.measured


def test_mixed_precision():
    """Under autocast the loss stays float32 and near that of full precision."""
    torch.manual_seed(0)
    method, data = Supervised(**SMALL).eval(), batch()
    full = method.losses(data)['loss']
    with torch.autocast('cpu', torch.bfloat16):
        mixed = method.losses(data)['loss']
    assert mixed.dtype == torch.float32
    assert mixed.item() == pytest.approx(full.item(), abs=0.05)
    assert mixed.item() != full.item()


@pytest.mark.parametrize('error', [
    torch.OutOfMemoryError('CUDA out of memory. Tried to allocate 2.00 GiB'),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes")])
def test_out_of_memory(error):
    """Running out of memory, forwards or backwards, says what to change."""
    class Greedy(torch.nn.Module):
        def forward(self, image):
            raise error

    class GreedyBack(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            return x.clone()

        @staticmethod
        def backward(context, gradient):
            raise error

    method = Supervised(**SMALL)
    method.log = lambda *_, **__: None
    method.trainer = lightning.Trainer(accelerator='cpu', logger=False)
    loss = GreedyBack.apply(method.training_step(batch(), 0))
    with pytest.raises(InputError, match='batch of images 2x3x32x48: lower data.batch_size'):
        method.backward(loss)
    method.net = Greedy()
    with pytest.raises(InputError, match='batch of images 2x3x32x48: lower data.batch_size'):
        method.training_step(batch(), 0)


def test_other_errors_pass():
    """Only memory is explained away."""
    method, data = Supervised(**SMALL), batch()
    with pytest.raises(RuntimeError, match='expected input.*3 channels'):
        method.training_step({**data, 'image': data['image'][:, :2]}, 0)
