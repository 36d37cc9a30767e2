# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Figures of completion from one line, of a model file or of a teacher brought to metres."""
from __future__ import annotations

from depth_ros.anchoring import anchor_broad, anchor_exact
from depth_ros.estimator import Estimator
from depth_ros.evaluation.protocols import find_protocol
import numpy as np
from tqdm import tqdm

# Part of the height and of the width that Garg et al. (2016) measure, and their greatest depth.
GARG, GARG_FAR = (0.40810811, 0.99189189, 0.03594771, 0.96405229), 80.0
BEYOND = 120.0  # metres that depth out of a model's range counts as
PROTOCOL = 'image_mse'
VIEWS = {'plain': 'the whole image, no cap, not anchored to the line',
         'anchored': 'the same, anchored to the line as the node does it',
         'garg': 'not anchored, crop of Garg et al., depth up to 80 m',
         'higher': 'as plain, of a line one degree higher than the one trained with'}
HIGHER = 1.0  # degrees


def measure_frames(estimate, samples, higher) -> list:
    """
    Measure what the LiDAR saw beside the line.

    :param estimate: function of a sample -> depth (H, W) metres, and the same anchored.
    :param higher: the same frames with another line.
    :returns: per frame {view: metrics of the image by `PROTOCOL`}, see VIEWS.
    """
    protocol, frames = find_protocol(PROTOCOL), []
    for sample, other in tqdm(zip(samples, higher), disable=None, desc='measuring', unit='frame',
                              leave=False):
        plain, anchored = estimate(sample)
        frames.append({
            'name': sample.name,
            'plain': protocol.image(plain, sample.depth, BEYOND),
            'anchored': protocol.image(anchored, sample.depth, BEYOND),
            'garg': protocol.image(np.minimum(plain, GARG_FAR), garg(sample.depth)),
            'higher': protocol.image(estimate(other)[0], other.depth, BEYOND)})
    return frames


def garg(truth):
    """Keep of (H, W) metres what Garg et al. measure, NaN elsewhere."""
    height, width = truth.shape
    top, bottom, left, right = (int(part * size) for part, size in
                                zip(GARG, (height, height, width, width)))
    kept = np.full_like(truth, np.nan)
    kept[top:bottom, left:right] = truth[top:bottom, left:right]
    with np.errstate(invalid='ignore'):
        kept[kept > GARG_FAR] = np.nan
    return kept


def of_model(path):
    """Give the function for a model file of task completion."""
    plain, anchored = (Estimator(path, anchor=anchor) for anchor in (False, True))

    def estimate(sample):
        return tuple(estimator.estimate(sample.image, sample.camera, sparse=sample.sparse).depth
                     for estimator in (plain, anchored))
    return estimate


def of_teacher(teacher, by: str):
    """Give the function for a relative teacher; by: see SCALED_BY."""
    def estimate(sample):
        depth = teacher.depth(sample.image)
        depth = (depth * SCALED_BY[by](depth, sample)).astype(np.float32)
        anchored = anchor_broad(depth, sample.sparse)
        return depth, anchor_exact(np.array(anchored), sample.sparse)
    return estimate


def _of_truth(depth, sample):
    known = np.isfinite(sample.depth)
    return np.median(sample.depth[known]) / np.median(depth[known])


def _of_line(depth, sample):
    measured = sample.sparse > 0
    return np.median(sample.sparse[measured] / depth[measured])


def _of_medians(depth, sample):
    measured = sample.sparse > 0
    return np.median(sample.sparse[measured]) / np.median(depth[measured])


# What the scale of a teacher is taken from: ground truth, median ratio on the line, or the ratio
# of the medians on the line.
SCALED_BY = {'truth': _of_truth, 'line': _of_line, 'medians': _of_medians}
