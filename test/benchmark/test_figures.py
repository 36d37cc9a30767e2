# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Ratios, drift and slope of timings; memory of a process; tables of what was not answered."""
from depth_ros.benchmark import memory, tables
from depth_ros.benchmark.spreads import drift, paired_ratio, slope_per_minute, spread
import numpy as np
import pytest


def test_a_machine_that_slows_down_does_not_change_a_ratio():
    slow = [1.0, 3.0, 1.0, 2.0]
    ours = [[2.0 * factor, 2.1 * factor, 2.0 * factor] for factor in slow]
    theirs = [[4.0 * factor] * 3 for factor in slow]
    assert paired_ratio(ours, theirs) == pytest.approx(0.5)


def test_spread_drift_and_slope():
    assert spread([1.0] * 99 + [5.0]) == {'median': 1.0, 'p99': pytest.approx(1.04), 'max': 5.0,
                                          'ratio': pytest.approx(1.04)}
    assert drift(range(100)) == {'first': 9.5, 'last': 89.5}
    assert drift([7.0]) == {'first': 7.0, 'last': 7.0}
    assert slope_per_minute([100, 130, 160], [5.0, 6.0, 7.0]) == pytest.approx(2.0)
    assert slope_per_minute([1.0], [5.0]) is None


def test_memory_that_a_process_takes_is_seen():
    before = memory.anonymous_mib()
    block = np.ones(64 << 20, np.uint8)
    assert memory.anonymous_mib() - before == pytest.approx(64, abs=4)
    held = memory.peak_mib()
    assert held >= memory.anonymous_mib() > 64 and block.all()
    del block
    assert memory.peak_mib() == pytest.approx(held, abs=4)
    assert memory.cpu_seconds() > 0


def test_nodes_that_answered_nothing_have_a_table():
    row = {'name': 'flood', 'node': 'completion', 'engine': None, 'precision': 'fp32',
           'topics': ['depth/image', 'depth/points'], 'threads': 0,
           'input': {'height': 0, 'width': 0}, 'rate_hz': {'in': 60.0, 'out': None},
           'images': {'sent': 3, 'lost_before': 1, 'in': 2, 'out': 0, 'arrived': 0,
                      'dropped': {'failed': 2}, 'unaccounted': 0, 'lost_after': 0},
           'latency_ms': None, 'inference_ms': None, 'overhead_ms': None, 'relative': None,
           'cpu_ms_per_image': None}
    assert '| 2 failed | 1, 0' in tables.load([row])
    assert '| depth, cloud | -' in tables.nodes([row])


def test_what_is_left_out_is_told_once_for_each_reason():
    rows = [{'model': 'a', 'engine': 'x', 'precision': name, 'reason': 'no such type'}
            for name in ('fp16', 'int8')]
    rows.append({'model': None, 'engine': 'y', 'precision': None, 'reason': 'not installed'})
    assert tables.left_out(rows) == '- x: a fp16, a int8: no such type\n- y: not installed'
