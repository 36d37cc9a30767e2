# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Mask network: the pixels from which a depth network still gives nearly the same depth.

Structure: Hu et al., Visualization of Convolutional Neural Networks for Monocular Depth
Estimation (ICCV 2019).
"""
from __future__ import annotations

from torch import nn
from training.networks.blocks import UpProjection
from training.networks.encoders import build_encoder


class MaskNet(nn.Module):
    """
    Mask in 0..1 at the input size; it multiplies the normalised image.

    :param encoder: drn_d_22 or drn_d_38; `weights`: its start, see `encoders.build_encoder`.
    """

    def __init__(self, encoder: str = 'drn_d_22', weights: str | None = None,
                 align_corners: bool = True):
        """Make the network."""
        super().__init__()
        self.encoder = build_encoder(encoder, weights)
        channels = self.encoder.channels[-1]
        self.steps = nn.ModuleList(
            UpProjection(channels >> k, channels >> (k + 1), align_corners) for k in range(3))
        self.head = nn.Conv2d(channels >> 3, 1, 3, padding=1)

    def forward(self, image):
        """Give (N, 1, H, W) of (N, 3, H, W) ImageNet-normalised images."""
        height, width = image.shape[2:]
        x = self.encoder(image)[-1]
        for step, stride in zip(self.steps, (4, 2, 1)):
            # Strided convolutions round sizes up.
            x = step(x, (-(-height // stride), -(-width // stride)))
        return self.head(x).sigmoid()
