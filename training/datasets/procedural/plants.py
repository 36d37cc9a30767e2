# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Vegetation: blobs dressed with leaf panes that have holes, bare trees, hedges, grass."""
from __future__ import annotations

import numpy as np
from training.datasets.procedural.scene import lean, Material, material, Placer

BARK = np.array([0.16, 0.11, 0.07])


def leaves(rng) -> Material:
    """Draw a foliage material: mostly green, sometimes autumn or flowers."""
    green = np.array([rng.uniform(0.05, 0.4), rng.uniform(0.15, 0.5), rng.uniform(0.02, 0.15)])
    if rng.random() < 0.12:
        green = rng.uniform(0.05, 0.6, 3)
    return Material(green, green * rng.uniform(0.1, 0.6), 15, rng.uniform(0.2, 0.9), 0.4)


def _bark(rng):
    return Material(BARK * rng.uniform(0.4, 2.0), BARK * rng.uniform(0.5, 2.5), 4, 0.4, 0.4)


def crown(p: Placer, rng, x, y, z, radius, green, cards):
    """Leaf panes around a point, turned every way: light and looks pass between the leaves."""
    for _ in range(cards):
        dx, dy, dz = rng.normal(size=3) * radius * (0.35, 0.35, 0.3)
        size = radius * rng.uniform(1.0, 1.9)
        p.pane(x + dx, y + dy, z + dz - size / 2, size, size, green, rng.uniform(0, np.pi),
               lean(rng.normal() * 0.5), holes='leaves')


def plant(p: Placer, rng):
    """House plant: pot, stem, leaves."""
    r, h = rng.uniform(0.08, 0.25), rng.uniform(0.12, 0.4)
    p.tube(0, 0, 0, r, h, material(rng, ('plain', 'stripe', 'grain')))
    tall = rng.uniform(0.2, 1.4)
    p.tube(0, 0, h, 0.015, tall * 0.7, _bark(rng))
    green = leaves(rng)
    crown(p, rng, 0, 0, h + tall * 0.65, 0.2 + tall * 0.3, green, int(rng.integers(3, 7)))
    if rng.random() < 0.4:
        for _ in range(int(rng.integers(2, 6))):
            s = rng.uniform(0.04, 0.15)
            p.ball(*(rng.uniform(-0.2, 0.2, 2) * tall), h + rng.uniform(0.3, 1.0) * tall,
                   s, s, s * rng.uniform(0.2, 1.0), green)


def tree(p: Placer, rng):
    """Tree: trunk and a crown of dense blobs, leaf panes or both; sometimes bare."""
    h = rng.uniform(1.2, 4.5)
    bark, green = _bark(rng), leaves(rng)
    trunk = rng.uniform(0.05, 0.3)
    p.tube(0, 0, -0.3, trunk, h + 0.9, bark, lean(rng.normal() * 0.04))
    size = rng.uniform(0.5, 0.9) * max(h, 1.5) * 0.75
    kind = rng.random()
    if kind < 0.18:
        for _ in range(3):
            p.pane(0, 0, h * 0.4, 2.2 * size, 2.6 * size, bark, rng.uniform(0, np.pi),
                   holes='branches')
        return
    if kind < 0.3:  # a cone of dark green, as firs have
        for k in range(5):
            r = size * (1.0 - 0.18 * k)
            p.ball(0, 0, 0.6 + k * size * 0.55, r, r, size * 0.45, green)
        crown(p, rng, 0, 0, 0.6 + size, size * 0.8, green, 3)
        return
    blobs = int(rng.integers(0, 6)) if kind < 0.75 else 0
    for _ in range(blobs):
        r = size * rng.uniform(0.3, 0.65)
        p.ball(*(rng.uniform(-1, 1, 2) * size * 0.55), h + size * rng.uniform(0.1, 1.1), r, r,
               r * rng.uniform(0.6, 1.0), green)
    crown(p, rng, 0, 0, h + size * 0.6, size, green, int(rng.integers(3, 8)))


def bush(p: Placer, rng):
    """Bush or tall grass."""
    if rng.random() < 0.3:
        green = leaves(rng)
        for _ in range(int(rng.integers(2, 6))):
            w, h = rng.uniform(0.4, 1.4), rng.uniform(0.2, 0.9)
            p.pane(*rng.uniform(-0.6, 0.6, 2), 0, w, h, green, rng.uniform(0, np.pi),
                   holes='grass', repeat=(1, 1))
        return
    r, green = rng.uniform(0.25, 1.0), leaves(rng)
    for _ in range(int(rng.integers(1, 4))):
        s = r * rng.uniform(0.4, 0.8)
        p.ball(*(rng.uniform(-0.6, 0.6, 2) * r), s * 0.7, s, s, s * 0.9, green)
    crown(p, rng, 0, 0, r * 0.8, r, green, int(rng.integers(2, 6)))


def hedge(p: Placer, rng, length, height):
    """Clipped hedge along local x: a block with a ragged skin."""
    green = leaves(rng)
    thick = rng.uniform(0.3, 0.9)
    p.box(0, 0, 0, length, thick, height * 0.93, green)
    n = max(1, round(length / height))
    for side in (-1, 1):
        p.pane(0, side * (thick / 2 + 0.08), 0, length, height, green, holes='leaves',
               repeat=(2 * n, 2))
    p.pane(0, 0, 0.1, length, height * 1.05, green, holes='leaves', repeat=(2 * n, 2))
