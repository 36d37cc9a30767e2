# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Spoiled inputs are spoiled by as much as they say, and the truth stays."""
from depth_ros.camera import Camera
from depth_ros.datasets import Sample
from depth_ros.evaluation import perturbations
import numpy as np
import pytest

CAMERA = Camera(640, 480, 500.0, 500.0, 319.5, 239.5)


@pytest.fixture
def sample():
    """Make a wall at 4 m square to the camera, and a line over the whole of row 240."""
    sparse = np.zeros((480, 640), np.float32)
    sparse[240] = 4.0
    depth = np.where(sparse > 0, np.float32(np.nan), np.float32(4.0))
    image = np.tile(np.arange(640, dtype=np.uint8)[None, :, None] // 4 + 40, (480, 1, 3))
    return Sample('wall', image, depth, sparse, CAMERA)


def test_dropped_share(sample):
    kept = perturbations.drop_beams(sample, 0.9, np.random.default_rng(0))
    assert 35 < np.count_nonzero(kept.sparse) < 95
    assert kept.depth is sample.depth and kept.image is sample.image
    assert set(np.unique(kept.sparse)) == {0.0, 4.0}


def test_noise_is_along_the_beam(sample):
    noisy = perturbations.range_noise(sample, 0.05, np.random.default_rng(0))
    length = np.sqrt(1 + (CAMERA.rays()[240] ** 2).sum(-1))
    ranges = (noisy.sparse[240] - 4.0) * length
    assert ranges.std() == pytest.approx(0.05, rel=0.1)
    assert abs(ranges.mean()) < 0.01 and not noisy.sparse[:240].any()


@pytest.mark.parametrize('axis, rows, columns', [('x', -17.5, 0), ('y', 0, 17.5)])
def test_turned_line_lands_where_the_angle_says(sample, axis, rows, columns):
    """Two degrees at 500 pixels are 17.5 pixels, up or to the right for a positive turn."""
    few = np.zeros_like(sample.sparse)
    few[240, 320] = 4.0
    moved = perturbations.move_line(
        perturbations.replace(sample, sparse=few), perturbations.rotation(axis, 2.0))
    where = np.argwhere(moved.sparse > 0)[0]
    assert where == pytest.approx([240 + rows, 320 + columns], abs=1.0)
    assert moved.sparse.max() == pytest.approx(4.0, rel=0.01)


def test_shifted_line_lands_where_the_metres_say(sample):
    """Ten centimetres at 4 m are 12.5 pixels down; ten ahead are ten in depth."""
    down = perturbations.move_line(sample, perturbations.translation('y', 0.1))
    assert set(np.nonzero(down.sparse)[0]) <= {252, 253} and down.sparse.max() == 4.0
    ahead = perturbations.move_line(sample, perturbations.translation('z', 0.1))
    assert ahead.sparse[ahead.sparse > 0] == pytest.approx(4.1)


def test_exposure_acts_on_light_and_clips(sample):
    assert (perturbations.expose(sample, 0).image == sample.image).all()
    bright, dark = (perturbations.expose(sample, stops).image for stops in (1, -1))
    ratio = dark[0, :, 0] / sample.image[0, :, 0]
    assert ratio == pytest.approx(0.5 ** (1 / 2.2), abs=0.02)
    assert bright.max() > sample.image.max()
    assert (perturbations.expose(sample, 8).image == 255).all()


def test_blur_spreads_sideways_by_its_length(sample):
    image = np.zeros((480, 640, 3), np.uint8)
    image[100, 200] = 240
    blurred = perturbations.motion_blur(perturbations.replace(sample, image=image), 15).image
    rows, columns = np.nonzero(blurred[..., 0])
    assert set(rows) == {100} and columns.max() - columns.min() == 14
    assert (blurred[100, columns, 0] == 16).all()
    assert (perturbations.motion_blur(sample, 1).image == sample.image).all()


def test_grey_image_tells_nothing(sample):
    assert perturbations.without_image(sample).image.std() == 0


def test_part_of_motion_adds_up_to_the_whole():
    motion = perturbations.rotation('y', 8.0)
    motion[:3, 3] = 0.2, -0.1, 0.4
    quarter = perturbations.part_of_motion(motion, 0.25)
    assert np.linalg.matrix_power(quarter[:3, :3], 4) == pytest.approx(motion[:3, :3])
    assert 4 * quarter[:3, 3] == pytest.approx(motion[:3, 3])


def test_row_seen_from_ahead_is_nearer(sample):
    """A camera half a metre ahead measures half a metre less, in the row it always measures."""
    moved = perturbations.row_seen_from(sample, perturbations.translation('z', 0.5))
    assert not np.delete(moved.sparse, 240, 0).any()
    seen = moved.sparse[240]
    assert (seen > 0).mean() > 0.95 and seen[seen > 0] == pytest.approx(3.5)
    still = perturbations.row_seen_from(sample, np.eye(4))
    np.testing.assert_allclose(still.sparse, sample.sparse, rtol=1e-5)
