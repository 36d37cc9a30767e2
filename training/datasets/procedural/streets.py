# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Outdoors: streets and country roads with traffic, and yards, paths and parks."""
from __future__ import annotations

import numpy as np
from training.datasets.procedural import furniture, people, plants, posts, roads, things, vehicles
from training.datasets.procedural.houses import fence, house
from training.datasets.procedural.scene import material, Placer, Scene
from training.datasets.procedural.weather import daylight, headlights

MOST = 300  # primitives; less important things stop here


def _standing(scene, rng, road, s, aside, lift=0.0, turned=0.0) -> Placer:
    x, y, z, yaw = road.at(s, aside, lift)
    return Placer(scene, x, y, yaw + turned, z)


def street(scene: Scene):
    """Build a road along +y; returns the free half width, half length, and 'street' height."""
    rng = scene.rng
    weather = daylight(scene, rng)
    night = weather == 'night'
    if night and rng.random() < 0.9 or weather == 'dusk' and rng.random() < 0.4:
        headlights(scene, rng, (0, 0, 1.2), 0.0)
    road = roads.Road(rng)
    half, walk = rng.uniform(2.4, 7.5), rng.uniform(0.0, 4.5)
    tops = roads.surfaces(scene, rng, road, half, walk)
    roads.paint(scene, rng, road, half)
    for side, top in zip((-1, 1), tops):
        _side(scene, rng, road, side, half, walk, top, night)
    lit = 1.0 if night or rng.random() < 0.1 else 0.0
    for _ in range(int(rng.integers(0, 6))):
        s = rng.uniform(4, 14) if rng.random() < 0.3 else rng.uniform(8, 70)
        aside = rng.uniform(0.15, 0.8) * half * rng.choice([-1, 1])
        build = vehicles.car if rng.random() < 0.78 else vehicles.van
        if s < 9 and abs(aside) < 2.4 and build is vehicles.van:
            continue
        build(_standing(scene, rng, road, s, aside, 0.0,
                        (0 if aside > 0 else np.pi) + rng.normal() * 0.05), rng, lit)
    for _ in range(int(rng.integers(0, 3))):
        walker = (people.person, vehicles.cyclist, vehicles.motorcycle)[rng.integers(3)]
        walker(_standing(scene, rng, road, rng.uniform(4, 30), rng.uniform(-1, 1) * half, 0.0,
                         rng.choice([0, np.pi / 2, np.pi]) + rng.normal() * 0.3), rng)
    for _ in range(int(rng.integers(0, 6))):  # what closes the view
        x, y, z, yaw = road.at(rng.uniform(70, 160), rng.uniform(-50, 50))
        house(Placer(scene, x, y, yaw, z), rng, *rng.uniform(8, 25, 2), rng.uniform(4, 18),
              False, night)
    if rng.random() < 0.12:
        _bridge(scene, rng, road, half + walk)
    return 0.75 * half, 3.0, 50.0


def _bridge(scene, rng, road, half):
    """Bridge or gantry across the road."""
    m = material(rng, ('grain', 'brick', 'plain', 'crack'), size=(1.0, 3.0))
    p = _standing(scene, rng, road, rng.uniform(12, 60), 0.0)
    h, deep = rng.uniform(4, 6), rng.choice([0.4, rng.uniform(4, 12)])
    p.box(0, 0, h, 2 * half + 4, deep, rng.uniform(0.4, 1.5), m)
    for side in (-1, 1):
        p.box(side * (half + 1), 0, -1, 1.0 if deep > 1 else 0.4, deep, h + 1, m)


def _houses(scene, rng, road, side, front, night):
    """Row of houses along a side, those within reach with windows and doors."""
    s = rng.uniform(-14, 2)
    while s < 75:
        d = rng.uniform(5, 20)
        if rng.random() < 0.85 and len(scene.kinds) < MOST:
            w = rng.uniform(6, 14)
            aside = side * (front + rng.uniform(0, 1.5) + w / 2)
            p = _standing(scene, rng, road, s + d / 2, aside)
            house(p, rng, w, d, rng.uniform(3, 13), s < 18 and len(scene.kinds) < 200, night)
        s += d + (0 if rng.random() < 0.5 else rng.uniform(1, 10))


