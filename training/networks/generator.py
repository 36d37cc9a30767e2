# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Images from noise, for data-free adversarial distillation.

Structure: the DCGAN of Radford et al. (2016) with the sizes of Fang et al., Data-Free Adversarial
Distillation (2019): 256 numbers to a sixteenth of the size, four transposed convolutions.
"""
from __future__ import annotations

from depth_ros.contracts import InputError
import torch
from torch import nn
from training.networks.blocks import resize

NOISE, WIDTH, STEP, SLOPE = 256, 64, 16, 0.2


class Generator(nn.Module):
    """
    Make images (N, 3, *size) in -1..1 of noise.

    :param size: (height, width), multiples of 16.
    """

    def __init__(self, size: tuple[int, int] = (128, 128)):
        """Make the layers; another size is an InputError."""
        super().__init__()
        if any(length < STEP or length % STEP for length in size):
            raise InputError(f'the generator makes images whose sides are multiples of {STEP}, '
                             f'not {list(size)}')
        self.start = tuple(length // STEP for length in size)
        self.project = nn.Linear(NOISE, 8 * WIDTH * self.start[0] * self.start[1])
        layers, inputs = [nn.BatchNorm2d(8 * WIDTH)], 8 * WIDTH
        for outputs in (4 * WIDTH, 2 * WIDTH, WIDTH, WIDTH):
            layers += [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False),
                       nn.BatchNorm2d(outputs), nn.LeakyReLU(SLOPE, inplace=True)]
            inputs = outputs
        self.layers = nn.Sequential(*layers, nn.Conv2d(inputs, 3, 3, padding=1), nn.Tanh())
        self.apply(_start)

    def forward(self, noise):
        """(N, 256) or (N, 256, 1, 1) -> (N, 3, *size)."""
        x = self.project(noise.flatten(1))
        return self.layers(x.unflatten(1, (8 * WIDTH, *self.start)))

    def draw(self, count: int, size):
        """Give `count` images, resized to (height, width), which the networks take as they are."""
        weight = self.project.weight
        noise = torch.randn(count, NOISE, device=weight.device, dtype=weight.dtype)
        return resize(self(noise), size)


def _start(layer):
    """Draw weights as the DCGAN begins."""
    if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(layer.weight, 0.0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)
    if getattr(layer, 'bias', None) is not None:
        nn.init.zeros_(layer.bias)
