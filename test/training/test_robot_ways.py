# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The ways a robot's model can be asked for: bags, extrinsics, students, teachers, cloud."""
import json
from pathlib import Path
import shutil

from depth_ros.camera import Camera
from depth_ros.contracts import InputError
from depth_ros.datasets import open_dataset, Options
from depth_ros.estimator import Estimator
from depth_ros.model import find
import numpy as np
from posts_bag import FAR, make_posts_bag, NEAR
import pytest
from tiny_bags import make_tiny_bag

torch = pytest.importorskip('torch', reason='training needs the train extra: torch')
pytest.importorskip('lightning', reason='training needs the train extra')
pytest.importorskip('onnx')
from tiny_teachers import write_onnx  # noqa: E402
from training.__main__ import main  # noqa: E402
from training.robot.deliver import line_ring  # noqa: E402
from training.robot.doubt import agreement, doubts  # noqa: E402
from training.robot.frames import open_dataset as open_frames  # noqa: E402
from training.robot.measure import scaled, TEACHER  # noqa: E402
from training.robot.settings import Settings  # noqa: E402
from training.robot.stages import Stages  # noqa: E402
from training.teacher_depth import Layout, open_teacher  # noqa: E402
import yaml  # noqa: E402

POSE = (0, -0.1, 0, np.pi / 2, -np.pi / 2, 0)  # of the LiDAR of posts_bag in its camera
SMALL = ('data.batch_size=2', 'data.steps.size=[64,96]', 'data.steps.crop=[64,96]')


@pytest.fixture(scope='module')
def bags(tmp_path_factory):
    """Return three recordings without transforms: two to learn from, a short one to measure on."""
    folder = tmp_path_factory.mktemp('yards')
    return [make_posts_bag(folder / name, frames=frames, static=False, speed=speed)
            for name, frames, speed in (('one', 30, 0.5), ('two', 30, -0.4), ('other', 12, 0.6))]


def words(bags, out, *more, settings=SMALL):
    """Return a command line of one step on all three recordings."""
    return ['r2m', '--bag', str(bags[0]), str(bags[1]), '--validation-bag', str(bags[2]), '--out',
            str(out), '--extrinsics', *map(str, POSE), '--steps', '1', '--measure-frames', '4',
            '--take', 'trained', *more, '--set', *settings]


@pytest.fixture(scope='module')
def whole(bags, tmp_path_factory):
    """Return the folder of one command."""
    out = tmp_path_factory.mktemp('robot') / 'out'
    assert main(words(bags, out, '--json', str(out.parent / 'all.json'))) == 0
    return out


def test_several_recordings_and_extrinsics_by_hand(whole, bags):
    """Both are learned from, the third alone is measured on, and the node gets the pose."""
    everything = json.loads((whole.parent / 'all.json').read_text())
    assert [Path(part['recording']).name for part in everything['frames']['parts']] == [
        'one', 'two']
    assert all(part['measure'] == [] for part in everything['frames']['parts'])
    # The third lasts to 2.1 s of its clock, where the others choose from 3.6 s on.
    assert 0 < len(everything['figures']['names']) <= 4
    assert max(float(name) for name in everything['figures']['names']) <= 2.1
    train = yaml.safe_load((whole / 'config.yaml').read_text())['data']['init_args']['train']
    assert [Path(source['path']).name for source in train] == ['0', '1']
    assert 'recording one, two' in find(str(whole / 'model.onnx')).lineage
    params = yaml.safe_load((whole / 'params.yaml').read_text())['/**']['ros__parameters']
    assert params['extrinsics'] == 'parameters'
    assert params['lidar_translation'] == [0.0, -0.1, 0.0]
    assert f'params_file:={whole}/params.yaml' in everything['launch']
    assert 'extrinsics 0 -0.1 0 1.5708 -1.5708 0' in (whole / 'model.md').read_text()


def test_line_of_given_extrinsics_is_the_recorded_one(whole, bags, tmp_path):
    """Kept frames hold the line where the same recording with transforms has it."""
    recorded = open_dataset('bag', make_posts_bag(tmp_path / 'tf', frames=30), Options(
        unlabelled=True))
    kept = open_frames(whole / 'frames' / '0')
    sample = next(kept.samples(1))
    same = next(recorded.read([recorded.names.index(sample.name)]))
    assert sample.sparse.shape == same.sparse.shape and (sample.sparse > 0).sum() > 100
    np.testing.assert_allclose(sample.sparse, same.sparse, atol=1e-5)


def estimated(file):
    """Return what the estimator says with a model file, and the row of the line of 4 m."""
    line = np.zeros((120, 160), np.float32)
    line[64] = 4.0
    frame = Estimator(str(file)).estimate(
        np.full((120, 160, 3), 90, np.uint8), Camera(160, 120, 125.0, 125.0, 79.5, 59.5),
        sparse=line)
    return frame, frame.depth[64, 20:140]


def test_teacher_of_its_own_video(bags, tmp_path):
    """It is learned from the kept frames of both recordings, and is done once."""
    said = []
    settings = Settings(tuple(bags[:2]), tmp_path / 'out', Options(extrinsics=POSE),
                        teacher='self', teacher_minutes=0.001, validation=bags[2],
                        measure_frames=4)
    stages = Stages(settings, said.append)
    stages.check()
    stages.frames()
    teacher = stages.teacher()
    assert Path(teacher.path).name == 'last.ckpt' and 'student' in teacher.licence
    steps = torch.load(teacher.path, weights_only=False)['global_step']
    assert steps >= 1
    trust = stages.trust(teacher, 'ratios')
    assert 0 < trust['teacher'] < 2 and 0.1 <= trust['weight'] <= 1
    assert stages.teacher() == teacher
    assert torch.load(teacher.path, weights_only=False)['global_step'] == steps


