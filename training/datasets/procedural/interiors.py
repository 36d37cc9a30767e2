# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Interiors: rooms with openings, corridors, halls with racks, kitchens, offices, desk tops."""
from __future__ import annotations

import numpy as np
from training.datasets.procedural import furniture
from training.datasets.procedural.scene import colour, Light, Material, material, Placer, Scene

WALL = ('plain', 'plain', 'plain', 'noise', 'brick', 'tile', 'stripe', 'planks', 'cloud')
FLOOR = ('planks', 'tile', 'wood', 'noise', 'grain', 'checker', 'weave', 'marble', 'plain')
STYLES = {
    'living': ('table', 'sofa', 'sofa', 'shelf', 'cabinet', 'plant', 'lamp', 'chair', 'dining',
               'balls', 'person', 'bed', 'board'),
    'office': ('table', 'table', 'table', 'chair', 'chair', 'shelf', 'cabinet', 'board', 'plant',
               'bin', 'person', 'crates'),
    'kitchen': ('kitchen', 'kitchen', 'kitchen', 'dining', 'cabinet', 'chair', 'bin', 'shelf',
                'table', 'person'),
    'store': ('crates', 'crates', 'shelf', 'shelf', 'bin', 'pillar', 'board', 'balls', 'person'),
    'any': tuple(furniture.FURNITURE)}


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


def _pictures(scene, rng, w, d, height):
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


def _lights(scene, rng, w, d, height, outside):
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


def _outside(scene, rng, w, d):
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


def _furnish(scene, rng, w, d, style, count):
    """Scatter furniture without much overlap, pieces that like walls along them."""
    taken = []
    for _ in range(count):
        name = style[rng.integers(len(style))]
        build, hw, hd, wall = furniture.FURNITURE[name]
        for _ in range(8):
            yaw = rng.integers(4) * np.pi / 2
            turned = int(round(yaw / (np.pi / 2))) % 2
            ex, ey = (hd, hw) if turned else (hw, hd)
            room_x, room_y = w / 2 - ex, d / 2 - ey
            if room_x < 0 or room_y < 0:
                continue
            x, y = rng.uniform(-room_x, room_x), rng.uniform(-room_y, room_y)
            if rng.random() < wall:
                front = np.array([-np.sin(yaw), np.cos(yaw)])
                if turned:
                    x = -np.sign(front[0]) * (w / 2 - hd - 0.03)
                else:
                    y = -np.sign(front[1]) * (d / 2 - hd - 0.03)
            else:
                yaw = yaw + rng.normal() * 0.4
            if all(abs(x - a) > (ex + b) * 0.9 or abs(y - c) > (ey + e) * 0.9
                   for a, b, c, e in taken):
                taken.append((x, ex, y, ey))
                build(Placer(scene, x, y, yaw), rng)
                break


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


def room(scene: Scene, style=None, width=None, depth=None, pieces=None):
    """Build a furnished room; returns its free area (half width, half depth, height)."""
    rng = scene.rng
    w = width or float(np.exp(rng.uniform(np.log(2.2), np.log(9))))
    d = depth or float(np.exp(rng.uniform(np.log(2.2), np.log(9))))
    height = rng.uniform(2.2, 3.4)
    kinds = shell(scene, rng, w, d, height)
    _outside(scene, rng, w, d)
    _pictures(scene, rng, w, d, height)
    name = style or rng.choice(list(STYLES))
    count = int(w * d * rng.uniform(0.3, 1.4)) if pieces is None else pieces
    _furnish(scene, rng, w, d, STYLES[name], min(max(count, 5), 18))
    if rng.random() < 0.3:
        scene.new_instance()
        scene.box((*rng.uniform(-0.3, 0.3, 2) * (w, d), 0.006), (*rng.uniform(0.4, 1.5, 2), 0.006),
                  material(rng, ('weave', 'stripe', 'poster', 'noise'), 1.0))
    _lights(scene, rng, w, d, height, 'window' in kinds)
    return w / 2, d / 2, height


