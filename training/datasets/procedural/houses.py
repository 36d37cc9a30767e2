# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Buildings seen from outside, walls, fences, gates."""
from __future__ import annotations

import numpy as np
from training.datasets.procedural import plants
from training.datasets.procedural.scene import lean, Material, material, Placer

FACADE = ('facade', 'facade', 'facade', 'brick', 'plain', 'tile', 'planks', 'grain', 'crack')


def _pane_of(rng, night):
    lit = 0.5 if night and rng.random() < 0.35 else 0.0
    warm = np.array([1.0, 0.8, 0.5]) if lit else np.full(3, rng.uniform(0.02, 0.2))
    return Material(warm, warm * 0.6, 2, 2.0, 0.2, 1.0, lit, mirror=rng.choice([0.0, 0.3]))


def _front(p, rng, w, d, h, side, night):
    """Windows, door, balcony, awning on one face; `side` -1 or 1 along local x."""
    x, storeys = side * w / 2, max(1, int(h / 3))
    frame = material(rng, ('plain',), 0.2, 0.3)
    n = max(1, int(d / rng.uniform(2.2, 4)))
    glass, ww, wh = _pane_of(rng, night), rng.uniform(0.7, 1.4), rng.uniform(0.9, 1.6)
    deep = rng.choice([-0.03, 0.05])
    for storey in range(min(storeys, 2)):
        for k in range(min(n, 5)):
            y = (k + 0.5) / n * d - d / 2
            z = 0.9 + 3 * storey
            if z + wh > h - 0.2 or rng.random() < 0.2:
                continue
            p.box(x - side * 0.0, y, z, 0.1 + deep, ww, wh, glass)
            p.box(x, y, z - 0.08, 0.3, ww + 0.2, 0.08, frame)
            if storey and rng.random() < 0.25:
                p.box(x + side * 0.5, y, z - 0.9, 1.0, ww + 0.8, 0.12, frame)
                p.pane(x + side * 1.0, y, z - 0.8, ww + 0.8, 0.95, frame, np.pi / 2,
                       holes='bars', repeat=(12, 1))
    y = rng.uniform(-0.4, 0.4) * d
    p.box(x, y, 0, 0.16, 1.0, 2.1, material(rng, ('wood', 'plain'), 0.9))
    if rng.random() < 0.3:
        p.box(x + side * 0.6, y, 2.3, 1.3, rng.uniform(1.4, 3.5), 0.08,
              material(rng, ('stripe', 'plain', 'letters'), 1.0), lean(side * 0.2, 1))
    if rng.random() < 0.3:
        sign = material(rng, ('letters', 'text', 'poster', 'photo'), 1.0, size=(0.8, 2.5),
                        contrast=0.9)
        p.box(x + side * 0.05, rng.uniform(-0.3, 0.3) * d, rng.uniform(2.2, 3.2), 0.1,
              rng.uniform(1, 3), rng.uniform(0.4, 0.9), sign)


def house(p: Placer, rng, w, d, h, near=True, night=False):
    """Block of w x d x h metres, its fronts along local x; detail only where it is near."""
    m = material(rng, FACADE if not near else FACADE[3:], 0.5, 0.15,
                 size=(3.0, 7.0) if not near else (0.6, 3.0))
    if not near:
        m.colour_a = m.colour_b * rng.uniform(0.05, 0.9)
    p.box(0, 0, -1.0, w, d, h + 1.0, m)
    if rng.random() < 0.5 and h < 12:
        roof = material(rng, ('tile', 'brick', 'grain', 'stripe'), 0.6, size=(0.3, 1.5))
        for s in (-1, 1):
            p.box(s * w * 0.25, 0, h + w * 0.12, w * 0.62, d + 0.6, 0.15, roof, lean(s * 0.6, 1))
    if near:
        p.box(0, 0, -0.5, w + 0.12, d + 0.12, rng.uniform(0.6, 1.3),
              material(rng, ('grain', 'brick', 'plain')))
        for side in (-1, 1):
            _front(p, rng, w, d, h, side, night)


def fence(p: Placer, rng, length):
    """Wall, wire fence, railing, planks or hedge along local x."""
    kind = rng.choice(['wall', 'mesh', 'bars', 'planks', 'hedge', 'lattice'])
    h = rng.uniform(0.6, 2.2)
    if kind == 'hedge':
        return plants.hedge(p, rng, length, h)
    metal = material(rng, ('plain', 'grain'), 0.5)
    if kind == 'wall':
        m = material(rng, ('brick', 'tile', 'grain', 'crack', 'planks', 'letters'), 0.6,
                     size=(0.5, 3.0))
        p.box(0, 0, -0.3, length, rng.uniform(0.1, 0.35), h + 0.3, m)
        return None
    if kind == 'planks':
        n = min(int(length / 0.35), 24)
        wood = material(rng, ('wood', 'planks', 'plain'), 0.4)
        for k in range(n):
            x = (k + 0.5) / n * length - length / 2
            p.box(x, 0, 0.05, length / n * rng.uniform(0.55, 0.9), 0.03, h, wood)
        p.box(0, 0.03, h * 0.7, length, 0.03, 0.08, wood)
        return None
    cell = {'mesh': 0.12, 'bars': 0.13, 'lattice': 0.3}[str(kind)] * rng.uniform(0.7, 2)
    p.pane(0, 0, 0.03, length, h, metal, holes=str(kind),
           repeat=(max(1, round(length / cell)), 1 if kind == 'bars' else round(h / cell) or 1))
    n = max(2, min(int(length / 2.2), 8))
    for k in range(n + 1):
        p.tube(k / n * length - length / 2, 0, -0.2, 0.03, h + 0.25, metal)
    return None
