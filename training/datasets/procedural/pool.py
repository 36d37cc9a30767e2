# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A pool of rendered frames kept on disk for reuse."""
from __future__ import annotations

from pathlib import Path

from depth_ros.contracts import InputError
import numpy as np
import torch
from tqdm import tqdm
from training.datasets.procedural.frames import Frame, frames, SCANNERS
from training.datasets.procedural.scanner import BEAMS, NOTHING

SHARD = 128
PARTS = {'image': np.uint8, 'depth': np.float16, 'medium': np.uint8, 'beams': np.float16}


def write_pool(folder, seed: int, shape: str, count: int, first: int = 0) -> None:
    """
    Render `count` frames into shards under `folder`; a shard that exists is left alone.

    It is, too, where it holds fewer frames than now are asked for.

    Each shard is arrays that can be memory-mapped: NAME.image.npy (n, H, W, 3) uint8,
    NAME.depth.npy (n, H, W) float16, NAME.medium.npy (n, H, W) uint8, NAME.beams.npy (n,
    SCANNERS, BEAMS, 4) float16, NAME.camera.npy (n, 6): fx, fy, cx, cy and the lens.
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
        taken = [next(stream) for _ in range(min(SHARD, count - start))]
        for part, form in PARTS.items():
            value = np.stack([getattr(frame, part).numpy() for frame in taken])
            np.save(name.with_suffix(f'.{part}.npy'), value.astype(form))
        np.save(done, np.stack([np.concatenate([frame.camera, frame.lens]) for frame in taken]))
        bar.update(len(taken))
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
                found = {part: np.load(f'{name}.{part}.npy', mmap_mode='r') for part in PARTS
                         if Path(f'{name}.{part}.npy').exists()}
                self.shards[name] = {**found, 'camera': np.load(done)}
        self.names = list(self.shards)

    def require(self) -> None:
        """Raise an InputError where there are no frames."""
        if not self.names:
            raise InputError(
                f'no {self.shape} frames under {self.folder}: run `python -m training render-pool'
                f' --out {self.folder}` first')

    def draw(self, rng, count: int) -> list[Frame]:
        """Draw frames at random; what older pools lack (medium, beams, lens) is empty."""
        self.require()
        return [self._frame(self.shards[self.names[rng.integers(len(self.names))]], rng)
                for _ in range(count)]

    def _frame(self, shard, rng):
        k = int(rng.integers(len(shard['camera'])))
        depth = torch.from_numpy(np.array(shard['depth'][k], dtype=np.float32))
        camera = torch.from_numpy(np.array(shard['camera'][k], dtype=np.float32))
        if 'beams' in shard:
            beams = torch.from_numpy(np.array(shard['beams'][k], dtype=np.float32))
            medium = torch.from_numpy(np.array(shard['medium'][k]))
        else:
            beams = torch.full((SCANNERS, BEAMS, 4), float(NOTHING))
            medium = torch.zeros_like(depth, dtype=torch.uint8)
        lens = camera[4:] if len(camera) == 6 else torch.zeros(2)
        return Frame(k, '', torch.from_numpy(np.array(shard['image'][k])), depth,
                     torch.zeros_like(depth, dtype=torch.int64), medium, camera[:4], lens, beams)
