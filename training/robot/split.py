# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What is learned from and what is measured on: parts of a recording, and beams of a frame."""
from __future__ import annotations

from dataclasses import dataclass

from depth_ros.contracts import InputError
import numpy as np

MEASURED, CHOSEN = 0.2, 0.1  # last share of the recording; share of the rest, at its end
GAP_S, GAP_SHARE = 2.0, 0.05  # the smaller of the two, between parts
HELD, BLOCK_DEG = 0.2, 5.0
FEWEST = {'train': 4, 'choose': 1, 'measure': 1}  # frames


@dataclass(frozen=True)
class Split:
    """
    Frame numbers of one recording.

    train: learned from; choose: decide whether the new weights are taken; measure: seen by
    nothing but the figures. gap_s: seconds between two parts.
    """

    train: tuple
    choose: tuple
    measure: tuple
    gap_s: float = 0.0


def split_times(seconds, measured: float = MEASURED) -> Split:
    """
    Split frames by their time.

    :param seconds: of each frame, any order.
    :param measured: share of the recording's time at its end; 0: nothing is measured here, the
        end of the whole chooses.
    :raises InputError: too few frames for parts.
    """
    seconds = np.asarray(seconds, float)
    first, last = seconds.min(), seconds.max()
    gap = min(GAP_S, GAP_SHARE * (last - first))
    end = last - measured * (last - first)
    middle = end - (gap if measured else 0.0)
    # Of a very short recording one frame chooses.
    choose_from = min(first + (1 - CHOSEN) * (middle - first), seconds[seconds <= middle].max())

    def part(low, high):
        return tuple(int(k) for k in np.flatnonzero((seconds >= low) & (seconds <= high)))
    result = Split(part(first, choose_from - gap), part(choose_from, middle),
                   part(end, last) if measured else (), gap)
    sizes = {'train': len(result.train), 'choose': len(result.choose)}
    if measured:
        sizes['measure'] = len(result.measure)
    if any(size < FEWEST[name] for name, size in sizes.items()):
        raise InputError(f'{len(seconds)} usable frames in {last - first:.1f} s leave '
                         + ', '.join(f'{size} to {name} (at least {FEWEST[name]})'
                                     for name, size in sizes.items()) + ': record longer')
    return result


def bearings(camera) -> np.ndarray:
    """Return the angle in degrees of each column's ray about the camera's vertical axis."""
    return np.degrees(np.arctan2(np.arange(camera.width) - camera.cx, camera.fx))


def hold_back(sparse, camera, seed, share: float = HELD, block: float = BLOCK_DEG):
    """
    Divide a line into what is shown and what is held back, in blocks of neighbouring beams.

    The bearing of a pixel stands for the angle of its beam, of which a scanner beside the camera
    differs little. The same arguments give the same blocks.

    :param sparse: (H, W) metres, 0 none; seed: a number or several.
    :param share: of the blocks; at least one block is held back and one shown where there are two.
    :returns: shown and held, (H, W) metres each, 0 none.
    """
    columns = np.flatnonzero((sparse > 0).any(0))
    held = np.zeros_like(sparse)
    if not len(columns):
        return sparse.copy(), held
    random = np.random.default_rng(seed)
    cell = np.floor((bearings(camera) + random.uniform(0, block)) / block).astype(int)
    cells = np.unique(cell[columns])
    count = int(np.clip(round(share * len(cells)), 1, max(len(cells) - 1, 1)))
    chosen = np.isin(cell, random.choice(cells, count, replace=False))
    if len(cells) == 1:  # one narrow block: its right half
        chosen = np.arange(len(cell)) > np.median(columns)
    held[:, chosen] = sparse[:, chosen]
    return np.where(held > 0, np.float32(0), sparse), held
