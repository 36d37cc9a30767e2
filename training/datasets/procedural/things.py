# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Things that are not quite furniture: clutter, plants, people, crates, pillars, stairs.

Every function takes a Placer (local frame on the floor) and a NumPy generator.
"""
from __future__ import annotations

import numpy as np
from training.datasets.procedural.scene import colour, lean, Material, material, Placer

WOOD = ('wood', 'planks', 'plain', 'grain')
FABRIC = ('weave', 'noise', 'stripe', 'checker', 'plain')
METAL = ('plain', 'grain')


def clutter(p: Placer, rng, z, half_w, half_d, count):
    """Put small things (mugs, books, boxes, balls, screens) on a top at height z."""
    for _ in range(count):
        x, y = rng.uniform(-half_w, half_w), rng.uniform(-half_d, half_d)
        m = material(rng, ('plain', 'text', 'stripe', 'poster', 'noise'), 1.0, size=(0.05, 0.4))
        kind = rng.integers(6)
        if kind == 0:
            p.tube(x, y, z, rng.uniform(0.025, 0.06), rng.uniform(0.06, 0.32), m)
        elif kind == 1:
            r = rng.uniform(0.03, 0.13)
            p.ball(x, y, z + r, r, r, r, m)
        elif kind == 2:
            for k in range(int(rng.integers(1, 6))):
                h = rng.uniform(0.015, 0.05)
                p.box(x, y, z + 0.04 * k, rng.uniform(0.12, 0.3), rng.uniform(0.1, 0.25), h,
                      material(rng, ('plain', 'text'), 1.0, size=(0.1, 0.4)))
        elif kind == 3:
            w, h = rng.uniform(0.3, 0.65), rng.uniform(0.2, 0.4)
            dark = Material(np.full(3, 0.02), colour(rng), 12, w, 0, 0.3,
                            rng.choice([0.0, 0.3]))
            p.box(x, y, z + 0.12, w, 0.04, h, dark)
            p.tube(x, y, z, 0.03, 0.15, dark)
        else:
            p.box(x, y, z, *rng.uniform(0.05, 0.4, 3), m)


def plant(p, rng):
    """Pot with stems and leaf blobs."""
    r, h = rng.uniform(0.1, 0.25), rng.uniform(0.15, 0.4)
    p.tube(0, 0, 0, r, h, material(rng, ('plain', 'stripe')))
    tall = rng.uniform(0.3, 1.6)
    p.tube(0, 0, h, 0.015, tall * 0.7, material(rng, ('plain',)))
    for _ in range(int(rng.integers(4, 12))):
        s = rng.uniform(0.05, 0.22)
        p.ball(*(rng.uniform(-0.3, 0.3, 2) * tall), h + rng.uniform(0.2, 1.0) * tall,
               s, s, s * rng.uniform(0.2, 1.0), leaves(rng))


def leaves(rng) -> Material:
    """Draw a foliage material."""
    green = np.array([rng.uniform(0.05, 0.4), rng.uniform(0.15, 0.5), rng.uniform(0.02, 0.15)])
    return Material(green, green * rng.uniform(0.1, 0.5), 15, rng.uniform(0.3, 1.2), 0.3)


def person(p, rng):
    """Standing person of capsules: legs, trunk, arms, head."""
    h = rng.uniform(1.1, 1.95)
    trousers, shirt = material(rng, FABRIC, 0.9), material(rng, FABRIC, 1.0)
    skin = Material(np.array([0.6, 0.4, 0.3]) * rng.uniform(0.3, 1.3), np.array([0.5, 0.3, 0.2]))
    step = rng.uniform(0, 0.22)
    for s in (-1, 1):
        p.tube(s * 0.1, s * step, 0, 0.075, h * 0.48, trousers, lean(s * step * 0.6))
        p.tube(s * 0.24, -s * step * 0.7, h * 0.43, 0.05, h * 0.4, shirt, lean(-s * step * 0.5))
        p.ball(s * 0.24, 0.05 - s * step, h * 0.43, 0.06, 0.06, 0.08, skin)
    p.ball(0, 0, h * 0.65, 0.2, 0.13, h * 0.22, shirt)
    p.ball(0, 0, h * 0.93, 0.09, 0.1, 0.13, skin)
    hair = Material(colour(rng, 0.4, 0.02, 0.4), np.full(3, 0.05))
    p.ball(0, -0.03, h * 0.96, 0.1, 0.1, 0.11, hair)


def crates(p, rng):
    """Stack of cartons or crates, sometimes on a pallet."""
    z = 0.0
    if rng.random() < 0.4:
        p.box(0, 0, 0, 1.2, 0.8, 0.14, material(rng, ('slats',), 0.3))
        z = 0.14
    for _ in range(int(rng.integers(1, 7))):
        w, d, h = rng.uniform(0.2, 0.9, 3)
        p.box(rng.uniform(-0.25, 0.25), rng.uniform(-0.2, 0.2), z, w, d, h,
              material(rng, ('plain', 'text', 'grain', 'planks'), 0.6),
              None if rng.random() < 0.7 else lean(0.0) @ lean(rng.uniform(-0.1, 0.1), 1))
        z += h if rng.random() < 0.7 else 0.0


def bin_or_drum(p, rng):
    """Bin, drum, bucket or cylinder."""
    p.tube(0, 0, 0, rng.uniform(0.12, 0.4), rng.uniform(0.25, 1.1),
           material(rng, ('plain', 'stripe', 'grain'), 1.0))


def pillar(p, rng):
    """Pillar, square or round, up to the ceiling and beyond."""
    r = rng.uniform(0.1, 0.4)
    m = material(rng, ('plain', 'grain', 'brick', 'marble', 'tile'))
    if rng.random() < 0.5:
        p.tube(0, 0, 0, r, 9.0, m)
    else:
        p.box(0, 0, 0, 2 * r, 2 * r, 9.0, m)


def stairs(p, rng):
    """Flight of steps, with or without a rail."""
    n, w = int(rng.integers(3, 12)), rng.uniform(0.9, 2.2)
    rise, run = rng.uniform(0.13, 0.2), rng.uniform(0.24, 0.34)
    m = material(rng, WOOD + ('tile', 'marble'))
    for k in range(n):
        p.box(0, -k * run, 0, w, run, (k + 1) * rise, m)
    if rng.random() < 0.5:
        for k in range(0, n, 2):
            p.box(w / 2, -k * run, (k + 1) * rise, 0.03, 0.03, 0.9, m)


def balls(p, rng):
    """Loose balls, blobs and blocks on the floor."""
    for _ in range(int(rng.integers(1, 7))):
        x, y = rng.uniform(-0.8, 0.8, 2)
        r = rng.uniform(0.05, 0.4)
        m = material(rng, None, 1.0)
        if rng.random() < 0.6:
            p.ball(x, y, r, r, r * rng.uniform(0.5, 1.5), r, m)
        else:
            p.box(x, y, 0, *rng.uniform(0.05, 0.7, 3), m, lean(rng.uniform(-0.3, 0.3)))


def board(p, rng):
    """Free-standing partition, whiteboard or screen on feet."""
    w, h = rng.uniform(0.8, 2.0), rng.uniform(0.8, 1.9)
    z = rng.choice([0.0, 0.6])
    p.box(0, 0, z, w, 0.05, h, material(rng, ('plain', 'poster', 'text', 'weave'), 0.8,
                                        size=(0.5, 2.0)))
    for s in (-1, 1):
        p.box(s * w * 0.45, 0, 0, 0.04, 0.5, 0.04, material(rng, METAL))
        p.box(s * w * 0.45, 0, 0, 0.04, 0.04, z + h, material(rng, METAL))
