# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Batches for learning one domain after another: the new one, and what is kept of the old ones."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain, repeat

from depth_ros.contracts import InputError
import torch
from torch.utils.data import DataLoader
from training.datasets.frames import FrameData, Frames, Source, typed
from training.datasets.pipeline import Augmentation


@dataclass(frozen=True)
class Part:
    """
    One more domain of a joint training, see FrameData.

    :param steps: of its frames; None: those of the first domain.
    """

    train: Sequence[Source]
    validation: Sequence[Source] = ()
    steps: Augmentation | None = None


def tagged(batch: dict, domain: int) -> dict:
    """Say in a batch which predictor its frames are for: (B,) int64, negative: from the end."""
    return {**batch, 'domain': torch.full((len(batch['image']),), domain)}


def measuring(steps: Augmentation) -> Augmentation:
    """Return the pipeline for measuring: whole maps, real geometry."""
    return replace(steps, target=None, author_mode=False)


def stored(folder, steps: Augmentation, training: bool, in_memory: bool = False) -> Frames:
    """Open kept frames of a domain; measured ones go through the pipeline for measuring."""
    return Frames(Source('stored', str(folder)), steps if training else measuring(steps),
                  training, in_memory)


def in_order(frames: Frames, batch_size: int = 8) -> DataLoader:
    """Give measured frames in their order, alone where their sizes may differ."""
    alike = frames.steps.crop or frames.steps.size
    return DataLoader(frames, batch_size if alike else 1)


class InTurn:
    """Batches of the newest domains, one loader after the other, each with its `domain`."""

    def __init__(self, loaders):
        """Take the loaders of the domains."""
        self.loaders = loaders

    def __len__(self):
        """Return the number of batches."""
        return sum(map(len, self.loaders))

    def __iter__(self):
        """Yield the batches."""
        return chain.from_iterable(
            (tagged(batch, domain) for batch in loader)
            for domain, loader in enumerate(self.loaders, -len(self.loaders)))


class Mixed:
    """
    Training batches of new domains in turn, each with a `replay` batch of every old domain.

    An epoch is as long as the longest loader of a new domain times their number; what is shorter
    begins again. `replay` is a list, None for what is used up.

    :param loaders: of the new domains; replay: of the old ones, from the first on, or none.
    :param cycled: False begins replay once per epoch and does not repeat it, as published code
        does.
    """

    def __init__(self, loaders, replay=(), cycled: bool = True):
        """See the class."""
        self.loaders, self.replay, self.cycled = loaders, replay, cycled
        self.streams = [endless(loader) for loader in replay] if cycled else None

    def __len__(self):
        """Return the number of batches."""
        return max(map(len, self.loaders)) * len(self.loaders)

    def __iter__(self):
        """Yield the batches of one epoch."""
        streams = self.streams or [iter(loader) for loader in self.replay]
        turns = [endless(loader) if len(self.loaders) > 1 else iter(loader)
                 for loader in self.loaders]
        for number in range(len(self)):
            turn = number % len(turns)
            batch = tagged(next(turns[turn]), turn - len(turns))
            if streams:
                batch['replay'] = [tagged(old, domain) if old else None for domain, old in
                                   enumerate(next(stream, None) for stream in streams)]
            yield batch


def endless(loader):
    """Yield batches for ever, epoch after epoch."""
    return chain.from_iterable(repeat(loader))


class DomainData(FrameData):
    """
    Frames of a new domain and, from the run before, stored frames of the old domains.

    :param others: further new domains, learned in turn with the first (joint training).
    :param replay_batch: images of each old domain in a step; None: as many as of the new one.
    :param replay_frames, measure_frames: how many frames of a new domain the run keeps to learn
        from later, and of its validation frames to measure by later.

    See FrameData for the other arguments; `methods.lifelong` says which run was before.
    """

    def __init__(self, train: Sequence[Source], validation: Sequence[Source] = (),
                 steps: Augmentation | None = None, batch_size: int = 8, workers: int = 2,
                 in_memory: bool = False, others: Sequence[Part] = (),
                 replay_batch: int | None = None, replay_frames: int = 500,
                 measure_frames: int = 100):
        """Keep the description; files are opened in `setup`."""
        super().__init__(train, validation, steps, batch_size, workers, in_memory)
        if min(replay_frames, measure_frames) < 1 or (replay_batch or 1) < 1:
            raise InputError('data.replay_frames, data.measure_frames and data.replay_batch must '
                             'be at least 1')
        others = [typed(Part, part) for part in others]
        self.others = [FrameData(part.train, part.validation, part.steps or self.steps, batch_size,
                                 workers, in_memory) for part in others]
        self.old, self.cycled = (), True  # see `remember`
        self.save_hyperparameters({
            'others': [{'train': [asdict(s) for s in other.train],
                        'validation': [asdict(s) for s in other.validation],
                        'steps': asdict(other.steps)} for other in self.others],
            'replay_batch': replay_batch, 'replay_frames': replay_frames,
            'measure_frames': measure_frames})

    def remember(self, old: Sequence, cycled: bool = True) -> None:
        """
        Replay old domains from now on.

        :param old: (folder of stored frames, their pipeline) of each, in the predictors' order.
        :param cycled: see `Mixed`.
        """
        self.cycled = cycled
        self.old = [stored(folder, steps, True, self.hparams.in_memory) for folder, steps in old]

    @property
    def new(self) -> list[FrameData]:
        """Return the data of the new domains."""
        return [self, *self.others]

    def setup(self, stage=None):
        """Open the data sets."""
        super().setup(stage)
        for other in self.others:
            other.setup(stage)

    def train_dataloader(self):
        """Shuffled batches, see `Mixed`."""
        loaders = [super().train_dataloader(),
                   *(other.train_dataloader() for other in self.others)]
        return Mixed(loaders, [self._replay(frames) for frames in self.old], self.cycled)

    def _replay(self, frames):
        p = self.hparams
        size = min(p.replay_batch or p.batch_size, len(frames))
        workers = min(p.workers, 1)
        return DataLoader(frames, size, shuffle=True, drop_last=self.cycled, num_workers=workers,
                          persistent_workers=workers > 0)

    def val_dataloader(self):
        """All validation frames of the new domains in order."""
        loaders = [super().val_dataloader(), *(other.val_dataloader() for other in self.others)]
        return InTurn(loaders) if any(map(len, loaders)) else []
