# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Object-wise mixing: things of one simulated image at the same place in another.

Hu et al. (arXiv 2208.12464) mix simulated images object by object; how many things, which sizes
and how often are ours.
"""
from __future__ import annotations

import torch

MOST, AREA = 4, (0.01, 0.3)  # things pasted; the part of the image that each covers
SIDES = 2  # of the image: what touches so many is taken for a wall, floor or ceiling


def things(instances, area=AREA) -> torch.Tensor:
    """
    Return the ids (N,) of an image's things that can be pasted.

    :param instances: (H, W) integers, 0 = nothing known or background.
    """
    ids, counts = instances.unique(return_counts=True)
    part = counts / instances.numel()
    ids = ids[(ids != 0) & (part >= area[0]) & (part <= area[1])]
    sides = torch.stack([torch.isin(ids, edge) for edge in (
        instances[0], instances[-1], instances[:, 0], instances[:, -1])])
    return ids[sides.sum(0) < SIDES]


def pasted_pixels(instances, most: int = MOST, area=AREA) -> torch.Tensor:
    """
    Choose one to `most` things of an image at random, by torch's generator.

    :returns: (H, W) bool, their pixels; all False where there are none.
    """
    ids = things(instances, area)
    count = int(torch.randint(1, most + 1, ()))
    chosen = ids[torch.randperm(len(ids), device='cpu').to(ids.device)[:count]]
    return torch.isin(instances, chosen)


def mix(images, instances, share: float = 0.5, most: int = MOST, area=AREA):
    """
    Paste things of another image of the batch into some images of it.

    :param images: (N, 3, H, W); instances: (N, H, W) integers, see `things`.
    :param share: probability that an image is mixed.
    :returns: images, a new tensor, and (N, H, W) bool: the pixels that were pasted.
    """
    count = len(images)
    mask = torch.zeros(instances.shape, dtype=torch.bool, device=images.device)
    if count < 2:
        return images, mask
    # Every image has another one than itself to take from.
    partner = (torch.arange(count) + int(torch.randint(1, count, ()))) % count
    for index in (torch.rand(count) < share).nonzero()[:, 0].tolist():
        mask[index] = pasted_pixels(instances[partner[index]], most, area)
    return torch.where(mask[:, None], images[partner.to(images.device)], images), mask
