# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Straight segments of an image, and the depth of a straight line in space along them.

A straight line in space has inverse depth affine in the position along its image: both follow
from projection. A segment along which the teacher's inverse depth is not so crosses an occlusion,
or the teacher errs there; it is dropped.
"""
from __future__ import annotations

from functools import lru_cache

import numpy as np

LENGTH = 40.0  # pixels; shorter segments say little
RESIDUAL = 0.05  # of the inverse depth; above it the segment is no straight line in space


@lru_cache(maxsize=1)
def _detector():
    import cv2
    return cv2.createLineSegmentDetector()


def detect_segments(grey) -> np.ndarray:
    """
    Find straight edges.

    The line segment detector of Grompone von Gioi et al. (2010), as OpenCV has it.

    :param grey: (H, W) uint8.
    :returns: (N, 4) float: column and row of one end, of the other end.
    """
    found = _detector().detect(np.ascontiguousarray(grey))[0]
    return np.zeros((0, 4)) if found is None else found.reshape(-1, 4).astype(float)


def long_segments(segments, length: float = LENGTH, count: int | None = None) -> np.ndarray:
    """Keep segments (N, 4) of at least `length` pixels, the longest `count` of them, by length."""
    sizes = np.hypot(*(segments[:, 2:] - segments[:, :2]).T)
    order = np.argsort(-sizes, kind='stable')
    return segments[order[sizes[order] >= length][:count]]


def points_along(segments, count: int) -> np.ndarray:
    """Return `count` evenly spaced points (N, count, 2), column and row, ends included."""
    share = np.linspace(0.0, 1.0, count)[None, :, None]
    return segments[:, None, :2] * (1 - share) + segments[:, None, 2:] * share


def read_pixels(values, points) -> np.ndarray:
    """Read (H, W) at the pixels nearest to points (..., 2)."""
    height, width = values.shape
    columns, rows = np.rint(points).astype(int).reshape(-1, 2).T
    found = values[rows.clip(0, height - 1), columns.clip(0, width - 1)]
    return found.reshape(points.shape[:-1])


def fit_lines(segments, depth, samples: int = 16):
    """
    Fit inverse depth = a + b s along each segment, s in 0..1, by least squares.

    :param segments: (N, 4); depth: (H, W), positive, in any unit; NaN where unknown.
    :param samples: how many pixels of each segment are read.
    :returns: coefficients (N, 2) a, b; relative residual (N,): root mean square of the residual
        over the mean inverse depth, infinite where depth is unknown or the fit is not positive.
    """
    share = np.linspace(0.0, 1.0, samples)
    with np.errstate(divide='ignore', invalid='ignore'):
        inverse = 1.0 / read_pixels(np.asarray(depth, float), points_along(segments, samples))
    basis = np.stack([np.ones(samples), share], 1)
    fit = inverse @ np.linalg.pinv(basis).T
    model = fit @ basis.T
    error = np.sqrt(((inverse - model) ** 2).mean(1)) / inverse.mean(1)
    sound = np.isfinite(error) & (model > 0).all(1)
    return fit, np.where(sound, error, np.inf)


def straight_segments(grey, depth, length: float = LENGTH, residual: float = RESIDUAL,
                      count: int = 64, detect=detect_segments):
    """
    Find the segments of an image along which a depth map is that of a straight line in space.

    :param grey: (H, W) uint8; depth: (H, W), the teacher's, in any unit.
    :param count: the longest so many.
    :param detect: the detector; any function of an image like `detect_segments`.
    :returns: segments (N, 4), coefficients (N, 2) of `fit_lines`.
    """
    segments = long_segments(detect(grey), length)
    fit, error = fit_lines(segments, depth)
    kept = np.flatnonzero(error <= residual)[:count]
    return segments[kept], fit[kept]
