# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Worlds by seed: a scene and a camera in it, both drawn from one generator."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from training.datasets.procedural import interiors, people, plants, streets
from training.datasets.procedural.cameras import View
from training.datasets.procedural.scene import material, Placer, Scene
from training.datasets.procedural.weather import headlights

INDOOR = {'room': interiors.room, 'corridor': interiors.corridor, 'hall': interiors.hall,
          'desk': interiors.desk_top}
OUTDOOR = {'street': streets.street, 'yard': streets.yard}
# How often each kind of world is drawn, for frames of about 4:3 and for wide ones.
SHARES = {'normal': {'room': 0.55, 'corridor': 0.09, 'hall': 0.1, 'desk': 0.08, 'street': 0.09,
                     'yard': 0.09},
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
    """Draw fx, fy, cx, cy, lens: horizontal view 45-110 degrees, pixels up to 1.33 from square."""
    low, high = (60, 100) if wide else (45, 92)
    fov = np.radians(rng.uniform(low, high) if rng.random() < 0.88 else rng.uniform(90, 110))
    fx = width / 2 / np.tan(fov / 2)
    fy = fx * float(np.exp(rng.normal() * 0.1))
    fy = float(np.clip(fy, 0.75 * fx, 1.33 * fx))
    lens = (0.0, 0.0)
    if rng.random() < 0.4:  # what a lens moves the corner by, as a share of its radius
        corner = 1.2 * np.hypot(width / 2 / fx, height / 2 / fy)
        move = rng.uniform(-0.16, 0.05)
        lens = (move / corner ** 2, rng.normal() * 0.01 / corner ** 4)
    return (fx, fy, (width - 1) / 2 + rng.normal() * 0.02 * width,
            (height - 1) / 2 + rng.normal() * 0.02 * height), lens


def _pose(rng, kind, area):
    """Draw a camera position and its angles for a kind of world."""
    half_w, half_d, height = area
    if kind == 'street':
        usual = rng.random() < 0.7
        z = rng.uniform(1.4, 2.0) if usual else rng.uniform(0.4, 2.2)
        position = (rng.uniform(-0.8, 0.8) * half_w, rng.uniform(-3, 3), z)
        return (position, rng.normal() * (0.05 if usual else 0.3),
                rng.normal() * (0.02 if usual else 0.08), rng.normal() * 0.015)
    if kind == 'yard':
        position = (rng.uniform(-3, 3), rng.uniform(-3, 1), rng.uniform(0.2, 2.0))
        return position, rng.normal() * 0.4, rng.normal() * 0.12, rng.normal() * 0.03
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


def _foreground(scene, rng, view):
    """Put a thing close before the camera, so that a frame holds very different depths."""
    share = rng.uniform(0.45, 1.3)
    aside = rng.choice([-1, 1]) * rng.uniform(0.15, 0.5) * view.width / view.fx * share
    place = view.pose[:3, 3] + share * view.pose[:3, 2] + aside * view.pose[:3, 0]
    p = Placer(scene, place[0], place[1], rng.uniform(0, 7), 0.0)
    z, size = view.pose[2, 3], rng.uniform(0.04, 0.25)
    m = material(rng, None, 1.0, size=(0.1, 0.8))
    kind = rng.integers(6)
    if kind == 0:
        p.tube(0, 0, 0, size * 0.5, z + 1.0, m)
    elif kind == 1:
        people.person(p, rng)
    elif kind == 2:
        plants.plant(p, rng)
    elif kind == 3:
        p.box(0, 0, 0, *rng.uniform(0.1, 0.4, 2), z * rng.uniform(0.6, 1.2), m)
    elif kind == 4:
        p.ball(0, 0, z - rng.uniform(-0.2, 0.5), size, size, size, m)
    else:
        p.box(0, 0, z - rng.uniform(0.15, 0.5), *rng.uniform(0.05, 0.9, 2), 0.04, m)


def draw(seed, shape: str = 'normal', kind: str | None = None,
         lens: bool = True) -> tuple[Scene, View, str]:
    """
    Draw one world and one view of it.

    :param seed: int or sequence of ints; the same seed gives the same world, always.
    :param shape: 'normal' (192 x 256) or 'wide' (128 x 384) frames; kind: world kind or None;
        lens: let some cameras have a distorting lens.
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
    k, bent = _intrinsics(rng, height, width, shape == 'wide')
    view = View(width, height, *k, look(position, yaw, pitch, roll), bent if lens else (0.0, 0.0))
    if scene.night and kind in INDOOR and rng.random() < 0.7 or not scene.lights:
        headlights(scene, rng, position, yaw)
    if rng.random() < 0.12:
        _foreground(scene, rng, view)
    return scene, view, str(kind)


def usable(depth: torch.Tensor, instance: torch.Tensor) -> torch.Tensor:
    """
    Tell which frames are worth training on: not blocked, not flat, not void.

    :param depth: (B, H, W) metres, inf: sky; instance: (B, H, W) int64. :returns: (B) bool.
    """
    some = depth[:, ::3, ::3].flatten(1)
    seen = torch.isfinite(some)
    low, middle, high = torch.nanquantile(
        torch.where(seen, some, torch.nan), torch.tensor([0.05, 0.5, 0.95], device=depth.device),
        dim=1)
    ids = instance[:, ::3, ::3].flatten(1)
    counts = torch.zeros(len(ids), 4096, device=depth.device)
    counts.scatter_add_(1, ids.clamp(max=4095), torch.ones_like(some))
    objects = (counts > 0.01 * ids.shape[1]).sum(1)
    return ((seen.float().mean(1) > 0.4) & (middle > 0.4) & ((some < 0.3).float().mean(1) < 0.12)
            & (torch.log(high / low) > 0.35) & (objects > 3))


def moved(view: View, position, yaw, pitch=0.0, roll=0.0) -> View:
    """Give the same camera at another pose (for trajectories)."""
    return replace(view, pose=look(position, yaw, pitch, roll))
