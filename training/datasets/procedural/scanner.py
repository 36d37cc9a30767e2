# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A 2-D LiDAR in the world of its camera: where it stands, its beams, what they hit."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from training.datasets.procedural.cameras import Cameras

BEAMS = 512  # a scan, over the camera's field and a little more
TILE = 256  # beams cast together
# What a beam met.
NOTHING, PLAIN, MIRROR, THROUGH_GLASS, HIDDEN = -1, 0, 1, 2, 3


@dataclass
class Scanners:
    """
    S scanners for each of B cameras.

    origin (B, S, 3): in the camera frame, metres; rotation (B, S, 3, 3): scanner -> camera, the
    scanner's axes like a camera's (right, down, forward), scan plane y = 0; reach (B, S): half of
    the field, radians; rise (B, S): angle of the beams above the plane, 0 for a plane, else a
    cone (one ring of a multi-line LiDAR).
    """

    origin: torch.Tensor
    rotation: torch.Tensor
    reach: torch.Tensor
    rise: torch.Tensor

    def to(self, device) -> Scanners:
        """Copy to a device."""
        return Scanners(*(part.to(device) for part in (
            self.origin, self.rotation, self.reach, self.rise)))


def _rotation(yaw, pitch, roll):
    """Rotate about down, right and forward, in this order; pitch positive looks down."""
    cy, sy, cp, sp, cr, sr = (f(a) for a in (yaw, pitch, roll) for f in (np.cos, np.sin))
    about_down = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_right = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    about_forward = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return about_down @ about_right @ about_forward


def draw(rng, view, count: int = 1, rings: bool = False) -> tuple:
    """
    Draw where `count` scanners stand: level like a robot's, or tilted with the camera.

    :param rings: mostly rings of a multi-line LiDAR, as vehicles have.
    :returns: origins (S, 3), rotations (S, 3, 3), reaches (S), rises (S), NumPy.
    """
    half = np.arctan(max(view.cx, view.width - view.cx) / view.fx) + 0.08
    up = view.pose[2, 3]  # the camera's height
    forward = view.pose[:3, 2]
    yaw = np.arctan2(-forward[0], forward[1])
    c, s = np.cos(yaw), np.sin(yaw)
    # Level axes in the world: right, down, forward.
    level = np.array([[c, 0, -s], [s, 0, c], [0, -1, 0]]).astype(float)
    parts = []
    for _ in range(count):
        kind = rng.random()
        if kind < 0.55:  # on a robot: level, above or below the camera
            low = -min(0.9, max(0.05, up - 0.1))
            offset = np.array([rng.normal() * 0.06, -rng.uniform(low, 0.35),
                               rng.normal() * 0.12])
            offset = view.pose[:3, :3].T @ level @ offset
            turn = view.pose[:3, :3].T @ level @ _rotation(
                rng.normal() * 0.02, rng.normal() * 0.015, rng.normal() * 0.015)
        else:  # fixed to the camera, looking at any part of its image
            offset = rng.uniform(-1, 1, 3) * (0.1, 0.2, 0.1) * rng.random()
            row = np.arctan((rng.uniform(0.05, 0.95) * view.height - view.cy) / view.fy)
            turn = _rotation(0.0, row, rng.normal() * (0.02 if rng.random() < 0.6 else 0.15))
        ring = rng.random() < (0.7 if rings else 0.2)
        rise = rng.uniform(-0.18, 0.04 if rings else 0.15) if ring else 0.0
        parts.append((offset, turn, min(half, 1.4), rise))
    return tuple(np.array(part) for part in zip(*parts))


def stack(drawn) -> Scanners:
    """Put what `draw` gave for several cameras together."""
    return Scanners(*(torch.as_tensor(np.stack(part), dtype=torch.float32)
                      for part in zip(*drawn)))


def angles(scanners: Scanners):
    """Azimuths (B, S, BEAMS) of the beams, radians, left to right."""
    share = torch.linspace(-1, 1, BEAMS, device=scanners.reach.device)
    return scanners.reach[..., None] * share


def beams(scanners: Scanners, cameras: Cameras):
    """
    Make the rays of all scans, in tiles.

    :returns: owner (A), origins (A, 3, 1), directions (A, 3, TILE), unit length, in the world.
    """
    batch, count = scanners.reach.shape
    azimuth, rise = angles(scanners), scanners.rise[..., None]
    local = torch.stack([azimuth.sin() * rise.cos(), -rise.sin().expand_as(azimuth),
                         azimuth.cos() * rise.cos()], dim=-2)
    pose = cameras.pose[:, None]
    directions = pose[:, :, :3, :3] @ scanners.rotation @ local
    origins = pose[:, :, :3, :3] @ scanners.origin[..., None] + pose[:, :, :3, 3:]
    tiles = BEAMS // TILE
    directions = directions.reshape(batch * count, 3, tiles, TILE).transpose(1, 2)
    owner = torch.arange(batch, device=pose.device).repeat_interleave(count * tiles)
    return (owner, origins.reshape(-1, 3, 1).repeat_interleave(tiles, 0),
            directions.flatten(0, 1))


def measured(scanners: Scanners, tiles, t, medium, reflected):
    """
    Tell what the beams met.

    :param tiles: number of image tiles that stand before those of the scans in t (A, R), medium
        (A, R) and among the reflected rays (see `reflections.bounce`; may be None).
    :returns: (B, S, BEAMS, 2): range in metres along the beam, by way of a mirror where there is
        one (inf: nothing), and what was met. The surface of clear glass returns nothing.
    """
    t, medium = t[tiles:].clone(), medium[tiles:]
    if reflected is not None:
        chosen, (_, _, far, _), _ = reflected
        ghost = torch.zeros(tiles + len(t), t.shape[1], device=t.device)
        ghost[chosen] = far
        t = torch.where(medium == MIRROR, t + ghost[tiles:], t)
    met = torch.where(torch.isfinite(t), medium, NOTHING)
    return torch.stack([t, met.float()], dim=-1).reshape(*scanners.reach.shape, BEAMS, 2)


def points(scanners: Scanners, ranges):
    """Turn ranges (B, S, BEAMS) metres into points of the camera frame (B, S, BEAMS, 3)."""
    azimuth, rise = angles(scanners), scanners.rise[..., None]
    local = torch.stack([azimuth.sin() * rise.cos(), -rise.sin().expand_as(azimuth),
                         azimuth.cos() * rise.cos()], dim=-1)
    local = local * torch.where(torch.isfinite(ranges), ranges, 0.0)[..., None]
    return local @ scanners.rotation.transpose(2, 3) + scanners.origin[:, :, None]