def _side(scene, rng, road, side, half, walk, top, night):
    """Everything along one side of a road."""
    edge = half + walk
    front = edge + rng.choice([0.2, rng.uniform(1, 10)])
    style = rng.choice(['houses', 'houses', 'houses', 'fence', 'wood', 'open'])
    if style == 'houses' or rng.random() < 0.3:
        _houses(scene, rng, road, side, front, night)
    if style == 'fence' or rng.random() < 0.25:
        s = rng.uniform(-4, 10)
        for _ in range(int(rng.integers(1, 4))):
            length = rng.uniform(4, 14)
            fence(_standing(scene, rng, road, s + length / 2, side * (edge + 0.2), top,
                            np.pi / 2), rng, length)
            s += length + rng.choice([0.0, rng.uniform(1, 8)])
    parked, s = rng.random(), rng.uniform(-6, 8)
    while s < 45 and parked < 0.6 and len(scene.kinds) < MOST:
        if rng.random() < 0.75:
            build = vehicles.car if rng.random() < 0.85 else vehicles.van
            build(_standing(scene, rng, road, s, side * (half - 1.0 + 2.2 * (parked < 0.15)),
                            0.0, rng.choice([0, np.pi]) + rng.normal() * 0.04), rng)
        s += rng.uniform(5, 9)
    trees = int(rng.integers(0, 8)) if style != 'wood' else 16
    things_here = [(plants.tree, trees, half + 0.8, edge + (14 if style == 'wood' else 9)),
                   (plants.bush, int(rng.integers(0, 5)), edge, edge + 5),
                   (people.person, int(rng.integers(0, 4)), half + 0.2, edge + 0.5),
                   (vehicles.bicycle, int(rng.integers(0, 2)), edge - 0.5, edge + 0.5)]
    for build, count, near, far in things_here:
        for _ in range(count):
            if len(scene.kinds) < MOST:
                s = 3 + 50 * rng.random() ** 1.5
                build(_standing(scene, rng, road, s, side * rng.uniform(near, max(near + .1, far)),
                                top, rng.uniform(0, 2 * np.pi)), rng)
    step = rng.uniform(8, 30)
    for s in np.arange(rng.uniform(2, 12), 45, step):
        p = _standing(scene, rng, road, s, side * (half + 0.3), top, side * np.pi / 2)
        posts.lamp_post(p, rng, night)
    for _ in range(int(rng.integers(0, 6))):
        build = posts.POSTS[rng.integers(len(posts.POSTS))]
        build(_standing(scene, rng, road, 2 + 30 * rng.random() ** 1.5,
                        side * rng.uniform(half + 0.2, edge + 0.3), top,
                        np.pi * rng.integers(2) + side * np.pi / 2 * rng.integers(2)), rng)
    if rng.random() < 0.12:
        posts.shelter(_standing(scene, rng, road, rng.uniform(5, 25), side * (edge + 0.3), top,
                                side * np.pi / 2), rng)
    if rng.random() < 0.2:
        posts.cables(_standing(scene, rng, road, rng.uniform(-5, 10), side * edge, top), rng)


YARD_THINGS = (plants.tree, plants.tree, plants.bush, plants.bush, people.person, people.animal,
               furniture.table, things.crates, things.bin_or_drum, vehicles.car, vehicles.van,
               things.stairs, things.board, things.balls, vehicles.cyclist, vehicles.bicycle,
               plants.plant, furniture.chair, vehicles.trolley, things.ladder, *posts.POSTS)


def yard(scene: Scene):
    """Build open ground with paths, bushes, walls, people; for robots near the ground."""
    rng = scene.rng
    night = daylight(scene, rng) == 'night'
    if night:
        headlights(scene, rng, (0, 0, 0.8), 0.0)
    ground = material(rng, ('leaf', 'asphalt', 'tile', 'brick', 'grain', 'noise', 'gravel'), 0.5,
                      0.08, size=(0.4, 4.0))
    scene.new_instance()
    scene.box((0, 0, -0.5), (150, 150, 0.5), ground)
    path = material(rng, ('asphalt', 'tile', 'planks', 'gravel'), 0.3, 0.1, size=(0.4, 3.0))
    road = roads.Road(rng)
    half = rng.uniform(0.5, 3)
    if rng.random() < 0.7:
        scene.new_instance()
        road.strip(scene, -half, half, 0.006, path)
    for _ in range(int(rng.integers(1, 6))):
        angle, r = rng.uniform(0, 2 * np.pi), rng.uniform(7, 35)
        house(Placer(scene, r * np.cos(angle) * 1.3, r * np.sin(angle) + 8, rng.uniform(0, 7)),
              rng, *rng.uniform(3, 12, 2), rng.uniform(2.5, 10), r < 14, night)
    for _ in range(int(rng.integers(8, 32))):
        if len(scene.kinds) < 280:
            x, y = rng.uniform(-9, 9), 1.5 + 17 * rng.random() ** 1.6
            YARD_THINGS[rng.integers(len(YARD_THINGS))](
                Placer(scene, x, y, rng.uniform(0, 7)), rng)
    for _ in range(int(rng.integers(0, 5))):
        x, y, yaw = rng.uniform(-8, 8), rng.uniform(2, 20), rng.uniform(0, 7)
        fence(Placer(scene, x, y, yaw), rng, rng.uniform(1, 12))
    if night and len(scene.lights) < 4:
        posts.lamp_post(Placer(scene, rng.uniform(-4, 4), rng.uniform(3, 10)), rng, True)
    return 3.0, 3.0, 50.0
