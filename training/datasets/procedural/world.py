# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Worlds by seed: a scene and a camera in it, both drawn from one generator."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
from training.datasets.procedural import interiors, streets
from training.datasets.procedural.scene import Scene
from training.datasets.procedural.shading import View

INDOOR = {'room': interiors.room, 'corridor': interiors.corridor, 'hall': interiors.hall,
          'desk': interiors.desk_top}
OUTDOOR = {'street': streets.street, 'yard': streets.yard}
# How often each kind of world is drawn, for frames of about 4:3 and for wide ones.
SHARES = {'normal': {'room': 0.58, 'corridor': 0.1, 'hall': 0.1, 'desk': 0.08, 'street': 0.07,
                     'yard': 0.07},
          'wide': {'room': 0.08, 'corridor': 0.04, 'hall': 0.05, 'street': 0.68, 'yard': 0.15}}
SIZES = {'normal': (192, 256), 'wide': (128, 384)}


def look(position, yaw, pitch, roll) -> np.ndarray:
    """
    Make a pose (4, 4), optical camera frame -> world.

    :param yaw: heading, 0 along +y, counter-clockwise; pitch: positive looks down; roll:
        positive turns the camera clockwise; all radians.
    """
    forward = np.array([-np.sin(yaw) * np.cos(pitch), np.cos(yaw) * np.cos(pitch),
                        -np.sin(pitch)])
    right = np.array([np.cos(yaw), np.sin(yaw), 0.0])
    down = np.cross(forward, right)
    c, s = np.cos(roll), np.sin(roll)
    pose = np.eye(4)
    pose[:3, 0], pose[:3, 1], pose[:3, 2] = c * right + s * down, c * down - s * right, forward
    pose[:3, 3] = position
    return pose


def _intrinsics(rng, height, width, wide):
    """Draw fx, fy, cx, cy: horizontal view 45-110 degrees, pixels up to 1.33 from square."""
    fov = np.radians(rng.uniform(60, 100) if wide else rng.uniform(45, 90))
    fx = width / 2 / np.tan(fov / 2)
    fy = fx * float(np.exp(rng.normal() * 0.1))
    fy = float(np.clip(fy, 0.75 * fx, 1.33 * fx))
    return (fx, fy, (width - 1) / 2 + rng.normal() * 0.02 * width,
            (height - 1) / 2 + rng.normal() * 0.02 * height)


def _pose(rng, kind, area):
    """Draw a camera position and its angles for a kind of world."""
    half_w, half_d, height = area
    if kind == 'street':
        z = rng.uniform(1.2, 2.2)
        position = (rng.uniform(-0.7, 0.7) * half_w, rng.uniform(-3, 3), z)
        return position, rng.normal() * 0.12, rng.normal() * 0.05, rng.normal() * 0.015
    if kind == 'yard':
        position = (rng.uniform(-3, 3), rng.uniform(-3, 1), rng.uniform(0.2, 1.8))
        return position, rng.normal() * 0.5, rng.normal() * 0.12, rng.normal() * 0.03
    if kind == 'desk':
        angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.6, 1.6)
        z = rng.uniform(0.9, 1.6)
        position = (reach * np.sin(angle), -reach * np.cos(angle), z)
        pitch = np.arctan2(z - 0.75, reach) + rng.normal() * 0.15
        return position, angle + rng.normal() * 0.15, pitch, rng.normal() * 0.08
    z = rng.uniform(0.2, min(2.0, height - 0.3))
    position = (rng.uniform(-0.92, 0.92) * half_w, rng.uniform(-0.92, 0.92) * half_d, z)
    x, y = position[:2]
    yaw = rng.uniform(0, 2 * np.pi)
    if rng.random() < 0.8:  # look into the room rather than at the nearest wall
        yaw = np.arctan2(x, -y) + rng.normal() * 0.6
    if kind in ('corridor', 'hall') and rng.random() < 0.7:
        yaw = rng.choice([0, np.pi]) + rng.normal() * 0.25
    pitch = rng.normal() * 0.12 + (0.25 * (z - 0.9) if rng.random() < 0.6 else 0.0)
    return position, yaw, pitch, rng.normal() * 0.04


def draw(seed, shape: str = 'normal', kind: str | None = None) -> tuple[Scene, View, str]:
    """
    Draw one world and one view of it.

    :param seed: int or sequence of ints; the same seed gives the same world, always.
    :param shape: 'normal' (192 x 256) or 'wide' (128 x 384) frames; kind: world kind or None.
    :returns: scene, view, kind.
    """
    rng = np.random.default_rng(seed)
    shares = SHARES[shape]
    kind = kind or rng.choice(list(shares), p=np.array(list(shares.values())))
    scene = Scene(rng)
    area = {**INDOOR, **OUTDOOR}[kind](scene)
    height, width = SIZES[shape]
    for _ in range(30):
        position, yaw, pitch, roll = _pose(rng, kind, area)
        if not scene.inside(position, 0.12):
            break
    fx, fy, cx, cy = _intrinsics(rng, height, width, shape == 'wide')
    view = View(width, height, fx, fy, cx, cy, look(position, yaw, pitch, roll))
    return scene, view, str(kind)


def usable(depth: np.ndarray, instance: np.ndarray) -> bool:
    """Tell whether a frame (H, W) metres is worth training on: not blocked, not flat, not void."""
    seen = depth[np.isfinite(depth)]
    if seen.size < 0.4 * depth.size:
        return False
    spread = np.log(np.quantile(seen, 0.95) / np.quantile(seen, 0.05))
    objects = (np.bincount(instance.ravel()) > 0.01 * depth.size).sum()
    return bool(np.median(seen) > 0.5 and (seen < 0.3).mean() < 0.1 and spread > 0.35
                and objects > 4)


def moved(view: View, position, yaw, pitch=0.0, roll=0.0) -> View:
    """Give the same camera at another pose (for trajectories)."""
    return replace(view, pose=look(position, yaw, pitch, roll))
