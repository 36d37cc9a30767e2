# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Parts of the way from a recording to a model: splits, beams, draws, sentences, commands."""
import argparse
from pathlib import Path
import shlex

from depth_ros.camera import Camera
from depth_ros.contracts import InputError
from depth_ros.datasets import open_dataset, Options
from depth_ros.estimator import Estimator
from depth_ros.poses import pose_from
import numpy as np
from posts_bag import make_posts_bag
import pytest
from tiny_models import make_tiny_model

torch = pytest.importorskip('torch', reason='training needs the train extra: torch')
pytest.importorskip('lightning', reason='training needs the train extra')
pytest.importorskip('onnx')
from training.commands import r2m  # noqa: E402
from training.robot.data import Drawn  # noqa: E402
from training.robot.deliver import launch_command, write_params  # noqa: E402
from training.robot.frames import open_dataset as open_frames  # noqa: E402
from training.robot.frames import write_frames  # noqa: E402
from training.robot.measure import AFTER, BEFORE, compared, Measurement, scaled  # noqa: E402
from training.robot.method import hidden_loss  # noqa: E402
from training.robot.record import fingerprint, Record  # noqa: E402
from training.robot.report import verdict  # noqa: E402
from training.robot.settings import command_of, Settings  # noqa: E402
from training.robot.split import bearings, hold_back, split_times  # noqa: E402
from training.robot.teacher import choose_teacher  # noqa: E402
from training.teacher_depth import Layout  # noqa: E402
import yaml  # noqa: E402

CAMERA = Camera(160, 120, 125.0, 125.0, 79.5, 59.5)


def test_parts_are_apart_in_time():
    """The last fifth is measured on, and nobody uses the frames between two parts."""
    times = np.random.default_rng(0).permutation(np.arange(0, 300, 0.5))
    split = split_times(times)
    parts = [times[list(part)] for part in (split.train, split.choose, split.measure)]
    assert parts[2].min() == pytest.approx(239.5, abs=0.6) and parts[2].max() == 299.5
    assert parts[1].min() - parts[0].max() >= 2.0 and parts[2].min() - parts[1].max() >= 2.0
    assert len(split.train) > 400 and len(split.choose) > 40
    alone = split_times(times, 0.0)
    assert not alone.measure and times[list(alone.choose)].max() == 299.5
    assert split_times(np.arange(40) / 10).gap_s == pytest.approx(0.05 * 3.9)
    with pytest.raises(InputError, match='4 usable frames in 0.3 s leave .* record longer'):
        split_times(np.arange(4) / 10)


def test_beams_are_held_back_in_blocks():
    """A fifth of them, in neighbourhoods of five degrees, the same for the same seed."""
    sparse = np.zeros((120, 160), np.float32)
    sparse[60] = np.linspace(1, 5, 160)
    shown, held = hold_back(sparse, CAMERA, (1, 7))
    assert np.array_equal(shown + held, sparse) and not ((shown > 0) & (held > 0)).any()
    share = (held > 0).sum() / 160
    assert 0.12 < share < 0.28
    edges = np.flatnonzero(np.diff((held[60] > 0).astype(int)))
    angles = bearings(CAMERA)
    inner = np.diff(np.concatenate([angles[edges]]))
    assert len(edges) <= 8 and inner.max() > 4.0
    again = hold_back(sparse, CAMERA, (1, 7))[1]
    assert np.array_equal(again, held)
    assert not np.array_equal(hold_back(sparse, CAMERA, (1, 8))[1], held)
    narrow = np.zeros_like(sparse)
    narrow[60, 78:82] = 2.0
    shown, held = hold_back(narrow, CAMERA, 3)
    assert (shown > 0).any() and (held > 0).any()
    assert not hold_back(np.zeros_like(sparse), CAMERA, 3)[1].any()


def test_frames_are_kept_as_they_were(tmp_path):
    """Image, line and camera come back, at the size that they are kept at."""
    data = open_dataset('bag', make_posts_bag(tmp_path / 'bag', frames=6), Options(
        unlabelled=True))
    spec = Estimator(str(make_tiny_model(tmp_path / 'm.onnx', height=32, width=32,
                                         size_multiple=32))).spec
    found = write_frames(data, [1, 3, 4], tmp_path / 'kept', spec)
    assert found['frames'] == 3 and found['height'] * found['width'] <= 4.5 * 32 * 32
    kept = open_frames(tmp_path / 'kept')
    assert kept.names == tuple(data.names[k] for k in (1, 3, 4)) and not kept.truth
    original, sample = next(iter(data.read([3]))), next(iter(kept.read([1])))
    assert sample.image.shape[:2] == sample.sparse.shape == (found['height'], found['width'])
    assert np.median(sample.sparse[sample.sparse > 0]) == pytest.approx(
        np.median(original.sparse[original.sparse > 0]), rel=1e-3)
    factor = found['width'] / original.camera.width
    assert sample.camera.fx == pytest.approx(original.camera.fx * factor)
    assert sample.image.mean() == pytest.approx(original.image.mean(), abs=2)
    with pytest.raises(InputError, match='holds no frames'):
        open_frames(tmp_path)


