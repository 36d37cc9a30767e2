# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Procedural drives on disk: images in the order of time, camera, true depth and poses."""
from __future__ import annotations

from pathlib import Path

import cv2
from depth_ros.contracts import InputError, write_depth
import numpy as np
from tqdm import tqdm
from training.datasets.procedural import world
from training.datasets.procedural.trajectory import drive, Trajectory, trajectory
import yaml

MOVING = 0.05  # metres between frames; a drive that moves less teaches nothing
TRIES = 50  # worlds drawn before a drive is given up


def moving_seed(seed: int, count: int, shape: str = 'wide', kind: str | None = None,
                rate: float = 10.0, night: bool = False) -> int:
    """
    Find the first seed from `seed` on whose `trajectory` goes somewhere.

    :param night: let it be dark.
    :raises InputError: none of TRIES does.
    """
    for number in range(seed, seed + TRIES):
        scene, view, drawn = world.draw([number, 77], shape, kind, lens=False)
        poses = drive(np.random.default_rng([number, 78]), scene, view, drawn, count, rate)
        if pace(poses) > MOVING and (night or not scene.night):
            return number
    raise InputError(f'no drive of {count} frames of seeds {seed} to {seed + TRIES - 1} goes '
                     'anywhere: ask for fewer frames, or another kind of world')


def pace(poses) -> float:
    """Give the median distance between successive poses (K, 4, 4), metres."""
    return float(np.median(np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1)))


def write_drive(folder, drawn: Trajectory) -> None:
    """
    Write a drive: image/N.png, depth/N.png (unit: kitti, 0: sky), camera.yaml, poses.txt.

    poses.txt has a row of 12 numbers for each frame: camera -> world, metres.
    """
    folder = Path(folder)
    for name in ('image', 'depth'):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for k, frame in enumerate(drawn.frames):
        image = np.ascontiguousarray(frame.image.cpu().numpy()[..., ::-1])
        if not cv2.imwrite(str(folder / 'image' / f'{k:06d}.png'), image):
            raise InputError(f'cannot write images into {folder}')
        depth = frame.depth.cpu().numpy()
        write_depth(folder / 'depth' / f'{k:06d}.png',
                    np.where(np.isfinite(depth), depth, np.nan), 'kitti')
    np.savetxt(folder / 'poses.txt', drawn.poses[:, :3].reshape(-1, 12), fmt='%.9g')
    height, width = depth.shape
    camera = dict(zip(('fx', 'fy', 'cx', 'cy'), map(float, drawn.frames[0].camera)))
    (folder / 'camera.yaml').write_text(
        yaml.safe_dump({'width': width, 'height': height, **camera}, sort_keys=False))


def write_drives(folder, drives: int, count: int, seed: int = 1, shape: str = 'wide',
                 kind: str | None = None, device='cpu') -> list[dict]:
    """
    Write several drives, each through its own world, as folders 00, 01 ... of `folder`.

    :returns: for each seed, kind and metres between frames.
    """
    facts = []
    for number in tqdm(range(drives), unit='drive', disable=None):
        seed = moving_seed(seed, count, shape, kind)
        drawn = trajectory(seed, shape, count, kind, device=device)
        write_drive(Path(folder) / f'{number:02d}', drawn)
        facts.append({'seed': seed, 'kind': drawn.kind, 'pace': pace(drawn.poses)})
        seed += 1
    return facts
