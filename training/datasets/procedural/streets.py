# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Outdoors: streets with traffic, and yards, paths and parks seen by a low robot."""
from __future__ import annotations

import numpy as np
from training.datasets.procedural import furniture, things
from training.datasets.procedural.scene import (
    colour,
    lean,
    Light,
    Material,
    material,
    Placer,
    Scene,
)

GREY = ('plain', 'grain')


def car(p: Placer, rng):
    """Car, van or truck of stacked boxes on four wheels."""
    kind = rng.choice(['car', 'van', 'truck'], p=[0.75, 0.15, 0.1])
    paint = Material(colour(rng, 0.9, 0.02, 0.9), colour(rng, 0.3), 0, 1.0, 0.1, 0.8)
    glass = Material(np.full(3, 0.03), np.full(3, 0.1), 0, 1.0, 0.1, 1.0)
    dark = Material(np.full(3, 0.02), np.full(3, 0.05))
    w = rng.uniform(1.6, 1.9)
    length = {'car': rng.uniform(3.4, 4.8), 'van': rng.uniform(4.5, 6),
              'truck': rng.uniform(6, 12)}[kind]
    if kind == 'car':
        belt, roof = rng.uniform(0.85, 1.0), rng.uniform(1.38, 1.75)
        back = rng.uniform(-0.2, 0.25) * length * 0.5
        cabin = length * rng.uniform(0.45, 0.62)
        p.box(0, 0, 0.22, w, length, belt - 0.22, paint)
        p.box(0, -back, belt, w * 0.88, cabin, roof - belt, glass)
        p.box(0, -back, roof - 0.05, w * 0.86, cabin * 0.85, 0.06, paint)
        for s in (-1, 1):
            slope = lean(s * rng.uniform(0.5, 0.9))
            p.box(0, -back + s * cabin * 0.5, belt - 0.1, w * 0.85, 0.06, roof - belt, glass,
                  slope)
    else:
        h = rng.uniform(1.9, 2.6) if kind == 'van' else rng.uniform(2.8, 3.8)
        w = w + 0.1 if kind == 'van' else 2.5
        cab = rng.uniform(0.6, 1.8)
        p.box(0, -cab / 2, 0.4, w, length - cab, h - 0.4, paint)
        p.box(0, length / 2 - cab / 2, 0.35, w * 0.97, cab, h * rng.uniform(0.5, 0.8), paint)
        p.box(0, length / 2 - 0.2, h * 0.5, w * 0.9, 0.45, h * 0.25, glass)
    for sx in (-1, 1):
        for sy in (-1, 1):
            p.scene.cylinder(p.point(sx * w * 0.46, sy * length * 0.32, 0.31), 0.31, 0.11, dark,
                             rotation=p.rotation @ lean(np.pi / 2, 1))
    for sx in (-1, 1):
        p.box(sx * w * 0.36, -length / 2 - 0.01, 0.65, 0.25, 0.05, 0.15,
              Material(np.array([0.7, 0.02, 0.02]), np.array([0.4, 0.0, 0.0])))
    p.box(0, -length / 2 - 0.02, 0.5, 0.5, 0.03, 0.11, Material(np.ones(3), np.ones(3), 10, 0.4))


def tree(p: Placer, rng):
    """Trunk with a crown of leaf blobs; bushes have no trunk."""
    h = rng.uniform(0.2, 0.6) if rng.random() < 0.25 else rng.uniform(1.5, 5.0)
    bark = Material(np.array([0.16, 0.11, 0.07]), np.array([0.3, 0.25, 0.2]), 1, 0.4)
    p.tube(0, 0, 0, rng.uniform(0.06, 0.3), h + 0.6, bark)
    size = rng.uniform(0.4, 0.9) * max(h, 1.0) * 0.7
    green = things.leaves(rng)
    for _ in range(int(rng.integers(3, 9))):
        r = size * rng.uniform(0.35, 0.9)
        p.ball(*(rng.uniform(-1, 1, 2) * size * 0.7), h + size * rng.uniform(0, 1.3), r, r,
               r * rng.uniform(0.6, 1.0), green)


def post(p: Placer, rng):
    """Lamp post, traffic light, sign or bollard."""
    kind = rng.integers(4)
    m = material(rng, GREY, 0.3)
    if kind == 0:
        h = rng.uniform(4, 9)
        p.tube(0, 0, 0, 0.08, h, m)
        p.box(0, 0.7, h - 0.1, 0.12, 1.6, 0.1, m)
    elif kind == 1:
        h = rng.uniform(2, 3.2)
        p.tube(0, 0, 0, 0.04, h, m)
        sign = Material(colour(rng, 1.0, 0.3), np.ones(3), 10, 0.6)
        p.box(0, -0.05, h - 0.6, rng.uniform(0.4, 0.9), 0.03, rng.uniform(0.4, 0.9), sign)
    elif kind == 2:
        p.tube(0, 0, 0, 0.07, 3.4, m)
        p.box(0, -0.1, 2.5, 0.3, 0.25, 0.9, Material(np.full(3, 0.02), np.full(3, 0.05)))
    else:
        p.tube(0, 0, 0, rng.uniform(0.05, 0.15), rng.uniform(0.6, 1.2),
               material(rng, ('stripe',), 1.0))


