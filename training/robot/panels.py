# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Pictures of measured frames: line, before, after, and the errors at what was held back."""
from __future__ import annotations

import cv2
from depth_ros.pictures import (
    color_bar,
    colorize,
    depth_range,
    error_colors,
    label,
    overlay,
    UNKNOWN_RGB,
)
import numpy as np

WIDTH = 400
WORST = 0.5  # relative error that gets the last colour


def panel(shown) -> np.ndarray:
    """
    Draw one `measure.Shown` as (H, W, 3) uint8 RGB.

    Above: the image with the line that the model saw, the depth of each model; below: the image
    with the held-back beams, and the errors: on ground truth where there is any, with the
    held-back beams as dots on top.
    """
    known = np.isfinite(shown.truth).any()
    measured = np.where(shown.line > 0, shown.line, np.nan)
    far = depth_range(shown.truth if known else np.where(shown.held > 0, shown.held, measured))[1]
    if not known:
        far *= 1.5  # a line seldom meets what is far away
    above = [label(_small(overlay(shown.image, shown.line, far)), 'image, line that was shown')]
    below = [label(_small(overlay(shown.image, shown.held, far)), 'beams held back')]
    for name, depth in shown.depths.items():
        above.append(label(_small(colorize(depth, far)), name))
        below.append(label(_errors(shown, depth, known), f'error, {name}'))
    rows = [np.hstack(row) for row in (above, below)]
    height = rows[0].shape[0]
    bars = [color_bar(height, far), color_bar(height, 100 * WORST, '%')[:, :]]
    bars[1][:, :max(height // 30, 10)] = bars[1][::-1, :max(height // 30, 10)]
    return np.vstack([np.hstack([row, bar]) for row, bar in zip(rows, bars)])


def _small(picture):
    height = max(1, round(picture.shape[0] * WIDTH / picture.shape[1]))
    shrinks = picture.shape[1] > WIDTH
    return np.ascontiguousarray(cv2.resize(
        picture, (WIDTH, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_NEAREST))


def _errors(shown, depth, known):
    """Draw relative errors: of every known pixel as it is, of sparse ones as dots."""
    height = max(1, round(depth.shape[0] * WIDTH / depth.shape[1]))
    picture = np.full((height, WIDTH, 3), UNKNOWN_RGB, np.uint8)
    if known and np.isfinite(shown.truth).mean() > 0.3:
        picture = _small(error_colors(depth, shown.truth, WORST))
    elif known:
        _dots(picture, depth, shown.truth, 1)
    return _dots(picture, depth, np.where(shown.held > 0, shown.held, np.nan), 2)


def _dots(picture, depth, target, radius):
    rows, columns = np.nonzero(np.isfinite(target) & np.isfinite(depth))
    colours = error_colors(depth[rows, columns][None], target[rows, columns][None], WORST)[0]
    scale = picture.shape[1] / depth.shape[1]
    for row, column, colour in zip(rows, columns, colours):
        cv2.circle(picture, (int(column * scale), int(row * scale)), radius,
                   [int(value) for value in colour], -1)
    return picture
