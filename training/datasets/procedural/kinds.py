# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Frames of one kind of world as stored data sets: domains to learn one after another."""
from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
import json
from pathlib import Path

from depth_ros.camera import Camera
from depth_ros.contracts import choose, InputError
from depth_ros.datasets.sample import Sample
import numpy as np
from tqdm import tqdm
from training.datasets import geometry, stored
from training.datasets.procedural.frames import describe, develop
from training.datasets.procedural.world import INDOOR, OUTDOOR

# Number of the first frame of each part of a seed.
FIRST = {'train': 0, 'test': 1_000_000, 'validation': 2_000_000}
SHAPE = 'normal'
# Dark frames teach little and are no domain of their own: mean of the image, of 255.
DARKEST = 25


def samples(kind: str, seed: int, size: tuple[int, int], first: int = 0) -> Iterator[Sample]:
    """
    Yield frames of one kind of world for ever, each of its own world, without a lens.

    They are rendered at 192 x 256 and brought to `size` (height, width). The sky is unknown depth.

    :param kind: room, corridor, hall, desk, street or yard; first: number of the first frame.
    """
    for sample, _ in simulated(kind, seed, size, first):
        yield sample


def simulated(kind: str | None, seed: int, size: tuple[int, int],
              first: int = 0) -> Iterator[tuple[Sample, np.ndarray]]:
    """
    Yield what `samples` does, each with the ids (height, width) int64 of its things, 0 the sky.

    :param kind: None: all kinds, by their shares in training.
    """
    if kind is not None:
        choose({**INDOOR, **OUTDOOR}, kind, 'kind of world')
    number = first
    while True:
        for frame in develop(describe(seed, SHAPE, [number], kind, lens=False)):
            image = frame.image.numpy()
            if image.mean() < DARKEST:
                continue
            depth = frame.depth.numpy().astype(np.float32)
            height, width = depth.shape
            camera = Camera(width, height, *(float(value) for value in frame.camera))
            depth = np.where(np.isfinite(depth), depth, np.float32(np.nan))
            whole = Sample(f'{frame.kind} {seed}-{number}', image, depth, np.zeros_like(depth),
                           camera)
            yield (geometry.resize(whole, *size),
                   geometry.nearest(frame.instance.numpy(), *size))
        number += 1


def write_kinds(folder, kinds, counts: dict, seed: int, size: tuple[int, int],
                instances: bool = False) -> dict:
    """
    Render KIND/train, KIND/test and KIND/validation of `folder` as `stored` data sets.

    :param counts: part to frames, of `FIRST`; a part that is there already is left alone.
    :param instances: write the ids of things, too.
    :returns: {'KIND/PART': number of frames}.
    :raises InputError: an unknown kind, or a part that was made with other settings.
    """
    folder, written = Path(folder), {}
    for kind in kinds:
        choose({**INDOOR, **OUTDOOR}, kind, 'kind of world')
    for kind in kinds:
        for part, count in counts.items():
            place = folder / kind / part
            source = json.dumps({'kind': kind, 'part': part, 'seed': seed, 'frames': count,
                                 'size': list(size),
                                 **({'instances': True} if instances else {})})
            if not _is_there(place, source):
                make = simulated if instances else samples
                drawn = islice(make(kind, seed, size, FIRST[part]), count)
                stored.write_frames(place, tqdm(drawn, total=count, unit='frame', disable=None,
                                                desc=f'{kind}/{part}'), source)
            written[f'{kind}/{part}'] = count
    return written


def _is_there(place, source):
    if not (place / stored.INDEX).is_file():
        return False
    if stored.read_source(place) != source:
        raise InputError(f'{place} holds other frames ({stored.read_source(place)}): remove it, '
                         'or choose another folder')
    return True
