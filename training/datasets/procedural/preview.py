# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A sheet of training frames: colour with the line on it, and depth."""
from __future__ import annotations

import cv2
import numpy as np
from training.datasets.procedural.dataset import ProceduralBatches

NEAR, FAR = 0.3, 80.0
PER_ROW = 8


def depth_colours(depth: np.ndarray) -> np.ndarray:
    """Colour depth (H, W) metres by its logarithm: red 0.3 m, blue 80 m, black sky; BGR uint8."""
    seen = np.isfinite(depth)
    share = np.log(np.clip(np.where(seen, depth, FAR), NEAR, FAR) / NEAR) / np.log(FAR / NEAR)
    picture = cv2.applyColorMap((255 * (1 - share)).astype(np.uint8), cv2.COLORMAP_TURBO)
    return np.where(seen[..., None], picture, 0).astype(np.uint8)


def _tile(image, sparse, depth):
    """Stack colour, depth and the line (large dots on dim grey); BGR."""
    dim = np.repeat(image.mean(-1, keepdims=True) * 0.3, 3, axis=-1).astype(np.uint8)
    dots = cv2.dilate(sparse, np.ones((2, 2), np.uint8))
    dim[dots > 0] = depth_colours(dots)[dots > 0]
    return np.vstack([image[..., ::-1], depth_colours(depth), dim])


def write_sheet(path, seed: int = 1, count: int = 40) -> None:
    """Render `count` fresh frames as training sees them and write one picture."""
    rows = []
    for shape, wide, size, share in (('normal', 0.0, (144, 192), 0.7),
                                     ('wide', 1.0, (96, 320), 0.3)):
        per_row = PER_ROW if shape == 'normal' else PER_ROW * 192 // 320
        number = max(1, round(count * share / per_row))
        data = ProceduralBatches(seed, per_row, None, wide, sizes={shape: ((size, 1.0),)},
                                 none_share=0.0, length=number)
        for batch in data:
            names = ('image', 'sparse_depth', 'depth')
            tiles = [_tile(*(batch[name][k].numpy() for name in names)) for k in range(per_row)]
            row = np.hstack(tiles)
            width = PER_ROW * 192
            rows.append(cv2.resize(row, (width, round(row.shape[0] * width / row.shape[1]))))
    cv2.imwrite(str(path), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 88])
