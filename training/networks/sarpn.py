# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
SARPN: a coarse depth map that is doubled and corrected four times.

Structure: Chen et al., Structure-Aware Residual Pyramid Network (IJCAI 2019). From the publication
are the three parts: at each of five scales features of all scales are fused, from them a residual
of the doubled coarser map is predicted, and the sum is refined. The widths (640 and 1280 fused
channels, halved from scale to scale), which convolutions have a bias and where the deepest
features enter a second time are what the parameter counts of the public code decide: 28,543,189
(ResNet-18), 38,651,349 (-34), 167,280,997 (-50) and 258,400,149 (SENet-154).
"""
from __future__ import annotations

from depth_ros.contracts import InputError
import torch
from torch import nn
from training.networks.blocks import conv_norm, resize, UpProjection
from training.networks.encoders import build_encoder, four_scales

SCALES = 5  # strides 2, 4, 8, 16 and 32


def _map(channels, bias):
    return nn.Conv2d(channels, 1, 3, padding=1, bias=bias)


class DenseFusion(nn.Module):
    """Features of all scales brought to one of them, each to a fifth of `fused` channels."""

    def __init__(self, channels, fused: int, outputs: int):
        """Make the layers for the encoder's five `channels`."""
        super().__init__()
        self.scales = nn.ModuleList(UpProjection(c, fused // SCALES) for c in channels)
        self.mix = conv_norm(fused, outputs, 3)

    def forward(self, features, size):
        """Five features -> (N, outputs, *size)."""
        return self.mix(torch.cat([scale(x, size) for scale, x in zip(self.scales, features)], 1))


class Level(nn.Module):
    """One scale of the pyramid: a residual from features, added, then refined."""

    def __init__(self, inputs: int, width: int):
        """Make the layers for features of `inputs` channels."""
        super().__init__()
        self.residual = nn.Sequential(conv_norm(inputs, width, 3), _map(width, False))
        self.refine = nn.Sequential(conv_norm(1, width // 2, 3),
                                    conv_norm(width // 2, width // 2, 3), _map(width // 2, True))

    def forward(self, features, coarser=None):
        """(N, inputs, h, w) and maps of any size, or none -> (N, 1, h, w)."""
        depth = self.residual(features)
        if coarser is not None:
            depth = depth + resize(coarser, depth.shape[2:])
        return depth + self.refine(depth)


class SARPN(nn.Module):
    """
    Metric depth at half the input size, linear (not bounded, it may be negative).

    :param encoder: one with a stem at stride 2: resnet18, resnet34, resnet50, senet154.
    :param weights: the encoder's start, see `encoders.build_encoder`.
    """

    def __init__(self, encoder: str = 'resnet34', weights: str | None = None):
        """Make the network; another encoder is an InputError."""
        super().__init__()
        self.encoder = build_encoder(encoder, weights)
        deepest = four_scales(self.encoder, 'sarpn')[3]
        if not hasattr(self.encoder, 'pyramid'):
            raise InputError(f'sarpn needs features at stride 2, which {encoder} does not give: '
                             'choose one of resnet18, resnet34, resnet50, senet154')
        channels = (self.encoder.stem_channels, *self.encoder.channels)
        fused = 640 if deepest == 512 else 1280
        steps = range(SCALES - 1, -1, -1)  # halvings, from the finest scale to the coarsest
        widths = [deepest // 2 >> k for k in steps]
        self.top = conv_norm(deepest, widths[-1], 1)
        self.fusion = nn.ModuleList(DenseFusion(channels, fused >> k, width)
                                    for k, width in zip(steps, widths))
        # The coarsest scale sees the deepest features beside the fused ones.
        self.levels = nn.ModuleList(
            Level(width if k else 2 * width, width) for k, width in zip(steps, widths))

    def pyramid(self, image):
        """Give five maps (N, 1, h, w) in metres, from stride 32 to stride 2."""
        features = self.encoder.pyramid(image)
        sizes = [feature.shape[2:] for feature in features]
        fused = [fusion(features, size) for fusion, size in zip(self.fusion, sizes)]
        fused[-1] = torch.cat([self.top(features[-1]), fused[-1]], dim=1)
        maps = []
        for level, x in zip(reversed(self.levels), reversed(fused)):
            maps.append(level(x, maps[-1] if maps else None))
        return maps

    def forward(self, image):
        """Give (N, 1, H/2, W/2) metres of (N, 3, H, W) ImageNet-normalised images."""
        return self.pyramid(image)[-1]
