# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The networks of metric depth from one image, by name."""
from __future__ import annotations

from depth_ros.contracts import choose
from torch import nn
from training.networks.encoders import load_state, read_checkpoint
from training.networks.fast_student import FastStudent
from training.networks.fcrn import FCRN
from training.networks.high_resolution import HighResolution
from training.networks.mff_student import MFFStudent
from training.networks.sarpn import SARPN


def _fcrn(encoder, weights):
    depths = {'resnet18': 18, 'resnet34': 34, 'resnet50': 50}
    return FCRN(choose(depths, encoder, 'encoder of FCRN'), weights=weights)


# From an encoder's name and its start (see `encoders.build_encoder`). All take ImageNet-normalised
# images (N, 3, H, W) and give metres (N, 1, h, w) with h, w a fixed part of H, W.
NETWORKS = {'high_resolution': HighResolution, 'mff_student': MFFStudent, 'fcrn': _fcrn,
            'fast_student': FastStudent, 'sarpn': SARPN}


def build_network(name: str, encoder: str, weights: str | None = None) -> nn.Module:
    """Make the network called `name`; unknown names are an InputError that lists the choices."""
    return choose(NETWORKS, name, 'network')(encoder, weights=weights)


def load_network(net: nn.Module, path) -> None:
    """
    Load a whole network from a run's checkpoint (its averaged weights) or a bare state dict.

    :raises InputError: no such file, or it does not fit this network; names the keys.
    """
    content = read_checkpoint(path)
    state = content.get('state_dict', content)
    mean = (content.get('average') or {}).get('mean')
    if mean:
        state = mean
    elif any(key.startswith('net.') for key in state):
        state = {key[4:]: value for key, value in state.items() if key.startswith('net.')}
    load_state(net, state, path)
