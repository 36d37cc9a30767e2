# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What encloses an interior: floor, walls with openings, ceiling, pictures, lamps, outside."""
from __future__ import annotations

import numpy as np
from training.datasets.procedural import fittings
from training.datasets.procedural.scene import lean, Light, Material, material, Placer
from training.datasets.procedural.things import clutter

WALL = ('plain', 'plain', 'plain', 'plain', 'grain', 'brick', 'tile', 'stripe', 'planks', 'cloud')
FLOOR = ('planks', 'tile', 'wood', 'noise', 'grain', 'checker', 'weave', 'marble', 'plain')


def _opening(scene, rng, m, start, along, normal, length, height, thick):
    """Add one wall as boxes: solid, or with a door, window or wide gap."""
    kind = rng.choice(['solid', 'solid', 'door', 'window', 'window', 'gap'])
    p = np.asarray(start)
    yaw = np.arctan2(along[1], along[0])

    def piece(a, b, low, high, mat=m, push=0.0, depth=thick):
        if b - a > 0.01 and high - low > 0.01:
            centre = p[:2] + along * (a + b) / 2 + normal * (thick / 2 + push)
            scene.box((*centre, (low + high) / 2), ((b - a) / 2, depth / 2, (high - low) / 2),
                      mat, yaw)
    if kind == 'solid' or length < 1.6:
        piece(0, length, 0, height)
        return 'solid'
    size = {'door': rng.uniform(0.75, 1.1), 'window': rng.uniform(0.7, 2.4),
            'gap': rng.uniform(1.2, 3.0)}[kind]
    size = min(size, length - 0.5)
    a = rng.uniform(0.2, length - size - 0.2)
    low = rng.uniform(0.5, 1.1) if kind == 'window' else 0.0
    high = min(height - 0.05, {'door': 2.05, 'window': low + rng.uniform(0.8, 1.5),
                               'gap': rng.uniform(2.1, 3.0)}[kind])
    piece(0, a, 0, height)
    piece(a + size, length, 0, height)
    piece(a, a + size, 0, low)
    piece(a, a + size, high, height)
    frame = material(rng, ('plain', 'wood'), 0.3, 0.2)
    scene.new_instance()
    for x in (a, a + size):
        piece(x - 0.03, x + 0.03, low, high, frame, -0.02, thick + 0.06)
    piece(a, a + size, high - 0.06, high, frame, -0.02, thick + 0.06)
    if kind == 'window':
        for k in range(1, int(rng.integers(1, 4))):
            x = a + size * k / 3
            piece(x - 0.02, x + 0.02, low, high, frame, 0, 0.05)
        if rng.random() < 0.6:
            middle = p[:2] + along * (a + size / 2) + normal * thick / 2
            scene.pane((*middle, (low + high) / 2), size, high - low, fittings.CLEAR, yaw,
                       glass=True)
        if rng.random() < 0.2:
            blind = material(rng, ('plain', 'slats'), 0.4)
            middle = p[:2] + along * (a + size / 2) - normal * 0.03
            drop = (high - low) * rng.uniform(0.3, 1.0)
            scene.pane((*middle, high - drop / 2), size, drop, blind, yaw, holes='lattice',
                       repeat=(1, max(3, int(drop / 0.07))))
        if rng.random() < 0.4:
            curtain = material(rng, ('stripe', 'weave', 'plain'), 0.8)
            piece(a - 0.3, a + size * rng.uniform(0.1, 0.6), 0.1, high + 0.2, curtain,
                  -thick / 2 - 0.08, 0.05)
    if kind == 'door' and rng.random() < 0.4:
        centre = p[:2] + along * (a + size / 2)
        if rng.random() < 0.5:
            piece(a, a + size, 0, high, material(rng, ('wood', 'plain'), 0.5), 0, 0.05)
        else:
            leaf = centre + along * size / 2 - normal * size / 2
            scene.box((*leaf, high / 2), (0.02, size / 2, high / 2),
                      material(rng, ('wood', 'plain'), 0.5), yaw)
    return kind