def test_a_draw_is_a_function_of_its_number():
    """Whatever was drawn before; every frame comes once an epoch."""
    class Frames:
        def __len__(self):
            return 5

        def __getitem__(self, index):
            return index, int(torch.randint(10 ** 9, ()))
    one, other = Drawn(Frames(), 3), Drawn(Frames(), 3)
    first = [one[k] for k in range(15)]
    torch.manual_seed(99)
    assert [other[k] for k in (13, 2, 7)] == [first[k] for k in (13, 2, 7)]
    for epoch in range(3):
        assert sorted(index for index, _ in first[5 * epoch:5 * epoch + 5]) == list(range(5))
    assert len({drawn for _, drawn in first}) == 15
    assert [Drawn(Frames(), 4)[k] for k in range(15)] != first


def test_hidden_beams_weigh_by_their_relative_error():
    """Zero where right, no gradient from what was shown, and least where b is the mean error."""
    line = torch.full((1, 1, 2, 4), 2.0)
    hidden = torch.zeros(1, 1, 2, 4, dtype=torch.bool)
    hidden[..., 0, :] = True
    depth = torch.full((1, 1, 2, 4), 2.0 * np.e ** 0.1, requires_grad=True)
    loss = hidden_loss(depth, line, hidden)
    assert float(loss.detach()) == pytest.approx(0.1, abs=1e-5)
    loss.backward()
    assert (depth.grad[..., 1, :] == 0).all() and (depth.grad[..., 0, :] > 0).all()
    losses = [float(hidden_loss(depth.detach(), line, hidden,
                                torch.full_like(line, 2 * np.log(b))))
              for b in (0.05, 0.1, 0.2)]
    assert losses[1] < min(losses[0], losses[2])
    assert float(hidden_loss(depth, line, hidden & False)) == 0.0


class Flat:
    """A teacher that is right up to scale."""

    def depth(self, image):
        """Give half a metre everywhere."""
        return np.full(image.shape[:2], 0.5, np.float32)


def test_measurement_sees_only_what_it_may(tmp_path):
    """Held-back beams are never an input; a model of 2.6 m is wrong by what it is wrong."""
    data = open_dataset('bag', make_posts_bag(tmp_path / 'bag', frames=8), Options(
        unlabelled=True))
    seen = []

    class Watching(Estimator):
        def estimate(self, image, camera, sparse=None):
            seen.append(sparse)
            return super().estimate(image, camera, sparse=sparse)
    model = Watching(str(make_tiny_model(tmp_path / 'm.onnx', depth=3.0, confidence=0.75)),
                     anchor=False)
    measured = Measurement({BEFORE: model, AFTER: model}, Flat(), 1, 2).run(
        data.samples(), len(data)).result()
    assert measured['frames'] == 8 and measured['truth'] is None
    for sample, line in zip(data.samples(), seen[::2]):
        missing = (sample.sparse > 0) & (line == 0)
        assert 0.1 < missing.sum() / (sample.sparse > 0).sum() < 0.4
        assert np.array_equal(line[line > 0], sample.sparse[line > 0])
    found = measured['beams'][BEFORE]
    # Posts at 3 m are right, the wall at 6 m is wrong by a half.
    assert found['abs_rel'] == pytest.approx(0.5 * (1 - found['confidence_observed']), abs=0.02)
    assert found['confidence_stated'] == pytest.approx(0.75)
    same = compared(measured, 'beams')
    assert same['change'] == 0 and same['better'] == 0 and compared(measured, 'truth') is None
    assert scaled(np.full((2, 2), 0.5, np.float32), np.array([[0, 3.0], [3.0, 0]]))[0, 0] == 3.0


def result(before, after, taken=AFTER, truth=None):
    """Return what a verdict is made of."""
    def pair(kind, a, b):
        return {'beams': kind == 'beams' or None, 'per_frame': {
            kind: {BEFORE: [a] * 9 + [a + 0.001], AFTER: [b] * 10}}}
    found = {'beams': compared(pair('beams', before, after), 'beams'), 'truth': None}
    if truth:
        found['truth'] = compared(pair('truth', *truth), 'truth')
    return {'model': {'taken': taken}, 'figures': {
        'compared': found, 'truth': truth and {AFTER: {}},
        'beams': {BEFORE: {'abs_rel': before}, AFTER: {'abs_rel': after}}}}


def test_verdict_says_better_or_worse():
    """In words, by how much, and what to use."""
    said = ' '.join(verdict(result(0.2, 0.1)))
    assert '50% better' in said and 'REL 0.200 -> 0.100' in said and 'is the trained' in said
    assert 'no ground truth' in said
    said = ' '.join(verdict(result(0.2, 0.1, truth=(0.1, 0.15))))
    assert 'It got worse on ground truth: use the shipped model there' in said
    assert 'shipped model, unchanged' in ' '.join(verdict(result(0.1, 0.2, taken=BEFORE)))


