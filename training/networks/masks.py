# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The mask networks by name."""
from __future__ import annotations

from functools import partial

from depth_ros.contracts import choose
from torch import nn
from training.networks.light_mask import LightMaskNet
from training.networks.mask_net import MaskNet

# Name to (builder, encoder). All take ImageNet-normalised images (N, 3, H, W) and give masks
# (N, 1, H, W) in 0..1. The first is the published one.
MASK_NETS = {'drn_d_22': (partial(MaskNet, 'drn_d_22'), 'drn_d_22'),
             'drn_d_38': (partial(MaskNet, 'drn_d_38'), 'drn_d_38'),
             'light': (LightMaskNet, 'efficientnet_lite0')}


def build_mask_net(name: str, weights: str | None = None) -> nn.Module:
    """
    Make the mask network called `name`; unknown names are an InputError that lists the choices.

    :param weights: start of its encoder: 'imagenet', a file, or None for random ones.
    """
    return choose(MASK_NETS, name, 'mask network')[0](weights=weights)


def mask_encoder(name: str) -> str:
    """Return the name of a mask network's encoder."""
    return choose(MASK_NETS, name, 'mask network')[1]
