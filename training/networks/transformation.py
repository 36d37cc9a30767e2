# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Image to image: what makes simulated images look right to the features of a teacher.

Hu et al. (arXiv 2208.12464) name such a network; its layers here are ours.
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional
from training.networks.blocks import resize
from training.networks.encoders import IMAGENET_MEAN, IMAGENET_STD

WIDTH, BLOCKS = 32, 4
REACH = 0.5  # greatest change of a normalised value


def _layer(inputs, outputs, kernel, stride=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2),
                         nn.InstanceNorm2d(outputs, affine=True), nn.ReLU(inplace=True))


class Residual(nn.Module):
    """Two 3x3 convolutions beside the identity."""

    def __init__(self, width: int):
        """Make the layers."""
        super().__init__()
        self.first = _layer(width, width, 3)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, padding=1),
                                    nn.InstanceNorm2d(width, affine=True))

    def forward(self, x):
        """(N, C, H, W) -> the same shape."""
        return functional.relu(x + self.second(self.first(x)))


class Transformation(nn.Module):
    """Change normalised images a little; untrained it changes nothing."""

    def __init__(self):
        """Make the layers; the last one starts at zero."""
        super().__init__()
        self.encoder = nn.Sequential(
            _layer(3, WIDTH, 7), _layer(WIDTH, 2 * WIDTH, 3, 2),
            _layer(2 * WIDTH, 4 * WIDTH, 3, 2), *(Residual(4 * WIDTH) for _ in range(BLOCKS)))
        self.to_half = _layer(4 * WIDTH, 2 * WIDTH, 3)
        self.to_whole = _layer(2 * WIDTH, WIDTH, 3)
        self.change = nn.Conv2d(WIDTH, 3, 7, padding=3)
        nn.init.zeros_(self.change.weight)
        nn.init.zeros_(self.change.bias)
        # Black and white.
        mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
        for name, value in (('low', -mean / std), ('high', (1.0 - mean) / std)):
            self.register_buffer(name, value[:, None, None], persistent=False)

    def forward(self, image):
        """Give (N, 3, H, W), x + 0.5 tanh(.), within what a normalised image can hold."""
        height, width = image.shape[2:]
        x = self.to_half(resize(self.encoder(image), ((height + 1) // 2, (width + 1) // 2)))
        change = REACH * torch.tanh(self.change(self.to_whole(resize(x, (height, width)))))
        return (image + change).clamp(self.low, self.high)
