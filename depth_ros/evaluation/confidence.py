# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Tells what a confidence is worth: whether dropping unsure pixels helps, and whether it is honest.

Sparsification as in Ilg et al., Uncertainty Estimates and Multi-Hypotheses Networks for Optical
Flow (ECCV 2018): the error of what is left, against the share dropped, beside the curve of an
ideal confidence, sorted by the true error. The area between the two, divided by the error with
nothing dropped, is ``ause``: 0 is ideal, and a random confidence has ``ause_random``.
"""
from depth_ros.contracts import InputError
import numpy as np
from tqdm import tqdm

SHARES = tuple(round(0.05 * step, 2) for step in range(20))
REPORTED = (0.0, 0.1, 0.3, 0.5)
BINS = 10
TOLERANCE = 1.1  # a pixel is right when its depth is within this factor of the truth
SEED = 0


def sparsification(error, score, shares=SHARES, seed=SEED):
    """
    Return the mean error of what is left when the lowest scores are dropped, per share.

    error, score: (N,) of the pixels of one frame. Ties are broken at random.
    """
    error = np.asarray(error, float)
    ties = np.random.default_rng(seed).random(len(error))
    ordered = error[np.lexsort((ties, score))]
    left = np.cumsum(ordered[::-1])[::-1] / np.arange(len(ordered), 0, -1)
    first = np.minimum((np.asarray(shares) * len(ordered)).astype(int), len(ordered) - 1)
    return left[first]


class Curves:
    """Collects frames of one set; every frame has the same weight."""

    def __init__(self):
        """Start without frames."""
        self.sparse = {name: [] for name in ('model', 'ideal', 'random')}
        self.stated, self.right, self.weight = np.zeros((3, BINS))

    def add(self, depth, truth, confidence):
        """Take one frame: depth, truth (H, W) metres, NaN unknown; confidence (H, W) 0..1."""
        known = np.isfinite(depth) & np.isfinite(truth) & (truth > 0) & (depth > 0)
        if not known.any():
            return
        depth, truth, sure = (values[known].astype(float) for values in (
            depth, truth, confidence))
        error = np.abs(depth - truth) / truth
        ties = np.random.default_rng(SEED + 1).random(len(error))
        for name, score in (('model', sure), ('ideal', -error), ('random', ties)):
            self.sparse[name].append(sparsification(error, score))
        right = np.maximum(depth / truth, truth / depth) <= TOLERANCE
        place = np.minimum((sure * BINS).astype(int), BINS - 1)
        for total, values in ((self.stated, sure), (self.right, right), (self.weight, None)):
            total += np.bincount(place, values, BINS) / len(sure)

    def result(self):
        """Return the curves as a dict of plain values; None where no frame had a known pixel."""
        if not self.sparse['model']:
            return None
        curves = {name: np.mean(values, 0) for name, values in self.sparse.items()}
        whole = max(curves['model'][0], 1e-12)
        filled = self.weight > 0
        share = self.weight / self.weight.sum()
        stated = np.divide(self.stated, self.weight, where=filled, out=np.zeros(BINS))
        right = np.divide(self.right, self.weight, where=filled, out=np.zeros(BINS))
        return {
            'frames': len(self.sparse['model']), 'dropped': list(SHARES),
            **{name: [float(value) for value in curve] for name, curve in curves.items()},
            'ause': _area(curves['model'] - curves['ideal']) / whole,
            'ause_random': _area(curves['random'] - curves['ideal']) / whole,
            'bins': [{'stated': float(stated[k]), 'observed': float(right[k]),
                      'share': float(share[k])} for k in np.flatnonzero(filled)],
            'mean_stated': float((stated * share).sum()),
            'mean_observed': float((right * share).sum()),
            'calibration_error': float((np.abs(stated - right) * share).sum())}


def _area(difference):
    """Area under a curve over SHARES, by trapezes."""
    return float(np.sum((difference[1:] + difference[:-1]) / 2 * np.diff(SHARES)))


def run_confidence(data, estimator, rows):
    """
    Measure the confidence of a model on rows of the suite, at the middle one of their lines.

    Returns {row name: see ``Curves.result``}. Raises InputError for a model without confidence.
    """
    if 'confidence' not in estimator.spec.outputs:
        raise InputError(f'{estimator.spec.name} has no confidence output')
    result = {}
    for row in tqdm(rows, unit='set', disable=None):
        curves = Curves()
        for sample in row.frames(data, row.variants[len(row.variants) // 2]).samples():
            frame = estimator.estimate(sample.image, sample.camera, sparse=sample.sparse)
            curves.add(frame.depth, sample.depth, frame.confidence)
        result[row.name] = curves.result()
    return result
