# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Errors by distance and by height in the image: where a model is good, not only how good."""
from depth_ros.evaluation.metrics import DELTA_BASE, SMALLEST_DEPTH, valid_pixels
import numpy as np

# Metres of true depth at which a range ends and the next begins.
RANGES = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0, 96.0)
BANDS = 12
FIGURES = ('abs_rel', 'bias_rel', 'rmse', 'delta1', 'coverage')
_VALID, _KNOWN, _REL, _BIAS, _SQUARE, _WITHIN = range(6)


class Breakdown:
    """
    Adds up the errors of methods over frames, pixel by pixel.

    Every pixel has the same weight, whatever its frame: a range that a frame hardly holds would
    else weigh as much as one that fills it. So these figures are no parts of a mean over frames.
    """

    def __init__(self, minimum=0.0):
        """Start without frames; minimum: metres, see ``metrics.valid_pixels``."""
        self.minimum, self.frames = minimum, 0
        self._sums = {'range': {}, 'row': {}}
        self._line = np.zeros(2)

    def add(self, depths, truth, beyond=None, line=None):
        """
        Take one frame.

        :param depths: {method: (H, W) metres}, NaN unknown; truth: (H, W), NaN unknown.
        :param beyond: {method: metres that +Inf stands for}; without one it is unknown.
        :param line: (H, W) metres, 0 none: what was measured, for its height in the image.
        """
        self.frames += 1
        rows, columns = np.nonzero(valid_pixels(truth, self.minimum))
        target = truth[rows, columns].astype(float)
        places = {'range': np.searchsorted(RANGES, target, 'right') - 1,
                  'row': rows * BANDS // truth.shape[0]}
        for name, depth in depths.items():
            found = depth[rows, columns].astype(float)
            limit = (beyond or {}).get(name)
            found = np.where(np.isposinf(found), np.nan if limit is None else limit, found)
            weights = _weights(found, target)
            for kind, place in places.items():
                count = len(RANGES) if kind == 'range' else BANDS
                total = self._sums[kind].setdefault(name, np.zeros((6, count)))
                total += [np.bincount(place, weight, count) for weight in weights]
        if line is not None:
            measured = np.nonzero(line > 0)[0]
            self._line += measured.sum() / line.shape[0], len(measured)

    def result(self):
        """
        Return plain values: ``range`` and ``row`` are lists of what holds a pixel.

        Each entry has ``low``, ``high`` (metres, None: no end; or shares of the height from the
        top), ``share`` of all pixels, and ``methods``: {name: FIGURES}. ``line_row``: mean
        height of the measured line as such a share; None without a line.
        """
        return {'frames': self.frames, 'range': self._entries('range'),
                'row': self._entries('row'),
                'line_row': float(self._line[0] / self._line[1]) if self._line[1] else None}

    def _entries(self, kind):
        sums = self._sums[kind]
        if not sums:
            return []
        valid = next(iter(sums.values()))[_VALID]
        ends = [*RANGES[1:], None] if kind == 'range' else \
            [(k + 1) / BANDS for k in range(BANDS)]
        begins = RANGES if kind == 'range' else [k / BANDS for k in range(BANDS)]
        return [{'low': begins[k], 'high': ends[k], 'share': float(valid[k] / valid.sum()),
                 'methods': {name: _figures(total[:, k]) for name, total in sums.items()}}
                for k in np.flatnonzero(valid)]


def _weights(found, target):
    known = np.isfinite(found)
    relative = np.where(known, (found - target) / target, 0.0)
    positive = np.maximum(np.where(known, found, target), SMALLEST_DEPTH)
    ratio = np.maximum(positive / target, target / positive)
    return (np.ones(len(target)), known, np.abs(relative), relative,
            (relative * target) ** 2, known & (ratio <= DELTA_BASE))


def _figures(total):
    count = total[_KNOWN]
    mean = total / count if count else np.full(6, np.nan)
    values = (mean[_REL], mean[_BIAS], mean[_SQUARE] ** 0.5, mean[_WITHIN],
              count / total[_VALID])
    return {name: float(value) if np.isfinite(value) else None
            for name, value in zip(FIGURES, values)}
