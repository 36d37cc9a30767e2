# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Sparsification and reliability of confidences that are known to be good, useless or honest."""
from depth_ros.evaluation.confidence import Curves, sparsification
import numpy as np
import pytest

SHAPE = (120, 160)


def curves(confidence, spread=None):
    """Curves of one frame whose log error is Laplace distributed with the given spreads."""
    rng = np.random.default_rng(7)
    spread = np.exp(rng.uniform(-4, -0.5, SHAPE)) if spread is None else spread
    truth = rng.uniform(1, 9, SHAPE)
    depth = truth * np.exp(rng.laplace(0, spread))
    result = Curves()
    result.add(depth, truth, confidence(depth, truth, spread))
    return result.result()


def test_perfect_confidence_is_the_ideal_curve():
    found = curves(lambda depth, truth, spread: 1 / (1 + np.abs(depth - truth) / truth))
    assert found['model'] == pytest.approx(found['ideal'])
    assert found['ause'] == pytest.approx(0, abs=1e-9)
    assert found['ideal'] == sorted(found['ideal'], reverse=True)


@pytest.mark.parametrize('useless', [
    lambda depth, truth, spread: np.full(SHAPE, 0.5),
    lambda depth, truth, spread: np.random.default_rng(5).random(SHAPE)])
def test_useless_confidence_does_not_fall(useless):
    found = curves(useless)
    assert min(found['model'][:11]) > 0.95 * found['model'][0]
    assert found['ause'] == pytest.approx(found['ause_random'], rel=0.1)


def test_honest_confidence_is_calibrated_and_an_immodest_one_is_not():
    """The chance of a Laplace error below log 1.1 is 1 - exp(-log 1.1 / spread)."""
    def honest(depth, truth, spread):
        return 1 - np.exp(-np.log(1.1) / spread)
    found = curves(honest)
    assert found['calibration_error'] < 0.02
    assert found['mean_stated'] == pytest.approx(found['mean_observed'], abs=0.02)
    assert sum(entry['share'] for entry in found['bins']) == pytest.approx(1)
    assert found['ause'] < 0.5 * found['ause_random']
    assert curves(lambda *values: honest(*values) ** 0.2)['calibration_error'] > 0.1


def test_sparsification_by_hand():
    error, score = [4.0, 1.0, 3.0, 2.0], [0.1, 0.9, 0.2, 0.8]
    assert sparsification(error, score, (0.0, 0.25, 0.5, 0.75)) == pytest.approx(
        [2.5, 2.0, 1.5, 1.0])


def test_unknown_pixels_do_not_count():
    truth = np.full((4, 4), 2.0)
    depth = truth.copy()
    depth[0], truth[1] = np.nan, np.nan
    depth[2, 0] = np.inf
    found = Curves()
    found.add(depth, truth, np.ones((4, 4)))
    assert found.result()['mean_observed'] == 1.0 and found.result()['model'][0] == 0
    assert Curves().result() is None
