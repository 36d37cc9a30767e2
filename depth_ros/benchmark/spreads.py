# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Medians, tails and ratios of timings."""
import numpy as np


def spread(values):
    """Median, 99th percentile and maximum, and the ratio of the first two."""
    median, p99 = float(np.median(values)), float(np.percentile(values, 99))
    return {'median': median, 'p99': p99, 'max': float(np.max(values)),
            'ratio': p99 / median if median else None}


def drift(values):
    """Medians of the first and of the last fifth: does something grow with time."""
    fifth = max(len(values) // 5, 1)
    return {'first': float(np.median(values[:fifth])), 'last': float(np.median(values[-fifth:]))}


def slope_per_minute(seconds, values):
    """Least-squares slope of values over time in seconds, per minute; None for one value."""
    if len(values) < 2:
        return None
    return 60.0 * float(np.polyfit(np.asarray(seconds) - seconds[0], values, 1)[0])


def paired_ratio(turns, reference):
    """
    Compare two candidates that ran in turns.

    :param turns: one list of times per turn; reference: the same of the other.
    :return: median over the turns of the ratio of the turns' medians, so that what slows the
        machine down for a while does not count.
    """
    return float(np.median([np.median(own) / np.median(other)
                            for own, other in zip(turns, reference)]))
