# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A level scan out of depth: against points one by one, in a room with a box and a shelf."""
from depth_ros import contracts, messages
from depth_ros.camera import Camera
from depth_ros.contracts import InputError
from depth_ros.depth_scan import Band, depth_scan
from depth_ros.launching import DEMO_BAG
from depth_ros.lidar import scan_points, transform
from depth_ros.poses import matrix_from
from made_room import FLOOR, room_depth
import numpy as np
import pytest
import yaml

CAMERA = Camera(160, 120, 130.0, 130.0, 79.5, 59.5)
LENS = Camera(160, 120, 130.0, 130.0, 79.5, 59.5, (-0.2, 0.05, 0.001, -0.001, 0.0))
BAND = Band(0.1, 1.2, FLOOR, range_max=6.0)


def one_by_one(depth, camera, band, angles, width):
    """Nearest range of points within the band, beam by beam, from back-projected points."""
    points = camera.back_project(depth).reshape(-1, 3).astype(float)
    tilt = np.radians(band.tilt)
    ahead = points[:, 2] * np.cos(tilt) - points[:, 1] * np.sin(tilt)
    up = -points[:, 2] * np.sin(tilt) - points[:, 1] * np.cos(tilt) + band.camera_height
    azimuth, flat = np.arctan2(-points[:, 0], ahead), np.hypot(ahead, points[:, 0])
    with np.errstate(invalid='ignore'):
        counts = ((up >= band.min_height) & (up <= band.max_height) & (flat < band.range_max))
    nearest = []
    for angle in angles:
        beam = flat[counts & (np.abs(azimuth - angle) <= width / 2)]
        nearest.append(beam.min() if len(beam) else np.inf)
    return np.array(nearest)


@pytest.mark.parametrize('camera', [CAMERA, LENS], ids=['pinhole', 'lens'])
@pytest.mark.parametrize('tilt', [0.0, 12.0, -5.0])
def test_it_is_the_nearest_point_of_each_beam(camera, tilt):
    band = Band(0.1, 1.2, FLOOR, tilt, 6.0)
    depth = room_depth(camera, tilt)
    scan = depth_scan(depth, camera, band)
    angles = scan.angle_min + np.arange(len(scan.ranges)) * scan.angle_increment
    expected = one_by_one(depth, camera, band, angles, scan.angle_increment)
    hit = np.isfinite(scan.ranges)
    assert hit.sum() > 60
    # Points on the border of two beams, or of the band, may fall to either side of it.
    same = np.isclose(scan.ranges[hit], expected[hit], atol=0.02)
    assert same.mean() > 0.97
    assert np.isfinite(expected)[~hit].sum() <= 2
    assert abs(angles[0]) == pytest.approx(angles[-1], abs=0.02)
    assert angles[0] < 0 < angles[-1]  # from right to left


def test_a_tilted_camera_sees_the_same_room():
    """Where both look, a level and a tilted camera give the same scan."""
    points = {}
    for tilt in (0.0, 12.0):
        scan = depth_scan(room_depth(CAMERA, tilt), CAMERA, Band(0.1, 1.2, FLOOR, tilt, 6.0))
        points[tilt] = scan_points(scan)[0]
    gaps = np.linalg.norm(points[12.0][:, None] - points[0.0], axis=-1).min(1)
    assert len(gaps) > 60 and np.median(gaps) < 0.03 and np.quantile(gaps, 0.9) < 0.1


def test_what_is_seen_through_is_infinite_and_what_is_unknown_is_nan():
    depth = np.full((120, 160), np.inf, np.float32)
    depth[:, 120:] = np.nan         # the right fourth is unknown
    depth[40:80, 70:90] = 2.0       # a board in the middle
    depth[40:80, :20] = 9.0         # beyond range_max
    scan = depth_scan(depth, CAMERA, Band(-0.1, 0.4, range_max=6.0))
    angles = scan.angle_min + np.arange(len(scan.ranges)) * scan.angle_increment
    column = CAMERA.cx - np.tan(angles) * CAMERA.fx
    board = (column > 71) & (column < 88)
    assert np.allclose(scan.ranges[board], 2.0 / np.cos(angles[board]), rtol=2e-3)
    assert np.isposinf(scan.ranges[(column < 68) | (column > 92) & (column < 118)]).all()
    assert np.isnan(scan.ranges[column > 121]).all()
    assert (scan.range_min, scan.range_max) == (0.0, 6.0)
    assert not (scan.ranges == 6.0).any()


