# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Training batches of procedural frames, streamed from the renderer or reused from a pool."""
from __future__ import annotations

from collections.abc import Sequence

import lightning
import numpy as np
import torch
from torch.utils.data import DataLoader, get_worker_info, IterableDataset
from training.datasets.procedural import augment, line, scans
from training.datasets.procedural.frames import frames
from training.datasets.procedural.pool import Pool

# Network input sizes by frame shape; each batch has one, drawn with the share given. Training
# may begin with the small ones, at half the cost.
SMALL_SIZES = {'normal': (((96, 128), 0.4), ((128, 160), 0.35), ((96, 160), 0.25)),
               'wide': (((64, 192), 0.5), ((96, 224), 0.3), ((64, 256), 0.2))}
SIZES = {'normal': (((160, 192), 0.4), ((160, 224), 0.3), ((128, 192), 0.15), ((192, 192), 0.15)),
         'wide': (((96, 256), 0.35), ((96, 320), 0.45), ((128, 256), 0.2))}


GPU_BATCH = 64  # frames rendered together
SCAN_SHARE = 0.6  # of the lines are beams cast in the world; the rest cut the depth image


def draw_batch(source, rng, generator, shape, count, size, none_share=0.04):
    """
    Make one batch from a source with `.draw(rng, count)`.

    :returns: image (B, H, W, 3) uint8, sparse_depth (B, H, W) metres (0: none), depth (B, H, W)
        metres (inf: sky), camera (B, 4) fx, fy, cx, cy at this size.
    """
    taken = source[shape].draw(rng, count)

    def stacked(name):
        return torch.stack([getattr(frame, name) for frame in taken])
    image = stacked('image').permute(0, 3, 1, 2).float() / 255
    device, beams = image.device, stacked('beams').float()
    maps = torch.stack([stacked('depth'), stacked('medium').float()], dim=1)
    image, maps, k, flip = augment.reframe(image, maps, stacked('camera'), size, generator)
    depth, medium = maps.unbind(1)
    image = augment.motion_blur(image, depth, generator=generator)
    cut = line.simulate(depth, k, generator, 0.0, medium)
    mirrored = torch.stack([flip, *torch.ones(3, count, device=device)], dim=1)
    scan, some = scans.measure(beams * mirrored[:, None, None], k, stacked('lens'), size,
                               generator)
    chance = torch.rand(2, count, generator=generator, device=device)
    sparse = torch.where((some & (chance[0] < SCAN_SHARE))[:, None, None], scan, cut)
    sparse = torch.where((chance[1] < none_share)[:, None, None], 0.0, sparse)
    return {'image': augment.photograph(image, generator), 'sparse_depth': sparse,
            'depth': depth, 'camera': k}


class Stream:
    """Renders fresh frames on demand; same interface as a Pool."""

    def __init__(self, seed: int, shape: str, device='cpu', first: int = 0, workers: int = 0):
        """
        Start at frame `first`; frames are a function of (seed, shape, number).

        :param workers: processes that draw the worlds (see `frames.frames`).
        """
        batch = 1 if str(device) == 'cpu' else GPU_BATCH
        self.frames = frames(seed, shape, first, device, batch, workers)

    def draw(self, rng, count: int) -> list:
        """Render the next `count` usable frames."""
        return [next(self.frames) for _ in range(count)]


class ProceduralBatches(IterableDataset):
    """Endless batches; a pure function of the seed (and of the pool's content)."""

    def __init__(self, seed=1, batch_size=16, pool=None, wide_share=0.35, device='cpu',
                 sizes=None, none_share=0.04, length=None, start=0, drawing=0):
        """See ProceduralData; `length` batches, or endless; `start` tells resumed runs apart."""
        self.start, self.drawing = start, drawing
        self.seed, self.batch_size, self.pool = seed, batch_size, pool
        self.wide_share, self.device, self.length = wide_share, device, length
        self.sizes, self.none_share = sizes or SIZES, none_share

    def __iter__(self):
        """Yield batches; workers draw from separate generators."""
        worker = get_worker_info()
        part = worker.id if worker else 0
        rng = np.random.default_rng([self.seed, part, self.start])
        generator = torch.Generator(self.device).manual_seed(
            int(rng.integers(1 << 62)))
        if self.pool:
            source = {shape: Pool(self.pool, shape) for shape in self.sizes}
        else:
            source = {shape: Stream(self.seed, shape, self.device, (part << 40) + 100 * self.start,
                                    -(-self.drawing // len(self.sizes)))
                      for shape in self.sizes}
        number = 0
        while self.length is None or number < self.length:
            shape = 'wide' if rng.random() < self.wide_share else 'normal'
            choices, shares = zip(*self.sizes[shape])
            size = choices[rng.choice(len(choices), p=np.array(shares) / sum(shares))]
            yield draw_batch(source, rng, generator, shape, self.batch_size, size,
                             self.none_share)
            number += 1
            if self.pool and number % 100 == 0:
                for pool in source.values():
                    pool.refresh()


class ProceduralData(lightning.LightningDataModule):
    """
    Procedural frames for training and a fixed set for validation.

    :param pool: folder of rendered frames to reuse (CPU training), or None to render afresh
        (GPU training).
    :param workers: processes that make batches or, with a GPU, that draw what it renders.
    :param small: train on SMALL_SIZES (a cheap beginning).
    :param none_share: share of frames without any line; 1.0 trains the twin that has no LiDAR.
    :param size: (height, width): every batch, of training and validation, has this one size and
        normal frames; None: a mixture of sizes, wide ones among them.
    """

    def __init__(self, pool: str | None = None, batch_size: int = 16, seed: int = 1,
                 wide_share: float = 0.35, workers: int = 1, device: str = 'cpu',
                 small: bool = False, validation_batches: int = 8,
                 validation_seed: int = 9001, size: Sequence[int] | None = None,
                 none_share: float = 0.04):
        """Keep the options; validation frames have their own seed and are in no pool."""
        super().__init__()
        self.save_hyperparameters()

    @staticmethod
    def _only(size):
        return {'normal': ((tuple(size), 1.0),)} if size else None

    def train_dataloader(self):
        """Endless batches."""
        p = self.hparams
        start = self.trainer.global_step if self.trainer else 0
        sizes = self._only(p.size) or (SMALL_SIZES if p.small else SIZES)
        for shape in sizes if p.pool else ():
            Pool(p.pool, shape).require()  # here, since a worker's error is a traceback
        # A GPU renders in this process, while the workers draw the worlds for it.
        here = not p.pool and p.device != 'cpu'
        data = ProceduralBatches(p.seed, p.batch_size, p.pool, 0.0 if p.size else p.wide_share,
                                 p.device, sizes, p.none_share, start=start,
                                 drawing=p.workers if here else 0)
        workers = 0 if here else p.workers
        return DataLoader(data, batch_size=None, num_workers=workers,
                          prefetch_factor=4 if workers else None)

    def val_dataloader(self):
        """Give the same batches every time."""
        p = self.hparams
        if not hasattr(self, 'fixed'):
            sizes = self._only(p.size) or {'normal': (((192, 256), 1.0),),
                                           'wide': (((96, 320), 1.0),)}
            data = ProceduralBatches(p.validation_seed, 8, None, 0.0 if p.size else 0.5, p.device,
                                     sizes, float(p.none_share >= 1.0), p.validation_batches)
            self.fixed = list(data)
        return DataLoader(self.fixed, batch_size=None)
