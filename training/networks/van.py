# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Visual Attention Network encoders: convolutions with large-kernel attention.

Structure: Guo et al., Visual Attention Network (2022). State-dict keys are those of the public
weights.
"""
from __future__ import annotations

from depth_ros.contracts import choose
import torch
from torch import nn
from torch.nn import functional

LAYER_SCALE = 1e-2
EXPANSIONS = (8, 8, 4, 4)
# Name to (channels, blocks) of the four stages.
SIZES = {'b0': ((32, 64, 160, 256), (3, 3, 5, 2)), 'b1': ((64, 128, 320, 512), (2, 2, 4, 2)),
         'b2': ((64, 128, 320, 512), (3, 3, 12, 3))}


class LargeKernelAttention(nn.Module):
    """Weigh features by depthwise 5x5, depthwise 7x7 of dilation 3, and 1x1 convolutions."""

    def __init__(self, channels: int):
        """Make the three layers."""
        super().__init__()
        self.conv0 = nn.Conv2d(channels, channels, 5, padding=2, groups=channels)
        self.conv_spatial = nn.Conv2d(channels, channels, 7, padding=9, dilation=3,
                                      groups=channels)
        self.conv1 = nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        """(N, C, H, W) -> the same shape."""
        return x * self.conv1(self.conv_spatial(self.conv0(x)))


class Attention(nn.Module):
    """1x1, GELU, large-kernel attention, 1x1, beside a shortcut."""

    def __init__(self, channels: int):
        """Make the layers."""
        super().__init__()
        self.proj_1 = nn.Conv2d(channels, channels, 1)
        self.spatial_gating_unit = LargeKernelAttention(channels)
        self.proj_2 = nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        """(N, C, H, W) -> the same shape."""
        y = self.spatial_gating_unit(functional.gelu(self.proj_1(x)))
        return self.proj_2(y) + x


class _Depthwise(nn.Module):
    # A module of its own, for the sake of the public key names.
    def __init__(self, channels):
        super().__init__()
        self.dwconv = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)

    def forward(self, x):
        return self.dwconv(x)


class FeedForward(nn.Module):
    """1x1 to wider features, depthwise 3x3, GELU, 1x1 back."""

    def __init__(self, channels: int, hidden: int):
        """Make the layers."""
        super().__init__()
        self.fc1 = nn.Conv2d(channels, hidden, 1)
        self.dwconv = _Depthwise(hidden)
        self.fc2 = nn.Conv2d(hidden, channels, 1)

    def forward(self, x):
        """(N, C, H, W) -> the same shape."""
        return self.fc2(functional.gelu(self.dwconv(self.fc1(x))))


class Block(nn.Module):
    """Attention and feed-forward, each on normalised features and scaled per channel."""

    def __init__(self, channels: int, expansion: int):
        """Make the layers."""
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.attn = Attention(channels)
        self.norm2 = nn.BatchNorm2d(channels)
        self.mlp = FeedForward(channels, expansion * channels)
        self.layer_scale_1 = nn.Parameter(torch.full((channels,), LAYER_SCALE))
        self.layer_scale_2 = nn.Parameter(torch.full((channels,), LAYER_SCALE))

    def forward(self, x):
        """(N, C, H, W) -> the same shape."""
        x = x + self.layer_scale_1[:, None, None] * self.attn(self.norm1(x))
        return x + self.layer_scale_2[:, None, None] * self.mlp(self.norm2(x))


class _PatchEmbed(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride):
        super().__init__()
        self.proj = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return self.norm(self.proj(x))


class VAN(nn.Module):
    """
    Encoder giving features at strides 4, 8, 16 and 32.

    :param size: a name of SIZES.
    :param in_channels: 3, or 4 for an image and a depth map.
    """

    unused = ('head.',)

    def __init__(self, size: str = 'b1', in_channels: int = 3):
        """Make the network."""
        super().__init__()
        self.channels, depths = choose(SIZES, size, 'size of VAN')
        inputs = in_channels
        for k, (width, depth, expansion) in enumerate(zip(self.channels, depths, EXPANSIONS), 1):
            kernel, stride = (7, 4) if k == 1 else (3, 2)
            self.add_module(f'patch_embed{k}', _PatchEmbed(inputs, width, kernel, stride))
            self.add_module(f'block{k}', nn.ModuleList(
                Block(width, expansion) for _ in range(depth)))
            self.add_module(f'norm{k}', nn.LayerNorm(width, eps=1e-6))
            inputs = width

    def forward(self, x):
        """Give four features of (N, in_channels, H, W)."""
        features = []
        for k in range(1, 5):
            x = getattr(self, f'patch_embed{k}')(x)
            for block in getattr(self, f'block{k}'):
                x = block(x)
            # LayerNorm is over the channels of each place.
            x = getattr(self, f'norm{k}')(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
            features.append(x)
        return features
