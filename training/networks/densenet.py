# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
DenseNet-161 encoder.

Structure: Huang et al., Densely Connected Convolutional Networks (2017). State-dict keys are
those of torchvision.
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

GROWTH, STEM, COUNTS, WIDEN = 48, 96, (6, 12, 36, 24), 4


class DenseLayer(nn.Module):
    """BN ReLU conv1x1 BN ReLU conv3x3, whose GROWTH channels join the input's."""

    def __init__(self, inputs: int):
        """Make the layers."""
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, WIDEN * GROWTH, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(WIDEN * GROWTH)
        self.conv2 = nn.Conv2d(WIDEN * GROWTH, GROWTH, 3, padding=1, bias=False)

    def forward(self, x):
        """(N, inputs, H, W) -> (N, inputs + GROWTH, H, W)."""
        y = self.conv1(functional.relu(self.norm1(x)))
        return torch.cat([x, self.conv2(functional.relu(self.norm2(y)))], dim=1)


class Transition(nn.Module):
    """BN ReLU conv1x1 to half the channels; pooling is left to the encoder."""

    def __init__(self, inputs: int):
        """Make the layers."""
        super().__init__()
        self.norm = nn.BatchNorm2d(inputs)
        self.conv = nn.Conv2d(inputs, inputs // 2, 1, bias=False)

    def forward(self, x):
        """(N, inputs, H, W) -> (N, inputs // 2, H, W)."""
        return self.conv(functional.relu(self.norm(x)))


class DenseNet161(nn.Module):
    """
    Encoder giving features at strides 4, 8, 16 and 32.

    The first three are the outputs of the transitions' convolutions before their pooling (Hu et
    al., WACV 2019); sizes round down, unlike in the other encoders.
    """

    unused = ('classifier.',)

    def __init__(self):
        """Make the layers."""
        super().__init__()
        self.features = nn.Module()
        self.features.conv0 = nn.Conv2d(3, STEM, 7, 2, 3, bias=False)
        self.features.norm0 = nn.BatchNorm2d(STEM)
        channels, taps = STEM, []
        for number, count in enumerate(COUNTS, 1):
            block = nn.Sequential()
            for k in range(count):
                block.add_module(f'denselayer{k + 1}', DenseLayer(channels + k * GROWTH))
            self.features.add_module(f'denseblock{number}', block)
            channels += count * GROWTH
            if number < len(COUNTS):
                self.features.add_module(f'transition{number}', Transition(channels))
                channels //= 2
            taps.append(channels)
        self.features.norm5 = nn.BatchNorm2d(channels)
        self.channels = tuple(taps)

    def forward(self, image):
        """Give four features of (N, 3, H, W) normalised images."""
        layers = self.features
        x = functional.relu(layers.norm0(layers.conv0(image)))
        x = functional.max_pool2d(x, 3, 2, 1)
        taps = []
        for number in (1, 2, 3):
            x = getattr(layers, f'denseblock{number}')(x)
            taps.append(getattr(layers, f'transition{number}')(x))
            x = functional.avg_pool2d(taps[-1], 2)
        return taps + [functional.relu(layers.norm5(layers.denseblock4(x)))]

    @staticmethod
    def public_key(key: str) -> str:
        """Turn a key of the hub's file (denselayer1.norm.1) into ours (denselayer1.norm1)."""
        for name in ('norm', 'conv'):
            for number in '12':
                key = key.replace(f'.{name}.{number}.', f'.{name}{number}.')
        return key
