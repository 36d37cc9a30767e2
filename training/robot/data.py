# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Training batches of a robot's frames: drawn by number, some beams kept from the network."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler
from training.datasets.taught import TaughtData, TaughtFrames
from training.robot.split import hold_back


class RobotFrames(TaughtFrames):
    """
    Taught frames of which the network sees a part of the line, and the loss all of it.

    An item has `measured` (H, W) metres beside `sparse_depth`, which lacks the hidden beams.

    :param hidden: share of the beams' blocks that is hidden, on all but every fourth frame.
    """

    hidden = 0.0

    def item(self, sample, random):
        """Run the pipeline on a sample, then hide beams."""
        item = super().item(sample, random)
        line = item['measured'] = item['sparse_depth']
        if self.hidden and random is not None and random.random() < 0.75:
            width = line.shape[1]
            fx, _, cx, _ = (float(value) for value in item['camera'])
            camera = replace(sample.camera, width=width, fx=fx, cx=cx)
            shown, _ = hold_back(line.numpy(), camera, int(random.integers(2 ** 62)), self.hidden)
            item['sparse_depth'] = torch.from_numpy(shown)
        return item


class Draws(Sampler):
    """Numbers start(), start() + 1, ... without end."""

    def __init__(self, start):
        """Keep the function that tells where to begin."""
        self.start = start

    def __iter__(self):
        """Count on."""
        number = self.start()
        while True:
            yield number
            number += 1

    def __len__(self):
        """Return more than any run draws."""
        return 2 ** 40


class Drawn(Dataset):
    """Item number k of an endless shuffled sequence: a function of seed and k alone."""

    def __init__(self, frames, seed: int):
        """Draw from a dataset whose randomness follows torch's seed."""
        self.frames, self.seed, self.order = frames, seed, (None, None)

    def __getitem__(self, number):
        """Return a frame, each once an epoch."""
        epoch, place = divmod(number, len(self.frames))
        if self.order[0] != epoch:
            random = np.random.default_rng((self.seed, epoch))
            self.order = epoch, random.permutation(len(self.frames))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed * 1_000_003 + number)
            return self.frames[int(self.order[1][place])]


class RobotData(TaughtData):
    """
    Batches for `training.robot.method.RobotR2M`, the same whether a run was interrupted or not.

    :param hidden: share of the line that the network does not see, in blocks of beams.
    :param draw_seed: of the order of frames and of their changes.

    See TaughtData for the other arguments.
    """

    def __init__(self, hidden: float = 0.25, draw_seed: int = 1, **options):
        """Keep the description."""
        super().__init__(**options)
        self.save_hyperparameters({'hidden': hidden, 'draw_seed': draw_seed})

    def training_set(self, source):
        """Open one source for training."""
        frames = RobotFrames(source, self.steps, True, self.hparams.in_memory, self.taught,
                             self.prior)
        frames.hidden = self.hparams.hidden
        return frames

    def drawn(self) -> int:
        """Return how many frames the run has drawn before now."""
        if self.trainer is None:
            return 0
        steps = self.trainer.global_step * self.trainer.accumulate_grad_batches
        return steps * self.hparams.batch_size * self.trainer.world_size

    def train_dataloader(self):
        """Endless batches."""
        p = self.hparams
        return DataLoader(Drawn(self.training_frames, p.draw_seed), p.batch_size,
                          sampler=Draws(self.drawn), num_workers=p.workers,
                          persistent_workers=p.workers > 0)
