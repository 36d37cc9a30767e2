# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Error measures against numbers worked out by hand."""
from depth_ros.evaluation.metrics import image_metrics, valid_pixels
import numpy as np
import pytest

NAN = float('nan')


def test_all_measures_by_hand():
    target = np.array([[1.0, 2.0, 4.0, NAN]])
    prediction = np.array([[1.25, 2.0, 2.0, 7.0]])
    result = image_metrics(prediction, target)
    expected = {
        'rmse': np.sqrt((0.0625 + 4.0) / 3), 'mae': 0.75, 'abs_rel': 0.25,
        'log10': (np.log10(1.25) + np.log10(2.0)) / 3, 'irmse': np.sqrt((4e4 + 62500.0) / 3),
        'imae': 450.0 / 3, 'delta1': 2 / 3, 'delta2': 2 / 3, 'delta3': 2 / 3,
        'coverage': 1.0, 'pixels': 3, 'valid': 3, 'clamped': 0}
    assert {name: result[name] for name in expected} == pytest.approx(expected)


def test_delta_at_the_limit_counts_unless_strict():
    target, prediction = np.array([[1.0]]), np.array([[1.25]])
    assert image_metrics(prediction, target)['delta1'] == 1.0
    assert image_metrics(prediction, target, strict=True)['delta1'] == 0.0


def test_unknown_predictions_lower_coverage_and_nothing_else():
    target = np.array([[1.0, 1.0, 1.0, 1.0]])
    prediction = np.array([[1.5, NAN, np.inf, 1.5]])
    result = image_metrics(prediction, target)
    assert (result['coverage'], result['pixels'], result['mae']) == (0.5, 2, 0.5)


def test_beyond_range_counts_as_a_distance_or_as_unknown():
    target, prediction = np.array([[10.0, 10.0, NAN]]), np.array([[np.inf, 10.0, np.inf]])
    unknown = image_metrics(prediction, target)
    assert (unknown['coverage'], unknown['mae'], unknown['far']) == (0.5, 0.0, 1)
    scored = image_metrics(prediction, target, beyond=50.0)
    assert (scored['coverage'], scored['mae'], scored['far']) == (1.0, 20.0, 1)


def test_non_positive_prediction_is_clamped_and_counted():
    result = image_metrics(np.array([[-1.0, 0.0, 1.0]]), np.array([[1.0, 1.0, 1.0]]))
    assert result['clamped'] == 2
    assert result['log10'] == pytest.approx(2.0)
    assert result['mae'] == 1.0
    assert result['delta3'] == pytest.approx(1 / 3)


def test_nothing_to_compare_gives_nan():
    result = image_metrics(np.full((2, 2), NAN), np.ones((2, 2)))
    assert np.isnan(result['rmse']) and result['coverage'] == 0.0
    assert np.isnan(image_metrics(np.ones((2, 2)), np.zeros((2, 2)))['coverage'])


def test_valid_pixels():
    target = np.array([NAN, np.inf, -1.0, 0.0, 0.05, 2.0])
    assert valid_pixels(target).tolist() == [False, False, False, False, True, True]
    assert valid_pixels(target, 0.1).tolist() == [False] * 5 + [True]
    assert valid_pixels(target, None).tolist() == [False, False, True, True, True, True]


def test_sizes_must_agree():
    with pytest.raises(ValueError, match='differ in size'):
        image_metrics(np.ones((2, 3)), np.ones((3, 2)))