@pytest.mark.parametrize('share,clears', [(0.4, True), (0.6, False)])
def test_a_beam_of_mostly_unknown_pixels_clears_nothing(share, clears):
    depth = np.full((120, 160), np.inf, np.float32)
    depth[np.arange(120) % 10 < 10 * share] = np.nan
    ranges = depth_scan(depth, CAMERA, Band(-1.5, 1.5, range_max=5.0)).ranges
    assert np.isposinf(ranges).all() if clears else np.isnan(ranges).all()


def test_unknown_pixels_hide_no_known_thing():
    depth = np.full((120, 160), np.nan, np.float32)
    depth[58] = 3.0
    ranges = depth_scan(depth, CAMERA, Band(-0.2, 0.2)).ranges
    assert np.isfinite(ranges).all() and ranges.min() == pytest.approx(3.0, rel=1e-3)


def test_the_floor_is_no_obstacle_and_clears_nothing():
    """Rays that end on the floor within the range say nothing of what stands beyond."""
    depth = room_depth(CAMERA, 0.0, things=False)
    depth[:70] = np.nan  # only the floor is known
    assert np.isnan(depth_scan(depth, CAMERA, BAND).ranges).all()


def test_a_camera_that_sees_no_level_ray_clears_nothing():
    ranges = depth_scan(room_depth(CAMERA, 45.0, things=False), CAMERA,
                        Band(0.1, 1.2, FLOOR, 45.0, 6.0)).ranges
    assert len(ranges) > 60 and np.isnan(ranges).all()


def test_a_band_that_no_ray_passes_is_an_input_error():
    with pytest.raises(InputError, match='no ray of the camera passes heights'):
        depth_scan(np.ones((120, 160), np.float32), CAMERA, Band(9.5, 9.8, 9.0, 75.0, 5.0))
    with pytest.raises(InputError, match='set depth_scan_min_height below'):
        Band(1.0, 0.5)
    with pytest.raises(InputError, match='scale the camera first'):
        depth_scan(np.ones((60, 80), np.float32), CAMERA, BAND)


def test_true_depth_gives_the_measured_scan(repository):
    """In the bundled recording, whose camera looks down, at the height of its LiDAR."""
    highlevel = pytest.importorskip('rosbags.highlevel')
    shipped = yaml.safe_load((repository / 'config' / 'demo.yaml').read_text())
    mounting = shipped['/**']['ros__parameters']
    pose = matrix_from(mounting['lidar_translation'], mounting['lidar_rotation'])
    tilt = -np.degrees(np.arcsin(pose[2, 2]))  # of the LiDAR's upward axis
    found = {}
    with highlevel.AnyReader([DEMO_BAG]) as reader:
        for connection, _, raw in reader.messages():
            found.setdefault(connection.topic, []).append(reader.deserialize(
                raw, connection.msgtype))
    camera = messages.camera_from_info(found['/camera/camera_info'][0])
    gaps = []
    for image, scan in list(zip(found['/ground_truth/depth/compressed'], found['/scan']))[::30]:
        depth = contracts.millimetres_to_metres(messages.compressed_to_array(image))
        points = transform(scan_points(messages.scan_from_message(scan))[0], pose)
        c, s = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
        ahead = points[:, 2] * c - points[:, 1] * s
        height = -points[:, 2] * s - points[:, 1] * c
        assert np.ptp(height) < 1e-4
        made = depth_scan(depth, camera, Band(height[0] - 0.06, height[0] + 0.06, 0.0, tilt, 20.0))
        beam = np.rint((np.arctan2(-points[:, 0], ahead) - made.angle_min)
                       / made.angle_increment).astype(int)
        seen = (beam >= 0) & (beam < len(made.ranges)) & (ahead > 0)
        gaps.append(made.ranges[beam[seen]] - np.hypot(ahead, points[:, 0])[seen])
    gaps = np.abs(np.concatenate(gaps))
    gaps = gaps[np.isfinite(gaps)]
    # The LiDAR is 17 cm below the camera and sees past other edges.
    assert len(gaps) > 300 and np.median(gaps) < 0.03
