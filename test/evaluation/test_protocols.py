# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Aggregations by hand, and all of them against recorded reference numbers."""
import json

from depth_ros.contracts import InputError
from depth_ros.evaluation.edges import (
    edge_metrics,
    EDGE_THRESHOLDS,
    known_around,
    mean_edge_metrics,
    sobel,
)
from depth_ros.evaluation.protocols import find_protocol, PROTOCOLS
import numpy as np
import pytest

# Squared errors 1 (one pixel) and 9 (three pixels).
IMAGES = [(np.array([[2.0, 0.0, 0.0]]), np.array([[1.0, np.nan, np.nan]])),
          (np.array([[4.0, 4.0, 4.0]]), np.array([[1.0, 1.0, 1.0]]))]


@pytest.mark.parametrize('name, rmse, mae', [
    ('image_mse', 5.0 ** 0.5, 2.0), ('image_rmse', 2.0, 2.0),
    ('pixel_weighted', (1 + 3 * 3) / 4, (1 + 3 * 3) / 4)])
def test_aggregation(name, rmse, mae):
    protocol = find_protocol(name)
    result = protocol.combine(protocol.image(*image) for image in IMAGES)
    assert (result['rmse'], result['mae']) == pytest.approx((rmse, mae))
    assert (result['pixels'], result['coverage'], result['empty_images']) == (4, 1.0, 0)


def test_images_without_truth_are_counted_not_averaged():
    protocol = find_protocol('image_rmse')
    images = [protocol.image(*IMAGES[0]), protocol.image(np.ones((1, 2)), np.full((1, 2), np.nan))]
    result = protocol.combine(images)
    assert result['rmse'] == 1.0 and result['empty_images'] == 1
    assert np.isnan(protocol.combine([])['rmse'])


def test_zero_target_counts_only_without_mask():
    prediction, target = np.array([[1.0, 1.0]]), np.array([[0.0, 1.0]])
    assert PROTOCOLS['image_rmse'].image(prediction, target)['pixels'] == 1
    with np.errstate(divide='ignore'):
        assert PROTOCOLS['image_mse'].image(prediction, target)['pixels'] == 2


def test_unknown_protocol_lists_choices():
    with pytest.raises(InputError, match='image_mse, image_rmse, pixel_weighted'):
        find_protocol('mean')


def test_border_ring_counts_as_edge():
    across, down = sobel(np.full((5, 6), 2.0))
    assert across[2, 0] == -8.0 and down[0, 2] == -8.0 and across[2, 2] == down[2, 2] == 0.0
    result = edge_metrics(np.full((5, 6), 2.0), np.full((5, 6), 3.0), 0.5)
    assert (result['precision'], result['recall'], result['f1']) == (1.0, 1.0, 1.0)


def test_edges_beside_unknown_depth_do_not_count():
    target = np.ones((8, 10))
    target[:, 5:] = 3.0
    prediction = np.where(np.arange(10) < 4, 1.0, 3.0) * np.ones((8, 1))
    dense = edge_metrics(prediction, target, 0.5)
    holes = target.copy()
    holes[2:6, 2:7] = np.nan
    known = known_around(holes)
    assert known.sum() == 80 - 6 * 7
    predicted, true = (np.hypot(*sobel(depth)) > 0.5 for depth in (prediction, target))
    both = (predicted & true & known).sum()
    result = edge_metrics(prediction, holes, 0.5)
    assert result['precision'] == both / (predicted & known).sum() > dense['precision']
    assert result['recall'] == both / (true & known).sum()
    assert edge_metrics(prediction, np.full((8, 10), np.nan), 0.5)['undefined'] == 3


def test_edges_without_any_are_zero_and_counted():
    result = edge_metrics(np.zeros((5, 6)), np.ones((5, 6)), 0.5)
    assert (result['precision'], result['recall'], result['f1']) == (0.0, 0.0, 0.0)
    assert result['undefined'] == 2


@pytest.fixture(scope='module')
def golden(shared):
    folder = shared / 'goldens'
    if not (folder / 'goldens.json').is_file():
        pytest.skip('no reference numbers in the shared folder')
    entries = {entry['id']: entry
               for entry in json.loads((folder / 'goldens.json').read_text())['goldens']}

    def load(identifier):
        entry = entries[identifier]
        with np.load(folder / entry['file']) as arrays:
            return [{key: arrays[value['key']] if 'key' in value else value['value']
                     for key, value in entry[part].items()} for part in ('inputs', 'outputs')]
    return load


NAMES = {'MAE': 'mae', 'ABS_REL': 'abs_rel', 'LG10': 'log10', 'DELTA1': 'delta1',
         'DELTA2': 'delta2', 'DELTA3': 'delta3', 'RMSE': 'rmse'}


@pytest.mark.parametrize('identifier, protocol, prefix', [
    ('wacv/metrics', 'image_mse', 'mean_'),
    ('boosting/metrics_masked_image_mean', 'image_rmse', '')])
def test_reference_metrics(golden, identifier, protocol, prefix):
    inputs, outputs = golden(identifier)
    protocol = find_protocol(protocol)
    result = protocol.combine(
        protocol.image(prediction[0], target[0])
        for prediction, target in zip(inputs['prediction'], inputs['target']))
    compared = [name for name in NAMES if prefix + name in outputs]
    assert 'RMSE' in compared
    for name in compared:
        assert result[NAMES[name]] == pytest.approx(outputs[prefix + name], rel=1e-5), name


def test_reference_sobel(golden):
    inputs, outputs = golden('wacv/sobel')
    for depth, expected in zip(inputs['x'][:, 0], outputs['gxgy']):
        np.testing.assert_allclose(sobel(depth), expected, rtol=1e-6, atol=1e-5)


def test_reference_edges(golden):
    inputs, outputs = golden('wacv/edge_metrics')
    names = ('accuracy', 'precision', 'recall', 'f1')
    for threshold in EDGE_THRESHOLDS:
        images = [edge_metrics(prediction[0], target[0], threshold)
                  for prediction, target in zip(inputs['prediction'], inputs['target'])]
        measured = [[image[name] for name in names] for image in images]
        np.testing.assert_allclose(
            measured, outputs[f'th_{threshold}_A_P_R_F_per_image'], rtol=1e-5)
        mean = mean_edge_metrics(images)
        np.testing.assert_allclose(
            [mean[name] for name in names], outputs[f'th_{threshold}_mean'], rtol=1e-5)
