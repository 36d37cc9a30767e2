# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
SENet-154 encoder.

Structure: Hu et al., Squeeze-and-Excitation Networks (2018), in the form of its public ImageNet
weights, whose keys (timm: legacy_senet154) these are.
"""
from __future__ import annotations

from torch import nn
from torch.nn import functional

COUNTS, GROUPS, REDUCTION = (3, 8, 36, 3), 64, 16


class Squeeze(nn.Module):
    """Channel weights from the global mean, two 1x1 convolutions with biases."""

    def __init__(self, channels: int):
        """Make the layers."""
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // REDUCTION, 1)
        self.fc2 = nn.Conv2d(channels // REDUCTION, channels, 1)

    def forward(self, x):
        """(N, C, H, W) -> the same shape."""
        weights = functional.relu(self.fc1(functional.adaptive_avg_pool2d(x, 1)))
        return x * self.fc2(weights).sigmoid()


class Block(nn.Module):
    """1x1 to 2 width, grouped 3x3 to 4 width, 1x1, squeeze, beside a shortcut."""

    def __init__(self, inputs: int, width: int, stride: int, kernel: int | None):
        """Make the layers; `kernel` of the shortcut's convolution, None: no convolution."""
        super().__init__()
        outputs = 4 * width
        self.conv1 = nn.Conv2d(inputs, 2 * width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(2 * width)
        self.conv2 = nn.Conv2d(2 * width, outputs, 3, stride, 1, groups=GROUPS, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.conv3 = nn.Conv2d(outputs, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.se_module = Squeeze(outputs)
        self.downsample = None
        if kernel:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
                nn.BatchNorm2d(outputs))

    def forward(self, x):
        """(N, inputs, H, W) -> (N, 4 * width, H / stride, W / stride)."""
        shortcut = x if self.downsample is None else self.downsample(x)
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        return functional.relu(self.se_module(self.bn3(self.conv3(y))) + shortcut)


class SENet154(nn.Module):
    """Encoder giving features at strides 4, 8, 16 and 32."""

    unused = ('last_linear.',)
    channels = (256, 512, 1024, 2048)
    stem_channels = 128

    def __init__(self):
        """Make the layers."""
        super().__init__()
        self.layer0 = nn.Module()
        for number, (inputs, outputs) in enumerate(((3, 64), (64, 64), (64, 128)), 1):
            stride = 2 if number == 1 else 1
            self.layer0.add_module(
                f'conv{number}', nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False))
            self.layer0.add_module(f'bn{number}', nn.BatchNorm2d(outputs))
        inputs = 128
        for number, (count, width) in enumerate(zip(COUNTS, (64, 128, 256, 512)), 1):
            stride, kernel = (1, 1) if number == 1 else (2, 3)
            blocks = [Block(inputs, width, stride, kernel)]
            inputs = 4 * width
            blocks += [Block(inputs, width, 1, None) for _ in range(count - 1)]
            self.add_module(f'layer{number}', nn.Sequential(*blocks))

    def pyramid(self, image):
        """Give the stem at stride 2 and the four features of (N, 3, H, W) normalised images."""
        x, stem = image, self.layer0
        for conv, norm in ((stem.conv1, stem.bn1), (stem.conv2, stem.bn2),
                           (stem.conv3, stem.bn3)):
            x = functional.relu(norm(conv(x)))
        features = [x]
        x = functional.max_pool2d(x, 3, 2, ceil_mode=True)
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
            features.append(x)
        return features

    def forward(self, image):
        """Give four features of (N, 3, H, W) normalised images."""
        return self.pyramid(image)[1:]
