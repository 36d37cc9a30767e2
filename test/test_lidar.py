# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Scans, rings, motion and the z-buffer against brute force and exact numbers."""

from depth_ros import lidar
from depth_ros.camera import Camera
from depth_ros.contracts import InputError
from depth_ros.lidar import Scan
import numpy as np
import pytest

CAMERA = Camera(64, 48, 40.0, 40.0, 31.5, 23.5)
# Optical frame from a LiDAR frame (x forward, y left) at the same place.
OPTICAL = np.array([[0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1.0]])


def scan(ranges, **changes):
    values = {'angle_min': -0.5, 'angle_increment': 0.25, 'range_min': 0.1, 'range_max': 30.0,
              'time_increment': 0.001}
    return Scan(np.asarray(ranges, np.float32), **{**values, **changes})


def test_scan_points_are_exact():
    points, offsets = lidar.scan_points(scan([1, 2, 3, 4, 5]))
    angles = [-0.5, -0.25, 0.0, 0.25, 0.5]
    expected = [[r * np.cos(a), r * np.sin(a), 0] for r, a in zip(range(1, 6), angles)]
    assert points == pytest.approx(np.array(expected))
    assert offsets == pytest.approx([0, 0.001, 0.002, 0.003, 0.004])


def test_discarded_beams_do_not_shift_the_others():
    ranges = [np.nan, 2, np.inf, -np.inf, -1, 0, 0.05, 31, 3]
    points, offsets = lidar.scan_points(scan(ranges, angle_min=0.0, angle_increment=0.1))
    assert np.hypot(*points[:, :2].T) == pytest.approx([2, 3])
    assert np.arctan2(points[:, 1], points[:, 0]) == pytest.approx([0.1, 0.8])
    assert offsets == pytest.approx([0.001, 0.008])


def test_limits_are_inclusive_and_a_missing_limit_is_none():
    limits = {'range_min': np.float32(0.3), 'range_max': np.float32(2.7)}
    assert len(lidar.scan_points(scan([0.3, 2.7], **limits))[0]) == 2
    for missing in (0.0, float('nan'), float('inf')):
        assert len(lidar.scan_points(scan([5000.0], range_max=missing))[0]) == 1
    assert len(lidar.scan_points(scan([0.01], range_min=float('nan')))[0]) == 1


def test_zero_and_negative_ranges_are_no_points_without_a_lower_limit():
    for lowest in (0.0, -1.0):
        assert len(lidar.scan_points(scan([-0.5, 0.0, 2.0], range_min=lowest))[0]) == 1


def test_clockwise_scan():
    points, _ = lidar.scan_points(scan([1, 1], angle_min=0.1, angle_increment=-0.2))
    assert points[:, 1] == pytest.approx([np.sin(0.1), -np.sin(0.1)])


@pytest.mark.parametrize('ranges', [[], [np.nan] * 9, [np.inf] * 9, [0.0] * 9, [-1.0] * 9])
def test_a_scan_without_a_beam_gives_no_points(ranges, recwarn):
    points, offsets = lidar.scan_points(scan(ranges))
    assert points.shape == (0, 3) and offsets.shape == (0,)
    assert not lidar.sparse_depth(lidar.transform(points, OPTICAL), CAMERA).any()
    assert not recwarn.list


@pytest.mark.parametrize('changes', [
    {'angle_increment': 0.0}, {'angle_increment': float('nan')}, {'angle_min': float('inf')}])
def test_broken_angles_are_an_input_error(changes):
    with pytest.raises(InputError, match='broken scan'):
        lidar.scan_points(scan([1.0, 2.0], **changes))


def test_the_scan_plane_meets_a_wall():
    """A wall at 2 m: every measured pixel holds Z = 2 m, on the row of the scan plane."""
    angles = -0.6 + 0.01 * np.arange(121)
    points, _ = lidar.scan_points(scan(2 / np.cos(angles), angle_min=-0.6, angle_increment=0.01))
    pose = OPTICAL.copy()
    pose[1, 3] = 0.26  # The LiDAR sits 26 cm below the camera.
    sparse = lidar.sparse_depth(lidar.transform(points, pose), CAMERA)
    rows, columns = np.nonzero(sparse)
    assert sparse[rows, columns] == pytest.approx(2.0, abs=1e-6)
    assert set(rows) == {round(23.5 + 40 * 0.26 / 2)}
    assert set(columns) == set(range(round(31.5 - 40 * np.tan(0.6)), 60))