def corridor(scene: Scene):
    """Long narrow room with doors, pipes and a few things along the walls."""
    rng = scene.rng
    w, d, height = rng.uniform(1.2, 3.2), rng.uniform(7, 30), rng.uniform(2.2, 3.5)
    shell(scene, rng, w, d, height)
    _outside(scene, rng, w, d)
    leaf, frame = material(rng, ('wood', 'plain'), 0.6), material(rng, ('plain',))
    for side in (-1, 1):
        y = -d / 2 + rng.uniform(0.5, 3)
        while y < d / 2 - 1.5:
            scene.new_instance()
            kind = rng.integers(4)
            if kind < 2:
                inset = rng.choice([0.0, 0.03])
                scene.box((side * (w / 2 - inset), y, 1.02), (0.03, 0.45, 1.02), leaf)
                for s in (-1, 1):
                    scene.box((side * w / 2, y + s * 0.48, 1.05), (0.04, 0.04, 1.05), frame)
            elif kind == 2:
                scene.box((side * w / 2, y, height / 2), (0.15, 0.2, height / 2), frame)
            else:
                name = rng.choice(['cabinet', 'bin', 'chair', 'plant', 'crates', 'board'])
                furniture.FURNITURE[name][0](Placer(
                    scene, side * (w / 2 - 0.3), y, side * np.pi / 2), rng)
            y += rng.uniform(1.2, 4.5)
    for k in range(int(d / 3)):
        scene.new_instance()
        scene.box((0, -d / 2 + 1.5 + 3 * k, height - 0.02), (0.1, 0.6, 0.03),
                  Material(np.ones(3), np.ones(3), emission=1.0))
    for _ in range(int(rng.integers(0, 3))):
        furniture.person(Placer(scene, rng.uniform(-0.3, 0.3) * w,
                                rng.uniform(-0.4, 0.4) * d, rng.uniform(0, 7)), rng)
    _pictures(scene, rng, w, d, height)
    _lights(scene, rng, w, d, height, False)
    return w / 2 - 0.2, d / 2 - 0.5, height


def hall(scene: Scene):
    """Build a warehouse or shop: racks in rows, pallets, pillars, people, lamps hanging."""
    rng = scene.rng
    w, d, height = rng.uniform(8, 24), rng.uniform(8, 35), rng.uniform(3.5, 9)
    shell(scene, rng, w, d, height)
    _outside(scene, rng, w, d)
    steel = material(rng, ('plain',), 1.0)
    aisle, x = rng.uniform(2.2, 4.5), -w / 2 + rng.uniform(0.5, 2)
    while x < w / 2 - 0.5:
        levels, length = int(rng.integers(2, 5)), rng.uniform(1.8, 3)
        y = -d / 2 + rng.uniform(0.5, 3)
        while y < d / 2 - 1.5 and len(scene.kinds) < 170:
            scene.new_instance()
            if rng.random() < 0.8:
                step = min(height - 0.5, rng.uniform(1.5, 5)) / levels
                for s in (-1, 1):
                    scene.box((x + s * 0.45, y, step * levels / 2), (0.04, 0.04,
                                                                     step * levels / 2), steel)
                for k in range(levels):
                    z = 0.1 + k * step
                    scene.box((x, y + length / 2, z), (0.5, length / 2, 0.04), steel)
                    if rng.random() < 0.8:
                        h = rng.uniform(0.2, 0.85) * step
                        scene.box((x, y + length / 2, z + h / 2 + 0.04),
                                  (0.45, length * rng.uniform(0.2, 0.48), h / 2),
                                  material(rng, ('plain', 'text', 'grain', 'books'), 0.8))
            y += length
        x += 1.0 + aisle
    _furnish(scene, rng, w, d, ('crates', 'pillar', 'person', 'bin', 'crates', 'balls'), 8)
    _lights(scene, rng, w, d, height, False)
    scene.ambient = scene.ambient + rng.uniform(0.1, 0.4)
    return w / 2 - 1, d / 2 - 1, height


def desk_top(scene: Scene):
    """Room seen from close to a cluttered table: the camera stands at (0, -y) looking at it."""
    rng = scene.rng
    half_w, half_d, height = room(scene, rng.choice(['office', 'living']), pieces=4)
    p = Placer(scene, 0, 0, rng.uniform(0, 7))
    w, d, h = rng.uniform(1.0, 2.0), rng.uniform(0.6, 1.2), rng.uniform(0.6, 0.9)
    p.box(0, 0, h - 0.05, w, d, 0.05, material(rng, furniture.WOOD))
    for sx in (-1, 1):
        p.box(sx * w * 0.45, 0, 0, 0.06, d * 0.8, h - 0.05, material(rng, furniture.METAL))
    furniture.clutter(p, rng, h, w * 0.48, d * 0.45, int(rng.integers(6, 20)))
    scene.lights.append(Light(np.array([0, 0, height - 0.3]), colour(rng, 0.2, 0.5, 1.2)))
    return half_w, half_d, height
