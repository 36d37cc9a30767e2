# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Frozen depth networks for masks and attacks: from runs, from files, differentiable."""
from depth_ros.contracts import InputError
from depth_ros.engines import load
from depth_ros.model import find
import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
from tiny_models import make_tiny_model  # noqa: E402
from tiny_runs import leave_run  # noqa: E402
from training.export import export  # noqa: E402
from training.methods.metric_depth import normalised  # noqa: E402
from training.networks.from_onnx import load_onnx  # noqa: E402
from training.runs import load_method  # noqa: E402
from training.targets import load_target  # noqa: E402

SIZE = 64, 96


def picture():
    """Image (1, H, W, 3) uint8 and a line (1, H, W)."""
    rng = np.random.default_rng(4)
    line = np.zeros((1, *SIZE), np.float32)
    line[0, 40, ::2] = rng.uniform(2.0, 3.0, SIZE[1] // 2)
    return rng.integers(0, 255, (1, *SIZE, 3), dtype=np.uint8), line


@pytest.mark.parametrize('name', ['student', 'completion'])
def test_shipped_models(name):
    """The answer is that of the file, with a gradient; BatchNorm cannot be made to learn."""
    target = load_target(name).train()
    image, line = picture()
    given = normalised(torch.from_numpy(image)).requires_grad_()
    depth = target.depth(given, torch.from_numpy(line))
    engine = load('onnxruntime', find(name), *SIZE, threads=1)
    wanted = engine.run(image[0], line[0] if target.completes else None)['depth']
    np.testing.assert_allclose(depth[0, 0].detach().numpy(), wanted, rtol=2e-3)
    depth.mean().backward()
    assert given.grad.abs().mean() > 0
    assert not target.training and not any(p.requires_grad for p in target.parameters())
    assert target.completes == (name == 'completion')


def test_run_and_its_file(tmp_path):
    """A checkpoint and the file that is exported from it answer alike, for a camera too."""
    checkpoint = leave_run(tmp_path / 'run', 'Supervised', {
        'network': 'fast_student', 'encoder': 'efficientnet_lite0', 'imagenet': False,
        'focal': 80.0})
    export(checkpoint, tmp_path / 'model.onnx')
    image, _ = picture()
    camera = torch.tensor([[100.0, 100.0, 48.0, 32.0]])
    method, _, _ = load_method(checkpoint)
    batch = {'image': torch.from_numpy(image), 'camera': camera, 'depth': torch.zeros(1, *SIZE)}
    wanted = method.predict_depth(batch)
    for path in (checkpoint, tmp_path / 'model.onnx'):
        target = load_target(path)
        depth = target.depth(normalised(torch.from_numpy(image)), camera=camera)
        torch.testing.assert_close(depth[:, 0], wanted, rtol=2e-3, atol=2e-3)
        assert target.focal == 80.0 and wanted.std() > 0


def test_other_completion_net(tmp_path):
    """S2D from a run answers as its method does."""
    checkpoint = leave_run(tmp_path / 'run', 'R2M', {'student': 's2d_18', 'imagenet': False})
    image, line = (torch.from_numpy(x) for x in picture())
    method, _, _ = load_method(checkpoint)
    wanted = method.predict_depth({'image': image, 'sparse_depth': line})
    depth = load_target(checkpoint).depth(normalised(image), line)
    torch.testing.assert_close(depth[:, 0], wanted)


def test_norms_of_a_file(tmp_path):
    """A BatchNorm that the exporter could not merge is read with its statistics."""
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.up = torch.nn.ConvTranspose2d(3, 4, 2, 2, bias=False)
            self.norm = torch.nn.BatchNorm2d(4)
            self.last = torch.nn.Conv2d(4, 1, 1)

        def forward(self, x):
            return self.last(self.norm(self.up(x)).relu())

    net, other = Net().eval(), Net().eval()
    net.norm.running_mean.normal_()
    net.norm.running_var.uniform_(0.5, 2.0)
    path = tmp_path / 'net.onnx'
    torch.onnx.export(net, (torch.zeros(1, 3, 4, 4),), str(path), dynamo=False)
    load_onnx(other, path, lambda net, size: net(torch.zeros(1, 3, *size)))
    image = torch.randn(1, 3, 8, 8)
    torch.testing.assert_close(other(image), net(image))


def test_errors_say_what_to_do(tmp_path):
    """Wrong sizes, a missing line, files of others and runs without metres."""
    target = load_target('student')
    with pytest.raises(InputError, match='multiples of 32, not 90x64'):
        target.depth(torch.zeros(1, 3, 64, 90))
    with pytest.raises(InputError, match='give it one'):
        load_target('completion').depth(torch.zeros(1, 3, *SIZE))
    with pytest.raises(InputError, match='last.ckpt of its run'):
        load_target(make_tiny_model(tmp_path / 'other.onnx', 'monocular', focal=100.0))
    with pytest.raises(InputError, match='no weights at'):
        load_target(tmp_path / 'none' / 'last.ckpt')
    checkpoint = leave_run(tmp_path / 'video', 'SelfSupervised', {
        'network': 'lite0', 'imagenet': False, 'freeze_norm': True})
    with pytest.raises(InputError, match='no depth in metres'):
        load_target(checkpoint)
