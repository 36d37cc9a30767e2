# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Frames by number: rendering, and a pool of rendered frames kept on disk for reuse."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm
from training.datasets.procedural import textures, world
from training.datasets.procedural.raycast import pack
from training.datasets.procedural.shading import render

SHARD = 128


def expose(image: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
    """Turn linear light (B, H, W, 3) into uint8: exposure `level` (B), a shoulder, gamma 2.2."""
    bright = image.mean(-1).flatten(1)[:, ::7].quantile(0.7, dim=1)
    gain = (level / bright.clamp(min=1e-4))[:, None, None, None]
    value = image * gain
    value = torch.where(value > 0.8, 1 - 0.2 * torch.exp(-(value - 0.8) / 0.2), value)  # shoulder
    return (value.clamp(0, 1) ** (1 / 2.2) * 255).round().to(torch.uint8)


def frames(seed: int, shape: str, first: int = 0, device='cpu', batch: int = 1):
    """
    Yield usable frames of one shape for ever, each a function of (seed, shape, number) alone.

    :yields: number, image (H, W, 3) uint8, depth (H, W) float32 metres (inf: sky), camera (4)
        fx, fy, cx, cy, kind; tensors on `device`.
    """
    number = first
    while True:
        drawn = [world.draw([seed, sorted(world.SIZES).index(shape), number + k], shape)
                 for k in range(batch)]
        views = [view for _, view, _ in drawn]
        frame = render(pack([scene for scene, _, _ in drawn], textures.VARIANTS, device), views)
        level = torch.tensor([scene.rng.uniform(0.25, 0.65) for scene, _, _ in drawn],
                             device=device)
        image = expose(frame['image'], level)
        for k, (_, view, kind) in enumerate(drawn):
            depth = frame['depth'][k]
            if world.usable(depth.cpu().numpy(), frame['instance'][k].cpu().numpy()):
                camera = torch.tensor([view.fx, view.fy, view.cx, view.cy])
                yield number + k, image[k], depth, camera, kind
        number += batch


def write_pool(folder, seed: int, shape: str, count: int, first: int = 0) -> None:
    """
    Render `count` frames into shards under `folder`; a shard that exists is left alone.

    Each shard is three arrays that can be memory-mapped:
    NAME.image.npy (n, H, W, 3) uint8, NAME.depth.npy (n, H, W) float16, NAME.camera.npy (n, 4).
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    bar = tqdm(total=count, unit='frame', disable=None, desc=shape)
    for start in range(0, count, SHARD):
        name = folder / f'{shape}-{seed}-{first + start:06d}'
        done = name.with_suffix('.camera.npy')
        if done.exists():
            continue
        stream = frames(seed, shape, 4 * (first + start))  # room for rejected frames
        taken = [next(stream) for _ in range(SHARD)]
        image = np.stack([frame[1].numpy() for frame in taken])
        depth = np.stack([frame[2].numpy() for frame in taken])
        np.save(name.with_suffix('.image.npy'), image)
        np.save(name.with_suffix('.depth.npy'), depth.astype(np.float16))
        np.save(done, np.stack([frame[3].numpy() for frame in taken]))
        bar.update(SHARD)
    bar.close()


class Pool:
    """Random access to the shards of one shape; new shards are found as they appear."""

    def __init__(self, folder, shape: str):
        """Open the pool of `shape` under `folder`; `refresh` looks again."""
        self.folder, self.shape, self.shards = Path(folder), shape, {}
        self.refresh()

    def refresh(self) -> None:
        """Look for new shards."""
        for done in sorted(self.folder.glob(f'{self.shape}-*.camera.npy')):
            name = str(done)[:-len('.camera.npy')]
            if name not in self.shards:
                self.shards[name] = (np.load(f'{name}.image.npy', mmap_mode='r'),
                                     np.load(f'{name}.depth.npy', mmap_mode='r'), np.load(done))
        self.names = list(self.shards)

    def draw(self, rng, count: int) -> tuple:
        """Draw frames at random: image (n, H, W, 3) uint8, depth (n, H, W), camera (n, 4)."""
        if not self.names:
            raise FileNotFoundError(
                f'no {self.shape} frames under {self.folder}: run `python -m training render-pool'
                f' --out {self.folder}` first')
        images, depths, cameras = [], [], []
        for _ in range(count):
            shard = self.shards[self.names[rng.integers(len(self.names))]]
            k = rng.integers(len(shard[2]))
            images.append(torch.from_numpy(np.array(shard[0][k])))
            depths.append(torch.from_numpy(np.array(shard[1][k], dtype=np.float32)))
            cameras.append(torch.from_numpy(shard[2][k]))
        return torch.stack(images), torch.stack(depths), torch.stack(cameras)
