# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
What a depth network loses with the pixels that a mask hides.

N(x) of the whole image, N(x M) of the soft and N(x M') of the binarised mask are compared with
ground truth, as published at the size of N's answer. Beside them stand plain masks: the values of
M or M' of each image at random pixels, at random squares, or at the image's strongest edges.
"""
from __future__ import annotations

from depth_ros.evaluation.protocols import Average
import torch
from torch.nn import functional
from training.saliency.masks import binarise, PLAIN, shares, THRESHOLD

SEED = 1  # of the random masks: the same ones for every mask network of equal sparseness
VIEWS = ('whole', 'soft', 'binary',
         *(f'{kind}_{name}' for kind in ('soft', 'binary') for name in PLAIN))


def truth_of(batch, target, size):
    """
    Return the ground truth (B, h, w) metres, NaN unknown, at the size of an answer.

    Of a completion network the pixels that were its input do not count.
    """
    depth = batch['depth']
    if target.completes:
        depth = torch.where(batch['sparse_depth'] > 0, torch.nan, depth)
    if depth.shape[1:] != size:
        depth = functional.interpolate(depth[:, None], size=size, mode='nearest-exact')[:, 0]
    return depth


@torch.no_grad()
def depth_of(target, batch, image):
    """Estimate (B, 1, h, w) metres for the batch's cameras; `image` in place of the batch's."""
    return target.depth(image, batch.get('sparse_depth'), batch.get('camera'))


@torch.no_grad()
def masked_views(target, batch, image, mask, threshold: float = THRESHOLD) -> dict:
    """
    Return {view: (mask (B, 1, H, W), depth (B, h, w))}, see the module; `whole` has a mask of 1.

    :param image: (B, 3, H, W) ImageNet-normalised; mask: of it, in 0..1.
    """
    generator = torch.Generator().manual_seed(SEED)
    masks = {'soft': mask, 'binary': binarise(mask, threshold)}
    masks.update([(f'{kind}_{name}', plain(image, masks[kind], generator))
                  for kind in ('soft', 'binary') for name, plain in PLAIN.items()])
    masks['whole'] = torch.ones_like(mask)
    return {name: (shown, depth_of(target, batch, image * shown)[:, 0])
            for name, shown in masks.items()}


def measure_batch(target, batch, image, mask, protocol, threshold: float = THRESHOLD) -> list:
    """
    Measure each image of a batch.

    :returns: of each image {view: metrics against ground truth} (see `protocol.image`), with
        `to_whole` (RMSE in metres of N(x M') against N(x)), `sparseness` and `mean` of its mask.
    """
    views = masked_views(target, batch, image, mask, threshold)
    sparseness, mean = shares(views['binary'][0]), mask.mean((1, 2, 3))
    truth = truth_of(batch, target, views['whole'][1].shape[1:]).float().cpu().numpy()
    made = {name: depth.float().cpu().numpy() for name, (_, depth) in views.items()}
    return [{**{name: protocol.image(made[name][k], truth[k]) for name in VIEWS},
             'to_whole': float(((made['binary'][k] - made['whole'][k]) ** 2).mean() ** 0.5),
             'sparseness': float(sparseness[k]), 'mean': float(mean[k])}
            for k in range(len(truth))]


def combine(images, protocol) -> dict:
    """
    Combine what `measure_batch` gave of all images.

    :returns: rmse_VIEW and abs_rel_VIEW of each view by the protocol; sparseness, mean and
        to_whole (means over the images); images.
    """
    result = {}
    for view in VIEWS:
        average = Average(protocol)
        for image in images:
            average.add(image[view])
        combined = average.result()
        result[f'rmse_{view}'], result[f'abs_rel_{view}'] = combined['rmse'], combined['abs_rel']
    for name in ('sparseness', 'mean', 'to_whole'):
        result[name] = sum(image[name] for image in images) / max(1, len(images))
    return {**result, 'images': len(images)}
