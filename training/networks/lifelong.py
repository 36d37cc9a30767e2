# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Metric depth of many domains: one shared encoder and fusion, a pair of heads for each domain.

Structure: Hu et al., Lifelong-MonoDepth (arXiv 2303.05050).
"""
from __future__ import annotations

from collections.abc import Iterator

from torch import nn
from training.networks.blocks import refinement
from training.networks.encoders import build_encoder, four_scales
from training.networks.mff_student import AttentionFusion, FUSED

CHANNELS = 4 * FUSED  # of the shared features


class Predictor(nn.Module):
    """The heads of one domain: depth and the logarithm of its uncertainty, both linear."""

    def __init__(self):
        """Make the two heads, which share nothing."""
        super().__init__()
        self.depth = refinement(CHANNELS, 1)
        self.log_uncertainty = refinement(CHANNELS, 1)

    def forward(self, features):
        """Shared features (N, 64, h, w) -> metres (N, 1, h, w), log-uncertainty (N, 1, h, w)."""
        return self.depth(features), self.log_uncertainty(features)


class LifelongNet(nn.Module):
    """
    An encoder and fusion that all domains share, and one `Predictor` for each domain.

    :param encoder: a name of `encoders.ENCODERS` with four scales.
    :param domains: how many predictors.
    :param weights: the encoder's start, see `encoders.build_encoder`.
    """

    def __init__(self, encoder: str = 'resnet34', domains: int = 1, weights: str | None = None,
                 align_corners: bool = True):
        """Make the network."""
        super().__init__()
        self.encoder = build_encoder(encoder, weights)
        self.fusion = AttentionFusion(four_scales(self.encoder, 'lifelong'), align_corners)
        self.predictors = nn.ModuleList(Predictor() for _ in range(domains))

    def features(self, image):
        """Images, normalised (N, 3, H, W) -> what all domains share, (N, 64, H / 2, W / 2)."""
        return self.fusion(self.encoder(image))

    def predict(self, features, domain: int = -1):
        """Give (depth, log-uncertainty), both (N, 1, h, w), by the heads of a domain."""
        return self.predictors[domain](features)

    def forward(self, image, domain: int = -1):
        """Give metres (N, 1, H / 2, W / 2) by the heads of a domain; -1: of the newest."""
        return self.predictors[domain].depth(self.features(image))

    def grow(self) -> Predictor:
        """Add a predictor with random weights for a new domain, and return it."""
        first = next(self.parameters())
        self.predictors.append(Predictor().to(first.device, first.dtype))
        return self.predictors[-1]

    def shared(self) -> Iterator[nn.Parameter]:
        """Yield the parameters that all domains share."""
        yield from self.encoder.parameters()
        yield from self.fusion.parameters()

    def copy_from(self, older: LifelongNet, heads: bool = True) -> None:
        """
        Take the weights of a network with fewer predictors; the further ones stay as they are.

        :param heads: False leaves all predictors as they are, as the public two-domain script of
            the authors does (it builds the new network without their weights).
        """
        self.encoder.load_state_dict(older.encoder.state_dict())
        self.fusion.load_state_dict(older.fusion.state_dict())
        if heads:
            for new, old in zip(self.predictors, older.predictors):
                new.load_state_dict(old.state_dict())
