# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
The heads of several domains in one graph, of which one answers: two ways to compute them.

The heads of a domain, depth and log-uncertainty, are conv5x5 64 -> 64, BatchNorm, ReLU, conv5x5
64 -> 1 each. BatchNorm is folded into the first convolution and the two heads are one convolution
64 -> 128 followed by one of two groups, whose answers are the same numbers.

`python -m training domain-heads` times them, and a third way, branches, which is made of the file
(docs/models.md).
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


def folded(head: nn.Sequential) -> tuple:
    """
    Return (weight, bias, weight, bias) of a `blocks.refinement(channels, 1)`, in eval mode.

    BatchNorm is inside the first two.
    """
    (conv, norm, _), last = head
    scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    weight = conv.weight.double() * scale.reshape(-1, 1, 1, 1)
    bias = norm.bias.double() - norm.running_mean.double() * scale
    return tuple(value.detach().float().clone() for value in (
        weight, bias, last.weight, last.bias))


def stacked(predictors) -> tuple:
    """
    Stack the heads of D `lifelong.Predictor`s.

    :returns: (D, 128, 64, 5, 5), (D, 128), (D, 2, 64, 5, 5), (D, 2): the depth's before the
        log-uncertainty's.
    """
    pairs = [[torch.cat(values) for values in zip(folded(each.depth),
                                                  folded(each.log_uncertainty))]
             for each in predictors]
    return tuple(torch.stack(values) for values in zip(*pairs))


class _Heads(nn.Module):
    def __init__(self, predictors):
        """Take the weights of the heads of all domains."""
        super().__init__()
        for name, values in zip(('first', 'first_bias', 'last', 'last_bias'),
                                stacked(predictors)):
            self.register_parameter(name, nn.Parameter(values, requires_grad=False))


class GatheredHeads(_Heads):
    """The weights of one domain are gathered, and two convolutions are computed with them."""

    def forward(self, features, domain):
        """(1, 64, h, w) and int64 (1,) -> (1, 2, h, w), depth and log-uncertainty."""
        first, first_bias, last, last_bias = (
            # Exporting needs to know the shape of a kernel.
            values.index_select(0, domain).reshape(values.shape[1:]) for values in (
                self.first, self.first_bias, self.last, self.last_bias))
        x = functional.relu(functional.conv2d(features, first, first_bias, padding=2))
        return functional.conv2d(x, last, last_bias, padding=2, groups=2)


class AllHeads(_Heads):
    """The heads of all domains are computed, and one answer is gathered."""

    def forward(self, features, domain):
        """Answer as GatheredHeads.forward."""
        x = functional.relu(functional.conv2d(
            features, self.first.flatten(0, 1), self.first_bias.flatten(), padding=2))
        x = functional.conv2d(x, self.last.flatten(0, 1), self.last_bias.flatten(), padding=2,
                              groups=2 * len(self.first))
        return x.reshape(-1, 2, *x.shape[2:]).index_select(0, domain)


HEADS = {'all': AllHeads, 'gathered': GatheredHeads}
