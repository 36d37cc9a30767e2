# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
MonoDepth2 with attention among channels: CADepth.

Structure: Yan et al., Channel-Wise Attention-Based Network for Self-Supervised Monocular Depth
Estimation (3DV 2021): self-attention on the deepest features, and channels weighed after every
skip connection.
"""
from __future__ import annotations

import torch
from torch import nn
from training.networks.monodepth2 import DisparityDecoder, MonoDepth2, Reflected


class StructurePerception(nn.Module):
    """
    Self-attention among channels, added to the features; no parameters.

    With X of shape (C, H W): softmax over each row of (row maximum of X X^T) - X X^T, times X,
    plus X: every channel gets most from those that differ most from it.
    """

    def forward(self, x):
        """(N, C, H, W) -> the same shape."""
        flat = x.flatten(2)
        alike = flat @ flat.transpose(1, 2)
        weights = torch.softmax(alike.amax(2, keepdim=True) - alike, dim=2)
        return (weights @ flat).view_as(x) + x


class DetailEmphasis(nn.Module):
    """3x3 convolution, then each channel weighed by what the whole image says, added to it."""

    def __init__(self, channels: int):
        """Make the layers."""
        super().__init__()
        self.local = nn.Sequential(Reflected(channels, channels), nn.BatchNorm2d(channels),
                                   nn.ReLU(inplace=True))
        self.whole = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, channels, 1), nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 1), nn.Sigmoid())

    def forward(self, x):
        """(N, C, H, W) -> the same shape."""
        x = self.local(x)
        return x + x * self.whole(x)


class AttentiveDecoder(DisparityDecoder):
    """The decoder of MonoDepth2 with both modules."""

    def __init__(self, channels):
        """Make the layers for an encoder's five `channels`."""
        super().__init__(channels)
        self.structure = StructurePerception()
        self.details = nn.ModuleList(
            DetailEmphasis(self.joined(level, channels)) for level in range(5))

    def join(self, x, skip, level):
        """Concatenate decoder and encoder features and emphasise details."""
        return self.details[level](super().join(x, skip, level))

    def forward(self, features):
        """Five features -> four disparities (N, 1, h, w), the largest first."""
        return super().forward([*features[:4], self.structure(features[4])])


class CADepth(MonoDepth2):
    """
    Depth up to scale of RGB (N, 3, H, W) in 0..1; sizes divisible by 32, at least 64.

    :param depth: of the ResNet: 50 (56.3 M parameters), 34 or 18 (18.2 M).
    """

    decoder_class = AttentiveDecoder
    lineage = 'CADepth'

    def __init__(self, depth: int = 50):
        """Make the network."""
        super().__init__(depth)
