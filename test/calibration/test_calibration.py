# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Calibration from a recording: what was wrong is found, and what cannot be seen is left."""
import json

from boxes_bag import ANGLES, base, LASER, make_boxes_bag, ranges, TRUE_POSE
import cv2
from depth_ros.calibration.maps import sample
from depth_ros.calibration.objective import changed, NAMES
from depth_ros.calibration.odometry import match, move, move_back, Odometry
from depth_ros.calibration.recording import Turn
from depth_ros.cli import main
from depth_ros.config import CompletionConfig
from depth_ros.nodes.extrinsics import Extrinsics
from depth_ros.options import build
import numpy as np
import pytest
import yaml

WRONG = np.array([0.05, -0.05, 0.0, 0.035, -0.035, 0.035])


def turn(start, speed=1.0):
    """Return one `Turn` of the boxes' LiDAR."""
    found = ranges(start, speed)
    points = np.stack([found * np.cos(ANGLES), found * np.sin(ANGLES), 0 * found], 1)
    return Turn(start, points, np.arange(len(ANGLES)) * 0.1 / len(ANGLES))


def plane(pose):
    """Return x, y, heading (3,) of a pose (4, 4)."""
    return np.array([pose[0, 3], pose[1, 3], np.arctan2(pose[1, 0], pose[0, 0])])


def test_a_lidar_tells_how_it_moved_though_it_turns_while_it_sweeps():
    turns = [turn(0.1 * k) for k in range(2, 9)]
    path = Odometry().path(turns)
    start = np.linalg.inv(base(turns[0].middle) @ LASER)
    times = np.linspace(turns[1].middle, turns[-2].middle, 23)
    truth = np.stack([plane(start @ base(t) @ LASER) for t in times])
    error = np.abs(path.at(times) - truth).max(0)
    assert np.abs(truth).max(0)[2] > 0.09 and np.abs(truth).max(0)[0] > 0.15
    assert error[0] < 0.012 and error[1] < 0.012 and error[2] < 0.006


def test_scans_of_different_places_have_no_motion():
    rng = np.random.default_rng(0)
    cloud = [rng.uniform(-4, 4, (360, 2)) for _ in range(2)]
    assert match(*cloud) is None
    assert match(turn(0.2).points[:30, :2], turn(0.3).points[:, :2]) is None


def test_moves_and_their_inverse():
    points = np.random.default_rng(1).normal(size=(5, 3))
    poses = np.random.default_rng(2).normal(size=(5, 3))
    assert np.allclose(move_back(poses, move(poses, points)), points)
    assert np.allclose(move((1.0, 2.0, np.pi / 2), np.array([[1.0, 0, 7]])), [[1, 3, 7]])


def test_maps_are_read_between_pixels_and_nan_outside():
    stack = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    stack[1, 0, 0] = np.nan
    pixels = np.array([[1.5, 0.5], [0.5, 0.5], [2.5, 1.25], [-0.1, 0], [3.0, 1.0], [np.nan, 1]])
    found = sample(stack, np.array([0, 1, 1, 0, 0, 0]), pixels)
    assert np.allclose(found[[0, 2]], [3.5, 19.5]) and np.isnan(found[[1, 3, 4, 5]]).all()


@pytest.fixture(scope='module')
def result(tmp_path_factory):
    """Calibrate a recording that is wrong in all but height by 2 degrees, 5 cm and 40 ms."""
    folder = tmp_path_factory.mktemp('calibrate')
    bag = make_boxes_bag(folder / 'bag', pose=changed(TRUE_POSE, WRONG), offset=-0.04)
    outputs = [folder / 'out' / name for name in ('e.yaml', 'r.json', 'r.png', 'r.html')]
    assert main(['calibrate', '--bag', str(bag), '--depth', 'recorded', '--pairs', '20', *(
        word for name, path in zip(('--out', '--json', '--picture', '--html'), outputs)
        for word in (name, str(path)))]) == 0
    return outputs


def test_a_known_error_is_recovered(result):
    report = json.loads(result[1].read_text())
    numbers = report['numbers']
    # Boxes and walls are upright: nothing says how high the line is.
    assert [name for name in NAMES if not numbers[name]['known']] == ['z']
    assert numbers['z']['change'] == 0 and numbers['z']['deviation'] is None
    assert 'left as they were: z' in ' '.join(report['findings'])
    config = build(CompletionConfig, yaml.safe_load(result[0].read_text())['/**'][
        'ros__parameters'])
    pose = Extrinsics(None, config).lookup('camera', 0, 'laser', 0)
    error = np.linalg.inv(TRUE_POSE) @ pose
    assert np.abs(error[:3, 3]).max() < 0.01
    # About x, y, z of the LiDAR: the camera's roll, pitch, yaw.
    assert (np.degrees(np.abs(cv2.Rodrigues(error[:3, :3])[0])).ravel() < (0.3, 0.6, 0.3)).all()
    assert abs(config.scan_stamp_offset + 0.04) < 0.002
    assert all(one['after'] < 0.5 * one['before'] for one in report['residuals'].values())


def test_the_report_in_all_forms(result):
    picture = cv2.imread(str(result[2]))
    assert picture.shape == (4 * 120, 2 * 160, 3)
    page = result[3].read_text()
    assert page.count('<img') == 8 and 'scan_stamp_offset: -0.0' in page


def test_a_robot_that_stands_learns_no_time(tmp_path, capsys):
    bag = make_boxes_bag(tmp_path / 'bag', frames=14, speed=0.0)
    assert main(['calibrate', '--bag', str(bag), '--depth', 'recorded', '--offset', '0.02']) == 0
    shown = capsys.readouterr().out
    row = next(line for line in shown.splitlines() if line.startswith('time'))
    assert 'as it was' in row and 'scan_stamp_offset: 0.0200' in shown
    assert len(shown.splitlines()) <= 24
    # Without depth images nothing is left that could be believed.
    outputs = [str(tmp_path / name) for name in ('e.yaml', 'r.json')]
    assert main(['calibrate', '--bag', str(bag), '--depth', 'none', '--out', outputs[0],
                 '--json', outputs[1]]) == 0
    assert 'hardly moved' in capsys.readouterr().out
    with open(outputs[0]) as file:
        written = yaml.safe_load(file)['/**']['ros__parameters']
    assert np.allclose(written['lidar_translation'], TRUE_POSE[:3, 3], atol=1e-4)


@pytest.mark.parametrize('words, message', [
    (['--pairs', '0'], 'at least 1'), (['--offset', '2'], 'from -1 to 1'),
    (['--depth', 'recorded'], 'no depth images'), (['--depth', 'no_model'], 'no_model'),
    (['--depth', 'none'], 'too few')])
def test_input_that_cannot_be_used(words, message, tmp_path, capsys):
    bag = make_boxes_bag(tmp_path / 'bag', frames=5, depth=False)
    assert main(['calibrate', '--bag', str(bag), *words]) == 2
    assert message in capsys.readouterr().err
