# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Interiors: rooms with openings, corridors, halls with racks, kitchens, offices, desk tops."""
from __future__ import annotations

import numpy as np
from training.datasets.procedural import fittings, furniture, people, things, walls
from training.datasets.procedural.catalogue import FURNITURE, STYLES
from training.datasets.procedural.scene import colour, Light, Material, material, Placer, Scene


def _furnish(scene, rng, w, d, style, count):
    """Scatter furniture without much overlap, pieces that like walls along them."""
    taken = []
    for _ in range(count):
        name = style[rng.integers(len(style))]
        build, hw, hd, wall = FURNITURE[name]
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


def room(scene: Scene, style=None, width=None, depth=None, pieces=None):
    """Build a furnished room; returns its free area (half width, half depth, height)."""
    rng = scene.rng
    w = width or float(np.exp(rng.uniform(np.log(2.2), np.log(9))))
    d = depth or float(np.exp(rng.uniform(np.log(2.2), np.log(9))))
    height = rng.uniform(2.2, 3.4)
    kinds = walls.shell(scene, rng, w, d, height)
    walls.outside(scene, rng, w, d)
    walls.pictures(scene, rng, w, d, height)
    walls.corners(scene, rng, w, d, height)
    name = style or rng.choice(list(STYLES))
    count = int(w * d * rng.uniform(0.3, 1.4)) if pieces is None else pieces
    _furnish(scene, rng, w, d, STYLES[name], min(max(count, 5), 18))
    if rng.random() < 0.3:
        scene.new_instance()
        scene.box((*rng.uniform(-0.3, 0.3, 2) * (w, d), 0.006), (*rng.uniform(0.4, 1.5, 2), 0.006),
                  material(rng, ('weave', 'stripe', 'poster', 'noise'), 1.0))
    walls.lights(scene, rng, w, d, height, 'window' in kinds)
    return w / 2, d / 2, height


def corridor(scene: Scene):
    """Long narrow room with doors, pipes and a few things along the walls."""
    rng = scene.rng
    w, d, height = rng.uniform(1.2, 3.2), rng.uniform(7, 30), rng.uniform(2.2, 3.5)
    walls.shell(scene, rng, w, d, height)
    walls.outside(scene, rng, w, d)
    leaf, frame = material(rng, ('wood', 'plain'), 0.6), material(rng, ('plain',))
    for side in (-1, 1):
        y = -d / 2 + rng.uniform(0.5, 3)
        while y < d / 2 - 1.5:
            scene.new_instance()
            kind = rng.integers(4)
            if kind == 0 and rng.random() < 0.25:  # a glazed opening
                scene.pane((side * (w / 2 - 0.02), y, 1.1), 1.4, 2.0, fittings.CLEAR, np.pi / 2,
                           glass=True)
                for s in (-1, 1):
                    scene.box((side * (w / 2 - 0.02), y + s * 0.7, 1.1), (0.04, 0.03, 1.1), frame)
            elif kind < 2:
                inset = rng.choice([0.0, 0.03])
                scene.box((side * (w / 2 - inset), y, 1.02), (0.03, 0.45, 1.02), leaf)
                for s in (-1, 1):
                    scene.box((side * w / 2, y + s * 0.48, 1.05), (0.04, 0.04, 1.05), frame)
            elif kind == 2:
                scene.box((side * w / 2, y, height / 2), (0.15, 0.2, height / 2), frame)
            else:
                name = rng.choice(['cabinet', 'bin', 'chair', 'plant', 'crates', 'board', 'ladder',
                                   'trolley', 'shelf'])
                FURNITURE[name][0](Placer(
                    scene, side * (w / 2 - 0.3), y, side * np.pi / 2), rng)
            y += rng.uniform(1.2, 4.5)
    for k in range(int(d / 3)):
        scene.new_instance()
        scene.box((0, -d / 2 + 1.5 + 3 * k, height - 0.02), (0.1, 0.6, 0.03),
                  Material(np.ones(3), np.ones(3), emission=1.0))
    for _ in range(int(rng.integers(0, 3))):
        people.person(Placer(scene, rng.uniform(-0.3, 0.3) * w,
                             rng.uniform(-0.4, 0.4) * d, rng.uniform(0, 7)), rng)
    if rng.random() < 0.25:
        things.stairs(Placer(scene, 0, d / 2 * rng.uniform(0.5, 0.9), np.pi), rng)
    walls.pictures(scene, rng, w, d, height)
    walls.lights(scene, rng, w, d, height, False)
    return w / 2 - 0.2, d / 2 - 0.5, height


def hall(scene: Scene):
    """Build a warehouse or shop: racks in rows, pallets, pillars, people, lamps hanging."""
    rng = scene.rng
    w, d, height = rng.uniform(8, 24), rng.uniform(8, 35), rng.uniform(3.5, 9)
    walls.shell(scene, rng, w, d, height)
    walls.outside(scene, rng, w, d)
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
    _furnish(scene, rng, w, d, ('crates', 'pillar', 'person', 'bin', 'crates', 'balls', 'trolley',
                                'ladder', 'stairs', 'partition', 'rack'), 9)
    walls.lights(scene, rng, w, d, height, False)
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
    things.clutter(p, rng, h, w * 0.48, d * 0.45, int(rng.integers(6, 20)))
    scene.lights.append(Light(np.array([0, 0, height - 0.3]), colour(rng, 0.2, 0.5, 1.2)))
    return half_w, half_d, height
