# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Roads that bend and climb: a centre line in pieces, its surfaces and what is painted on them."""
from __future__ import annotations

import numpy as np
from training.datasets.procedural.scene import lean, Material, material, Scene, turn

BEHIND, AHEAD = -25.0, 170.0


class Road:
    """
    Centre line along +y at the origin; pieces differ in heading and slope.

    The first piece reaches a few metres ahead, straight and level, so that cameras stand well.
    """

    def __init__(self, rng):
        """Draw the pieces: half of the roads are straight and level."""
        pieces = [(BEHIND, rng.uniform(4, 14) - BEHIND, 0.0, 0.0)]
        end, heading, slope = pieces[0][0] + pieces[0][1], 0.0, 0.0
        bends = rng.normal() * 0.012 if rng.random() < 0.5 else 0.0
        climbs = rng.normal() * 0.05 if rng.random() < 0.5 else 0.0
        while end < AHEAD:
            length = rng.uniform(8, 16) + 0.2 * max(end, 0)
            if not bends and not climbs:
                length = AHEAD - end + 1
            heading += bends * length
            slope = 0.6 * slope + 0.4 * climbs * rng.normal() * 2 if climbs else 0.0
            slope = float(np.clip(slope, -0.13, 0.13))
            heading = float(np.clip(heading, -0.9, 0.9))
            pieces.append((end, length, heading, slope))
            end += length
        self.pieces, point = [], np.array([0.0, BEHIND, 0.0])
        for start, length, heading, slope in pieces:
            self.pieces.append((start, length, heading, slope, point))
            point = point + length * self._along(heading, slope)

    @staticmethod
    def _along(heading, slope):
        return np.array([-np.sin(heading) * np.cos(slope), np.cos(heading) * np.cos(slope),
                         np.sin(slope)])

    def at(self, s: float, aside: float = 0.0, lift: float = 0.0) -> tuple:
        """Place at `s` metres along and `aside` metres to the right: x, y, z and yaw."""
        for start, length, heading, slope, point in reversed(self.pieces):
            if s >= start:
                break
        right = np.array([np.cos(heading), np.sin(heading), 0.0])
        place = point + (s - start) * self._along(heading, slope) + aside * right
        return place[0], place[1], place[2] + lift, heading

    def strip(self, scene: Scene, left: float, right: float, top: float, material_, thick=0.3,
              start=BEHIND, end=AHEAD):
        """Lay a strip between `left` and `right` metres, its top at `top` above the centre."""
        for begin, length, heading, slope, point in self.pieces:
            low, high = max(begin, start), min(begin + length, end)
            if high <= low:
                continue
            rotation = turn(heading) @ lean(slope)
            middle = point + ((low + high) / 2 - begin) * self._along(heading, slope)
            middle = middle + rotation @ np.array([(left + right) / 2, 0.0, top - thick / 2])
            # Pieces overlap a little, so that bends have no gaps.
            extra = 0.0 if high - low < 6 else min(3.0, 0.02 + abs(heading) * (right - left) / 2)
            scene.box(middle, ((right - left) / 2, (high - low) / 2 + extra, thick / 2),
                      material_, rotation=rotation)


def _grey(rng, low, high, patterns=('asphalt', 'grain', 'noise', 'plain', 'gravel')):
    return material(rng, patterns, 0.15, low, high, size=(0.4, 5.0), contrast=0.3)


def surfaces(scene: Scene, rng, road: Road, half: float, walk: float):
    """Lay the road, pavements and what is beside them; returns the top of the pavements (2)."""
    asphalt = _grey(rng, 0.06, 0.45)
    if rng.random() < 0.12:
        asphalt.mirror = 0.3  # wet
    scene.new_instance()
    road.strip(scene, -half, half, 0.0, asphalt)
    grass = Material(np.array([0.12, 0.22, 0.05]) * rng.uniform(0.4, 1.8),
                     np.array([0.28, 0.3, 0.1]), 15, rng.uniform(0.4, 3.0), 0.4)
    tops = []
    for side in (-1, 1):
        top = rng.choice([0.0, rng.uniform(0.04, 0.18)])
        paving = material(rng, ('tile', 'brick', 'grain', 'plain', 'gravel'), 0.2, 0.1,
                          size=(0.4, 2.5))
        kerb = material(rng, ('plain', 'grain', 'tile'), 0.1, 0.2, size=(0.5, 2.0))
        beside = grass if rng.random() < 0.6 else material(
            rng, ('tile', 'grain', 'brick', 'gravel', 'leaf'), 0.3, size=(0.5, 3.0))
        near, far = side * half, side * (half + walk)
        scene.new_instance()
        road.strip(scene, min(near, far), max(near, far), top + 1e-3, paving)
        if top > 0.03:
            road.strip(scene, *sorted((near, near + side * 0.15)), top + 4e-3, kerb)
        scene.new_instance()
        rise = rng.choice([-0.05, 0.0, rng.uniform(-0.3, 0.4)])
        road.strip(scene, *sorted((far, far + side * 60)), top + rise - 2e-3, beside,
                   thick=max(0.6, 2 * abs(rise)))
        tops.append(top)
    return tops


def paint(scene: Scene, rng, road: Road, half: float):
    """Lane lines, arrows, crossings, patches, manholes, cracks, puddles: all of them flat."""
    white = Material(np.full(3, rng.uniform(0.4, 0.9)), np.full(3, 0.45), 1, 1.0, 0.5)
    if rng.random() < 0.75:
        lane, step = rng.uniform(-0.4, 0.4) * half, rng.uniform(4, 12)
        solid = rng.random() < 0.3
        if solid:
            road.strip(scene, lane - 0.06, lane + 0.06, 0.004, white, 0.01)
        for s in np.arange(-3 * step, 0 if solid else 55, step):
            road.strip(scene, lane - 0.06, lane + 0.06, 0.004, white, 0.01, s, s + step * 0.4)
    for side in (-1, 1):
        if rng.random() < 0.4:
            edge = side * (half - rng.uniform(0.15, 0.6))
            road.strip(scene, edge - 0.06, edge + 0.06, 0.004, white, 0.01)
    if rng.random() < 0.25:
        s, n = rng.uniform(4, 25), int(half / 0.5)
        for k in range(n):
            x = -half + (k + 0.5) * 2 * half / n
            road.strip(scene, x - 0.25, x + 0.25, 0.005, white, 0.01, s, s + 3)
    for _ in range(int(rng.integers(0, 5))):
        s, x = rng.uniform(1, 22), rng.uniform(-0.8, 0.8) * half
        w, d = rng.uniform(0.4, 2.2), rng.uniform(0.4, 4)
        kind = rng.integers(4)
        px, py, pz, yaw = road.at(s, x)
        if kind == 0:
            place = np.array([px, py, pz + 0.003])
            scene.cylinder(place, rng.uniform(0.28, 0.4), 0.003,
                           material(rng, ('dots', 'checker', 'weave'), 0.1, 0.05, 0.3,
                                    size=(0.2, 0.5)))
            continue
        m = {1: lambda: _grey(rng, 0.03, 0.3),
             2: lambda: material(rng, ('lines', 'crack'), 0.1, 0.05, 0.4, size=(1.0, 3.0)),
             3: lambda: Material(np.full(3, 0.03), np.full(3, 0.05), 0, 1.0, 0, 1.0, mirror=0.45)
             }[int(kind)]()
        road.strip(scene, x - w / 2, x + w / 2, 0.002, m, 0.01, s, s + d)
