# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Pairs of pixels along straight segments, and which of the two is farther."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from training.lines.segments import LENGTH, points_along, RESIDUAL, straight_segments

POINTS = 8  # of a segment
APART = 0.25  # least distance of a pair, of the segment's length
TAU = 0.02  # ratios of depth within 1 +- this count as equal


@dataclass(frozen=True)
class LinePrior:
    """
    How straight lines are used.

    :param length: least length of a segment, pixels.
    :param residual: greatest relative residual of the teacher's inverse depth along it.
    :param count: at most so many segments of an image, the longest.
    :param tau: ratios of depth nearer to 1 than this count as equal.
    """

    length: float = LENGTH
    residual: float = RESIDUAL
    count: int = 64
    tau: float = TAU


def order_labels(first, second, tau: float = TAU) -> np.ndarray:
    """Return 1 where `first` is farther (first / second > 1 + tau), -1 where nearer, else 0."""
    ratio = np.asarray(first) / np.asarray(second)
    return np.where(ratio > 1 + tau, 1, np.where(ratio < 1 / (1 + tau), -1, 0))


def pair_indices(points: int = POINTS, apart: float = APART):
    """Return indices (P,), (P,) of all pairs of evenly spaced points at least `apart` apart."""
    first, second = np.triu_indices(points, 1)
    far = (second - first) / (points - 1) >= apart
    return first[far], second[far]


def pairs_per_image(prior: LinePrior) -> int:
    """Return the greatest number of pairs."""
    return prior.count * len(pair_indices()[0])


def segment_pairs(segments, fit, shape, tau: float = TAU) -> np.ndarray:
    """
    Sample pairs on segments, labelled by the fitted depth, not by the depth at the two pixels.

    The order of the two in a pair says nothing: the ranking loss is the same either way.

    :param segments: (N, 4); fit: (N, 2) of `fit_lines`; shape: (H, W) of the image.
    :returns: (P, 3) int64: flat index of the one pixel, of the other, label.
    """
    if not len(segments):
        return np.zeros((0, 3), np.int64)
    height, width = shape
    columns, rows = np.rint(points_along(segments, POINTS)).astype(np.int64).transpose(2, 0, 1)
    index = rows.clip(0, height - 1) * width + columns.clip(0, width - 1)
    depth = 1.0 / (fit[:, :1] + fit[:, 1:] * np.linspace(0.0, 1.0, POINTS))
    first, second = pair_indices()
    labels = order_labels(depth[:, first], depth[:, second], tau)
    return np.stack([index[:, first], index[:, second], labels], -1).reshape(-1, 3)


def image_pairs(image, depth, prior: LinePrior = LinePrior()) -> np.ndarray:
    """
    Give the pairs of an image (H, W, 3) uint8 with a teacher's depth (H, W), filled up.

    :returns: (pairs_per_image, 3) int64; rows that are not used hold -1 as indices.
    """
    import cv2
    grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
    segments, fit = straight_segments(grey, depth, prior.length, prior.residual, prior.count)
    pairs = segment_pairs(segments, fit, depth.shape, prior.tau)
    filled = np.full((pairs_per_image(prior), 3), -1, np.int64)
    filled[:len(pairs)] = pairs
    return filled
