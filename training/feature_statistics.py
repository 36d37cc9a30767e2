# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What BatchNorm layers of a trained network remember of its data, beside a batch of another."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


def norms(net: nn.Module) -> list:
    """Return the layers of a network that keep statistics of what it was trained on."""
    return [layer for layer in net.modules()
            if isinstance(layer, nn.BatchNorm2d) and layer.running_mean is not None]


@contextmanager
def statistics(net: nn.Module) -> Iterator[list]:
    """
    Collect the statistics of whatever the network is run on inside the context.

    Gradients flow into the network's input. Variances are those of the batch itself (not
    corrected for its size).

    :returns: list of (mean, variance, stored mean, stored variance), each (C,), one entry per
        layer and run, in the order of the run.
    """
    found, hooks = [], []

    def keep(layer, inputs):
        values = inputs[0]
        if values.dtype in (torch.bfloat16, torch.float16):  # too coarse to add up
            values = values.float()
        variance, mean = torch.var_mean(values, (0, 2, 3), correction=0)
        found.append((mean, variance, layer.running_mean, layer.running_var))

    try:
        hooks += [layer.register_forward_pre_hook(keep) for layer in norms(net)]
        yield found
    finally:
        for hook in hooks:
            hook.remove()
