# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
What the published NYU training did to its frames, where that differs from a consistent geometry.

Hu et al. (WACV 2019) rotate by a second-order spline through uint8 values, about the image centre,
image and 8-bit depth alike: depths mix across edges, and corners become depth 0, which the loss
then counts as a target. With Pillow 7 or later the public code also shrinks depth by a cubic
filter instead of taking every second pixel.
"""
from functools import lru_cache
from math import cos, radians, sin

import numpy as np
import torch
from torch.nn import functional

METRES_PER_STEP = 10.0 / 255.0  # of the 8-bit depth files


def rotate(image, depth, degrees):
    """
    Rotate as published.

    :param image: (H, W, 3) uint8; depth: (H, W) metres, unknown is 0; it is rounded to 8 bits.
    :param degrees: positive is counter-clockwise in the image.
    :returns: the image, and the depth with 0 in the corners.
    """
    rotated = spline_rotate(np.dstack([image, _steps(depth)]), degrees)
    depth = rotated[..., 3] * np.float32(METRES_PER_STEP)
    return np.ascontiguousarray(rotated[..., :3]), depth


def _steps(depth):
    steps = np.nan_to_num(depth, posinf=0.0) / METRES_PER_STEP
    return np.clip(np.rint(steps), 0, 255).astype(np.uint8)


def shrink_cubic(depth, height, width):
    """Resize depth (H, W) metres, rounded to 8 bits, as Pillow 7 and later do by default."""
    planes = functional.interpolate(torch.from_numpy(_steps(depth))[None, None], (height, width),
                                    mode='bicubic', antialias=True)
    return planes[0, 0].numpy() * np.float32(METRES_PER_STEP)


def spline_rotate(planes, degrees):
    """Rotate (H, W, C) uint8 about its centre by a quadratic spline; outside is 0."""
    height, width = planes.shape[:2]
    c, s = cos(radians(degrees)), sin(radians(degrees))
    row, column = np.mgrid[:height, :width].astype(float)
    row, column = row - (height - 1) / 2, column - (width - 1) / 2
    rows = c * row + s * column + (height - 1) / 2
    columns = -s * row + c * column + (width - 1) / 2
    inside = (rows >= 0) & (rows <= height - 1) & (columns >= 0) & (columns <= width - 1)
    values = _sample(_coefficients(planes.astype(float)), rows[inside], columns[inside])
    rotated = np.zeros_like(planes)
    rotated[inside] = np.clip(np.floor(values + 0.5), 0, 255)
    return rotated


@lru_cache(maxsize=8)
def _fit(count):
    """Return the matrix from `count` pixels in a row to their spline's coefficients."""
    weights = 0.75 * np.eye(count) + 0.125 * (np.eye(count, k=1) + np.eye(count, k=-1))
    weights[0, 1] = weights[-1, -2] = 0.25  # mirrored about the outermost pixels
    return np.linalg.inv(weights)


def _coefficients(planes):
    height, width, count = planes.shape
    planes = _fit(height) @ planes.reshape(height, -1)
    return _fit(width) @ planes.reshape(height, width, count)


def _taps(places, count):
    """Return the three pixels (mirrored at the ends) and their weights at each place."""
    middle = np.floor(places + 0.5).astype(int)
    t = places - middle
    weights = (0.5 * (0.5 - t) ** 2, 0.75 - t ** 2, 0.5 * (0.5 + t) ** 2)
    pixels = (np.abs(middle + k) for k in (-1, 0, 1))
    return [(np.where(p < count, p, 2 * (count - 1) - p), w) for p, w in zip(pixels, weights)]


def _sample(coefficients, rows, columns):
    """Evaluate the spline at (N,) places; returns (N, C)."""
    height, width, count = coefficients.shape
    # Plane by plane, with take: half the time of indexing all planes at once.
    planes = [np.ascontiguousarray(coefficients[..., k]).ravel() for k in range(count)]
    across, values = _taps(columns, width), np.zeros((count, len(rows)))
    for row, row_weight in _taps(rows, height):
        first = row * width
        for column, column_weight in across:
            pixel, weight = first + column, row_weight * column_weight
            for plane, value in zip(planes, values):
                taken = plane.take(pixel, mode='clip')  # all are inside: spares a check
                taken *= weight
                value += taken
    return values.T