def shell(scene, rng, w, d, height, ceiling=True):
    """Floor, four walls with openings, ceiling; returns the kinds of the openings."""
    ground = material(rng, FLOOR, 0.5, size=(0.3, 2.5), gloss=0.5)
    ground.mirror = rng.uniform(0.1, 0.35) if rng.random() < 0.2 else 0.0
    scene.new_instance()
    scene.box((0, 0, -0.5), (w / 2 + 45, d / 2 + 45, 0.5), ground)
    kinds = []
    same = material(rng, WALL, 0.4, 0.15, size=(0.4, 2.5))
    for sx, sy, length in ((0, 1, w), (0, -1, w), (1, 0, d), (-1, 0, d)):
        scene.new_instance()
        m = same if rng.random() < 0.7 else material(rng, WALL, 0.7, size=(0.4, 2.5))
        normal = np.array([sx, sy], dtype=float)
        along = np.array([sy, -sx], dtype=float)
        corner = normal * (w / 2, d / 2) - along * length / 2
        kinds.append(_opening(scene, rng, m, corner, along, normal, length, height, 0.12))
        if rng.random() < 0.5:
            base = corner + along * length / 2 - normal * 0.01
            scene.box((*base, 0.05), (length / 2, 0.012, 0.05), material(rng, ('plain', 'wood')),
                      np.arctan2(along[1], along[0]))
    if ceiling:
        scene.new_instance()
        scene.box((0, 0, height + 0.1), (w / 2 + 8, d / 2 + 8, 0.1),
                  material(rng, ('plain', 'plain', 'tile', 'planks', 'grain'), 0.2, 0.4))
    return kinds


def _on_wall(rng, w, d, away):
    """Give a random place `away` metres before a wall, and the yaw of things that hang there."""
    side = rng.integers(4)
    x, y = rng.uniform(-w / 2, w / 2) * 0.8, rng.uniform(-d / 2, d / 2) * 0.8
    if side < 2:
        return x, (d / 2 - away) * (1 if side else -1), np.pi if side else 0.0
    return (w / 2 - away) * (1 if side == 3 else -1), y, (0.5 if side == 3 else -0.5) * np.pi


PRINTED = ('poster', 'photo', 'photo', 'text', 'letters', 'cloud', 'plain', 'stripe', 'lines',
           'crack')


def pictures(scene, rng, w, d, height):
    """Hang posters, screens, mirrors, cables, radiators and boards with things on the walls."""
    for _ in range(int(rng.integers(0, 8))):
        x, y, yaw = _on_wall(rng, w, d, 0.0)
        p = Placer(scene, x, y, yaw)
        pw, ph = rng.uniform(0.2, 1.6), rng.uniform(0.2, 1.2)
        z = rng.uniform(0.7, max(0.8, min(height - 0.5, 1.8)))
        kind = rng.random()
        if kind < 0.6:
            m = material(rng, PRINTED, 1.0, size=(0.5, 1.5), contrast=0.9, gloss=0.5)
            p.box(0, 0, z, pw, rng.choice([0.01, 0.01, 0.06]), ph, m)
        elif kind < 0.72:
            tall = rng.random() < 0.4
            p.pane(0, 0.012, 0.2 if tall else z, pw, 1.7 if tall else ph, fittings.mirror(rng))
            if rng.random() < 0.6:
                p.box(0, 0, (0.2 if tall else z) - 0.04, pw + 0.08, 0.02,
                      (1.7 if tall else ph) + 0.08, material(rng, ('wood', 'plain')))
        elif kind < 0.82:  # radiator
            m = material(rng, ('slats', 'stripe', 'plain'), 0.1, 0.4, size=(0.1, 0.5))
            p.box(0, 0.06, 0.12, pw + 0.4, 0.09, 0.6, m)
        elif kind < 0.93:  # board with things
            p.box(0, 0.12, z, pw + 0.3, 0.22, 0.03, material(rng, ('wood', 'plain')))
            clutter(p, rng, z + 0.03, (pw + 0.3) * 0.4, 0.05, int(rng.integers(0, 4)))
        else:  # screen
            shown = material(rng, ('photo', 'text', 'poster'), 1.0, contrast=0.9)
            shown.emission, shown.hidden = rng.choice([0.0, 0.4]), rng.choice([0.0, 1.0])
            p.box(0, 0.03, z, pw + 0.2, 0.05, (pw + 0.2) * 0.57, shown)
    for _ in range(int(rng.integers(0, 3))):
        scene.new_instance()
        side = rng.choice([-1, 1])
        z, r = rng.uniform(0.1, height - 0.1), rng.uniform(0.01, 0.08)
        scene.box((0, side * (d / 2 - r), z), (w / 2, r, r), material(rng, ('plain',)))


