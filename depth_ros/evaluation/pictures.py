# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""One picture per evaluated frame: what went in, what came out, what is true, and the error."""
import cv2
from depth_ros.pictures import (
    color_bar,
    colorize,
    depth_range,
    error_colors,
    overlay,
    save,
    UNKNOWN_RGB,
)
import numpy as np

PANEL_WIDTH = 640
WORST_ERROR = 0.5
_TITLE_HEIGHT = 22


def panel(title, image, line, prediction, target):
    """
    Return one (H, W, 3) uint8 RGB picture: image with line, prediction, truth and error.

    image (H, W, 3) uint8 RGB; line (H, W) metres, 0 none; prediction, target (H, W) metres,
    NaN unknown. The depths share one colour scale, drawn beside them.
    """
    far = depth_range(target)[1]
    known = np.isfinite(target)
    truth, error = colorize(target, far), error_colors(prediction, target, WORST_ERROR)
    if known.mean() < 0.5:
        truth = _enlarged_dots(truth, known)
        error = _enlarged_dots(error, known & np.isfinite(prediction))
    tiles = [
        _tile(f'{title}: image and measured line', overlay(image, line, far), far, 'm'),
        _tile('predicted depth', colorize(prediction, far), far, 'm'),
        _tile('ground truth', truth, far, 'm'),
        _tile('relative error', error, -100 * WORST_ERROR, '%'),
    ]
    if image.shape[1] > 2 * image.shape[0]:
        return np.vstack(tiles)
    return np.vstack([np.hstack(tiles[:2]), np.hstack(tiles[2:])])


def save_panel(folder, title, *arrays):
    """Write the panel of a frame into ``folder``, which is made; see `panel` for the arrays."""
    folder.mkdir(parents=True, exist_ok=True)
    save(folder / f'{title.replace("/", "_")}.png', panel(title, *arrays))


def _enlarged_dots(colours, known):
    """Draw known pixels as blocks, so that single pixels survive shrinking."""
    reach = max(1, round(colours.shape[1] / PANEL_WIDTH))
    result = np.full(colours.shape, UNKNOWN_RGB, np.uint8)
    rows, columns = np.nonzero(known)
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            row = np.clip(rows + down, 0, known.shape[0] - 1)
            column = np.clip(columns + right, 0, known.shape[1] - 1)
            result[row, column] = colours[rows, columns]
    return result


def _tile(title, picture, limit, unit):
    """Add a title above and a colour bar at the right; a negative limit turns the bar over."""
    height = round(picture.shape[0] * PANEL_WIDTH / picture.shape[1])
    shrinks = picture.shape[1] > PANEL_WIDTH
    body = cv2.resize(picture, (PANEL_WIDTH, height),
                      interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_NEAREST)
    bar = color_bar(height, abs(limit), unit)
    if limit < 0:
        width = max(height // 30, 10)
        bar[:, :width] = bar[::-1, :width]
    gap = np.full((height, 4, 3), 255, np.uint8)
    tile = np.hstack([body, gap, bar, gap])
    top = np.full((_TITLE_HEIGHT, tile.shape[1], 3), 255, np.uint8)
    cv2.putText(top, title, (4, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([top, tile])
