# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Images of simulators with the ids of their things, for distillation without training data."""
from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import cv2
from depth_ros.contracts import InputError
import numpy as np
import torch
from torch.utils.data import Dataset, Subset
from training.datasets.frames import FrameData, Frames, READERS
from training.datasets.pipeline import make_item

LARGEST = 1 << 24  # ids below it are whole numbers in float32


class SimulatedFrames(Frames):
    """
    The frames of one source with `instances` (H, W) int64 in place of depth, 0 = no thing.

    The ids go through the same geometry as the image, by the nearest pixel. A source without
    ids has zeros; neither its depth nor that of others is looked at.
    """

    def __init__(self, source, steps, training=True, in_memory=False):
        """Open the source; one with some ids must have all of them."""
        super().__init__(source, steps, training, in_memory)
        self.files = find_instances(source, self.data.names)

    @property
    def has_instances(self) -> bool:
        """Whether things are told apart."""
        return self.files is not None

    def sample(self, index):
        """Return a frame as it was recorded, its depth replaced by its ids."""
        sample = super().sample(index)
        shape = sample.image.shape[:2]
        ids = np.zeros(shape, np.float32)
        if self.files is not None:
            ids = read_instances(self.files[self.indices[index]]).astype(np.float32)
        if ids.shape != shape:
            raise InputError(f'{sample.name}: the image is {shape[1]}x{shape[0]} but its '
                             f'instances are {ids.shape[1]}x{ids.shape[0]}')
        return replace(sample, depth=ids, sparse=np.zeros(shape, np.float32))

    def item(self, sample, random):
        """Run the pipeline on a sample; `random` None measures."""
        item = make_item(sample, self.steps, random, False)
        item['instances'] = torch.nan_to_num(item.pop('depth')).long()
        return item


def find_instances(source, names):
    """Return a file of ids per name, None where the source has none at all."""
    module = import_module(READERS[source.dataset])
    if not hasattr(module, 'instance_files'):
        return None
    files = module.instance_files(source.path, names)
    missing = [file for file in files if not file.is_file()]
    if len(missing) == len(files):
        return None
    if missing:
        raise InputError(f'{len(missing)} of {len(files)} files of instance ids are missing, '
                         f'first {missing[0]}: add them, or remove the others')
    return files


def read_instances(path) -> np.ndarray:
    """
    Read ids (H, W) int64 from an image: its grey values, or R + 256 G + 65536 B.

    :raises InputError: it cannot be read.
    """
    values = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if values is None:
        raise InputError(f'{path} cannot be read as an image of instance ids')
    values = values.astype(np.int64)
    if values.ndim == 2:
        return values % LARGEST
    return values[..., 2] + 256 * values[..., 1] + 65536 * values[..., 0]


class Blank(Dataset):
    """So many images of one size that nobody looks at."""

    def __init__(self, size, count: int):
        """Make them (height, width)."""
        self.size, self.count = size, count

    def __len__(self):
        """Return their number."""
        return self.count

    def __getitem__(self, index):
        """Return one."""
        if index >= self.count:
            raise IndexError(index)
        return {'image': torch.zeros(3, *self.size), 'name': f'blank {index}'}


class SimulatedData(FrameData):
    """
    Batches of images with `instances`; validation is that of FrameData.

    :param number: of training images, drawn from all by `subset_seed`; a smaller number gives a
        part of the images of a larger one. None: all.
    :param blank: train on so many images without content, for methods that make their own.

    See FrameData for the other arguments.
    """

    def __init__(self, number: int | None = None, subset_seed: int = 1, blank: int = 0,
                 **options):
        """Keep the description; files are opened in `setup`."""
        super().__init__(**options)
        if self.steps.target or self.steps.author_mode:
            raise InputError('data.steps.target and data.steps.author_mode are for ground truth, '
                             'which simulated images are not used with')
        if number is not None and number < 1:
            raise InputError(f'data.number={number}: give at least 1 image')
        self.save_hyperparameters({'number': number, 'subset_seed': subset_seed, 'blank': blank})

    def all_training(self):
        """Open everything that is trained on."""
        p = self.hparams
        if p.blank:
            size = self.steps.crop or self.steps.size
            if size is None:
                raise InputError('data.blank needs data.steps.crop: how large is an image?')
            return Blank(size, p.blank)
        frames = super().all_training()
        if p.number is None:
            return frames
        if p.number > len(frames):
            raise InputError(f'data.number={p.number}, but there are {len(frames)} images')
        order = np.random.default_rng(p.subset_seed).permutation(len(frames))
        return Subset(frames, order[:p.number].tolist())

    def training_set(self, source):
        """Open one source for training."""
        return SimulatedFrames(source, self.steps, True, self.hparams.in_memory)
