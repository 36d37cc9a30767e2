# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The light self-supervised teacher: its start, a run from a bag, drives, scores."""
from depth_ros.contracts import InputError
from depth_ros.model import find
import numpy as np
import pytest

torch = pytest.importorskip('torch')
cv2 = pytest.importorskip('cv2')
pytest.importorskip('lightning')
from tiny_bags import make_tiny_bag  # noqa: E402
from training.__main__ import main  # noqa: E402
from training.experiment import fit, load_config  # noqa: E402
from training.methods.self_supervised import SelfSupervised, shrunk  # noqa: E402
from training.networks.lite_disparity import LiteDisparity, LitePose  # noqa: E402
from training.networks.student import TYPICAL  # noqa: E402
from training.teacher_depth import Layout, open_teacher  # noqa: E402
from training.teacher_scores import baselines, drive_frames, measure, scaled, within  # noqa: E402

SIZE = (64, 96)


def test_starts_as_the_shipped_student():
    """Its first answers are the student's, in another unit."""
    image = np.random.default_rng(0).integers(0, 255, (*SIZE, 3), dtype=np.uint8)
    expected = open_teacher(find('student').file, Layout(size=SIZE)).depth(image)
    net = LiteDisparity.load('student')
    with torch.no_grad():
        depth = net(torch.from_numpy(image).permute(2, 0, 1)[None] / 255.0)[0, 0].numpy()
    assert TYPICAL * depth == pytest.approx(expected, rel=1e-4)
    with pytest.raises(InputError, match='does not fit'):
        LiteDisparity.load('completion')


def test_pose_begins_at_rest_and_learns():
    """At first nothing moves, yet every answer has a gradient."""
    net = LitePose()
    turn, shift = net(torch.rand(2, 3, *SIZE), torch.rand(2, 3, *SIZE))
    assert turn.shape == shift.shape == (2, 3) and not turn.any() and not shift.any()
    (turn.sum() + shift.sum()).backward()
    assert (net.net[2].weight.grad.abs().amax(1) > 0).all()


def test_shrunk():
    """An eighth of the size, with the camera that belongs to it."""
    batch = {'image': torch.rand(1, 3, *SIZE), 'sources': torch.rand(1, 2, 3, *SIZE),
             'camera': torch.tensor([[80.0, 72.0, 47.5, 31.5]])}
    image, sources, camera = shrunk(batch, 8)
    assert image.shape == sources[1].shape == (1, 3, 8, 12)
    assert camera[0].tolist() == pytest.approx([10.0, 9.0, 5.5, 3.5])
    assert image[0, 0, 0, 0].item() == pytest.approx(batch['image'][0, 0, :8, :8].mean().item())
    assert shrunk(batch, 1)[0] is batch['image']


def test_warmup_and_frozen_norms():
    """During the warm-up depth gets no gradient; frozen statistics stay in training."""
    torch.manual_seed(0)
    images = torch.rand(2, 3, 3, *SIZE)
    batch = {'image': images[:, 0], 'sources': images[:, 1:], 'seen': images, 'name': ['', ''],
             'camera': torch.tensor([[80.0, 80.0, 47.5, 31.5]]).expand(2, 4)}
    for warmup in (1, 0):
        method = SelfSupervised('lite0', imagenet=False, warmup=warmup, freeze_norm=True).train()
        assert not any(layer.training for layer in method.modules()
                       if isinstance(layer, torch.nn.BatchNorm2d))
        method.pose.net[2].bias.data[:] = 1.0
        method.losses(batch)['loss'].backward()
        moved = method.net.decoder.head.weight.grad
        assert (moved is None) == bool(warmup)
        assert method.pose.net[2].bias.grad.abs().max() > 0


def test_from_a_bag_to_a_teacher(tmp_path, repository):
    """A run on a recording resumes, opens as a teacher, and exports."""
    bag, run = make_tiny_bag(tmp_path / 'bag', frames=6), tmp_path / 'run'
    config = load_config(repository / 'config' / 'training' / 'cpu' / 'self_supervised.yaml', [
        f'data.train=[{{path: {bag}}}]', f'data.size={list(SIZE)}', 'data.batch_size=2',
        'model.warmup=1', 'trainer.max_steps=2'])
    fit(config, run)
    config['trainer']['max_steps'] = 3
    assert fit(config, run).global_step == 3
    teacher = open_teacher(run / 'last.ckpt')
    image = np.random.default_rng(0).integers(0, 255, (50, 70, 3), dtype=np.uint8)
    depth = teacher.depth(image)
    assert depth.shape == (50, 70) and np.ptp(depth) > 0
    out = tmp_path / 'own.onnx'
    assert main(['export-teacher', '--teacher', 'self_supervised', '--weights',
                 str(run / 'last.ckpt'), '--out', str(out)]) == 0
    assert open_teacher(out).depth(image) == pytest.approx(depth, rel=1e-3)


def test_drives_and_scores(tmp_path, capsys):
    """A rendered drive has truth that scores full marks, whatever its scale, and a table."""
    words = ['render-drives', '--out', str(tmp_path), '--drives', '1', '--frames', '3',
             '--kind', 'street', '--seed', '3']
    assert main(words) == 0 and 'm between frames' in capsys.readouterr().out
    poses = np.loadtxt(tmp_path / '00' / 'poses.txt').reshape(3, 3, 4)
    assert np.linalg.norm(np.diff(poses[:, :, 3], axis=0), axis=1).min() > 0.05
    frames = drive_frames(tmp_path / '00')
    truths = iter([within(truth) for _, truth in frames] * 2)
    results = measure(frames, {**baselines([(i, within(t)) for i, t in frames]),
                               'truth': lambda image: 0.1 * next(truths)})
    assert results['truth']['abs_rel'] < 1e-5 and results['truth']['delta1'] == 1.0
    assert results['one depth']['scale_spread'] > 0
    assert results['mean of the row']['abs_rel'] < 0.95 * results['one depth']['abs_rel']
    picture = tmp_path / 'sheet.jpg'
    assert main(['score-teachers', 'student=student', '--drive', str(tmp_path / '00'), '--size',
                 '128', '384', '--picture', str(picture), '--json', str(tmp_path / 'r.json')]) == 0
    assert '| student |' in capsys.readouterr().out
    assert cv2.imread(str(picture)).shape[1] == 3 * 320
    assert main(['score-teachers', '--drive', str(tmp_path)]) == 2
    assert 'is no drive' in capsys.readouterr().err


def test_scaled_by_the_medians():
    """Only known pixels count."""
    truth = np.array([[2.0, 4.0, np.nan]], np.float32)
    assert scaled(np.array([[1.0, 2.0, 9.0]], np.float32), truth).tolist() == [[2.0, 4.0, 18.0]]
