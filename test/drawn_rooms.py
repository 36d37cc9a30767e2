# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Pictures of two kinds that any features tell apart: rooms and streets, drawn with boxes."""
import numpy as np

KINDS, SIZE = ('room', 'street'), (64, 96)


def pictures(kind, count, seed=0, size=SIZE):
    """
    Draw `(count, H, W, 3) uint8`: brown rooms with boxes in them, or sky over grey streets.

    Weights that nobody trained tell these apart; rooms and streets of the procedural world they
    hardly do (six or seven of ten).
    """
    rng, (height, width) = np.random.default_rng([seed, KINDS.index(kind)]), size
    found = np.empty((count, height, width, 3), np.float32)
    found[:] = (150, 120, 90)
    if kind == 'street':
        found[:, :height // 2], found[:, height // 2:] = (150, 190, 235), (90, 90, 95)
    for image in found:
        for _ in range(6):
            top, left = rng.integers(0, height - 8), rng.integers(0, width - 8)
            low, wide = rng.integers(4, height // 3), rng.integers(4, width // 3)
            image[top:top + low, left:left + wide] *= rng.uniform(0.6, 1.2)
        image += rng.normal(0, 8, image.shape)
    return found.clip(0, 255).astype(np.uint8)
