# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a pair of images says at every pixel: motion, edges, depth."""
from dataclasses import dataclass

import cv2
import numpy as np

WIDTH = 320
# Pixels: optical flow whose way back misses by more is not believed.
LARGEST_MISS = 1.0
# Grey levels: a patch that varies less has no motion that could be seen.
LEAST_TEXTURE = 2.0
# Share of a row's pixels that may be edges, and how far away an edge may be, pixels.
EDGE_SHARE, EDGE_REACH = 0.92, 14


@dataclass(frozen=True)
class Maps:
    """
    Of one pair, at the working size; NaN where nothing is known.

    flow: (H, W, 2) pixels from the first image to the second; edge: (H, W) pixels to the right
    to the nearest upright edge; log_depth: (H, W).
    """

    flow: np.ndarray
    edge: np.ndarray
    log_depth: np.ndarray


def working_camera(camera):
    """Return the camera of the maps: no wider than WIDTH."""
    if camera.width <= WIDTH:
        return camera
    return camera.scaled(WIDTH, max(round(camera.height * WIDTH / camera.width), 1))


def make_maps(first, second, depth, camera):
    """
    Look at two images (H, W, 3) uint8 RGB; depth (h, w) metres of the first, or None.

    camera: the working camera.
    """
    size = camera.width, camera.height
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (first, second)]
    if grey[0].shape != size[::-1]:
        grey = [cv2.resize(image, size, interpolation=cv2.INTER_AREA) for image in grey]
    log_depth = np.full(size[::-1], np.nan, np.float32)
    if depth is not None:
        with np.errstate(invalid='ignore', divide='ignore'):
            log_depth = np.log(np.where(np.isfinite(depth) & (depth > 0), depth, np.nan))
        if log_depth.shape != size[::-1]:
            log_depth = cv2.resize(log_depth, size, interpolation=cv2.INTER_NEAREST)
    return Maps(_flow(*grey), _edges(grey[0]), log_depth.astype(np.float32))


def _flow(before, after):
    method = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    if min(before.shape) < 32:
        return np.full((*before.shape, 2), np.nan, np.float32)
    there, back = method.calc(before, after, None), method.calc(after, before, None)
    rows, columns = np.mgrid[:before.shape[0], :before.shape[1]].astype(np.float32)
    returned = cv2.remap(back, columns + there[..., 0], rows + there[..., 1], cv2.INTER_LINEAR,
                         borderMode=cv2.BORDER_CONSTANT, borderValue=(1e3, 1e3))
    grey = before.astype(np.float32)
    texture = cv2.blur(grey ** 2, (9, 9)) - cv2.blur(grey, (9, 9)) ** 2
    bad = ((np.linalg.norm(there + returned, axis=2) > LARGEST_MISS)
           | (texture < LEAST_TEXTURE ** 2))
    there[bad] = np.nan
    return there


def _edges(grey):
    """Return signed pixels along the row to the nearest strong upright edge."""
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.0).astype(np.float32)
    across = np.abs(cv2.Sobel(smooth, cv2.CV_32F, 1, 0))
    along = np.abs(cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    # Edges of objects go on above and below.
    strength = cv2.blur(np.where(across >= along, across, 0), (1, 5))
    peak = ((strength >= np.roll(strength, 1, 1)) & (strength > np.roll(strength, -1, 1))
            & (strength > np.quantile(strength, EDGE_SHARE, axis=1, keepdims=True))
            & (strength > 8))
    columns = np.arange(grey.shape[1])
    left = np.maximum.accumulate(np.where(peak, columns, -10**6), 1) - columns
    right = np.minimum.accumulate(np.where(peak, columns, 10**6)[:, ::-1], 1)[:, ::-1] - columns
    nearest = np.where(-left < right, left, right).astype(np.float32)
    nearest[np.abs(nearest) > EDGE_REACH] = np.nan
    return nearest


def blurred(log_depth, sigma):
    """Depth that changes gradually at its edges, (H, W); unknown stays unknown."""
    if sigma <= 0:
        return log_depth
    known = np.isfinite(log_depth).astype(np.float32)
    total = cv2.GaussianBlur(np.where(known > 0, log_depth, 0), (0, 0), sigma)
    share = cv2.GaussianBlur(known, (0, 0), sigma)
    return np.where(known > 0, total / np.maximum(share, 1e-3), np.nan).astype(np.float32)


def sample(stack, index, pixels):
    """
    Bilinear values of maps (K, H, W) or (K, H, W, C) at `index` (N,) and pixels (N, 2).

    NaN outside, and where one of the four neighbours is unknown.
    """
    height, width = stack.shape[1:3]
    with np.errstate(invalid='ignore'):
        inside = ((pixels >= 0) & (pixels < (width - 1, height - 1))).all(1)
    safe = np.where(inside[:, None], pixels, 0)
    corner = safe.astype(np.intp)
    share = (safe - corner).astype(np.float32)
    if stack.ndim == 4:
        share = share[:, :, None]
    u, v = share[:, 0], share[:, 1]
    at = (index * height + corner[:, 1]) * width + corner[:, 0]
    flat = stack.reshape(-1, *stack.shape[3:])
    values = ((flat[at] * (1 - u) + flat[at + 1] * u) * (1 - v)
              + (flat[at + width] * (1 - u) + flat[at + width + 1] * u) * v)
    values[~inside] = np.nan
    return values
