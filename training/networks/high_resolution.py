# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Dense depth from one image with accurate object boundaries.

Structure: Hu et al., Revisiting Single Image Depth Estimation (WACV 2019): encoder, decoder,
multi-scale feature fusion, refinement.
"""
from __future__ import annotations

import torch
from torch import nn
from training.networks.blocks import conv_norm, refinement, twice, UpProjection
from training.networks.encoders import build_encoder, four_scales

FUSED = 16  # channels that each scale gives to the fusion


class Decoder(nn.Module):
    """From the deepest features alone to c4 / 32 channels at half the input size."""

    def __init__(self, channels: int, align_corners: bool = True):
        """Make the layers for `channels` = c4."""
        super().__init__()
        self.reduce = conv_norm(channels, channels // 2, 1)
        self.steps = nn.ModuleList(
            UpProjection(channels // 2 ** k, channels // 2 ** (k + 1), align_corners)
            for k in range(1, 5))

    def forward(self, features):
        """Four features -> (N, c4 // 32, 2 h1, 2 w1)."""
        sizes = [feature.shape[2:] for feature in features[2::-1]] + [twice(features[0])]
        x = self.reduce(features[3])
        for step, size in zip(self.steps, sizes):
            x = step(x, size)
        return x


class Fusion(nn.Module):
    """All four scales straight to half the input size, 16 channels each, mixed to 64."""

    def __init__(self, channels, align_corners: bool = True):
        """Make the layers for the encoder's four `channels`."""
        super().__init__()
        self.scales = nn.ModuleList(UpProjection(c, FUSED, align_corners) for c in channels)
        self.mix = conv_norm(4 * FUSED, 4 * FUSED, 5)

    def forward(self, features):
        """Four features -> (N, 64, 2 h1, 2 w1)."""
        size = twice(features[0])
        parts = [scale(x, size) for scale, x in zip(self.scales, features)]
        return self.mix(torch.cat(parts, dim=1))


class HighResolution(nn.Module):
    """
    Metric depth at half the input size, linear (not bounded, it may be negative).

    :param encoder: a name of `encoders.ENCODERS` with four scales.
    :param weights: the encoder's start, see `encoders.build_encoder`.
    """

    def __init__(self, encoder: str = 'resnet50', weights: str | None = None,
                 align_corners: bool = True):
        """Make the network."""
        super().__init__()
        self.encoder = build_encoder(encoder, weights)
        channels = four_scales(self.encoder, 'high_resolution')
        self.decoder = Decoder(channels[3], align_corners)
        self.fusion = Fusion(channels, align_corners)
        self.refinement = refinement(4 * FUSED + channels[3] // 32, 2)

    def forward(self, image):
        """Give (N, 1, H/2, W/2) metres of (N, 3, H, W) ImageNet-normalised images."""
        features = self.encoder(image)
        return self.refinement(
            torch.cat([self.decoder(features), self.fusion(features)], dim=1))
