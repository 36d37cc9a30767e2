# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Fitted furniture: kitchens, bathrooms, work places, shop racks, partitions, glass walls."""
from __future__ import annotations

import numpy as np
from training.datasets.procedural import people
from training.datasets.procedural.furniture import chair
from training.datasets.procedural.scene import lean, Material, material, Placer
from training.datasets.procedural.things import clutter, METAL, WOOD

CLEAR = Material(np.full(3, 0.2), np.full(3, 0.2))


def mirror(rng) -> Material:
    """Draw the silver of a mirror."""
    return Material(np.full(3, 0.05), np.full(3, 0.06), 2, 1.0, 0.2,
                    mirror=rng.uniform(0.75, 0.95))


def kitchen_run(p: Placer, rng):
    """Counter run: worktop, wall behind it, sometimes wall cabinets, hood, shelf, tall piece."""
    w, d, h = rng.uniform(1.2, 4.2), rng.uniform(0.5, 0.72), rng.uniform(0.8, 0.98)
    front = material(rng, WOOD, gloss=0.5)
    top = material(rng, ('marble', 'grain', 'plain', 'wood'))
    upper = front if rng.random() < 0.6 else material(rng, WOOD, gloss=0.5)
    handle = material(rng, METAL, 0.1)
    p.box(0, -0.02, 0.1, w, d - 0.05, h - 0.14, front)
    p.box(0, 0, h - 0.04, w + 0.02, d + 0.03, 0.04, top)
    if rng.random() < 0.7:
        p.box(0, -d / 2, h, w, 0.02, rng.uniform(0.1, 0.65), material(
            rng, ('tile', 'plain', 'brick', 'checker')))
    n = max(2, int(w / rng.uniform(0.4, 0.7)))
    hung, deep = rng.choice([0.0, 0.75, 0.95]), rng.uniform(0.28, 0.4)
    z, tall = rng.uniform(1.3, 1.6), rng.uniform(0.4, 0.9)
    for k in range(n):
        x = (k + 0.5) / n * w - w / 2
        p.box(x, d / 2 - 0.04, 0.12, w / n - 0.02, 0.025, h - 0.2, front)
        p.box(x, d / 2 - 0.01, h - 0.2, 0.15, 0.03, 0.02, handle)
        if rng.random() < hung:
            p.box(x, -d / 2 + deep / 2, z, w / n - 0.01, deep, tall, upper)
    extra = rng.integers(4)
    if extra == 0:  # hood
        steel = material(rng, METAL, 0.1, 0.3, gloss=1.0)
        p.box(0, -d / 2 + 0.25, 1.5, 0.6, 0.5, 0.12, steel)
        p.box(0, -d / 2 + 0.15, 1.6, 0.3, 0.3, 1.2, steel)
    elif extra == 1 and not hung:  # open boards
        for k in range(int(rng.integers(1, 3))):
            p.box(0, -d / 2 + 0.12, 1.35 + 0.35 * k, w * 0.8, 0.24, 0.03, upper)
            clutter(p, rng, 1.38 + 0.35 * k, w * 0.35, 0.05, int(rng.integers(0, 4)))
    if rng.random() < 0.6:
        steel = material(rng, METAL, 0.1, 0.3, gloss=1.0)
        steel.mirror = rng.choice([0.0, 0.25])
        p.box(rng.choice([-1, 1]) * (w / 2 + 0.32), 0, 0, 0.6, d + 0.05,
              rng.uniform(1.4, 2.1), steel)
    if rng.random() < 0.5:  # tap
        p.tube(0.2, -d / 2 + 0.12, h, 0.015, 0.28, material(rng, METAL, 0.1, 0.5, gloss=1.0))
    clutter(p, rng, h, w * 0.45, d * 0.35, int(rng.integers(0, 9)))


def wash_stand(p: Placer, rng):
    """Basin with a mirror above it, sometimes a toilet beside it."""
    white = Material(np.full(3, 0.8), np.full(3, 0.75), 0, 1.0, 0.1, 0.8)
    p.box(0, -0.05, 0.72, rng.uniform(0.45, 0.9), 0.45, 0.14, white)
    p.tube(0, -0.1, 0, 0.08, 0.75, white)
    p.tube(0, -0.2, 0.86, 0.015, 0.15, material(rng, METAL, 0.1, 0.5, gloss=1.0))
    p.pane(0, -0.235, rng.uniform(1.0, 1.2), rng.uniform(0.4, 1.1), rng.uniform(0.5, 0.9),
           mirror(rng))
    if rng.random() < 0.5:
        p.box(0.75, -0.1, 0.1, 0.36, 0.5, 0.3, white)
        p.ball(0.75, 0.05, 0.38, 0.2, 0.25, 0.06, white)
        p.box(0.75, -0.22, 0.4, 0.38, 0.16, 0.4, white)


def shower(p: Placer, rng):
    """Shower behind glass, or a bath tub."""
    white = Material(np.full(3, 0.8), np.full(3, 0.7), 0, 1.0, 0.1, 0.8)
    if rng.random() < 0.5:
        p.box(0, 0, 0, 0.9, 0.9, 0.08, white)
        for x, y, a in ((0, 0.45, 0), (0.45, 0, np.pi / 2)):
            p.pane(x, y, 0.08, 0.9, 1.9, CLEAR, a, glass=True)
            p.box(x, y, 1.96, 0.04 if a else 0.9, 0.9 if a else 0.04, 0.04,
                  material(rng, METAL, 0.1, 0.4))
        p.tube(-0.3, -0.4, 0.9, 0.015, 1.1, material(rng, METAL, 0.1, 0.4))
        return
    for x, y, w, d in ((0, 0.35, 1.7, 0.06), (0, -0.35, 1.7, 0.06), (0.83, 0, 0.06, 0.7),
                       (-0.83, 0, 0.06, 0.7)):
        p.box(x, y, 0, w, d, 0.56, white)
    p.box(0, 0, 0, 1.7, 0.7, 0.15, white)