def rings(count=64, beams=360, start=0.003, clockwise=False):
    """Cloud of a spinning LiDAR stored ring by ring, from the top, and the ring numbers."""
    azimuth = start + np.arange(beams) * (2 * np.pi / beams)
    azimuth = azimuth[::-1] if clockwise else azimuth
    elevation = np.radians(np.linspace(2, -24.8, count))[:, None]
    reach = np.random.default_rng(0).uniform(2, 60, (count, beams))
    cloud = np.stack([reach * np.cos(elevation) * np.cos(azimuth),
                      reach * np.cos(elevation) * np.sin(azimuth),
                      reach * np.sin(elevation)], -1).reshape(-1, 3)
    return cloud, np.repeat(np.arange(count), beams)


def test_rings_are_counted_by_turns():
    cloud, ids = rings()
    assert np.array_equal(lidar.ring_index(cloud), ids)
    kept = np.random.default_rng(1).random(len(cloud)) < 0.8
    assert np.array_equal(lidar.ring_index(cloud[kept]), ids[kept])


def test_a_ring_is_selected_by_elevation():
    cloud, ids = rings()
    mask = lidar.select_ring(cloud, lidar.ring_index(cloud), -3.0)
    assert np.array_equal(mask, ids == round(5.0 / (26.8 / 63)))
    assert np.abs(lidar.elevation(cloud[mask]) + 3.0).max() < 26.8 / 63 / 2 + 1e-9


def test_invalid_points_do_not_choose_the_ring():
    # Drivers of organised clouds fill missing returns with NaN or with zeros.
    cloud, ids = rings(count=8)
    for filler in (np.nan, 0.0):
        holed = cloud.copy()
        holed[np.random.default_rng(2).random(len(cloud)) < 0.6] = filler
        assert np.array_equal(lidar.select_ring(holed, ids, -24.8), ids == 7)
    holed[ids == 7] = np.nan
    assert np.array_equal(lidar.select_ring(holed, ids, -24.8), ids == 6)
    assert not lidar.select_ring(np.full((5, 3), np.nan), np.zeros(5, int), 0.0).any()


def test_no_points_no_rings():
    empty = np.zeros((0, 3))
    assert lidar.ring_index(empty).shape == (0,)
    assert lidar.select_ring(empty, lidar.ring_index(empty), 0.0).shape == (0,)


def rotation(vector):
    """Rotation matrix by Rodrigues, through OpenCV."""
    import cv2
    return cv2.Rodrigues(np.asarray(vector, float))[0]


@pytest.mark.parametrize('linear,angular', [
    ((0.0, 0.0, 0.0), (0.0, 0.0, 2.0)), ((2.0, -0.5, 0.3), (0.3, 0.4, -2.0))])
def test_points_move_by_the_pose_at_their_own_time(linear, angular):
    """Offsets are negative where the stamp is that of the last beam."""
    rng = np.random.default_rng(4)
    points, offsets = rng.uniform(-10, 10, (50, 3)), rng.uniform(-0.1, 0.05, 50)
    asked = []

    def pose_at(offset):
        asked.append(offset)
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = rotation(np.multiply(angular, offset)), np.multiply(
            linear, offset)
        return pose
    moved = lidar.transform_moving(points, offsets, pose_at)
    assert min(asked) == offsets.min() and max(asked) == offsets.max() and len(asked) < 20
    expected = [lidar.transform([p], pose_at(t))[0] for p, t in zip(points, offsets)]
    assert np.abs(moved - expected).max() < 0.001


