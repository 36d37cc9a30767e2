# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Layers that the depth networks share."""
from __future__ import annotations

from torch import nn
from torch.nn import functional


def resize(x, size, align_corners: bool = True):
    """
    Resize (N, C, h, w) to size (H, W), bilinear.

    Published weights of Hu et al. (WACV 2019) and of what was built on that work assume aligned
    corners, which is not the default of today's torch.
    """
    return functional.interpolate(
        x, size=tuple(size), mode='bilinear', align_corners=align_corners)


def whole_blocks(image, block: int = 32):
    """
    Enlarge (N, C, H, W) to multiples of a block.

    :returns: the image, and a function that brings a map of its size back to (H, W).
    """
    size = image.shape[2:]
    whole = [-(-int(length) // block) * block for length in size]
    if list(size) == whole:
        # An exported graph must not hold a resize: it would fix the size it was traced at.
        return image, lambda x: x
    return resize(image, whole), lambda x: resize(x, size)


def conv_norm(inputs: int, outputs: int, kernel: int, relu: bool = True) -> nn.Sequential:
    """Convolution of stride 1 that keeps the size, without bias, BatchNorm and maybe ReLU."""
    layers = [nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False),
              nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, *([nn.ReLU(inplace=True)] if relu else []))


class Projection(nn.Module):
    """
    Residual block ReLU(a + b) without resizing.

    a = conv5x5 BN ReLU conv3x3 BN, b = conv5x5 BN. Laina et al., Deeper Depth Prediction (2016).
    """

    def __init__(self, inputs: int, outputs: int):
        """Make the layers."""
        super().__init__()
        self.main = nn.Sequential(conv_norm(inputs, outputs, 5),
                                  conv_norm(outputs, outputs, 3, relu=False))
        self.side = conv_norm(inputs, outputs, 5, relu=False)

    def forward(self, x):
        """(N, inputs, H, W) -> (N, outputs, H, W)."""
        return functional.relu(self.main(x) + self.side(x))


class UpProjection(Projection):
    """Bilinear resize to a given size, then the projection. Hu et al. (WACV 2019)."""

    def __init__(self, inputs: int, outputs: int, align_corners: bool = True):
        """Make the layers."""
        super().__init__(inputs, outputs)
        self.align_corners = align_corners

    def forward(self, x, size):
        """(N, inputs, h, w) -> (N, outputs, *size)."""
        return super().forward(resize(x, size, self.align_corners))


class ChannelAttention(nn.Module):
    """
    Weigh channels by what the whole image says of them.

    Global mean, 1x1 to C // reduction, ReLU, 1x1 to C, sigmoid, multiply; no biases. Hu et al.,
    Squeeze-and-Excitation Networks (2018).
    """

    def __init__(self, channels: int, reduction: int = 16):
        """Make the two layers."""
        super().__init__()
        self.weights = nn.Sequential(
            nn.Conv2d(channels, channels // reduction, 1, bias=False), nn.ReLU(inplace=True),
            nn.Conv2d(channels // reduction, channels, 1, bias=False), nn.Sigmoid())

    def forward(self, x):
        """(N, C, H, W) -> the same shape."""
        return x * self.weights(functional.adaptive_avg_pool2d(x, 1))


def twice(x) -> tuple[int, int]:
    """Return twice the (height, width) of features (N, C, H, W)."""
    return 2 * x.shape[2], 2 * x.shape[3]


def refinement(channels: int, layers: int) -> nn.Sequential:
    """Stack conv5x5 BN ReLU `layers` times, then a conv5x5 with bias to one linear channel."""
    stack = [conv_norm(channels, channels, 5) for _ in range(layers)]
    return nn.Sequential(*stack, nn.Conv2d(channels, 1, 5, padding=2))


def parameter_count(module: nn.Module) -> int:
    """Count trainable numbers."""
    return sum(value.numel() for value in module.parameters())
