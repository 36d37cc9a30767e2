# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Elastic weight consolidation: weights that the old domains need are held where they were.

Kirkpatrick et al., Overcoming catastrophic forgetting in neural networks (2017).
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch


def diagonal_fisher(parameters: Mapping, losses: Iterable) -> dict:
    """
    Give the mean squared gradient of each parameter, the diagonal of Fisher's information.

    :param parameters: name (or number) to tensor that takes gradients.
    :param losses: one scalar of each sample, made one by one: one graph is alive at a time.
    """
    total = {name: torch.zeros_like(value) for name, value in parameters.items()}
    count = 0
    for loss in losses:
        found = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
        for square, gradient in zip(total.values(), found):
            if gradient is not None:
                square += gradient.square()
        count += 1
    return {name: square / max(count, 1) for name, square in total.items()}


def ewc_penalty(fisher: Mapping, parameters: Mapping, start: Mapping):
    """Give sum F (p - p*)^2 over the parameters that F names, without a factor of one half."""
    return sum((value * (parameters[name] - start[name]).square()).sum()
               for name, value in fisher.items())