def test_points_of_one_time_and_no_points():
    pose = np.eye(4)
    pose[:3, 3] = 1, 2, 3
    moved = lidar.transform_moving([[1.0, 0, 0], [0, 1.0, 0]], [0.0, 0.0], lambda t: pose)
    assert moved == pytest.approx(np.array([[2, 2, 3], [1, 3, 3]]))
    assert lidar.transform_moving(np.zeros((0, 3)), [], None).shape == (0, 3)


def test_times_in_a_wrong_unit_do_not_ask_for_millions_of_poses():
    asked = []
    lidar.transform_moving(np.ones((2, 3)), [0.0, 1e5], lambda t: asked.append(t) or np.eye(4))
    assert len(asked) < 200


@pytest.mark.parametrize('offset', [float('nan'), float('inf'), -1e30])
def test_times_that_are_none_are_an_input_error(offset):
    with pytest.raises(InputError, match='broken times') as error:
        lidar.transform_moving(np.ones((2, 3)), [0.0, offset], lambda t: np.eye(4))
    assert error.value.reason == 'LiDAR times'


def test_the_nearest_point_wins_in_any_order():
    points = np.array([[0, 0, z] for z in (5.0, 2.0, 9.0, 3.0)])
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2]):
        sparse = lidar.sparse_depth(points[order], CAMERA)
        assert sparse.max() == 2.0 and np.count_nonzero(sparse) == 1


def test_sparse_depth_against_a_loop():
    points = np.random.default_rng(4).uniform((-4, -4, -2), (4, 4, 6), (3000, 3))
    points[::97] = np.nan
    points[5::97] = np.inf
    expected = np.zeros((48, 64), np.float32)
    for x, y, z in points:
        if not np.isfinite([x, y, z]).all() or z <= 0:
            continue
        u, v = round(40 * x / z + 31.5), round(40 * y / z + 23.5)
        if 0 <= u < 64 and 0 <= v < 48 and (not expected[v, u] or z < expected[v, u]):
            expected[v, u] = z
    assert np.array_equal(lidar.sparse_depth(points, CAMERA), expected)
    assert np.count_nonzero(expected) > 500


def test_points_behind_the_camera_leave_no_trace():
    points = np.random.default_rng(5).uniform((-1, -1, -5), (1, 1, -0.01), (200, 3))
    assert not lidar.sparse_depth(points, CAMERA).any()


@pytest.mark.parametrize('height,width', [(12, 16), (13, 21), (48, 64), (96, 128), (1, 1),
                                          (7, 99)])
def test_resizing_keeps_the_nearest_and_invents_nothing(height, width):
    rng = np.random.default_rng(6)
    sparse = np.where(rng.random((48, 64)) < 0.1, rng.uniform(1, 9, (48, 64)), 0)
    sparse = sparse.astype(np.float32)
    small = lidar.resize_sparse(sparse, height, width)
    assert small.shape == (height, width) and small.dtype == np.float32
    expected = np.zeros((height, width), np.float32)
    for row, column in np.argwhere(sparse > 0):
        r, c = int((row + 0.5) * height / 48), int((column + 0.5) * width / 64)
        value = sparse[row, column]
        if not expected[r, c] or value < expected[r, c]:
            expected[r, c] = value
    assert np.array_equal(small, expected)


def test_resizing_agrees_with_projecting_into_the_scaled_camera():
    points = np.random.default_rng(7).uniform((-2, -2, 3), (2, 2, 4), (400, 3))
    direct = lidar.sparse_depth(points, CAMERA.scaled(32, 24))
    through = lidar.resize_sparse(lidar.sparse_depth(points, CAMERA), 24, 32)
    assert np.array_equal(direct > 0, through > 0)
    assert np.mean(direct == through) > 0.99


def test_transform_is_target_from_source():
    assert lidar.transform([[1.0, 2.0, 3.0]], OPTICAL).tolist() == [[-2.0, -3.0, 1.0]]
    shifted = OPTICAL.copy()
    shifted[:3, 3] = (10, 20, 30)
    assert lidar.transform([[1.0, 2.0, 3.0]], shifted).tolist() == [[8.0, 17.0, 31.0]]
