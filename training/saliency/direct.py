# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
The mask of one image by optimising the mask itself, without a mask network.

The baseline of Hu et al. (ICCV 2019): what a mask network generalises over images is missing
here, so the mask may fit the depth network's errors like an attack does. For looking at only.
"""
from __future__ import annotations

from collections.abc import Sequence

import torch
from tqdm import tqdm
from training.losses.composite import TERMS
from training.losses.mask import mask_loss

STEPS, RATE = 500, 0.1


def optimise_mask(target, image, sparsity: float, sparse=None, steps: int = STEPS,
                  rate: float = RATE, terms: Sequence[str] = TERMS):
    """
    Minimise `losses.mask.mask_loss` over the logits of the masks of a batch by Adam, from 0.

    Images do not influence each other: the loss is the mean of theirs, and Adam ignores its
    scale.

    :param image: (B, 3, H, W) ImageNet-normalised; sparse: (B, H, W) metres, completion only.
    :returns: masks (B, 1, H, W) in 0..1, and the losses of all steps.
    """
    with torch.no_grad():
        whole = target.depth(image, sparse)
    with torch.enable_grad():
        logits = torch.zeros_like(image[:, :1]).requires_grad_()
        optimizer = torch.optim.Adam([logits], rate)
        losses = []
        for _ in tqdm(range(steps), disable=None, desc='optimising masks', leave=False):
            mask = logits.sigmoid()
            loss = mask_loss(target.depth(image * mask, sparse), whole, mask, sparsity,
                             terms)['loss']
            optimizer.zero_grad()
            (loss * len(image)).backward()
            optimizer.step()
            losses.append(loss.item())
    return logits.detach().sigmoid(), losses
