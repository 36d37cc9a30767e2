# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""U-net decoder of depthwise-separable convolutions, and what all depth graphs share."""
from __future__ import annotations

import math

import torch
from torch import nn
import torch.nn.functional as functional

HALF_PIXEL = {'mode': 'bilinear', 'align_corners': False}


def separable(inputs, outputs, kernel=3):
    """Depthwise then pointwise convolution, each normalised, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, kernel, 1, kernel // 2, groups=inputs, bias=False),
        nn.BatchNorm2d(inputs),
        nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


class Context(nn.Module):
    """Adds what the whole image says to every place: mean features through a small layer."""

    def __init__(self, channels, outputs):
        """Project `channels` to `outputs`, plus the image's mean."""
        super().__init__()
        self.local = nn.Sequential(nn.Conv2d(channels, outputs, 1, bias=False),
                                   nn.BatchNorm2d(outputs))
        self.whole = nn.Sequential(nn.Conv2d(channels, outputs, 1), nn.ReLU(),
                                   nn.Conv2d(outputs, outputs, 1))

    def forward(self, x):
        """(B, channels, h, w) -> (B, outputs, h, w)."""
        return functional.relu(self.local(x) + self.whole(x.mean((2, 3), keepdim=True)))


class Decoder(nn.Module):
    """From strides 32 up to 2; `extra` channels join at stride 2."""

    def __init__(self, channels, widths=(160, 112, 80, 56, 40), extra=0):
        """Build for encoder `channels` at strides 2, 4, 8, 16, 32; `widths` from 32 to 2."""
        super().__init__()
        self.context = Context(channels[-1], widths[0])
        self.mixes = nn.ModuleList()
        for level in range(4):
            skip = channels[3 - level]
            joined = widths[level] + skip + (extra if level == 3 else 0)
            self.mixes.append(nn.Sequential(
                separable(joined, widths[level + 1], 5 if level < 3 else 3),
                separable(widths[level + 1], widths[level + 1], 3)))
        self.head = nn.Conv2d(widths[-1], 2, 3, 1, 1)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.constant_(self.head.bias, 0.0)

    def forward(self, features, extra=None):
        """Features at strides 2..32 -> (B, 2, H/2, W/2): log depth and log spread."""
        x = self.context(features[-1])
        for level, mix in enumerate(self.mixes):
            x = functional.interpolate(x, scale_factor=2.0, **HALF_PIXEL)
            parts = [x, features[3 - level]]
            if level == 3 and extra is not None:
                parts.append(extra)
            x = mix(torch.cat(parts, dim=1))
        return self.head(x)


class LightDecoder(nn.Module):
    """
    From strides 32 up to 2, each level narrowed before it is enlarged and added to the encoder's.

    In ONNX Runtime on a CPU it takes less than half the time of `Decoder`.
    """

    def __init__(self, channels, widths=(160, 112, 80, 48, 24)):
        """Build for encoder `channels` at strides 2, 4, 8, 16, 32; `widths` from 32 to 2."""
        super().__init__()
        self.context = Context(channels[-1], widths[0])
        self.narrow = nn.ModuleList(_pointwise(a, b) for a, b in zip(widths, widths[1:]))
        self.skips = nn.ModuleList(
            _pointwise(channels[3 - level], widths[level + 1]) for level in range(4))
        self.mixes = nn.ModuleList(
            nn.Sequential(*[separable(width, width, 5) for _ in range(2)])
            for width in widths[1:-1])
        self.mixes.append(separable(widths[-1], widths[-1], 3))
        self.head = nn.Conv2d(widths[-1], 2, 1)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.constant_(self.head.bias, 0.0)

    def forward(self, features):
        """Features at strides 2..32 -> (B, 2, H/2, W/2): log depth and log spread."""
        x = self.context(features[-1])
        for level, (narrow, skip, mix) in enumerate(zip(self.narrow, self.skips, self.mixes)):
            x = functional.interpolate(narrow(x), scale_factor=2.0, **HALF_PIXEL)
            x = mix(functional.relu(x + skip(features[3 - level])))
        return self.head(x)


def _pointwise(inputs, outputs):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))


def normalise(image):
    """Turn (B, H, W, 3) uint8 RGB into the (B, 3, H, W) float that the encoder was made for."""
    return (image.float().permute(0, 3, 1, 2) - 127.0) / 128.0


def places(like):
    """Give two channels (B, 2, H, W): column and row, -1 to 1, of a tensor's grid."""
    # Resize of two numbers: runs where CumSum and Range do not (TensorRT).
    ends = torch.tensor([-1.0, 1.0], dtype=like.dtype, device=like.device)
    size = like.shape[2:]
    right = functional.interpolate(ends.reshape(1, 1, 1, 2), (1, size[1]), mode='bilinear',
                                   align_corners=True)
    down = functional.interpolate(ends.reshape(1, 1, 2, 1), (size[0], 1), mode='bilinear',
                                  align_corners=True)
    zero = torch.zeros_like(like[:, :1])
    return torch.cat([zero + right, zero + down], dim=1)


def finish(head):
    """
    Bring a head (B, 2, H/2, W/2) to full size.

    :returns: log depth (B, H, W), log spread (B, H, W) of a Laplace distribution of it.
    """
    # Under autocast the head has 8 bits: depth is computed in full precision from there on.
    full = functional.interpolate(head.float(), scale_factor=2.0, **HALF_PIXEL)
    return full[:, 0].clamp(-6.0, 6.0), full[:, 1].clamp(-5.0, 1.0)


def confidence(log_spread):
    """Return the probability (0..1) that the depth is right within 10 %, given its log spread."""
    return 1.0 - torch.exp(-math.log(1.1) * torch.exp(-log_spread))
