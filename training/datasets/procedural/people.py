# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""People and animals of capsules: standing, walking, sitting, crouching, with bags and hats."""
from __future__ import annotations

import numpy as np
from training.datasets.procedural.scene import colour, lean, Material, material, Placer

FABRIC = ('weave', 'noise', 'stripe', 'checker', 'plain', 'plain')


def _skin(rng):
    return Material(np.array([0.6, 0.4, 0.3]) * rng.uniform(0.15, 1.3), np.array([0.5, 0.3, 0.2]))


def _head(p, rng, x, y, z, size):
    p.ball(x, y, z, 0.085 * size, 0.1 * size, 0.125 * size, _skin(rng))
    hair = Material(colour(rng, 0.4, 0.02, 0.5), np.full(3, 0.05))
    p.ball(x, y - 0.025 * size, z + 0.03 * size, 0.095 * size, 0.1 * size, 0.11 * size, hair)
    if rng.random() < 0.2:
        p.tube(x, y, z + 0.06 * size, 0.15 * size, 0.02, material(rng, FABRIC, 1.0))


def person(p: Placer, rng, lean_by=0.0):
    """Person standing or walking; `lean_by` radians bends the trunk forward."""
    h = rng.uniform(1.05, 1.95) if rng.random() < 0.9 else rng.uniform(0.7, 1.2)
    if rng.random() < 0.12 and not lean_by:
        return sitting(p, rng)
    fat = rng.uniform(0.8, 1.4) * h / 1.75
    trousers, shirt = material(rng, FABRIC, 0.9), material(rng, FABRIC, 1.0)
    skin, step = _skin(rng), rng.uniform(0, 0.25) * h / 1.75
    bare = rng.random() < 0.3
    for s in (-1, 1):
        p.tube(s * 0.095 * fat, s * step * 0.5, 0, 0.075 * fat, h * 0.49, trousers,
               lean(s * step * 1.16))
        p.box(s * 0.095 * fat, s * step + 0.05, 0, 0.09, 0.26, 0.08, _shoe(rng))
        swing = s * step * 1.5 + rng.normal() * 0.15
        p.tube(s * 0.23 * fat, lean_by * 0.3, h * 0.44, 0.045 * fat, h * 0.38,
               skin if bare else shirt, lean(-swing - lean_by))
    forward = lean_by * 0.25 * h
    p.ball(0, forward * 0.4, h * 0.66, 0.2 * fat, 0.125 * fat, h * 0.21, shirt)
    if rng.random() < 0.25:
        p.ball(0, 0, h * 0.45, 0.23 * fat, 0.18 * fat, h * 0.22, trousers)  # skirt or coat
    p.tube(0, forward * 0.8, h * 0.83, 0.05, 0.08, skin)
    _head(p, rng, 0, forward, h * 0.93, h / 1.75)
    if rng.random() < 0.2:
        p.box(rng.choice([0.0, 0.3]), -0.2, h * 0.5, 0.3, 0.18, 0.42, material(rng, FABRIC, 1.0))


def _shoe(rng):
    return Material(colour(rng, 0.3, 0.02, 0.5), np.full(3, 0.05))


def sitting(p: Placer, rng):
    """Person on a seat 0.45 m high, facing +y."""
    trousers, shirt = material(rng, FABRIC, 0.9), material(rng, FABRIC, 1.0)
    for s in (-1, 1):
        p.tube(s * 0.1, 0.42, 0, 0.065, 0.48, trousers)
        p.tube(s * 0.1, 0.2, 0.3, 0.08, 0.45, trousers, lean(np.pi / 2))
        p.tube(s * 0.23, 0.1, 0.55, 0.05, 0.45, shirt, lean(-0.6))
    p.ball(0, -0.02, 0.75, 0.2, 0.14, 0.33, shirt)
    _head(p, rng, 0, 0.02, 1.17, 1.0)
    p.box(0, -0.05, 0, 0.42, 0.4, 0.44, material(rng, FABRIC, 0.6))


def animal(p: Placer, rng):
    """Dog, cat or sheep."""
    s, fur = rng.uniform(0.35, 1.1), material(rng, ('noise', 'plain', 'grain'), 0.4)
    for x in (-1, 1):
        for y in (-1, 1):
            p.tube(x * 0.1 * s, y * 0.26 * s, 0, 0.035 * s, 0.4 * s, fur)
    p.ball(0, 0, 0.5 * s, 0.16 * s, 0.42 * s, 0.18 * s, fur)
    p.ball(0, 0.48 * s, 0.68 * s, 0.11 * s, 0.17 * s, 0.12 * s, fur)
    p.tube(0, -0.45 * s, 0.5 * s, 0.025, 0.3 * s, fur, lean(0.8))
