# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the check says about recordings, good and bad ones."""
import json

from depth_ros.bags import topics
from depth_ros.bags.check import check_bag
from depth_ros.bags.salvage import recover
from depth_ros.contracts import InputError
from depth_ros.datasets import open_dataset, Options
from depth_ros.poses import pose_from
import numpy as np
from posts_bag import HEIGHT, make_posts_bag
import pytest


def codes(report, level=None):
    return {finding.code for finding in report.findings if level in (None, finding.level)}


def sentence(report, code):
    return next(finding.text for finding in report.findings if finding.code == code)


def turned_pose(report, axis, degrees):
    """Return the extrinsics of a report, turned about an axis (0 x, 1 y, 2 z) of the camera."""
    wrong = np.zeros(6)
    wrong[3 + axis] = np.radians(degrees)
    pose = pose_from([*report.extrinsics['translation'], *report.extrinsics['rotation']])
    return tuple((pose_from(wrong) @ pose).ravel())


def test_a_good_recording_is_only_short(tmp_path):
    report = check_bag(make_posts_bag(tmp_path / 'bag'))
    assert codes(report) == {'short'} and not report.errors
    assert report.pairing['usable'] == report.pairing['images'] == 30
    image = next(topic for topic in report.topics if topic.role == 'image')
    assert image.name == '/camera/image' and image.count == 30
    assert image.rate_hz == pytest.approx(10) and image.backwards == 0
    # The scanner is 0.1 m above the camera: 125 * 0.1 / 6 px above the centre for the wall.
    assert report.line['row_median'] == pytest.approx(HEIGHT / 2 - 0.5 - 2.1, abs=0.5)
    assert report.line['invalid_share'] == 0 and 200 < report.line['beams_in_image'] < 281
    # Between images 0.05 m, seen at 3 to 6 m: 1.0 to 2.1 px.
    assert 0.9 < report.motion['displacement_px'] < 2.2
    assert report.extrinsics['source'] == 'recording'
    assert report.calibration['edges']['best_yaw_deg'] == pytest.approx(0, abs=0.5)
    text = json.loads(json.dumps(report.as_json(), allow_nan=False))
    assert text['findings'][0]['code'] == 'short' and 'pictures' not in text


@pytest.mark.parametrize('yaw', (-4.0, 2.5, 8.0))
def test_wrong_extrinsics_are_noticed_and_the_better_turn_named(tmp_path, yaw):
    report = check_bag(make_posts_bag(tmp_path / 'bag', yaw_deg=yaw))
    assert 'calibration' in codes(report, 'warning')
    found = report.calibration['edges']
    assert abs(found['best_yaw_deg']) == pytest.approx(abs(yaw), abs=0.5)
    # What is found, given as extrinsics, cures it.
    cured = check_bag(tmp_path / 'bag', Options(
        extrinsics=turned_pose(report, 1, found['best_yaw_deg'])))
    assert 'calibration' not in codes(cured) and cured.extrinsics['source'] == 'given'
    assert cured.calibration['edges']['score'] > found['score'] + 0.1
    assert f'{found["best_yaw_deg"]:+.1f} degrees' in sentence(report, 'calibration')


def test_a_scan_outside_the_image(tmp_path):
    report = check_bag(make_posts_bag(tmp_path / 'bag', yaw_deg=180))
    assert codes(report, 'error') == {'no_overlap'}
    assert '100% lie behind the camera' in sentence(report, 'no_overlap')
    down = check_bag(tmp_path / 'bag', Options(extrinsics=turned_pose(
        check_bag(make_posts_bag(tmp_path / 'good')), 0, 60)))
    assert codes(down, 'error') == {'no_overlap'}
    assert 'pass above it' in sentence(down, 'no_overlap')


def test_a_standing_robot(tmp_path):
    report = check_bag(make_posts_bag(tmp_path / 'bag', speed=0.0))
    assert report.motion['standing_share'] == 1.0
    assert 'standing' in codes(report, 'warning')
    assert 'stands still' in sentence(report, 'standing')