def test_launch_command_names_what_differs(tmp_path):
    """Topics of other names, compressed images, a cloud in place of a scan, given extrinsics."""
    kinds = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'
    plain = launch_command(tmp_path / 'm.onnx', {'image': ('/image', kinds[0]),
                                                 'scan': ('/scan', 'x')})
    assert plain == f'ros2 launch depth_ros completion.launch.py model:={tmp_path}/m.onnx'
    ringed = launch_command(tmp_path / 'm.onnx', {'cloud': ('/cloud', 'x')}, ring=7)
    assert ringed.endswith('lidar:=cloud cloud_ring:=7')
    params = write_params(tmp_path / 'p.yaml', pose_from((0.1, 0.2, 0.3, 0.0, 0.0, 0.0)))
    told = shlex.split(launch_command(tmp_path / 'm.onnx', {
        'image': ('/front/image/compressed', kinds[1]), 'cloud': ('/points', 'x')}, params))
    assert {'image_transport:=compressed', 'image:=/front/image', 'lidar:=cloud',
            'cloud:=/points', f'params_file:={params}'} <= set(told)
    values = yaml.safe_load(params.read_text())['/**']['ros__parameters']
    assert values['lidar_translation'] == [0.1, 0.2, 0.3]
    assert values['lidar_rotation'] == [0.0, 0.0, 0.0, 1.0]


def test_teachers_by_name_and_file(tmp_path):
    """A shipped model gets the camera's size; others are opened, or refused with the choices."""
    chosen = choose_teacher('student', Layout(), CAMERA)
    assert chosen.licence == 'Apache-2.0' and chosen.layout['kind'] == 'depth'
    assert all(size % 32 == 0 for size in chosen.layout['size'])
    with pytest.raises(InputError, match="no teacher 'oracle': name a shipped model .student"):
        choose_teacher('oracle', Layout(), CAMERA)
    model = make_tiny_model(tmp_path / 'm.onnx')
    with pytest.raises(InputError, match='completes a line'):
        choose_teacher(str(model), Layout(), CAMERA)


def test_record_knows_its_recordings_and_stages(tmp_path):
    """Stages are done once for a key; what an other key left is moved aside."""
    bag = make_posts_bag(tmp_path / 'bag', frames=2)
    mark = fingerprint(bag)
    assert mark == fingerprint(bag) != fingerprint(make_posts_bag(tmp_path / 'b', frames=3))
    record = Record(tmp_path / 'out')
    record.belong({'bag': mark})
    with pytest.raises(InputError, match='was begun with bag: name another --out'):
        record.belong({'other': 'mark'})
    record.begin('training', 'a', ['run'])
    (tmp_path / 'out' / 'run').mkdir()
    record.begin('training', 'a', ['run'])
    assert (tmp_path / 'out' / 'run').exists() and record.done('training', 'a') is None
    record.finish('training', 1.0, {'loss': float('nan')})
    again = Record(tmp_path / 'out')
    assert again.done('training', 'a') == {'loss': None} and again.done('training', 'b') is None
    again.begin('training', 'b', ['run'])
    assert not (tmp_path / 'out' / 'run').exists() and (tmp_path / 'out' / 'run.old-1').is_dir()
    (tmp_path / 'out' / 'r2m.json').write_text('{')
    with pytest.raises(InputError, match='is broken'):
        Record(tmp_path / 'out')


def test_command_repeats_the_work(tmp_path):
    """What is not the default stands in it; the command line reads it back; no local folders."""
    given = Settings(
        bags=(tmp_path / 'a', tmp_path / 'b'), out=tmp_path / 'out', steps=5, minutes=None,
        teacher=str(tmp_path / 'own.onnx'), teacher_kind='disparity', teacher_input='unit',
        teacher_size=(256, 384), force=True, seed=3,
        overrides=('model.lr=0.001',), options=Options(
            scan_topic='/front/scan', extrinsics=(0.1, 0, 0, 1.5708, -1.5708, 0)))
    command = command_of(given)
    assert str(tmp_path) not in command
    words = shlex.split(command)
    assert words[:4] == ['python', '-m', 'training', 'r2m']
    parser = argparse.ArgumentParser()
    r2m.add_arguments(parser)
    again = r2m.settings_of(parser.parse_args(words[4:]))
    assert again.bags == (Path('a'), Path('b')) and (again.steps, again.minutes) == (5, None)
    assert (again.teacher, again.teacher_kind, again.seed) == ('own.onnx', 'disparity', 3)
    assert (again.teacher_input, again.teacher_size) == ('unit', (256, 384))
    assert again.force and again.overrides == given.overrides
    assert again.options.scan_topic == '/front/scan'
    assert again.options.extrinsics == given.options.extrinsics
