# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
DCVAN: depth completion on a Visual Attention Network encoder.

Of the network that Hu et al. (RA-L 2023) call so nothing but its name is public. This is our
reading of it: VAN-b1 on image and sparse depth, the fusion and refinement of Hu et al. (KSEM
2023), a positive answer at the size of the image.
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional
from training.networks.blocks import refinement, resize
from training.networks.mff_student import AttentionFusion, FUSED
from training.networks.van import VAN


class DCVAN(nn.Module):
    """Metric depth, positive, from an image and a sparse depth map; sizes of at least 32."""

    size_multiple = 32

    def __init__(self, size: str = 'b1', align_corners: bool = True):
        """Make the network; `size`: of the encoder, see `van.SIZES`."""
        super().__init__()
        self.align_corners = align_corners
        self.encoder = VAN(size, in_channels=4)
        self.fusion = AttentionFusion(self.encoder.channels, align_corners)
        self.refinement = refinement(4 * FUSED, 1)

    def forward(self, image, sparse):
        """
        Give (N, 1, H, W) metres.

        :param image: (N, 3, H, W) ImageNet-normalised; sparse: (N, 1, H, W) metres, 0 none.
        """
        features = self.encoder(torch.cat([image, sparse], dim=1))
        depth = functional.softplus(self.refinement(self.fusion(features)))
        return resize(depth, image.shape[2:], self.align_corners)
