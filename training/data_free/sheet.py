# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a student of `data_free` is shown: images, mixed ones, transformed ones, what changed."""
from __future__ import annotations

from pathlib import Path

import cv2
from depth_ros.contracts import InputError
from depth_ros.pictures import label
import numpy as np
import torch
from training.datasets.frames import Source
from training.datasets.mixing import mix
from training.datasets.pipeline import Augmentation
from training.datasets.simulated import SimulatedFrames
from training.methods.data_free import DataFree
from training.methods.metric_depth import normalised
from training.networks.encoders import IMAGENET_STD
from training.networks.transformation import Transformation
from training.pictures import to_rgb
from training.runs import load_method

TILE, GAIN = 224, 4.0  # pixels of a tile's width; how much a change is enlarged


@torch.no_grad()
def sheet(run, count: int = 4, seed: int = 1):
    """
    Draw images of a run's training data, a row each.

    :param run: folder of a run of DataFree on simulated images.
    :param count: images, evenly spread over all sources; seed: of the mixing.
    :returns: (H, W, 3) uint8 RGB, and figures of these images: `pasted`, the part of the pixels
        of mixed images, and with a transformation `moved`, of the values of 0..1, mean and
        greatest.
    :raises InputError: the run is none of that kind.
    """
    run = Path(run)
    method, config, _ = load_method(run / 'last.ckpt')
    if not isinstance(method, DataFree) or method.hparams.source != 'simulated':
        raise InputError(f'{run} is no run of data_free on simulated images')
    batch = _images(config['data']['init_args'], count)
    torch.manual_seed(seed)
    image = normalised(batch['image'])
    mixed, mask = mix(image, batch['instances'], 1.0)
    columns = {'image': [to_rgb(one) for one in image],
               'mixed': [_outlined(to_rgb(one), part.numpy()) for one, part in zip(mixed, mask)]}
    figures = {'pasted': float(mask.float().mean())}
    if isinstance(method.maker, Transformation):
        changed = method.maker(mixed)
        columns['transformed'] = [to_rgb(one) for one in changed]
        moved = (changed - mixed) * torch.tensor(IMAGENET_STD)[:, None, None]
        columns[f'change x {GAIN:g}'] = [
            (255 * (0.5 + GAIN * one).clamp(0, 1)).byte().permute(1, 2, 0).numpy()
            for one in moved]
        figures.update(moved=float(moved.abs().mean()), most=float(moved.abs().max()))
    return np.vstack([np.hstack([label(_wide(tiles[k]), title)
                                 for title, tiles in columns.items()])
                      for k in range(len(image))]), figures


def _images(options, count):
    """Return a batch of images as they are measured, without random changes."""
    steps = Augmentation(**options['steps'])
    parts = [SimulatedFrames(Source(**source), steps, False) for source in options['train']]
    places = [(part, k) for part in parts for k in range(len(part))]
    picked = [places[int((k + 0.5) * len(places) / count)] for k in range(count)]
    items = [part[k] for part, k in picked]
    return {name: torch.stack([torch.as_tensor(item[name]) for item in items])
            for name in ('image', 'instances')}


def _outlined(picture, mask):
    """Draw a line around what was pasted, twice as large as the picture."""
    picture, mask = (cv2.resize(x, None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST)
                     for x in (picture, mask.astype(np.uint8)))
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return cv2.drawContours(np.ascontiguousarray(picture), contours, -1, (255, 230, 0), 2)


def _wide(picture):
    height = round(picture.shape[0] * TILE / picture.shape[1])
    return cv2.resize(picture, (TILE, height), interpolation=cv2.INTER_LINEAR)
