# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Vehicles: cars of several bodies, vans, trucks, buses, bicycles, motorcycles, trolleys."""
from __future__ import annotations

import numpy as np
from training.datasets.procedural import people
from training.datasets.procedural.scene import colour, lean, Material, material, Placer

SIDEWAYS = lean(np.pi / 2, 1)
DARK = Material(np.full(3, 0.02), np.full(3, 0.05), 1, 0.5, 0.3, hidden=0.4)


def _paint(rng):
    a = colour(rng, 0.9, 0.02, 0.9)
    black = a.max() < 0.06
    return Material(a, a * rng.uniform(0.85, 1.1), 0, 1.0, rng.uniform(0, 0.4), 0.8,
                    mirror=rng.choice([0.0, 0.0, 0.18]), hidden=0.6 if black else 0.0)


def _glass(rng):
    return Material(np.full(3, rng.uniform(0.01, 0.06)), np.full(3, 0.1), 2, 1.0, 0.1, 1.0,
                    mirror=rng.choice([0.0, 0.0, 0.22]), hidden=0.5)


def _wheels(p, rng, w, length, radius, at=0.32):
    rim = material(rng, ('dots', 'plain', 'stripe'), 0.05, 0.2, size=(0.1, 0.4))
    for sx in (-1, 1):
        for sy in (-1, 1):
            place = p.point(sx * (w / 2 - 0.09), sy * length * at, radius)
            p.scene.cylinder(place, radius, 0.11, DARK, rotation=p.rotation @ SIDEWAYS)
            place = p.point(sx * (w / 2 + 0.015), sy * length * at, radius)
            p.scene.cylinder(place, radius * 0.62, 0.012, rim, rotation=p.rotation @ SIDEWAYS)


def _ends(p, rng, w, length, z, lit):
    """Lamps and number plates; `lit`: emission."""
    for end, tint in ((-1, (0.7, 0.02, 0.02)), (1, (0.9, 0.9, 0.8))):
        lamp = Material(np.array(tint), np.array(tint) * 0.6, 0, 1.0, 0, 0.8, lit)
        for sx in (-1, 1):
            p.box(sx * w * 0.37, end * (length / 2 + 0.005), z, 0.26, 0.05, 0.14, lamp)
        p.box(0, end * (length / 2 + 0.01), z - 0.2, 0.5, 0.03, 0.11,
              Material(np.ones(3), np.full(3, 0.1), 23, 0.3))


def car(p: Placer, rng, lit=0.0):
    """Car: saloon, hatchback, estate or pickup."""
    paint, glass = _paint(rng), _glass(rng)
    w, length = rng.uniform(1.6, 1.9), rng.uniform(3.4, 4.9)
    belt, roof = rng.uniform(0.82, 1.0), rng.uniform(1.36, 1.8)
    kind = rng.choice(['saloon', 'hatch', 'estate', 'pickup'], p=[0.35, 0.35, 0.2, 0.1])
    nose = rng.uniform(0.18, 0.3) * length
    tail = {'saloon': 0.17, 'hatch': 0.03, 'estate': 0.01, 'pickup': 0.38}[str(kind)] * length
    hood = belt - rng.uniform(0.0, 0.15)
    p.box(0, (nose - tail) * -0.5 + 0.0, 0.2, w, length - nose - tail, belt - 0.2, paint)
    p.box(0, length / 2 - nose / 2, 0.22, w * 0.98, nose, hood - 0.22, paint,
          lean(-rng.uniform(0, 0.06)))
    if tail > 0.2:
        p.box(0, -length / 2 + tail / 2, 0.22, w * 0.98, tail, belt - 0.24, paint)
    p.box(0, 0, 0.18, w * 1.01, length * 1.01, 0.18, DARK)
    front, back = length / 2 - nose, -length / 2 + tail
    rake, drop = rng.uniform(0.3, 0.6), rng.uniform(0.05, 0.35)
    cabin, middle = front - back - rake - drop, (front - rake + back + drop) / 2
    rise = roof - belt
    p.box(0, middle, belt, w * 0.86, max(cabin, 0.6), rise, glass)
    p.box(0, middle, roof - 0.05, w * 0.84, max(cabin, 0.6) + 0.06, 0.07, paint)
    for y, run, s in ((front - rake / 2, rake, 1), (back + drop / 2, drop, -1)):
        slope = np.hypot(run, rise)
        p.box(0, y - s * 0.02, belt + rise / 2 - slope / 2, w * 0.84, 0.05, slope, glass,
              lean(s * np.arctan2(run, rise)))
    for sx in (-1, 1):  # pillars, mirrors
        p.box(sx * w * 0.43, middle - 0.05, belt, 0.02, 0.08, rise, paint)
        p.box(sx * (w / 2 + 0.08), front - rake * 0.6, belt, 0.16, 0.1, 0.13, paint)
    _wheels(p, rng, w, length, rng.uniform(0.29, 0.36))
    _ends(p, rng, w, length, 0.6, lit)


