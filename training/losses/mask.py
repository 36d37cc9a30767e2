# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a mask of the pixels that a depth network needs is trained by. Hu et al., ICCV 2019."""
from __future__ import annotations

from collections.abc import Sequence

from training.losses.composite import composite_loss, TERMS


def mask_loss(depth, whole, mask, sparsity: float, terms: Sequence[str] = TERMS) -> dict:
    """
    Weigh what is lost with the hidden pixels against how many are shown.

    l = l_dif(N(x), N(x M)) + lambda mean(M), with `composite_loss` as l_dif. Both are means, so
    lambda does not depend on the image's size.

    :param depth: (N, 1, h, w) metres, N(x M), with its gradient.
    :param whole: the same shape, N(x); no gradient flows into it.
    :param mask: (N, 1, H, W) in 0..1; sparsity: lambda.
    :returns: `loss`, `dif`, `mask` (its mean), and the terms of l_dif.
    """
    parts = composite_loss(depth, whole.detach(), terms)
    dif, shown = parts.pop('loss'), mask.mean()
    return {'loss': dif + sparsity * shown, 'dif': dif, 'mask': shown, **parts}