def cyclist(p: Placer, rng):
    """Person on a bicycle (two thin wheels and a bar)."""
    things.person(Placer(p.scene, p.origin[0], p.origin[1], p.yaw, 0.25), rng)
    dark = Material(np.full(3, 0.03), np.full(3, 0.1))
    for s in (-1, 1):
        p.scene.cylinder(p.point(0, s * 0.52, 0.34), 0.34, 0.025, dark,
                         rotation=p.rotation @ lean(np.pi / 2, 1))
    p.box(0, 0, 0.5, 0.05, 1.0, 0.06, dark)


def house(scene, rng, x, y, w, d, h, yaw=0.0):
    """Block with a facade texture, sometimes a pitched roof, a plinth and a door."""
    scene.new_instance()
    m = material(rng, ('facade', 'facade', 'brick', 'plain', 'tile', 'planks'), 0.5, 0.15,
                 size=(3.0, 7.0))
    m.colour_a = m.colour_b * rng.uniform(0.05, 0.9)
    p = Placer(scene, x, y, yaw)
    p.box(0, 0, 0, w, d, h, m)
    if rng.random() < 0.5:
        roof = material(rng, ('tile', 'brick', 'grain'), 0.6, size=(0.5, 2.0))
        for s in (-1, 1):
            p.box(s * w * 0.25, 0, h + w * 0.12, w * 0.62, d + 0.6, 0.15, roof, lean(s * 0.6, 1))
    p.box(0, 0, 0, w + 0.15, d + 0.15, rng.uniform(0.2, 1.0), material(rng, ('grain', 'brick')))


def _daylight(scene, rng):
    """Sun, sky colours and haze."""
    height = rng.uniform(0.1, 1.2)
    direction = np.array([*rng.normal(size=2), height])
    direction = direction / np.linalg.norm(direction)
    overcast = rng.random() < 0.35
    sun = np.array([1.0, rng.uniform(0.8, 1.0), rng.uniform(0.6, 1.0)])
    scene.lights.append(Light(direction, sun * (0.1 if overcast else rng.uniform(0.8, 2.5)),
                              True))
    blue = np.array([rng.uniform(0.1, 0.5), rng.uniform(0.3, 0.6), rng.uniform(0.6, 1.0)])
    grey = np.full(3, rng.uniform(0.5, 1.0))
    scene.sky = np.stack([grey if overcast else blue, grey * rng.uniform(0.8, 1.2)])
    scene.ambient = scene.sky.mean(axis=0) * rng.uniform(0.3, 0.7)
    scene.haze = rng.uniform(0, 0.3) ** 1.5
    scene.sky = np.clip(scene.sky, 0, 1.3)


def _ground(scene, rng, material_, slope=0.0):
    """Wide ground, sometimes tilted a little far away (a slope ahead)."""
    scene.new_instance()
    scene.box((0, 0, -0.5), (150, 150, 0.5), material_)
    if rng.random() < 0.25:
        scene.new_instance()
        angle = rng.uniform(0.02, 0.12)
        scene.add(0, (0, rng.uniform(25, 60) + 60, 0), (80, 60, 0.3), material_,
                  rotation=lean(angle))


def street(scene: Scene):
    """Build a street along +y; returns the free half width, half length, and 'street' height."""
    rng = scene.rng
    road_w = rng.uniform(2.6, 7.5)
    walk_w = rng.uniform(0.5, 4.5)
    _daylight(scene, rng)
    asphalt = material(rng, ('asphalt', 'grain', 'noise', 'plain'), 0.15, 0.08, 0.45,
                       size=(1.0, 6.0), contrast=0.25)
    grass = Material(np.array([0.12, 0.22, 0.05]) * rng.uniform(0.5, 1.6),
                     np.array([0.25, 0.3, 0.1]), 15, rng.uniform(0.5, 3.0), 0.4)
    _ground(scene, rng, grass if rng.random() < 0.5 else material(
        rng, ('tile', 'grain', 'brick'), 0.3))
    scene.new_instance()
    scene.box((0, 0, 0.005), (road_w, 150, 0.005), asphalt)
    paint = Material(np.full(3, rng.uniform(0.5, 0.9)), np.full(3, 0.5), 1, 1.0, 0.4)
    lane = rng.uniform(-0.3, 0.3) * road_w
    if rng.random() < 0.7:
        for k in range(-2, 9):
            scene.box((lane + 1.7, 6.0 * k, 0.011), (0.07, 1.5, 0.003), paint)
    if rng.random() < 0.2:
        for k in range(8):
            place = (road_w * (k - 3.5) / 4, rng.uniform(6, 7), 0.011)
            scene.box(place, (0.25, 1.5, 0.003), paint)
    kerb = material(rng, ('tile', 'brick', 'grain', 'plain'), 0.2, 0.2, size=(0.5, 2.0))
    for side in (-1, 1):
        h = rng.choice([0.02, rng.uniform(0.06, 0.18)])
        scene.new_instance()
        scene.box((side * (road_w + walk_w / 2), 0, h / 2), (walk_w / 2, 150, h / 2), kerb)
        _street_side(scene, rng, side, road_w, walk_w)
    for _ in range(int(rng.integers(0, 5))):
        x, y = rng.uniform(-0.8, 0.8) * road_w, rng.uniform(5, 60)
        car(Placer(scene, x, y, rng.choice([0, np.pi]) + rng.normal() * 0.05), rng)
    if rng.random() < 0.5:
        for _ in range(int(rng.integers(2, 7))):
            house(scene, rng, rng.uniform(-60, 60), rng.uniform(60, 130),
                  *rng.uniform(8, 25, 2), rng.uniform(4, 18))
    return 0.8 * road_w, 4.0, 50.0