def van(p: Placer, rng, lit=0.0):
    """Van, truck or bus."""
    kind = rng.choice(['van', 'truck', 'bus'], p=[0.55, 0.3, 0.15])
    paint, glass = _paint(rng), _glass(rng)
    w, length, h = {'van': (rng.uniform(1.8, 2.1), rng.uniform(4.4, 6), rng.uniform(1.9, 2.6)),
                    'truck': (2.5, rng.uniform(6, 12), rng.uniform(2.8, 3.8)),
                    'bus': (2.5, rng.uniform(8, 13), rng.uniform(2.8, 3.3))}[str(kind)]
    cab = rng.uniform(0.6, 1.8) if kind != 'bus' else 0.3
    side = material(rng, ('plain', 'letters', 'photo', 'stripe', 'poster'), 0.9,
                    size=(1.0, 4.0), contrast=0.8) if rng.random() < 0.5 else paint
    p.box(0, -cab / 2, 0.4, w, length - cab, h - 0.4, side)
    share = rng.uniform(0.5, 0.8) if cab > 0.5 else 0.9
    p.box(0, length / 2 - cab / 2, 0.35, w * 0.97, cab, h * share, paint)
    p.box(0, length / 2 - 0.2, h * 0.5, w * 0.9, 0.45, h * 0.25, glass)
    if kind == 'bus':
        p.box(0, 0, h * 0.45, w + 0.02, length * 0.96, h * 0.32, glass)
    _wheels(p, rng, w, length, 0.35 if kind == 'van' else 0.48)
    _ends(p, rng, w, length, 0.8, lit)


def bicycle(p: Placer, rng):
    """Bicycle: two spoked wheels, a frame of thin tubes, handlebar, saddle."""
    metal, tyre = material(rng, ('plain',), 1.0), DARK
    for s in (-1, 1):
        p.pane(0, s * 0.52, 0, 0.68, 0.68, tyre, np.pi / 2, holes='wheel')
    for y, z, length, angle in ((0.2, 0.3, 0.7, 0.9), (-0.15, 0.3, 0.6, -0.5),
                                (0.45, 0.32, 0.65, -0.3)):
        p.tube(0, y - 0.1, z, 0.018, length, metal, lean(-angle))
    p.box(0, 0.05, 0.82, 0.03, 0.6, 0.03, metal)
    p.box(0, 0.42, 1.0, 0.5, 0.03, 0.03, metal)
    p.ball(0, -0.25, 0.95, 0.08, 0.14, 0.04, tyre)


def cyclist(p: Placer, rng):
    """Person riding a bicycle."""
    bicycle(p, rng)
    people.person(Placer(p.scene, *p.point(0, -0.15, 0)[:2], p.yaw, p.origin[2] + 0.25), rng,
                  lean_by=0.35)


def motorcycle(p: Placer, rng):
    """Motorcycle or scooter."""
    paint = _paint(rng)
    for s in (-1, 1):
        p.scene.cylinder(p.point(0, s * 0.65, 0.3), 0.3, 0.07, DARK,
                         rotation=p.rotation @ SIDEWAYS)
    p.box(0, 0, 0.35, 0.28, 0.9, 0.35, paint)
    p.ball(0, 0.2, 0.8, 0.2, 0.35, 0.18, paint)
    p.box(0, -0.35, 0.72, 0.28, 0.6, 0.1, DARK)
    p.box(0, 0.55, 1.0, 0.7, 0.05, 0.05, DARK)


def trolley(p: Placer, rng):
    """Hand cart, pallet truck or shopping trolley."""
    metal = material(rng, ('plain', 'grain'), 0.9)
    w, d = rng.uniform(0.4, 0.8), rng.uniform(0.6, 1.2)
    kind = rng.integers(3)
    if kind == 0:  # wire basket
        z, h = 0.45, rng.uniform(0.3, 0.5)
        for x, y, length, turn_by in ((0, d / 2, w, 0), (0, -d / 2, w, 0),
                                      (w / 2, 0, d, np.pi / 2), (-w / 2, 0, d, np.pi / 2)):
            p.pane(x, y, z, length, h, metal, turn_by, holes='lattice', repeat=(9, 5))
        p.box(0, 0, z, w, d, 0.02, metal)
    elif kind == 1:  # tiers
        for z in (0.15, 0.5, 0.85):
            p.box(0, 0, z, w, d, 0.03, metal)
    else:
        p.box(0, 0, 0.12, w, d, 0.05, metal)
    for sx in (-1, 1):
        for sy in (-1, 1):
            p.tube(sx * (w / 2 - 0.03), sy * (d / 2 - 0.03), 0, 0.05, 0.1, DARK)
            if kind != 2:
                p.tube(sx * (w / 2 - 0.02), sy * (d / 2 - 0.02), 0.05, 0.012, 0.9, metal)
    p.tube(0, -d / 2 - 0.05, 0.1, 0.02, 0.95, metal)
    p.box(0, -d / 2 - 0.05, 1.0, w, 0.03, 0.03, metal)