@pytest.mark.parametrize('storage', ('mcap', 'sqlite3'))
@pytest.mark.parametrize('metadata', (True, False))
def test_a_truncated_recording_is_read_as_far_as_possible(tmp_path, storage, metadata):
    path = make_posts_bag(tmp_path / 'bag', frames=100, storage=storage)
    file = next(file for file in path.iterdir() if file.suffix in ('.mcap', '.db3'))
    file.write_bytes(file.read_bytes()[:int(0.7 * file.stat().st_size)])
    if not metadata:
        (path / 'metadata.yaml').unlink()
    with pytest.raises(InputError):
        list(open_dataset('bag', path, Options(unlabelled=True)).samples())
    report = check_bag(path)
    assert 'damaged' in codes(report, 'warning') and not report.errors
    assert 40 < report.pairing['usable'] < 80
    assert 'cut off' in report.damage and '--recover' in sentence(report, 'damaged')
    assert recover(path, tmp_path / 'new') == sum(
        topic.count for topic in topics(tmp_path / 'new').values())
    cured = check_bag(tmp_path / 'new')
    assert codes(cured) == {'short'} and cured.pairing == report.pairing


def test_a_recording_cut_off_early_is_an_error(tmp_path):
    path = make_posts_bag(tmp_path / 'bag', frames=100, storage='sqlite3')
    file = next(path.glob('*.db3'))
    file.write_bytes(file.read_bytes()[:int(0.12 * file.stat().st_size)])
    report = check_bag(path)
    assert codes(report, 'error') == {'few_pairs'} and 'damaged' in codes(report)
    file.write_bytes(b'')
    with pytest.raises(InputError, match='bag'):
        check_bag(path)


@pytest.mark.parametrize('absent, code, word', [
    ('/camera/image', 'no_image', 'colour image'),
    ('/camera/camera_info', 'no_camera_info', '--camera'),
    ('/scan', 'no_scan', 'LaserScan')])
def test_missing_topics_are_named_one_by_one(tmp_path, absent, code, word):
    report = check_bag(make_posts_bag(tmp_path / 'bag', frames=12, leave_out=(absent,)))
    assert codes(report, 'error') == {code} and word in sentence(report, code)
    both = check_bag(make_posts_bag(tmp_path / 'less', frames=12, leave_out=(absent, '/scan')))
    assert codes(both, 'error') == {code, 'no_scan'}


def test_no_transform_and_extrinsics_by_hand(tmp_path):
    path = make_posts_bag(tmp_path / 'bag', static=False)
    report = check_bag(path)
    assert codes(report, 'error') == {'no_transform'}
    assert "'laser'" in sentence(report, 'no_transform')
    assert '--extrinsics' in sentence(report, 'no_transform')
    # LiDAR x forward, y left, z up, 0.1 m above the camera.
    given = check_bag(path, Options(extrinsics=(0, -0.1, 0, np.pi / 2, -np.pi / 2, 0)))
    assert not given.errors and given.extrinsics['source'] == 'given'
    same = check_bag(make_posts_bag(tmp_path / 'same'))
    assert given.line['row_median'] == pytest.approx(same.line['row_median'])
    assert given.calibration['edges']['score'] == pytest.approx(
        same.calibration['edges']['score'], abs=0.01)


@pytest.mark.parametrize('delay_s, codes_of_clock', [(40.0, {'clocks_apart'}), (0.05, set())])
def test_clocks_apart(tmp_path, delay_s, codes_of_clock):
    report = check_bag(make_posts_bag(tmp_path / 'bag', scan_delay_ns=int(delay_s * 1e9)))
    assert codes(report, 'error') == codes_of_clock
    if codes_of_clock:
        assert '38.5 s apart' in sentence(report, 'clocks_apart')
        assert 'differ by 40.0 s' in sentence(report, 'clocks_apart')
    else:
        assert 'skew' in codes(report, 'warning')


def test_light_and_lens(tmp_path):
    dark = check_bag(make_posts_bag(tmp_path / 'dark', light=0.1))
    bright = check_bag(make_posts_bag(tmp_path / 'bright', light=3.0))
    bent = check_bag(make_posts_bag(tmp_path / 'bent', bend=-0.05))
    assert 'dark' in codes(dark) and 'overexposed' in codes(bright)
    assert 'distorted' in codes(bent, 'warning')


def test_real_and_bundled_recordings_are_calibrated(shared, repository):
    for path in (shared / 'data/bags/kitti_sfnd_converted', repository / 'depth_ros/demo_bag'):
        right = check_bag(path, frames=16)
        assert codes(right) == {'short'}
        for degrees in (-5, 2):
            wrong = check_bag(path, Options(extrinsics=turned_pose(right, 1, degrees)), 16)
            assert codes(wrong) == {'short', 'calibration'}
            assert wrong.calibration['edges']['best_yaw_deg'] == pytest.approx(-degrees, abs=0.5)