def _street_side(scene, rng, side, road_w, walk_w):
    """Parked cars, posts, trees, people, fences and houses along one side."""
    edge = road_w + walk_w
    y, front = rng.uniform(-12, 0), edge + rng.choice([0.2, rng.uniform(1, 10)])
    style = rng.choice(['houses', 'houses', 'hedge', 'open', 'wall'])
    if style in ('hedge', 'wall'):
        m = things.leaves(rng) if style == 'hedge' else material(
            rng, ('brick', 'tile', 'planks', 'grain'), size=(0.5, 3.0))
        scene.new_instance()
        h = rng.uniform(0.8, 3.0)
        y0 = rng.uniform(-10, 20)
        scene.box((side * (front + 0.3), y0 + 40, h / 2), (0.3, 40, h / 2), m)
    while style != 'open' and y < 70:
        d = rng.uniform(5, 20)
        if rng.random() < 0.85:
            w = rng.uniform(6, 14)
            house(scene, rng, side * (front + rng.uniform(0, 2) + w / 2 + (
                4 if style in ('hedge', 'wall') else 0)), y + d / 2, w, d, rng.uniform(3, 14))
        y += d + (0 if rng.random() < 0.5 else rng.uniform(1, 10))
    parked, y = rng.random(), rng.uniform(-6, 8)
    while y < 45 and parked < 0.7:
        if rng.random() < 0.75:
            car(Placer(scene, side * (road_w - 1.0 + 2.2 * (parked < 0.15)), y,
                       rng.choice([0, np.pi]) + rng.normal() * 0.04), rng)
        y += rng.uniform(5, 9)
    for build, low, high, near, far in (
            (tree, 0, 8, road_w + 0.6, edge + 10), (post, 0, 6, road_w + 0.2, edge),
            (things.person, 0, 4, road_w - 1, edge), (cyclist, 0, 2, road_w - 2, edge)):
        for _ in range(int(rng.integers(low, high))):
            build(Placer(scene, side * rng.uniform(near, max(near + 0.1, far)),
                         rng.uniform(3, 50), rng.uniform(0, 2 * np.pi)), rng)


def yard(scene: Scene):
    """Build open ground with paths, bushes, walls, benches, people; for robots near the ground."""
    rng = scene.rng
    _daylight(scene, rng)
    _ground(scene, rng, material(rng, ('leaf', 'asphalt', 'tile', 'brick', 'grain', 'noise'), 0.5,
                                 0.08, size=(0.5, 4.0)))
    scene.new_instance()
    scene.box((rng.uniform(-1, 1), 0, 0.005), (rng.uniform(0.6, 4), 60, 0.006),
              material(rng, ('asphalt', 'tile', 'planks', 'grain'), 0.3, 0.1, size=(0.5, 3.0)))
    for _ in range(int(rng.integers(1, 6))):
        angle, r = rng.uniform(0, 2 * np.pi), rng.uniform(6, 35)
        house(scene, rng, r * np.cos(angle) * 1.3, r * np.sin(angle) + 8, *rng.uniform(4, 14, 2),
              rng.uniform(2.5, 10), rng.uniform(0, 7))
    choices = (tree, tree, post, things.person, furniture.table, things.crates,
               things.bin_or_drum, car, things.stairs, things.board, things.balls,
               cyclist, things.plant, furniture.chair)
    for _ in range(int(rng.integers(6, 22))):
        x, y = rng.uniform(-9, 9), rng.uniform(1.5, 18)
        choices[rng.integers(len(choices))](Placer(scene, x, y, rng.uniform(0, 7)), rng)
    for _ in range(int(rng.integers(0, 4))):
        scene.new_instance()
        x, y, yaw = rng.uniform(-8, 8), rng.uniform(2, 20), rng.uniform(0, 7)
        h, length = rng.uniform(0.3, 2.2), rng.uniform(1, 8)
        m = material(rng, ('brick', 'planks', 'slats', 'leaf', 'grain'), size=(0.5, 2.0))
        scene.box((x, y, h / 2), (length, 0.1, h / 2), m, yaw)
    return 3.0, 3.0, 50.0
