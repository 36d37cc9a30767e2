# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Masks (B, 1, H, W): binarised ones, and plain ones that show as much."""
from __future__ import annotations

import torch
from torch.nn import functional

# A mask shows a pixel where it is above this. Hu et al. (ICCV 2019) do not print theirs.
THRESHOLD = 0.025
BLOCKS = 8  # along the shorter side, of the mask of random blocks


def binarise(mask, threshold: float = THRESHOLD):
    """Return 1 where a mask is above the threshold, 0 elsewhere."""
    return (mask > threshold).to(mask.dtype)


def shares(binary):
    """Return the part of the pixels that each binary mask shows: its sparseness, (B,)."""
    return binary.mean((1, 2, 3))


def arranged(score, mask):
    """
    Give the values of each mask to other pixels: the greatest to those of greatest `score`.

    :param score: (B, 1, H, W); equal ones are told apart by their places.
    """
    order = score.flatten(1).argsort(1, descending=True)
    values = mask.flatten(1).sort(1, descending=True).values
    return torch.empty_like(values).scatter_(1, order, values).view_as(mask)


def edge_strength(image):
    """Return the Sobel magnitude (B, 1, H, W) of the brightness of (B, 3, H, W) images."""
    grey = functional.pad(image.mean(1, keepdim=True), (1, 1, 1, 1), mode='replicate')
    kernel = torch.tensor([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]],
                          dtype=image.dtype, device=image.device)
    both = torch.stack([kernel, kernel.T])[:, None]
    return functional.conv2d(grey, both).square().sum(1, keepdim=True).sqrt()


def by_edges(image, mask, generator=None):
    """Show the strongest edges of the image."""
    return arranged(edge_strength(image), mask)


def by_chance(image, mask, generator=None):
    """Show pixels drawn at random."""
    return arranged(torch.rand(mask.shape, generator=generator).to(mask.device), mask)


def by_blocks(image, mask, generator=None):
    """Show squares drawn at random, an eighth of the image's shorter side."""
    height, width = mask.shape[2:]
    side = max(1, min(height, width) // BLOCKS)
    coarse = torch.rand((len(mask), 1, -(-height // side), -(-width // side)),
                        generator=generator)
    noise = coarse.repeat_interleave(side, 2).repeat_interleave(side, 3)[..., :height, :width]
    return arranged(noise.to(mask.device), mask)


# Name to function (image, mask, generator) -> the same values at other pixels: as many shown.
PLAIN = {'random': by_chance, 'blocks': by_blocks, 'edges': by_edges}
