# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Errors by distance and by image row, against sums by hand."""
from depth_ros.evaluation.breakdown import BANDS, Breakdown
import numpy as np
import pytest


def by_low(entries):
    return {entry['low']: entry for entry in entries}


def test_ranges_and_rows_of_two_frames():
    truth = np.full((BANDS * 2, 4), 2.5, np.float32)
    truth[:2] = 10.0
    truth[-1] = np.nan
    depth = np.where(truth == 10, 12.0, 2.5).astype(np.float32)
    depth[0, 0], depth[1, 0] = np.nan, np.inf
    line = np.zeros_like(truth)
    line[6] = 2.5
    found = Breakdown()
    found.add({'model': depth, 'other': truth}, truth, {'model': 30.0}, line)
    # A frame of one pixel weighs as much as any other pixel.
    found.add({'model': np.float32([[5.0]]), 'other': np.float32([[2.5]])}, np.float32([[2.5]]))
    result = found.result()
    near, far = (by_low(result['range'])[low] for low in (2.0, 8.0))
    known = 4 * (2 * BANDS - 3)
    assert len(result['range']) == 2 and (far['high'], near['high']) == (12.0, 3.0)
    assert near['share'] == pytest.approx((known + 1) / (known + 9))
    model = near['methods']['model']
    assert model['abs_rel'] == model['bias_rel'] == pytest.approx(1 / (known + 1))
    assert model['rmse'] == pytest.approx(2.5 / (known + 1) ** 0.5)
    # Seven of eight are known, one of them only as the end of the model's range.
    model = far['methods']['model']
    assert model['coverage'] == 7 / 8
    assert model['abs_rel'] == pytest.approx((6 * 0.2 + 2.0) / 7)
    assert model['delta1'] == pytest.approx(6 / 7)
    assert far['methods']['other']['abs_rel'] == 0.0
    rows = by_low(result['row'])
    assert rows[0.0]['methods']['model']['abs_rel'] == pytest.approx((6 * 0.2 + 2.0 + 1.0) / 8)
    assert len(rows) == BANDS and rows[0.0]['high'] == pytest.approx(1 / BANDS)
    assert result['line_row'] == 6 / (2 * BANDS)


def test_what_no_pixel_has_is_absent():
    found = Breakdown(minimum=3.0)
    assert found.result() == {'frames': 0, 'range': [], 'row': [], 'line_row': None}
    found.add({'model': np.full((4, 4), np.nan, np.float32)}, np.full((4, 4), 500, np.float32))
    found.add({'model': np.ones((4, 4), np.float32)}, np.ones((4, 4), np.float32))
    entry, = found.result()['range']
    assert (entry['low'], entry['high'], entry['share']) == (96.0, None, 1.0)
    assert entry['methods']['model'] == {'abs_rel': None, 'bias_rel': None, 'rmse': None,
                                         'delta1': None, 'coverage': 0.0}
