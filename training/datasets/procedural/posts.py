# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What stands on pavements: lamp posts, signs, lights, cables, shelters, benches, bins, cones."""
from __future__ import annotations

import numpy as np
from training.datasets.procedural.scene import colour, Material, material, Placer
from training.datasets.procedural.weather import street_lamp

GREY = ('plain', 'grain')


def lamp_post(p: Placer, rng, night=False):
    """Lamp post, lit at night while the scene has few lamps."""
    m, h = material(rng, GREY, 0.3), rng.uniform(3.5, 9)
    p.tube(0, 0, -0.2, rng.uniform(0.04, 0.1), h + 0.2, m)
    arm = rng.uniform(0, 1.8)
    p.box(0, arm / 2, h - 0.08, 0.1, arm, 0.08, m)
    lit = night and len(p.scene.lights) < 5
    lamp = Material(np.ones(3), np.ones(3), emission=1.0 if lit else 0.0)
    p.box(0, arm, h - 0.16, 0.3, 0.5, 0.1, lamp)
    if lit:
        street_lamp(p.scene, rng, p.point(0, arm, h - 0.4))


def sign(p: Placer, rng):
    """Traffic sign or notice on a pole."""
    h = rng.uniform(1.8, 3.2)
    p.tube(0, 0, -0.2, 0.035, h + 0.2, material(rng, GREY, 0.2))
    face = Material(colour(rng, 1.0, 0.3), np.ones(3), 23, 0.6)
    size = rng.uniform(0.4, 0.9)
    if rng.random() < 0.5:
        p.pane(0, 0.05, h - size, size, size, face, holes='round')
    else:
        p.box(0, 0.05, h - size, size, 0.02, size * rng.uniform(0.5, 1.2), face)


def traffic_light(p: Placer, rng):
    """Traffic light: pole, box, one lamp lit."""
    dark = Material(np.full(3, 0.02), np.full(3, 0.05))
    p.tube(0, 0, -0.2, 0.06, 3.5, dark)
    p.box(0, 0.1, 2.4, 0.3, 0.22, 0.9, dark)
    tint = np.array([(1.0, 0.05, 0.02), (1.0, 0.6, 0.0), (0.05, 1.0, 0.4)])[rng.integers(3)]
    p.ball(0, 0.22, rng.choice([2.57, 2.85, 3.12]), 0.1, 0.03, 0.1,
           Material(tint, tint, emission=1.0))


def bollard(p: Placer, rng):
    """Bollard, cone or hydrant."""
    h = rng.uniform(0.4, 1.2)
    m = material(rng, ('stripe', 'plain'), 1.0, size=(0.3, 0.8), contrast=0.9)
    for k in range(3):
        r = rng.uniform(0.05, 0.15)
        p.tube(0, 0, k * h / 3, r * (1.3 - 0.35 * k), h / 3, m)


def bench(p: Placer, rng):
    """Bench of slats, with or without a back."""
    m, w = material(rng, ('wood', 'plain', 'planks')), rng.uniform(1.0, 2.2)
    for k in range(4):
        p.box(0, -0.18 + 0.13 * k, 0.43, w, 0.09, 0.03, m)
    if rng.random() < 0.6:
        for k in range(3):
            p.box(0, -0.27, 0.55 + 0.13 * k, w, 0.03, 0.09, m)
    for s in (-1, 1):
        p.box(s * w * 0.42, 0, 0, 0.06, 0.45, 0.43, material(rng, GREY))


def shelter(p: Placer, rng):
    """Bus stop or kiosk with glass walls."""
    w, d, h = rng.uniform(2.5, 4.5), rng.uniform(1.2, 1.8), rng.uniform(2.2, 2.6)
    metal, glass = material(rng, GREY, 0.3), Material(np.full(3, 0.2), np.full(3, 0.2))
    for sx in (-1, 1):
        for sy in (-1, 1):
            p.tube(sx * w / 2, sy * d / 2, 0, 0.04, h, metal)
        p.pane(sx * w / 2, 0, 0.2, d, h - 0.4, glass, np.pi / 2, glass=True)
    p.pane(0, -d / 2, 0.2, w, h - 0.4, glass, glass=True)
    p.box(0, 0, h, w + 0.3, d + 0.3, 0.1, metal)
    bench(Placer(p.scene, *p.point(0, -0.3, 0)[:2], p.yaw, p.origin[2]), rng)
    p.box(w / 2, 0.1, 0.5, 0.08, 1.0, 1.5, material(rng, ('photo', 'poster'), 1.0, contrast=0.9))


def wheelie_bin(p: Placer, rng):
    """Bin on wheels or a letter box."""
    m, h = material(rng, ('plain', 'grain'), 1.0), rng.uniform(0.8, 1.3)
    w = rng.uniform(0.4, 1.2)
    p.box(0, 0, 0.05, w, 0.6, h, m)
    p.box(0, 0.03, h + 0.05, w + 0.05, 0.68, 0.06, m)


def cables(p: Placer, rng):
    """Two poles with slack cables between them."""
    m, h, span = material(rng, ('wood', 'grain'), 0.2), rng.uniform(5, 8), rng.uniform(15, 40)
    for y in (0, span):
        p.tube(0, y, -0.5, 0.11, h + 0.5, m)
    p.pane(0, span / 2, h - 2.2, span, 2.0, Material(np.full(3, 0.02), np.full(3, 0.02)),
           np.pi / 2, holes='cables')


def barrier(p: Placer, rng):
    """Barrier of a building site, or a scaffold."""
    m = material(rng, ('stripe', 'plain'), 1.0, size=(0.4, 1.0), contrast=0.9)
    w = rng.uniform(1.0, 2.5)
    for z in (0.35, 0.8):
        p.box(0, 0, z, w, 0.03, rng.uniform(0.1, 0.25), m)
    for s in (-1, 1):
        p.box(s * w * 0.45, 0, 0, 0.05, 0.5, 0.05, m)
        p.box(s * w * 0.45, 0, 0, 0.05, 0.05, 1.0, m)


POSTS = (sign, sign, bollard, bollard, bench, wheelie_bin, traffic_light, barrier)
