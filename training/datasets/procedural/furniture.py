# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Furniture.

Every function takes a Placer (local frame on the floor, back at -y, front at +y) and a NumPy
generator, and adds primitives.
"""
from __future__ import annotations

import numpy as np
from training.datasets.procedural.scene import lean, material, Placer
from training.datasets.procedural.things import clutter, FABRIC, METAL, WOOD


def table(p, rng):
    """Table or desk with legs, sometimes a drawer block, and things on it."""
    w, d, h = rng.uniform(0.7, 1.9), rng.uniform(0.5, 0.9), rng.uniform(0.4, 1.05)
    top, leg = material(rng, WOOD), material(rng, METAL)
    p.box(0, 0, h - 0.04, w, d, rng.uniform(0.02, 0.06), top)
    if rng.random() < 0.2:
        p.tube(0, 0, 0, 0.05, h - 0.04, leg)
        p.tube(0, 0, 0, 0.3, 0.03, leg)
    else:
        t = rng.uniform(0.03, 0.09)
        for sx in (-1, 1):
            for sy in (-1, 1):
                p.box(sx * (w / 2 - t), sy * (d / 2 - t), 0, t, t, h - 0.04, leg)
    if rng.random() < 0.4:
        p.box(w / 2 - 0.3, 0, 0.02, 0.42, d * 0.85, h - 0.08, top)
    clutter(p, rng, h, w * 0.42, d * 0.4, int(rng.integers(0, 8)))


def chair(p, rng):
    """Chair: four legs or a column with a star, seat, slatted or solid back, armrests."""
    w, h = rng.uniform(0.38, 0.52), rng.uniform(0.4, 0.5)
    seat, frame = material(rng, FABRIC + WOOD, 0.9), material(rng, METAL + ('wood',))
    p.box(0, 0, h - 0.05, w, w, rng.uniform(0.03, 0.1), seat)
    if rng.random() < 0.35:
        p.tube(0, 0, 0.05, 0.03, h - 0.1, frame)
        for k in range(5):
            a = 2 * np.pi * k / 5
            p.box(0.15 * np.cos(a), 0.15 * np.sin(a), 0.05, 0.05, 0.05, 0.03, frame)
    else:
        for sx in (-1, 1):
            for sy in (-1, 1):
                p.box(sx * (w / 2 - 0.02), sy * (w / 2 - 0.02), 0, 0.035, 0.035, h, frame)
    back, tilt = rng.uniform(0.3, 0.6), lean(rng.uniform(0, 0.2))
    if rng.random() < 0.5:
        p.box(0, -w / 2, h + 0.05, w, 0.04, back, seat, tilt)
    else:
        n = int(rng.integers(2, 6))
        for k in range(n):
            x = (k + 0.5) / n * w - w / 2
            p.box(x, -w / 2, h, 0.03, 0.03, back, frame, tilt)
        p.box(0, -w / 2, h + back, w, 0.04, 0.07, seat, tilt)
    if rng.random() < 0.3:
        for sx in (-1, 1):
            p.box(sx * w / 2, 0, h + 0.2, 0.05, w * 0.8, 0.04, frame)
            p.box(sx * w / 2, w * 0.3, h, 0.04, 0.04, 0.2, frame)


def dining(p, rng):
    """Table with chairs around it."""
    table(p, rng)
    for k in range(int(rng.integers(1, 5))):
        side = -1 if k % 2 else 1
        spot = p.point(rng.uniform(-0.7, 0.7), side * rng.uniform(0.45, 0.8), 0)
        yaw = p.yaw + (0 if side < 0 else np.pi) + rng.uniform(-0.4, 0.4)
        chair(Placer(p.scene, spot[0], spot[1], yaw), rng)


def shelf(p, rng):
    """Open shelf with boards, books and boxes; empty boards occur."""
    w, d, h = rng.uniform(0.5, 1.6), rng.uniform(0.22, 0.5), rng.uniform(0.7, 2.3)
    wood = material(rng, WOOD + METAL)
    n = int(rng.integers(2, 6))
    for sx in (-1, 1):
        p.box(sx * w / 2, 0, 0, 0.03, d, h, wood)
    if rng.random() < 0.7:
        p.box(0, -d / 2, 0, w, 0.02, h, wood)
    for k in range(n + 1):
        z = 0.05 + k * (h - 0.08) / n
        p.box(0, 0, z, w, d, 0.03, wood)
        room = (h - 0.08) / n * 0.85
        if k == n or rng.random() < 0.25:
            continue
        x = -w / 2 + 0.02
        while x < w / 2 - 0.1:
            length = min(rng.uniform(0.1, 0.5), w / 2 - x - 0.02)
            pattern = ('books',) if rng.random() < 0.6 else ('plain', 'text', 'stripe')
            p.box(x + length / 2, rng.uniform(-0.05, 0.05), z + 0.03, length, d * 0.7,
                  room * rng.uniform(0.4, 1.0), material(rng, pattern, 1.0, size=(0.2, 0.5),
                                                         contrast=0.9))
            x += length + rng.exponential(0.12)


def cabinet(p, rng):
    """Cabinet, chest or wardrobe with door gaps and handles."""
    w, d = rng.uniform(0.4, 1.8), rng.uniform(0.3, 0.65)
    h = rng.choice([rng.uniform(0.5, 1.2), rng.uniform(1.5, 2.3)])
    body, handle = material(rng, WOOD, gloss=0.4), material(rng, METAL, 0.1)
    front = material(rng, WOOD, gloss=0.4) if rng.random() < 0.4 else body
    p.box(0, 0, 0, w, d, h, body)
    n = max(1, int(w / 0.5))
    for k in range(n):
        x = (k + 0.5) / n * w - w / 2
        p.box(x, d / 2, 0.06, w / n - 0.015, 0.03, h - 0.09, front)
        p.box(x + w / n * 0.35, d / 2 + 0.03, h * 0.55, 0.02, 0.03, 0.12, handle)
    if h < 1.3:
        clutter(p, rng, h, w * 0.4, d * 0.35, int(rng.integers(0, 5)))


def sofa(p, rng):
    """Sofa or armchair with cushions."""
    w, d, h = rng.uniform(0.8, 2.3), rng.uniform(0.75, 1.0), rng.uniform(0.36, 0.46)
    m = material(rng, FABRIC, 0.8)
    p.box(0, 0, 0.08, w, d, h - 0.08, m)
    p.box(0, -d / 2 + 0.12, h, w, 0.24, rng.uniform(0.3, 0.5), m, lean(0.12))
    for sx in (-1, 1):
        p.box(sx * w / 2, 0, 0.05, 0.18, d, h + 0.12, m)
    for _ in range(int(rng.integers(0, 4))):
        p.ball(rng.uniform(-w / 2, w / 2), -0.1, h + 0.15, 0.22, 0.1, 0.18,
               material(rng, FABRIC, 1.0))


def bed(p, rng):
    """Bed with mattress, blanket and pillows."""
    w, d, h = rng.uniform(0.9, 1.8), 2.0, rng.uniform(0.35, 0.6)
    p.box(0, 0, 0.1, w, d, h - 0.25, material(rng, WOOD))
    p.box(0, 0, h - 0.2, w - 0.06, d - 0.06, 0.2, material(rng, FABRIC))
    p.box(0, 0.3, h - 0.02, w, d * 0.65, 0.06, material(rng, FABRIC, 0.9))
    p.box(0, -d / 2, 0, w, 0.05, h + rng.uniform(0.2, 0.6), material(rng, WOOD))
    for x in (-w / 4, w / 4):
        p.ball(x, -d / 2 + 0.3, h + 0.06, w / 5, 0.2, 0.09, material(rng, FABRIC))


def floor_lamp(p, rng):
    """Standing lamp."""
    h = rng.uniform(1.2, 1.9)
    p.tube(0, 0, 0, 0.15, 0.03, material(rng, METAL))
    p.tube(0, 0, 0, 0.015, h, material(rng, METAL))
    shade = material(rng, ('plain',), 0.3, 0.6)
    shade.emission = rng.choice([0.0, 0.8])
    p.tube(0, 0, h, rng.uniform(0.12, 0.25), rng.uniform(0.15, 0.3), shade)
