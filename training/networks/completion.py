# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Completion: a camera image and one LiDAR line in, dense metric depth out.

The whole of the model contract is in the graph: uint8 image and metres in, metres out. The
line is divided by the geometric mean of its depths and the output multiplied by it, so that
the network knows no unit: scaling the line scales the result.
"""
from __future__ import annotations

import torch
from torch import nn
import torch.nn.functional as functional
from training.networks.decoder import confidence, Decoder, finish, normalise, places
from training.networks.efficientnet_lite import EfficientNetLite0, STEM

GUIDES = 7
# Widths (columns) over which the line is spread sideways, and the weight of each.
REACH = ((1, 1.0), (9, 1e-2), (33, 1e-4), (129, 1e-6), (513, 1e-8))


def line_scale(sparse):
    """Give the geometric mean (B, 1, 1) metres of the measured depths, and where they are."""
    known = (sparse > 0.0).float()
    logs = torch.log(sparse.clamp(min=1e-3)) * known
    count = known.sum((1, 2), keepdim=True)
    mean = logs.sum((1, 2), keepdim=True) / count.clamp(min=1.0)
    return torch.exp(mean), known


def spread_columns(value, known):
    """
    Mean of each column's measurements, and across the columns that have none.

    :param value: (B, C, H, W); known: (B, 1, H, W) 0 or 1.
    :returns: (B, C, 1, W) filled, (B, 1, 1, W) confidence 0..1 (1: measured here).
    """
    total = (value * known).sum(2, keepdim=True)
    count = known.sum(2, keepdim=True)
    top, low, near = 0.0, 1e-14, 0.0
    for width, weight in REACH:
        half = width // 2
        t = functional.avg_pool2d(total, (1, width), 1, (0, half)) if half else total
        c = functional.avg_pool2d(count, (1, width), 1, (0, half)) if half else count
        top, low = top + weight * t, low + weight * c
        if width < 129:
            near = near + torch.clamp(c * width, max=1.0) / 3.0
    return top / low, near


def guides(sparse):
    """
    Make the network's view of the line.

    :param sparse: (B, H, W) metres, 0 = none.
    :returns: (B, 7, H, W): log depth over scale, validity, column prior, its confidence, height
        above the line, column and row; and the scale (B, 1, 1) metres.
    """
    scale, known = line_scale(sparse)
    known = known[:, None]
    relative = torch.log((sparse / scale).clamp(min=1e-3))[:, None] * known
    spot = places(relative)
    rows = spot[:, 1:]
    profile, near = spread_columns(torch.cat([relative, rows], dim=1), known)
    prior = profile[:, :1].expand_as(rows)
    near = near.expand_as(rows)
    above = (rows - profile[:, 1:]) * near.clamp(max=1.0)
    return torch.cat([relative, known, prior, near, above, spot], dim=1), scale


class CompletionNet(nn.Module):
    """EfficientNet-Lite0 U-net that sees the line from its first layer and again at its last."""

    def __init__(self, blocks: int = 15, widths=(160, 112, 80, 56, 40), use_image: bool = True):
        """Set `use_image` False for the twin that sees geometry alone (a baseline)."""
        super().__init__()
        self.use_image = use_image
        self.encoder = EfficientNetLite0(blocks)
        self.stem = nn.Sequential(
            nn.Conv2d(GUIDES, STEM, 3, 2, 1, bias=False), nn.BatchNorm2d(STEM), nn.ReLU(),
            nn.Conv2d(STEM, STEM, 3, 1, 1, bias=False), nn.BatchNorm2d(STEM))
        self.decoder = Decoder(self.encoder.channels, widths, GUIDES)

    def logs(self, image, sparse_depth):
        """
        Predict what the losses need.

        :returns: log depth over scale (B, H, W), log spread (B, H, W), scale (B, 1, 1) metres.
        """
        image = normalise(image)
        if not self.use_image:
            image = image * 0.0
        guide, scale = guides(sparse_depth)
        features = self.encoder(image, self.stem(guide))
        head = self.decoder(features, functional.avg_pool2d(guide, 2))
        return (*finish(head), scale)

    def forward(self, image, sparse_depth):
        """Depth (B, H, W) metres and confidence (B, H, W) 0..1; the exported graph."""
        log_depth, log_spread, scale = self.logs(image, sparse_depth)
        return torch.exp(log_depth) * scale, confidence(log_spread)
