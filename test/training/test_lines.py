# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Line priors: segments, pairs and their order; the single line by named protocols."""
from depth_ros.camera import Camera
from depth_ros.contracts import InputError
from depth_ros.lidar import elevation as elevations
from depth_ros.lidar import Scan, sparse_depth
import numpy as np
import pytest

cv2 = pytest.importorskip('cv2')
torch = pytest.importorskip('torch')
from training.lines import protocols  # noqa: E402
from training.lines.pairs import (  # noqa: E402
    image_pairs,
    LinePrior,
    order_labels,
    pair_indices,
    pairs_per_image,
    segment_pairs,
)
from training.lines.segments import (  # noqa: E402
    detect_segments,
    fit_lines,
    long_segments,
    read_pixels,
    straight_segments,
)

CAMERA = Camera(160, 120, 120.0, 120.0, 79.5, 59.5)
# LiDAR (x forward, y left, z up) 0.1 m above the camera (x right, y down, z forward).
MOUNTING = np.array([[0, -1, 0, 0], [0, 0, -1, -0.1], [1, 0, 0, 0], [0, 0, 0, 1.0]])


def floor():
    """Return the depth (H, W) of a floor 1 m below the camera, with a wall at 12 m."""
    rays = CAMERA.rays()[..., 1]
    with np.errstate(divide='ignore'):
        return np.where(rays > 1 / 12, 1.0 / rays, 12.0).astype(np.float32)


@pytest.fixture
def drawn():
    """Draw a carpet on the floor: two edges that recede, two across."""
    image = np.full((120, 160, 3), 90, np.uint8)
    corners = np.array([[70, 75], [90, 75], [135, 112], [25, 112]])
    cv2.fillConvexPoly(image, corners, (220, 210, 200))
    return image


def test_detected_segments(drawn):
    """Long edges are found where they were drawn; short ones are dropped, the longest first."""
    found = long_segments(detect_segments(drawn[..., 0]), 40)
    lengths = np.hypot(*(found[:, 2:] - found[:, :2]).T)
    assert 3 <= len(found) <= 6 and (np.diff(lengths) <= 0).all() and lengths[-1] >= 40
    assert lengths[0] == pytest.approx(110, abs=6)
    assert (np.abs(found[0, [1, 3]] - 112) < 2).all()
    assert len(long_segments(found, 40, 2)) == 2
    assert detect_segments(np.zeros((50, 50), np.uint8)).shape == (0, 4)


def test_straight_lines_have_affine_inverse_depth():
    """On a plane the fit is exact; along a crease, an edge or unknown depth it is not."""
    depth = floor()
    on_floor = np.array([[20.0, 110, 75, 75], [30, 100, 130, 100]])
    fit, error = fit_lines(on_floor, depth)
    assert (error < 0.01).all()
    np.testing.assert_allclose(1 / fit[0].sum(), depth[75, 75], rtol=0.03)
    _, error = fit_lines(np.array([[80.0, 20, 80, 118], [30, 60, 120, 60]]), depth)
    assert error[0] > 0.05 and error[1] < 0.01
    holed = depth.copy()
    holed[:, :60] *= 0.5
    holed[:, 120:] = np.nan
    _, error = fit_lines(np.array([[30.0, 100, 90, 100], [70, 100, 140, 100]]), holed)
    assert error[0] > 0.05 and np.isinf(error[1])


def test_straight_segments(drawn):
    """Segments across an occlusion are dropped, those on the floor stay."""
    grey, depth = drawn[..., 0], floor()
    kept, fit = straight_segments(grey, depth)
    assert len(kept) == len(fit) >= 3
    stepped = depth.copy()
    stepped[:, 80:] *= 0.5
    fewer, _ = straight_segments(grey, stepped)
    assert len(fewer) < len(kept)
    assert (np.ptp(fewer[:, [0, 2]], axis=1) < 60).all()
    # Any detector of the same form will do.
    own = np.array([[20.0, 110, 75, 75], [20.0, 110, 25, 110]])
    kept, _ = straight_segments(grey, depth, detect=lambda image: own)
    assert np.array_equal(kept, own[:1])


