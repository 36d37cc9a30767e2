# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Light-weight metric depth: features of four scales, weighted per channel, fused and refined.

Structure: Hu et al., Boosting Light-Weight Depth Estimation (KSEM 2023). With MobileNetV2 it is
the student (1.7 M parameters), with ResNet-34 its teacher (21.9 M).
"""
from __future__ import annotations

import torch
from torch import nn
from training.networks.blocks import ChannelAttention, conv_norm, refinement, resize, twice
from training.networks.encoders import build_encoder, four_scales

FUSED = 16  # channels that each scale gives to the fusion


class AttentionFusion(nn.Module):
    """Channel attention, 16 channels and resize per scale, mixed to 64 channels."""

    def __init__(self, channels, align_corners: bool = True):
        """Make the layers for the encoder's four `channels`."""
        super().__init__()
        self.align_corners = align_corners
        self.scales = nn.ModuleList(
            nn.Sequential(ChannelAttention(c), conv_norm(c, FUSED, 5)) for c in channels)
        self.mix = conv_norm(4 * FUSED, 4 * FUSED, 5)

    def forward(self, features):
        """Four features -> (N, 64, 2 h1, 2 w1)."""
        size = twice(features[0])
        parts = [resize(scale(x), size, self.align_corners)
                 for scale, x in zip(self.scales, features)]
        return self.mix(torch.cat(parts, dim=1))


class MFFStudent(nn.Module):
    """
    Metric depth, linear (not bounded), at the input size or a fixed one.

    :param encoder: a name of `encoders.ENCODERS` with four scales.
    :param weights: the encoder's start, see `encoders.build_encoder`.
    :param output_size: (height, width); None: of the input. The publication fixes 228 x 304.
    """

    def __init__(self, encoder: str = 'mobilenet_v2', weights: str | None = None,
                 output_size: tuple[int, int] | None = None, align_corners: bool = True):
        """Make the network."""
        super().__init__()
        self.output_size, self.align_corners = output_size, align_corners
        self.encoder = build_encoder(encoder, weights)
        self.fusion = AttentionFusion(four_scales(self.encoder, 'mff_student'), align_corners)
        self.refinement = refinement(4 * FUSED, 1)

    def forward(self, image):
        """Give (N, 1, H, W) metres of (N, 3, H, W) ImageNet-normalised images."""
        depth = self.refinement(self.fusion(self.encoder(image)))
        return resize(depth, self.output_size or image.shape[2:], self.align_corners)