def corners(scene, rng, w, d, height):
    """Fill a corner, hang beams or a sloping ceiling, raise a part of the floor."""
    m = material(rng, WALL, 0.4, 0.15, size=(0.4, 2.5))
    if rng.random() < 0.3 and min(w, d) > 3:
        sx, sy = rng.choice([-1, 1], 2)
        bw, bd = rng.uniform(0.15, 0.4) * w, rng.uniform(0.15, 0.4) * d
        tall = height if rng.random() < 0.7 else rng.uniform(0.9, 1.4)
        scene.new_instance()
        scene.box((sx * (w - bw) / 2, sy * (d - bd) / 2, tall / 2), (bw / 2, bd / 2, tall / 2), m)
    kind = rng.random()
    scene.new_instance()
    if kind < 0.15:
        for y in np.arange(-d / 2 + 0.5, d / 2, rng.uniform(0.8, 2.0)):
            scene.box((0, y, height - 0.08), (w / 2, rng.uniform(0.04, 0.12), 0.1), m)
    elif kind < 0.25:  # under the roof
        angle, side = rng.uniform(0.5, 0.9), rng.choice([-1, 1])
        scene.add(0, (side * w / 2, 0, height - 0.2), (w * 0.55, d / 2, 0.05), m,
                  rotation=lean(side * angle, 1))
    elif kind < 0.35:
        raised = rng.uniform(0.1, 0.35)
        scene.box((0, d / 2 - d * 0.15, raised / 2), (w / 2, d * 0.15, raised / 2),
                  material(rng, FLOOR, 0.5, size=(0.4, 2.5)))


def outside(scene, rng, w, d):
    """Ground and house fronts beyond windows, or the next room's far walls."""
    for side in range(4):
        far = rng.choice([rng.uniform(0.9, 2.5), rng.uniform(2, 8), rng.uniform(8, 40)])
        if rng.random() < 0.25:
            continue
        m = material(rng, WALL + ('facade', 'leaf'), size=(0.5, 5.0))
        h = rng.uniform(2.2, 6)
        scene.new_instance()
        if side < 2:
            scene.box((0, (d / 2 + far) * (1 if side else -1), h / 2), (w * 2, 0.1, h / 2), m)
        else:
            scene.box(((w / 2 + far) * (1 if side == 3 else -1), 0, h / 2), (0.1, d * 2, h / 2),
                      m)


def lights(scene, rng, w, d, height, outside):
    """Ceiling lamps, ambient light and what comes in through the windows."""
    warm = np.array([1.0, rng.uniform(0.75, 1.0), rng.uniform(0.5, 1.05)])
    for _ in range(int(rng.integers(1, 4))):
        x, y = rng.uniform(-0.4, 0.4, 2) * (w, d)
        scene.lights.append(Light(np.array([x, y, height - rng.uniform(0.15, 0.6)]),
                                  warm * rng.uniform(0.3, 1.6)))
        if rng.random() < 0.6:
            lamp = Material(np.ones(3), np.ones(3), emission=1.0)
            scene.new_instance()
            scene.box((x, y, height - 0.03), (*rng.uniform(0.08, 0.6, 2), 0.03), lamp)
    if outside and rng.random() < 0.5:
        direction = np.array([*rng.normal(size=2), rng.uniform(0.2, 1.0)])
        scene.lights.insert(0, Light(direction / np.linalg.norm(direction),
                                     np.array([1.0, 0.95, 0.85]) * rng.uniform(0.5, 3), True))
    scene.ambient = warm * rng.uniform(0.08, 0.5)
    if rng.random() < 0.08:  # lights out: one lamp, or only what the robot carries
        scene.night = 1.0
        scene.sky = scene.sky * 0.02
        scene.ambient = scene.ambient * 0.05
        scene.lights = scene.lights[-1:] if rng.random() < 0.5 else []
