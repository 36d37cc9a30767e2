# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Depth for people: colours, the projected line, labelled panels."""

from functools import lru_cache

import cv2
from depth_ros.lidar import measured_pixels
import numpy as np

UNKNOWN_RGB = (40, 40, 40)


def depth_range(depth, share=95.0):
    """
    Colour range (near, far) in metres of depth `(H, W)`: 0 to a percentile of what is known.

    Of a large image a sixteenth of the pixels tells.
    """
    if depth.size > 1 << 16:
        depth = depth[::4, ::4]
    known = depth[np.isfinite(depth)]
    return 0.0, float(np.percentile(known, share)) if len(known) else 1.0


def colorize(depth, far, near=0.0):
    """
    Depth `(H, W)` metres to `(H, W, 3) uint8` RGB in the Turbo map: red is near, blue is far.

    Unknown pixels are dark grey; +Inf takes the farthest colour.
    """
    depth = np.asarray(depth, np.float32)
    scale = np.float32(255 / max(far - near, 1e-6))
    index = (np.float32(near) - depth) * scale
    index += 255
    np.clip(index, 0, 255, out=index)
    unknown = np.isnan(index)
    index[unknown] = 0
    colours = cv2.applyColorMap(index.astype(np.uint8), turbo())
    colours[unknown] = UNKNOWN_RGB
    return colours


@lru_cache
def turbo():
    """Return the Turbo map `(256, 1, 3) uint8` in RGB."""
    levels = np.arange(256, dtype=np.uint8)[:, None]
    return cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB)


def overlay(rgb, sparse, far=0.0, size=None):
    """
    Draw the measurements on the image: squares coloured by depth.

    :param rgb: `(H, W, 3) uint8`.
    :param sparse: `(H, W) float32` metres, 0 = none; None draws nothing.
    :param far: metres of the far colour; 0 takes the largest measurement.
    :param size: side of a square in pixels; None fits it to the image.
    """
    picture = np.array(rgb)
    if sparse is None:
        return picture
    rows, columns = measured_pixels(sparse)
    if not len(rows):
        return picture
    values = sparse[rows, columns]
    colours = colorize(values[None], far or float(values.max()))[0]
    half = (size or max(rgb.shape[0] // 120, 2)) // 2
    # Far first, so that near ones lie on top.
    order = np.argsort(-values)
    rows, columns, colours = rows[order], columns[order], colours[order]
    for dy in range(-half, half + 1):
        for dx in range(-half, half + 1):
            y = np.clip(rows + dy, 0, rgb.shape[0] - 1)
            x = np.clip(columns + dx, 0, rgb.shape[1] - 1)
            picture[y, x] = colours
    return picture


def label(picture, text):
    """Write a caption into the top-left corner of `(H, W, 3) uint8` (in place) and return it."""
    scale = max(picture.shape[0] / 480, 0.4) * 0.6
    thickness = max(int(round(scale * 2)), 1)
    (width, height), base = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thickness)
    cv2.rectangle(picture, (0, 0), (width + 10, height + base + 8), (0, 0, 0), -1)
    cv2.putText(picture, text, (5, height + 4), cv2.FONT_HERSHEY_SIMPLEX, scale,
                (255, 255, 255), thickness, cv2.LINE_AA)
    return picture


def color_bar(height, far, unit='m', near=0.0):
    """Vertical Turbo bar `(height, W, 3) uint8` with labels, near at the bottom."""
    scale = max(height / 480, 0.4) * 0.5
    bar_width, width = max(height // 30, 10), max(int(130 * scale), 60)
    bar = np.full((height, bar_width + width, 3), 255, np.uint8)
    values = np.linspace(far, near, height, dtype=np.float32)[:, None]
    bar[:, :bar_width] = colorize(np.repeat(values, bar_width, 1), far, near)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        row = int(np.clip((1 - share) * (height - 1), 10 * scale + 6, height - 6))
        cv2.putText(bar, f'{near + share * (far - near):.3g} {unit}', (bar_width + 4, row),
                    cv2.FONT_HERSHEY_SIMPLEX, scale, (0, 0, 0), 1, cv2.LINE_AA)
    return bar


def error_colors(depth, truth, worst=0.5):
    """Relative error |depth - truth| / truth as colours: blue is 0, red is `worst` or more."""
    with np.errstate(invalid='ignore', divide='ignore'):
        error = np.abs(depth - truth) / truth
        share = np.clip(error / worst, 0, 1)
    unknown = ~np.isfinite(share)
    share = np.where(unknown, 0, share)
    colours = cv2.cvtColor(cv2.applyColorMap((255 * share).astype(np.uint8), cv2.COLORMAP_TURBO),
                           cv2.COLOR_BGR2RGB)
    colours[unknown] = UNKNOWN_RGB
    return colours


def save(path, rgb):
    """Write `(H, W, 3) uint8` RGB to a PNG or JPEG file."""
    from depth_ros.contracts import InputError
    if not cv2.imwrite(str(path), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)):
        raise InputError(f'cannot write {path}: does the folder exist and is there space?')