@pytest.fixture(scope='module')
def frames(tmp_path_factory):
    """Return frames of dark posts before a brighter wall, with their lines."""
    bag = make_posts_bag(tmp_path_factory.mktemp('frames') / 'bag', frames=6)
    return list(open_dataset('bag', bag, Options(unlabelled=True)).samples())


def brightness(path, near=NEAR, far=FAR, disparity=False, **options):
    """Write a teacher for 0..255 to which bright (165) is far and dark (27) is near."""
    low, high = (1 / near, 1 / far) if disparity else (near, far)
    gain = (high - low) / (165 - 27)
    return write_onnx(path, (1, 3, 120, 160), gain=gain, offset=low - 27 * gain, **options)


@pytest.mark.parametrize('disparity', [False, True])
def test_depth_and_disparity_mixed_up(frames, tmp_path, disparity):
    """The line shows the order of depth; what is turned round is refused."""
    path = brightness(tmp_path / 'x.onnx', disparity=disparity)
    kinds = ['depth', 'disparity']
    right, wrong = reversed(kinds) if disparity else kinds
    good = open_teacher(path, Layout(right, takes='bytes'))
    assert agreement(good, frames) > 0.8
    assert doubts(good, path, frames, 'affine', stated=right) == []
    bad = open_teacher(path, Layout(wrong, takes='bytes'))
    with pytest.raises(InputError, match=f'near where the LiDAR measures far .*kind {right}'):
        doubts(bad, path, frames, 'affine', stated=wrong)
    assert 'teaches little' in doubts(bad, path, frames, 'ratios')[0]


def test_wrong_input_is_told(frames, tmp_path):
    """A teacher of bytes that gets normalised colours is better with bytes, and it is said."""
    path = brightness(tmp_path / 'x.onnx')
    said = doubts(open_teacher(path, Layout('depth', takes='imagenet')), path, frames, 'ratios',
                  stated='depth')
    assert any('With --teacher-input bytes the error of the teacher' in one for one in said)
    own = brightness(tmp_path / 'y.onnx', kind='UINT8', own=True)
    assert doubts(open_teacher(own), own, frames, 'ratios') == []


def test_real_layout_of_a_foreign_teacher(whole, bags, tmp_path, capsys):
    """
    A file like MiDaS's: normalised floats in, inverse depth up to scale and shift out.

    It teaches another student from random weights, which is exported and run by the estimator.
    """
    std = np.mean((0.229, 0.224, 0.225)) * 255
    gain = (1 / FAR - 1 / NEAR) / (165 - 27) * std
    path = write_onnx(tmp_path / 'midas.onnx', (1, 3, 256, 256), gain=300 * gain, takes='0',
                      names=('797',), offset=80.0)
    out = tmp_path / 'out'
    shutil.copytree(whole, out)
    teacher = '--teacher', str(path)
    assert main(words(bags, out, *teacher)) == 2
    assert '--teacher-kind' in capsys.readouterr().err
    assert main(words(bags, out, *teacher, '--teacher-kind', 'disparity')) == 2
    assert '--teacher-input' in capsys.readouterr().err
    given = *teacher, '--teacher-input', 'imagenet', '--teacher-kind'
    assert main(words(bags, out, *given, 'depth')) == 2
    assert 'does it give disparity? --teacher-kind disparity' in capsys.readouterr().err
    assert main(words(bags, out, *given, 'disparity', '--student', 'dcvan')) == 0
    config = yaml.safe_load((out / 'config.yaml').read_text())
    assert config['model']['init_args']['scale'] == 'affine'
    found = json.loads((out / 'r2m.json').read_text())['stages']['figures']['found']['beams']
    # Brightness is no exact depth: the wall is painted.
    assert found[TEACHER]['abs_rel'] < 0.3
    spec = find(str(out / 'model.onnx'))
    assert spec.outputs == ('depth',) and 'teacher: midas.onnx' in spec.lineage
    assert 'random start weights' in spec.lineage and 'start weights' not in spec.licence
    frame, row = estimated(spec.file)
    assert frame.depth.shape == (120, 160) and frame.confidence is None
    assert np.abs(row - 4.0).max() < 0.1


def test_scaled_teacher_is_that_of_the_training():
    """By medians, by ratios, by scale and shift of inverse depth; nothing without a line."""
    depth = np.tile(np.linspace(2, 20, 80, dtype=np.float32), (4, 1))
    line = np.zeros_like(depth)
    line[1] = depth[1]
    relative = 1 / (3 / depth + 0.5)
    np.testing.assert_allclose(scaled(relative, line, 'affine'), depth, rtol=1e-4)
    wrong = [np.abs(scaled(relative, line, rule) / depth - 1).mean()
             for rule in ('medians', 'ratios')]
    assert min(wrong) > 0.1
    np.testing.assert_allclose(scaled(depth / 7, line, 'ratios'), depth, rtol=1e-5)
    assert np.isnan(scaled(depth, 0 * line)).all()


def test_ring_of_a_cloud_for_the_node(tmp_path):
    """The ring that was the line is found by its height; clouds without rings have none."""
    bag = make_tiny_bag(tmp_path / 'bag', truth='cloud', scan=False, rings=(7, 3, 12))
    for wanted, ring in ((None, 3), (5.0, 7), (-5.0, 12)):
        assert line_ring(bag, Options(elevation=wanted, unlabelled=True)) == ring
    plain = make_tiny_bag(tmp_path / 'plain', truth='cloud', scan=False)
    assert line_ring(plain, Options(unlabelled=True)) is None
