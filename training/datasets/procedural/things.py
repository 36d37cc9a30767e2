# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Things that are not quite furniture: clutter, crates, pillars, stairs, boards, ladders.

Every function takes a Placer (local frame on the floor) and a NumPy generator.
"""
from __future__ import annotations

import numpy as np
from training.datasets.procedural.scene import lean, Material, material, Placer, turn

WOOD = ('wood', 'planks', 'plain', 'grain')
FABRIC = ('weave', 'noise', 'stripe', 'checker', 'plain')
METAL = ('plain', 'grain')


def clutter(p: Placer, rng, z, half_w, half_d, count):
    """Put small things (mugs, bottles, books, boxes, screens, tools) on a top at height z."""
    for _ in range(count):
        x, y = rng.uniform(-half_w, half_w), rng.uniform(-half_d, half_d)
        m = material(rng, ('plain', 'text', 'stripe', 'poster', 'noise', 'letters'), 1.0,
                     size=(0.05, 0.4), gloss=0.5)
        SMALL[rng.integers(len(SMALL))](p, rng, x, y, z, m)


def _mug(p, rng, x, y, z, m):
    r, h = rng.uniform(0.025, 0.06), rng.uniform(0.06, 0.2)
    p.tube(x, y, z, r, h, m)
    p.box(x + r + 0.012, y, z + h * 0.25, 0.025, 0.012, h * 0.5, m)


def _bottle(p, rng, x, y, z, m):
    r, h = rng.uniform(0.03, 0.055), rng.uniform(0.15, 0.3)
    p.tube(x, y, z, r, h * 0.65, m)
    p.ball(x, y, z + h * 0.65, r, r, r, m)
    p.tube(x, y, z + h * 0.6, r * 0.4, h * 0.4, m)


def _ball(p, rng, x, y, z, m):
    r = rng.uniform(0.03, 0.13)
    p.ball(x, y, z + r, r, r, r, m)


def _books(p, rng, x, y, z, m):
    for _ in range(int(rng.integers(1, 6))):
        h = rng.uniform(0.012, 0.05)
        p.box(x, y, z, rng.uniform(0.12, 0.3), rng.uniform(0.1, 0.25), h,
              material(rng, ('plain', 'text', 'letters'), 1.0, size=(0.1, 0.4), contrast=0.9))
        z += h


def _screen(p, rng, x, y, z, m):
    """Monitor or laptop; what it shows has no depth."""
    w, h = rng.uniform(0.3, 0.65), rng.uniform(0.2, 0.4)
    dark = Material(np.full(3, 0.02), np.full(3, 0.04), 0, w, 0, 0.6, hidden=0.3)
    shown = material(rng, ('text', 'poster', 'photo', 'plain'), 1.0, size=(0.3, 0.9),
                     contrast=0.9, gloss=0.8)
    shown.emission = rng.choice([0.0, 0.4])
    if rng.random() < 0.4:  # laptop
        p.box(x, y, z, w, 0.24, 0.02, dark)
        p.box(x, y - 0.14, z, w, 0.015, 0.24, shown, lean(rng.uniform(0, 0.4)))
        return
    p.box(x, y - 0.012, z + 0.12, w, 0.035, h, dark)
    p.box(x, y + 0.01, z + 0.13, w - 0.03, 0.01, h - 0.03, shown)
    p.tube(x, y - 0.02, z, 0.025, 0.15, dark)
    p.box(x, y, z, 0.22, 0.18, 0.015, dark)


def _paper(p, rng, x, y, z, m):
    """Sheets and cables that lie flat."""
    sheet = Material(np.full(3, 0.85), np.full(3, 0.2), 10, 0.3)
    p.box(x, y, z, 0.21, 0.3, 0.002, sheet, turn(rng.uniform(0, 3)))


def _basket(p, rng, x, y, z, m):
    """Open box with walls that one sees through."""
    w, h = rng.uniform(0.15, 0.35), rng.uniform(0.08, 0.25)
    for k in range(4):
        a = k * np.pi / 2
        p.pane(x + np.sin(a) * w / 2, y - np.cos(a) * w / 2, z, w, h, m, a,
               holes=('lattice', 'perforated')[k % 2 * 0], repeat=(6, 4))


def _box(p, rng, x, y, z, m):
    p.box(x, y, z, *rng.uniform(0.04, 0.35, 3), m, turn(rng.normal() * 0.5))


def _lamp(p, rng, x, y, z, m):
    """Desk lamp with a thin jointed arm."""
    h = rng.uniform(0.25, 0.5)
    p.tube(x, y, z, 0.08, 0.02, m)
    p.tube(x, y - 0.06, z, 0.008, h, m, lean(0.3))
    p.tube(x, y + 0.02, z + h - 0.05, 0.008, 0.25, m, lean(-1.0))
    p.tube(x, y + 0.15, z + h, 0.06, 0.09, m)


SMALL = (_mug, _mug, _bottle, _ball, _books, _books, _screen, _screen, _paper, _basket, _box, _box,
         _box, _lamp)


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


def stairs(p, rng, steps=None):
    """Flight of steps, closed or open between the treads, with or without a railing."""
    n, w = steps or int(rng.integers(3, 15)), rng.uniform(0.8, 2.4)
    rise, run = rng.uniform(0.13, 0.2), rng.uniform(0.24, 0.34)
    m, metal = material(rng, WOOD + ('tile', 'marble', 'grain')), material(rng, METAL)
    closed = rng.random() < 0.65
    for k in range(n):
        if closed:
            p.box(0, -k * run, 0, w, run, (k + 1) * rise, m)
        else:
            p.box(0, -k * run, (k + 1) * rise - 0.04, w, run * 1.1, 0.04, m)
    slope = np.arctan2(rise, run)
    length = n * np.hypot(run, rise)
    middle = (-(n - 1) * run / 2, n * rise / 2)
    if not closed:
        for s in (-1, 1):
            p.box(s * w / 2, middle[0], middle[1] - 0.1, 0.05, length, 0.2, m, lean(-slope))
    if rng.random() < 0.6:
        for s in (-1, 1)[:int(rng.integers(1, 3))]:
            for k in range(0, n, 2):
                p.box(s * w / 2, -k * run, (k + 1) * rise, 0.03, 0.03, 0.9, metal)
            p.box(s * w / 2, middle[0], middle[1] + 0.95, 0.05, length, 0.05, metal, lean(-slope))
    if closed and n > 8 and rng.random() < 0.5:  # landing
        p.box(0, -(n + 1.5) * run, 0, w, 4 * run, n * rise, m)


def ladder(p, rng):
    """Ladder leaning or standing, or a step ladder."""
    m, h = material(rng, ('plain', 'wood'), 0.8), rng.uniform(1.2, 2.6)
    tilt = rng.uniform(0.1, 0.35)
    for s in (-1, 1):
        p.box(s * 0.2, 0, 0, 0.04, 0.06, h, m, lean(tilt))
    for k in range(int(h / 0.28)):
        z = 0.2 + 0.28 * k
        y = -(z - h / 2) * np.tan(tilt)
        p.box(0, y, z * np.cos(tilt), 0.4, 0.05, 0.03, m)


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
