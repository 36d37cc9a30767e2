# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How the single line is cut out of richer data."""
from depth_ros.camera import Camera
from depth_ros.contracts import InputError
from depth_ros.datasets import lines
import numpy as np
import pytest

CAMERA = Camera(200, 100, 100.0, 100.0, 99.5, 49.5)
# x forward, y left, z up to x right, y down, z forward.
TURN = np.array([[0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1]], float)


def wall_scan(elevations_deg, distance=10.0, count=720):
    """Return rings, top to bottom, of a scan inside a vertical cylinder of a radius."""
    azimuth = np.linspace(0, 2 * np.pi, count, endpoint=False)
    rings = [np.stack([distance * np.cos(azimuth), distance * np.sin(azimuth),
                       np.full(count, distance * np.tan(np.radians(angle)))], 1)
             for angle in elevations_deg]
    return np.concatenate(rings)


def test_row_line_leaves_the_ground_truth():
    depth = np.full((11, 4), 3.0, np.float32)
    depth[5, 1] = np.nan
    line = lines.row_line(depth, 0.5)
    assert line.sparse[5].tolist() == [3.0, 0.0, 3.0, 3.0]
    assert np.count_nonzero(line.sparse) == 3
    assert np.isnan(line.depth[5]).all() and np.isfinite(line.depth[[4, 6]]).all()
    assert lines.row_line(depth, 1.0).sparse[10].all()
    with pytest.raises(InputError, match='fraction'):
        lines.row_line(depth, 60)


def test_ring_line_takes_the_nearest_ring_and_scores_the_others():
    angles = [4.0, 1.0, -2.0, -5.0]
    line = lines.ring_line(wall_scan(angles), TURN, CAMERA, -1.6)
    rows = np.flatnonzero((line.sparse > 0).any(axis=1))
    # A cylinder of 10 m: straight ahead the ring at -2 degrees is 100 tan(2 deg) = 3.5 px low.
    assert rows.min() == 53 and rows.max() <= 55
    assert line.sparse[53, 99] == pytest.approx(10.0, abs=1e-3)
    truth_rows = np.flatnonzero(np.isfinite(line.depth[:, 99]))
    assert truth_rows.tolist() == [42, 43, 48, 58] or truth_rows.tolist() == [43, 48, 58]
    assert not (np.isfinite(line.depth) & (line.sparse > 0)).any()


def test_binned_ring_recovers_a_ring_from_a_depth_image():
    camera = Camera(1242, 375, 721.5, 721.5, 609.6, 172.9)
    raised = TURN.copy()
    raised[1, 3] = -0.08
    angles = [0.3, -1.0, -2.3]
    scan = wall_scan(angles, 20.0, 4000)
    whole = lines.ring_line(scan, raised, camera, -1.0)
    raw = np.where(whole.sparse > 0, whole.sparse, whole.depth)
    sparse = lines.binned_ring(raw, raised, camera, -1.0)
    overlap = np.count_nonzero((sparse > 0) & (whole.sparse > 0))
    assert overlap == np.count_nonzero(sparse > 0)
    assert overlap > 0.95 * np.count_nonzero(whole.sparse > 0)


def test_ring_bins_cover_the_scanner():
    assert lines.ring_bin(2.0) == 0 and lines.ring_bin(-24.8) == 63
    assert lines.ring_bin(30.0) == 0 and lines.ring_bin(-90.0) == 63
    assert lines.ring_bin(2.0 - 26.8 / 63) == 1


def test_noise_is_repeatable_and_only_on_the_line():
    sparse = np.zeros((4, 5000), np.float32)
    sparse[2] = 5.0
    noisy = lines.add_noise(sparse, 0.03, (7, 0))
    assert np.std(noisy[2]) == pytest.approx(0.03, rel=0.1)
    assert not noisy[[0, 1, 3]].any()
    np.testing.assert_array_equal(noisy, lines.add_noise(sparse, 0.03, (7, 0)))
    assert (noisy != lines.add_noise(sparse, 0.03, (7, 1))).any()
    assert lines.add_noise(sparse, 0.0, 7) is sparse
