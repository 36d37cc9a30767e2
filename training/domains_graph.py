# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
A network of several domains in the form of the model contract: choice and heads in the graph.

The choice is that of Lifelong-MonoDepth (arXiv 2303.05050): the domain whose mean feature map is
nearest to the features of the image.
"""
from __future__ import annotations

from collections.abc import Sequence
import json
import math

import numpy as np
import torch
from torch import nn
from training.domain_heads import GatheredHeads
from training.lifelong.likeness import pooled, unlikeness
from training.networks.blocks import resize
from training.wrappers import finished, Normalisation, SMALLEST

RIGHT = 0.1  # what confidence means: the depth is right within this share
# Of log-uncertainty: its exponential stays a number, also in half precision beside.
LOWEST, HIGHEST = -16.0, 16.0


class DomainsGraph(nn.Module):
    """
    The contract around a `networks.lifelong.LifelongNet`.

    `depth` is scaled to the focal length of the first domain, `confidence` the probability that it
    is right within 10 % by the answer of the uncertainty head, `domain` the one that answered,
    `domain_distances` what the choice was made by. `domain_unlikeness`, where the domains have
    what it needs: how unlike each of them the image is, 1 as 1 % of its own are.

    :param net: in eval mode.
    :param domains: `lifelong.domains.Domain` of each predictor, in their order.
    """

    plain = ('depth', 'confidence', 'domain', 'domain_distances')

    def __init__(self, net: nn.Module, domains: Sequence, heads=GatheredHeads):
        """Take the network's layers and the domains' numbers and mean maps."""
        super().__init__()
        if len(domains) != len(net.predictors):
            raise ValueError(f'{len(net.predictors)} predictors and {len(domains)} domains')
        self.encoder, self.fusion = net.encoder, net.fusion
        self.heads, self.normalised = heads(net.predictors), Normalisation()
        self.focal, self.domains = float(domains[0].focal), tuple(domains)
        # Maps are of half the input size.
        self.nominal = tuple(2 * side for side in np.shape(domains[0].mean)[1:])
        for number, domain in enumerate(domains):
            self.register_buffer(f'mean_{number}', torch.as_tensor(
                np.asarray(domain.mean, np.float32))[None])
        self.outputs = self.plain
        if all(domain.likeness is not None for domain in domains):
            self.outputs = (*self.plain, 'domain_unlikeness')
            self.register_buffer('likeness', torch.as_tensor(np.stack(
                [domain.likeness for domain in domains])))
        # Of the head's metres: what makes them those of the file, and what sigma is a share of.
        self.register_buffer('factors', torch.tensor(
            [[self.focal / domain.focal, math.sqrt(2) * domain.typical_depth]
             for domain in domains], dtype=torch.float32))

    @property
    def nets(self):
        """Return the parts that may be in half precision: encoder, fusion and heads."""
        return (self,)

    @property
    def requests(self):
        """Return the feeds that an export is compared for: the graph's choice, and every head."""
        return [{'domain_request': np.array([number], np.int64)}
                for number in range(-1, len(self.domains))]

    def distances(self, features):
        """(1, 64, h, w) -> (1, D): mean squared difference from each mean map."""
        size = features.shape[2:]
        gaps = [features - resize(getattr(self, f'mean_{number}'), size)
                for number in range(len(self.domains))]
        # A power stays float32 in files of lower precision: squares of small numbers are smaller.
        return torch.stack([gap.pow(2).mean((1, 2, 3)) for gap in gaps], 1)

    def forward(self, image, domain_request):
        """(1, H, W, 3) uint8 RGB, int64 (1,) -> `outputs`."""
        features = self.fusion(self.encoder(self.normalised(image)))
        distances = self.distances(features)
        asked = domain_request.clamp(max=len(self.domains) - 1)
        domain = torch.where(domain_request >= 0, asked, distances.argmin(1))
        depth, spread = self.heads(features, domain).split(1, 1)
        factor, typical = self.factors.index_select(0, domain).split(1, 1)
        right = confidence(depth, spread, typical[..., None, None])
        size = image.shape[1:3]
        found = (finished(depth * factor[..., None, None], size), resize(right, size)[:, 0],
                 domain, distances)
        if len(self.outputs) == len(self.plain):
            return found
        values = pooled(features)
        return *found, torch.stack([unlikeness(values, one) for one in self.likeness], 1)

    def metadata(self) -> dict:
        """Return what the file says of its domains."""
        entries = [{'name': domain.name, 'distance_99': float(domain.distance_99),
                    'depth_max': float(domain.depth_max)} for domain in self.domains]
        return {'domains': json.dumps(entries), 'focal': self.focal,
                'depth_max': max(entry['depth_max'] for entry in entries)}


def confidence(depth, spread, typical):
    """
    Probability that depth is right within RIGHT, of the log-uncertainty s.

    The loss mean(exp(-s) r^2 + 2 s), r the error in units of the typical depth, is least at
    r^2 = 2 exp(s). That is taken for the variance of a normal error.

    :param typical: sqrt(2) times the typical depth, metres.
    """
    sigma = typical * (spread.clamp(LOWEST, HIGHEST) / 2).exp()
    return torch.erf(depth.clamp(min=SMALLEST) * (RIGHT / math.sqrt(2)) / sigma)
