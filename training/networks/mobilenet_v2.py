# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
MobileNetV2 encoder without its last, 320-channel block.

Structure: Sandler et al., MobileNetV2 (2018), width 1.0, feature modules 0 to 16. State-dict keys
are those of torchvision.
"""
from __future__ import annotations

from torch import nn

# (expansion, out channels, repeats, stride) of the stages.
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
          (6, 160, 3, 2))
TAPS = (3, 6, 13, 16)


def _conv(inputs, outputs, kernel, stride=1, groups=1):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs), nn.ReLU6(inplace=True))


class Inverted(nn.Module):
    """Inverted residual: expand, depthwise, project."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int):
        """Make the layers; the residual is used where shapes allow."""
        super().__init__()
        middle = inputs * expansion
        layers = [_conv(inputs, middle, 1)] if expansion > 1 else []
        layers += [_conv(middle, middle, 3, stride, middle),
                   nn.Conv2d(middle, outputs, 1, bias=False), nn.BatchNorm2d(outputs)]
        self.conv = nn.Sequential(*layers)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        """(N, inputs, H, W) -> (N, outputs, H / stride, W / stride)."""
        return x + self.conv(x) if self.residual else self.conv(x)


class MobileNetV2(nn.Module):
    """Encoder giving features at strides 4, 8, 16 and 32 (after modules 3, 6, 13 and 16)."""

    unused = ('classifier.', 'features.17.', 'features.18.')
    channels = (24, 32, 96, 160)

    def __init__(self):
        """Make the layers."""
        super().__init__()
        layers, inputs = [_conv(3, 32, 3, 2)], 32
        for expansion, outputs, repeats, stride in STAGES:
            for k in range(repeats):
                layers.append(Inverted(inputs, outputs, 1 if k else stride, expansion))
                inputs = outputs
        self.features = nn.Sequential(*layers)

    def forward(self, image):
        """Give four features of (N, 3, H, W) normalised images."""
        x, taps = image, []
        for number, layer in enumerate(self.features):
            x = layer(x)
            if number in TAPS:
                taps.append(x)
        return taps