def test_pairs_and_labels():
    """All pairs a quarter apart; labels follow the fitted depth and its tolerance."""
    first, second = pair_indices()
    assert len(first) == 21 and (second - first >= 2).all()
    assert order_labels([1.0, 1.03, 1.0, 1.019], [1.0, 1.0, 1.03, 1.0]).tolist() == [0, 1, -1, 0]
    depth = floor()
    segments = np.array([[20.0, 110, 75, 75], [30, 100, 130, 100]])
    fit, _ = fit_lines(segments, depth)
    pairs = segment_pairs(segments, fit, depth.shape)
    assert pairs.shape == (42, 3)
    receding, level = pairs[:21], pairs[21:]
    assert (receding[:, 2] == -1).all() and (level[:, 2] == 0).all()
    near, far = (depth.ravel()[receding[:, k]] for k in (0, 1))
    assert (near < far).all()
    assert segment_pairs(np.zeros((0, 4)), np.zeros((0, 2)), (5, 5)).shape == (0, 3)


def test_pairs_of_an_image(drawn):
    """They have one size, whatever is found, and stay within the image."""
    prior = LinePrior(count=10)
    pairs = image_pairs(drawn, floor(), prior)
    assert pairs.shape == (pairs_per_image(prior), 3) == (210, 3)
    used = pairs[:, 0] >= 0
    assert used.sum() >= 63 and used.sum() % 21 == 0
    assert pairs[used, :2].max() < 120 * 160 and set(pairs[used, 2]) <= {-1, 0, 1}
    none = image_pairs(np.full_like(drawn, 90), floor(), prior)
    assert (none[:, :2] == -1).all()
    assert read_pixels(floor(), np.array([[-3.0, 500.0]]))[0] == floor()[119, 0]


def laser_points():
    """Return the points (N, 3) of a 64-ring LiDAR in a room of 5 m radius, ring by ring."""
    azimuth = np.linspace(0, 2 * np.pi, 500, endpoint=False)
    rings = np.radians(np.linspace(2.0, -24.8, 64))
    return np.concatenate([5.0 * np.stack([np.cos(azimuth), np.sin(azimuth),
                                           np.full(500, np.tan(angle))], 1) for angle in rings])


def test_ring_and_elevation():
    """Both take the one laser near -5 degrees out of 64."""
    points = laser_points()
    depth = sparse_depth(points @ MOUNTING[:3, :3].T + MOUNTING[:3, 3], CAMERA)
    by_ring = protocols.ring(points, MOUNTING, CAMERA, -5.0)
    by_bin = protocols.elevation(depth, MOUNTING, CAMERA, -5.0)
    for sparse in (by_ring, by_bin):
        rows, columns = np.nonzero(sparse)
        assert len(rows) > 20
        seen = CAMERA.back_project(sparse)[rows, columns]
        back = (seen - MOUNTING[:3, 3]) @ MOUNTING[:3, :3]
        assert np.abs(elevations(back) + 5.0).max() < 0.5
    assert (by_ring > 0).sum() < 0.1 * (depth > 0).sum()


def test_mid_pitch():
    """The middle bin of the image's own range of pitch; it moves with that range."""
    depth = np.full((120, 160), 4.0, np.float32)
    depth[:40] = 0
    sparse = protocols.mid_pitch(depth, CAMERA)
    rows, columns = np.nonzero(sparse)
    points = CAMERA.back_project(np.full((120, 160), 4.0))
    pitch = np.arcsin(points[..., 1] / np.linalg.norm(points, axis=-1))
    low, high = pitch[depth > 0].min(), pitch[depth > 0].max()
    middle = low + 32 * (high - low) / 65
    assert np.abs(pitch[rows, columns] - middle).max() <= 0.51 * (high - low) / 65
    assert 100 < len(rows) < 500 and (sparse[rows, columns] == 4.0).all()
    lower = depth.copy()
    lower[:80] = 0
    assert np.nonzero(protocols.mid_pitch(lower, CAMERA))[0].mean() > rows.mean() + 10
    assert not protocols.mid_pitch(np.zeros((120, 160)), CAMERA).any()


def test_plane():
    """A 2-D scanner sees a wall as one row of the image, by its place on the robot."""
    angles = np.arange(-0.5, 0.5, 0.005)
    scan = Scan(4.0 / np.cos(angles), -0.5, 0.005, 0.1, 30.0)
    sparse = protocols.plane(scan, MOUNTING, CAMERA)
    rows, columns = np.nonzero(sparse)
    assert set(rows) == {round(59.5 - 120 * 0.1 / 4.0)} and len(columns) > 100
    np.testing.assert_allclose(sparse[rows, columns], 4.0, rtol=1e-5)


def test_protocols_by_name():
    """An unknown one lists the choices."""
    assert protocols.find_protocol('mid_pitch') is protocols.mid_pitch
    with pytest.raises(InputError, match='single line .row.*elevation, mid_pitch, plane, ring'):
        protocols.find_protocol('row')
