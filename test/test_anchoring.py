# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Anchoring: exact on the line, smooth beside it, and nothing at all far from it."""

from depth_ros.anchoring import anchor_broad, anchor_exact, line_residual
import numpy as np
import pytest

HEIGHT, WIDTH, ROW = 120, 160, 70


def flat(value=3.0):
    return np.full((HEIGHT, WIDTH), value, np.float32)


def line(value=2.0, step=1, row=ROW):
    sparse = np.zeros((HEIGHT, WIDTH), np.float32)
    sparse[row, ::step] = value
    return sparse


def test_residual_in_numbers():
    residual = line_residual(flat(3.0), line(2.0, step=4))
    assert residual.count == 40
    assert residual.median_abs == pytest.approx(1.0)
    assert residual.median_rel == pytest.approx(0.5)
    assert residual.bias_rel == pytest.approx(np.log(1.5))
    assert np.isnan(residual.anchored_median_abs)
    assert residual.summary()['count'] == 40


def test_residual_ignores_unknown_pixels_and_may_be_absent(recwarn):
    depth, sparse = flat(3.0), line(2.0)
    depth[ROW, :100], depth[ROW, 100:120], depth[ROW, 120:130] = np.nan, np.inf, 0
    assert line_residual(depth, sparse).count == 30
    depth[ROW] = np.nan
    assert line_residual(depth, sparse) is None
    assert line_residual(flat(), np.zeros_like(sparse)) is None
    assert not recwarn.list


@pytest.mark.parametrize('step', [1, 2, 4])
def test_broad_correction_is_full_on_the_line_and_nothing_far_from_it(step):
    corrected = anchor_broad(flat(3.0), line(2.0, step))
    assert corrected.dtype == np.float32
    assert corrected[ROW] == pytest.approx(2.0, rel=0.02)
    far = np.abs(np.arange(HEIGHT) - ROW) > 0.45 * HEIGHT
    assert far.sum() > 10
    assert np.array_equal(corrected[far], flat(3.0)[far])
    column = corrected[:ROW + 1, WIDTH // 2]
    assert (np.diff(column) <= 1e-5).all(), 'the correction must fade without waves'


def test_broad_correction_leaves_a_right_prediction_alone():
    depth = np.random.default_rng(0).uniform(1, 20, (HEIGHT, WIDTH)).astype(np.float32)
    sparse = np.where(line() > 0, depth, 0)
    assert anchor_broad(depth, sparse) == pytest.approx(depth, rel=1e-6)


def test_broad_correction_follows_the_line_sideways():
    sparse = line(2.0)
    sparse[ROW, WIDTH // 2:] = 6.0
    corrected = anchor_broad(flat(3.0), sparse)
    assert corrected[ROW, 20] == pytest.approx(2.0, rel=0.03)
    assert corrected[ROW, WIDTH - 20] == pytest.approx(6.0, rel=0.03)


def test_one_beam_does_not_rescale_the_image():
    sparse = np.zeros((HEIGHT, WIDTH), np.float32)
    sparse[60, 80] = 1.0
    corrected = anchor_broad(flat(3.0), sparse)
    changed = np.abs(corrected / 3.0 - 1) > 0.05
    assert changed.sum() < 0.1 * HEIGHT * WIDTH
    assert not changed[:, :50].any()


@pytest.mark.parametrize('bad', [np.nan, np.inf, 0.0, -1.0])
def test_broad_correction_with_unusable_predictions(bad, recwarn):
    depth = flat(3.0)
    depth[:, 40:60] = bad
    corrected = anchor_broad(depth, line(2.0))
    assert corrected[ROW, :30] == pytest.approx(2.0, rel=0.03)
    assert np.isfinite(corrected[:, :30]).all()
    assert not recwarn.list
    everywhere = np.full_like(depth, bad)
    assert np.array_equal(anchor_broad(everywhere, line(2.0)), everywhere, equal_nan=True)


def test_without_measurements_nothing_changes():
    depth = flat(3.0)
    none = np.zeros_like(depth)
    assert np.array_equal(anchor_broad(depth, none), depth)
    assert np.array_equal(anchor_exact(depth.copy(), none), depth)


def test_exact_at_every_measured_pixel_whatever_the_prediction(recwarn):
    rng = np.random.default_rng(1)
    for _ in range(20):
        depth = rng.uniform(0.5, 50, (HEIGHT, WIDTH)).astype(np.float32)
        depth[rng.random(depth.shape) < 0.1] = np.nan
        depth[rng.random(depth.shape) < 0.1] = np.inf
        share = rng.choice([0.0005, 0.01, 0.3])
        sparse = np.where(rng.random(depth.shape) < share, rng.uniform(0.2, 90, depth.shape), 0)
        sparse = sparse.astype(np.float32)
        result = anchor_exact(depth.copy(), sparse)
        measured = sparse > 0
        assert np.array_equal(result[measured], sparse[measured])
    assert not recwarn.list


@pytest.mark.parametrize('row', [0, 1, ROW, HEIGHT - 1])
@pytest.mark.parametrize('step', [1, 3, 40])
def test_the_rim_of_exact_anchoring_is_narrow(row, step):
    before = flat(3.0)
    after = anchor_exact(before.copy(), line(2.0, step, row))
    rows = np.flatnonzero((after != before).any(1))
    assert rows.min() >= row - 3 and rows.max() <= row + 3
    columns = np.flatnonzero((after != before).any(0))
    assert len(columns) == len(range(0, WIDTH, step)) if step == 40 else len(columns) > 150
    assert after.min() >= 2.0 - 1e-6 and after.max() <= 3.0


def test_beams_of_one_surface_leave_no_comb():
    after = anchor_exact(flat(3.0), line(2.0, 3))
    assert after[ROW, :-3] == pytest.approx(2.0, rel=1e-5)


@pytest.mark.parametrize('behind', [3.0, 27.0])
def test_beams_of_two_surfaces_are_not_joined(behind):
    """Neither where the prediction has one surface, nor where it has both, equally wrong."""
    before = flat(3.0)
    before[:, 82:] = behind
    sparse = np.zeros_like(before)
    sparse[ROW, 80], sparse[ROW, 83] = 1.0, 9.0
    after = anchor_exact(before.copy(), sparse)
    assert np.array_equal(after[:, 81:83], before[:, 81:83])


def test_unknown_pixels_beside_the_line_stay_unknown():
    depth = flat(np.nan)
    after = anchor_exact(depth, line(2.0, 3))
    assert np.isfinite(after).sum() == len(range(0, WIDTH, 3))
