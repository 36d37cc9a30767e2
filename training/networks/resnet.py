# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
ResNet-18, -34 and -50 encoders.

Structure: He et al., Deep Residual Learning (2016), stride in the 3x3 convolution of the
bottleneck. State-dict keys are those of torchvision.
"""
from __future__ import annotations

from torch import nn
from torch.nn import functional


def _downsample(inputs, outputs, stride):
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False),
                         nn.BatchNorm2d(outputs))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int = 1, dilation: int = 1):
        """Make the layers."""
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, dilation, dilation, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _downsample(inputs, width, stride)

    def forward(self, x):
        """(N, inputs, H, W) -> (N, width, H / stride, W / stride)."""
        shortcut = x if self.downsample is None else self.downsample(x)
        y = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(y)) + shortcut)


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 convolutions beside a shortcut."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int = 1):
        """Make the layers."""
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = _downsample(inputs, 4 * width, stride)

    def forward(self, x):
        """(N, inputs, H, W) -> (N, 4 * width, H / stride, W / stride)."""
        shortcut = x if self.downsample is None else self.downsample(x)
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        return functional.relu(self.bn3(self.conv3(y)) + shortcut)


STAGES = {18: (BasicBlock, (2, 2, 2, 2)), 34: (BasicBlock, (3, 4, 6, 3)),
          50: (Bottleneck, (3, 4, 6, 3))}


class ResNet(nn.Module):
    """Encoder giving features at strides 4, 8, 16 and 32."""

    unused = ('fc.',)
    stem_channels = 64

    def __init__(self, depth: int = 18, in_channels: int = 3):
        """Make the layers of a `depth` of 18, 34 or 50."""
        super().__init__()
        block, counts = STAGES[depth]
        self.channels = tuple(width * block.expansion for width in (64, 128, 256, 512))
        self.conv1 = nn.Conv2d(in_channels, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        inputs = 64
        for number, (count, width) in enumerate(zip(counts, (64, 128, 256, 512)), 1):
            layers = []
            for k in range(count):
                layers.append(block(inputs, width, 2 if number > 1 and k == 0 else 1))
                inputs = width * block.expansion
            self.add_module(f'layer{number}', nn.Sequential(*layers))

    def pyramid(self, image):
        """Give the stem at stride 2 and the four features of (N, in_channels, H, W) images."""
        features = [functional.relu(self.bn1(self.conv1(image)))]
        x = functional.max_pool2d(features[0], 3, 2, 1)
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
            features.append(x)
        return features

    def forward(self, image):
        """Give four features of (N, in_channels, H, W) normalised images."""
        return self.pyramid(image)[1:]
