# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Frames of one domain seen by several lifelong runs, side by side."""
from __future__ import annotations

import cv2
from depth_ros.contracts import InputError
from depth_ros.evaluation.protocols import find_protocol
from depth_ros.pictures import colorize, depth_range, label
import numpy as np
import torch
from training.compare import _pictures as uint8_images
from training.lifelong.scores import PROTOCOL
from training.methods.metric_depth import normalised
from training.runs import load_method

TILE = 224  # pixels of a tile's width


@torch.no_grad()
def sheet(runs, domain: str, loader, count: int = 4):
    """
    Draw image, truth and what each run says with its predictor of the domain.

    :param runs: {title: folder of a run}; loader: batches of `FrameData`; count: frames, evenly
        spread.
    :returns: (H, W, 3) uint8 RGB, a row a frame, REL in each tile; red is near, blue far.
    :raises InputError: a run has no such domain.
    """
    columns = {title: _predict(run, domain, loader) for title, run in runs.items()}
    frames = [(image, depth) for batch in loader
              for image, depth in zip(uint8_images(batch['image']), batch['depth'].numpy())]
    picked = [int((k + 0.5) * len(frames) / count) for k in range(count)] \
        if count < len(frames) else range(len(frames))
    rows = []
    for k in picked:
        image, truth = frames[k]
        far = depth_range(truth)[1]
        tiles = {'image': image, 'truth': colorize(truth, far)}
        for title, depths in columns.items():
            rel = find_protocol(PROTOCOL).image(depths[k], truth)['abs_rel']
            tiles[f'{title}: REL {rel:.2f}'] = colorize(depths[k], far)
        rows.append(np.hstack([label(_wide(tile), title) for title, tile in tiles.items()]))
    return np.vstack(rows)


def _predict(run, domain, loader):
    method = load_method(run / 'last.ckpt')[0]
    if domain not in method.names:
        raise InputError(f'{run} has no predictor for {domain!r}: it has '
                         f'{", ".join(method.names)}')
    own = method.names.index(domain)
    return [depth for batch in loader for depth in method.answer(
        method.net.features(normalised(batch['image'])), batch, own).numpy()]


def _wide(picture):
    height = round(picture.shape[0] * TILE / picture.shape[1])
    return cv2.resize(picture, (TILE, height), interpolation=cv2.INTER_NEAREST)
