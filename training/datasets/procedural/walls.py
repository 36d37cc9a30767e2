# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What encloses an interior: floor, walls with openings, ceiling, pictures, lamps, outside."""
from __future__ import annotations

import numpy as np
from training.datasets.procedural.scene import Light, Material, material

WALL = ('plain', 'plain', 'plain', 'noise', 'brick', 'tile', 'stripe', 'planks', 'cloud')
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
    ground = material(rng, FLOOR, 0.5, size=(0.4, 2.5), gloss=0.5)
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


def pictures(scene, rng, w, d, height):
    """Hang posters, boards, screens and pipes flat on the walls."""
    for _ in range(int(rng.integers(0, 7))):
        side = rng.integers(4)
        pw, ph = rng.uniform(0.2, 1.6), rng.uniform(0.2, 1.2)
        z = rng.uniform(0.8, max(0.9, min(height - 0.5, 2.2)))
        m = material(rng, ('poster', 'text', 'cloud', 'plain', 'stripe', 'facade'), 1.0,
                     size=(0.4, 1.5), contrast=0.9)
        scene.new_instance()
        t = rng.choice([0.01, 0.01, 0.04])
        if side < 2:
            y = (d / 2 - t) * (1 if side else -1)
            scene.box((rng.uniform(-w / 2, w / 2) * 0.8, y, z), (pw / 2, t, ph / 2), m)
        else:
            x = (w / 2 - t) * (1 if side == 3 else -1)
            scene.box((x, rng.uniform(-d / 2, d / 2) * 0.8, z), (t, pw / 2, ph / 2), m)
    for _ in range(int(rng.integers(0, 3))):
        scene.new_instance()
        side = rng.choice([-1, 1])
        z, r = rng.uniform(0.1, height - 0.1), rng.uniform(0.02, 0.08)
        scene.box((0, side * (d / 2 - r), z), (w / 2, r, r), material(rng, ('plain',)))


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