def work_place(p: Placer, rng):
    """Desk against a wall or screen with a chair before it."""
    w, d, h = rng.uniform(1.0, 1.9), rng.uniform(0.6, 0.85), rng.uniform(0.68, 0.78)
    top, leg = material(rng, WOOD), material(rng, METAL)
    p.box(0, 0, h - 0.03, w, d, 0.03, top)
    for s in (-1, 1):
        p.box(s * (w / 2 - 0.04), 0, 0, 0.05, d * 0.9, h - 0.03,
              leg if rng.random() < 0.5 else top)
    if rng.random() < 0.4:
        p.box(0, -d / 2 - 0.03, 0, w, 0.04, rng.uniform(1.0, 1.6),
              material(rng, ('weave', 'plain', 'text'), 0.7))
    if rng.random() < 0.5:
        p.box(w * 0.3, -0.05, 0.05, 0.42, d * 0.8, 0.55, material(rng, WOOD))
    clutter(p, rng, h, w * 0.44, d * 0.38, int(rng.integers(2, 9)))
    if rng.random() < 0.7:
        spot = p.point(rng.normal() * 0.15, d / 2 + rng.uniform(0, 0.4), 0)
        chair(Placer(p.scene, spot[0], spot[1], p.yaw + np.pi + rng.normal() * 0.4, p.origin[2]),
              rng)
        if rng.random() < 0.15:
            people.sitting(Placer(p.scene, spot[0], spot[1], p.yaw + np.pi, p.origin[2]), rng)


def rack(p: Placer, rng):
    """Shop rack or workshop shelf: goods in rows on both sides, perforated back."""
    w, d, h = rng.uniform(0.9, 2.4), rng.uniform(0.35, 0.9), rng.uniform(1.3, 2.2)
    steel = material(rng, METAL + ('stripe',), 0.8)
    p.pane(0, 0, 0.1, w, h - 0.1, steel, holes=rng.choice(['perforated', 'full', 'lattice']),
           repeat=(int(w / 0.08), int(h / 0.08)))
    for s in (-1, 1):
        p.box(s * w / 2, 0, 0, 0.04, 0.05, h, steel)
    n = int(rng.integers(3, 6))
    for k in range(n):
        z = 0.1 + k * (h - 0.1) / n
        p.box(0, 0, z, w, d, 0.025, steel)
        x = -w / 2 + 0.03
        while x < w / 2 - 0.15:
            length = min(rng.uniform(0.15, 0.6), w / 2 - x)
            room = (h - 0.1) / n - 0.05
            if rng.random() < 0.8:
                m = material(rng, ('books', 'letters', 'poster', 'dots', 'plain', 'text'), 1.0,
                             size=(0.1, 0.5), contrast=0.9)
                p.box(x + length / 2, 0, z + 0.025, length * 0.95, d * rng.uniform(0.5, 0.95),
                      room * rng.uniform(0.35, 0.95), m)
            x += length


def partition(p: Placer, rng):
    """Glass wall or door with a frame, or a folding screen, or a railing."""
    w, h = rng.uniform(0.9, 3.0), rng.uniform(1.1, 2.3)
    metal = material(rng, METAL + ('wood',), 0.3)
    kind = rng.random()
    if kind < 0.55:
        p.pane(0, 0, 0.03, w, h, CLEAR, glass=True)
        for x in (-w / 2, w / 2, 0.0 if w > 1.6 else w / 2):
            p.box(x, 0, 0, 0.05, 0.05, h, metal)
        for z in (0, h):
            p.box(0, 0, z, w, 0.05, 0.05, metal)
        if rng.random() < 0.4:
            p.box(0, 0.005, rng.uniform(0.9, 1.3), w * 0.9, 0.004, rng.uniform(0.05, 0.2),
                  material(rng, ('text', 'stripe', 'letters'), 0.8))
    elif kind < 0.75:
        for k in range(3):
            p.box((k - 1) * w / 3, 0.06 * (-1) ** k, 0, w / 3, 0.03, h,
                  material(rng, ('weave', 'poster', 'wood', 'slats'), 0.8),
                  lean(0.0))
    else:
        p.pane(0, 0, 0.05, w, 1.0, metal, holes='bars', repeat=(max(2, int(w / 0.12)), 1))
        p.box(0, 0, 1.03, w, 0.06, 0.05, metal)


def clothes(p: Placer, rng):
    """Rail or line with clothes, towels and cloth hanging down."""
    w, h = rng.uniform(0.8, 2.0), rng.uniform(1.2, 1.8)
    metal = material(rng, METAL)
    for s in (-1, 1):
        p.tube(s * w / 2, 0, 0, 0.015, h, metal)
        p.box(s * w / 2, 0, 0, 0.04, 0.5, 0.04, metal)
    p.box(0, 0, h, w, 0.025, 0.025, metal)
    for _ in range(int(rng.integers(2, 9))):
        cloth = material(rng, ('weave', 'stripe', 'plain', 'checker', 'noise'), 1.0)
        drop, x = rng.uniform(0.4, 0.95) * h, rng.uniform(-0.45, 0.45) * w
        if rng.random() < 0.5:
            p.box(x, 0, h - drop, rng.uniform(0.04, 0.12), 0.4, drop, cloth)
        else:
            p.pane(x, rng.normal() * 0.03, h - drop, rng.uniform(0.3, 0.6), drop, cloth,
                   rng.normal() * 0.2, holes=rng.choice(['full', 'rags']))
