# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Short drives through one world: consecutive frames with poses and lines."""
from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from training.datasets.procedural import scanner, scans, textures, world
from training.datasets.procedural.cameras import stack
from training.datasets.procedural.frames import brightness, expose, Frame
from training.datasets.procedural.packing import pack
from training.datasets.procedural.shading import render


@dataclass
class Trajectory:
    """
    K consecutive frames of one still world.

    frames: K Frame (clean images, one exposure, no lens); poses (K, 4, 4) float64, camera
    (optical) -> world, metres; stamps_ns: K integers; lines (K, H, W) metres, 0: none, as a cheap
    LiDAR mounted on the camera gives them.
    """

    kind: str
    frames: list
    poses: np.ndarray
    stamps_ns: list
    lines: torch.Tensor


def drive(rng, scene, view, kind, count: int, rate: float) -> np.ndarray:
    """
    Draw camera poses (K, 4, 4): ahead, turning, swaying; slower where something is in the way.

    :param rate: frames a second.
    """
    speed = rng.uniform(1.5, 10) if kind == 'street' else rng.uniform(0.1, 1.0)
    turning, sway = rng.normal() * (0.05 if kind == 'street' else 0.4), rng.uniform(0, 0.01)
    forward = view.pose[:3, 2] * (1, 1, 0)
    yaw = np.arctan2(-forward[0], forward[1])
    level = world.look(view.pose[:3, 3], yaw, 0.0, 0.0)
    tilt = level[:3, :3].T @ view.pose[:3, :3]
    for _ in range(6):
        poses, place, heading = [], view.pose[:3, 3].copy(), yaw
        for k in range(count):
            pose = world.look(place, heading, sway * np.sin(1.7 * k), sway * np.cos(1.1 * k))
            pose[:3, :3] = pose[:3, :3] @ tilt
            poses.append(pose)
            place = place + speed / rate * np.array([-np.sin(heading), np.cos(heading), 0.0])
            heading += turning / rate
        if not any(scene.inside(pose[:3, 3], 0.12) for pose in poses):
            break
        speed *= 0.5
    else:
        for pose in poses:
            pose[:3, 3] = view.pose[:3, 3]
    return np.stack(poses)


def trajectory(seed: int, shape: str = 'normal', count: int = 8, kind: str | None = None,
               rate: float = 10.0, device='cpu') -> Trajectory:
    """
    Draw a world and drive through it: a function of the arguments alone.

    :param kind: kind of world (`world.INDOOR`, `world.OUTDOOR`) or None for any.
    """
    scene, view, kind = world.draw([seed, 77], shape, kind, lens=False)
    rng = np.random.default_rng([seed, 78])
    poses = drive(rng, scene, view, kind, count, rate)
    scanners = scanner.stack([scanner.draw(rng, view, 1, kind in world.OUTDOOR)]).to(device)
    generator = torch.Generator(device).manual_seed(seed)
    packed = pack([scene], textures.VARIANTS, device)
    frames, lines, bright = [], [], None
    level = torch.tensor([0.15 if scene.night else 0.45], device=device)
    for k, pose in enumerate(poses):
        cameras = stack([replace(view, pose=pose)]).to(device)
        out = render(packed, cameras, scanners=scanners)
        bright = brightness(out['image']) if bright is None else bright
        image = expose(out['image'], level, None, bright)[0]
        ranges, met = out['scan'].unbind(-1)
        beams = torch.cat([scanner.points(scanners, ranges), met[..., None]], dim=-1)
        frames.append(Frame(k, kind, image, out['depth'][0], out['instance'][0],
                            out['medium'][0], cameras.k[0], cameras.lens[0], beams[0]))
        lines.append(scans.measure(beams, cameras.k, cameras.lens, cameras.size, generator)[0][0])
    stamps = [int(k * 1e9 / rate) for k in range(count)]
    return Trajectory(kind, frames, poses, stamps, torch.stack(lines))
