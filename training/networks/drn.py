# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
DRN-D-22 and DRN-D-38 encoders.

Structure: Yu et al., Dilated Residual Networks (2017), form D. State-dict keys are those of the
public ImageNet weights of its authors.
"""
from __future__ import annotations

from torch import nn
from training.networks.resnet import BasicBlock

WIDTHS = (16, 16, 32, 64, 128, 256, 512, 512, 512)
STRIDES = (1, 1, 2, 2, 2, 1, 1, 1, 1)
DILATIONS = (1, 1, 1, 1, 1, 2, 4, 2, 1)
# Residual blocks of layers 3 to 6; the other layers are one plain convolution.
COUNTS = {22: (2, 2, 2, 2), 38: (3, 4, 6, 3)}


def _conv(inputs, outputs, kernel, stride, dilation):
    padding = kernel // 2 * dilation
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, bias=False),
        nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class DRN(nn.Module):
    """Encoder giving one feature map of 512 channels at stride 8."""

    unused = ('fc.',)
    channels = (512,)

    def __init__(self, depth: int = 22):
        """Make the layers of a `depth` of 22 or 38."""
        super().__init__()
        inputs = 3
        for number, (width, stride, dilation) in enumerate(zip(WIDTHS, STRIDES, DILATIONS)):
            if 3 <= number <= 6:
                blocks = [BasicBlock(inputs if k == 0 else width, width,
                                     stride if k == 0 else 1, dilation)
                          for k in range(COUNTS[depth][number - 3])]
                layer = nn.Sequential(*blocks)
            else:
                layer = _conv(inputs, width, 7 if number == 0 else 3, stride, dilation)
            self.add_module(f'layer{number}', layer)
            inputs = width

    def forward(self, image):
        """Give the feature of (N, 3, H, W) normalised images, in a list like other encoders."""
        x = image
        for number in range(len(WIDTHS)):
            x = getattr(self, f'layer{number}')(x)
        return [x]
