# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Sparse-to-dense completion with a ResNet encoder: S2D-18 and S2D-34.

Structure: Ma, Cavalheiro and Karaman, Self-Supervised Sparse-to-Dense (ICRA 2019). RGB and depth
are joined after one convolution each; every level of the encoder is joined to the decoder.
"""
from __future__ import annotations

from depth_ros.contracts import choose, InputError
import torch
from torch import nn
from torch.nn import functional
from training.networks.resnet import STAGES

SCALE = 100.0  # metres per unit of the last layer
NEAREST = 0.9  # metres; what an evaluated answer is at least
SLOPE = 0.2  # of the leaky ReLU
DEPTHS = (18, 34)
START = 1e-3  # standard deviation of the first weights

# Input to (channels of the depth's first layer, of the image's, of the image itself).
INPUTS = {'rgbd': (16, 48, 3), 'gd': (32, 32, 1), 'rgb': (0, 64, 3), 'd': (64, 0, 0)}


def _joined(inputs, outputs, stride=1, transposed=False):
    """3x3 convolution or its transpose (which doubles the size at stride 2), BN, leaky ReLU."""
    if transposed:
        layer = nn.ConvTranspose2d(inputs, outputs, 3, stride, 1, stride - 1, bias=False)
    else:
        layer = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs), nn.LeakyReLU(SLOPE))


class S2D(nn.Module):
    """
    Metric depth from an image and a sparse depth map; sizes divisible by 16.

    :param depth: of the ResNet: 18 (16.0 M parameters) or 34 (26.1 M).
    :param inputs: 'rgbd', 'gd' (grey image and depth), 'rgb' or 'd'.
    """

    size_multiple = 16

    def __init__(self, depth: int = 18, inputs: str = 'rgbd'):
        """Make the network; an unknown depth or input is an InputError."""
        super().__init__()
        of_depth, of_image, colours = choose(INPUTS, inputs, 'input of S2D')
        if depth not in DEPTHS:
            raise InputError(f'S2D has no depth {depth!r}: choose one of 18, 34')
        block, counts = STAGES[depth]
        self.inputs = inputs
        self.first_depth = _joined(1, of_depth) if of_depth else None
        self.first_image = _joined(colours, of_image) if of_image else None
        channels, self.stages = 64, nn.ModuleList()
        for number, (count, width) in enumerate(zip(counts, (64, 128, 256, 512))):
            stride = 1 if number == 0 else 2
            self.stages.append(nn.Sequential(
                block(channels, width, stride), *(block(width, width) for _ in range(count - 1))))
            channels = width
        self.deepest = _joined(512, 512, 2)
        self.ups = nn.ModuleList([
            _joined(512, 256, 2, True), _joined(256 + 512, 128, 2, True),
            _joined(128 + 256, 64, 2, True), _joined(64 + 128, 64, 2, True),
            _joined(64 + 64, 64, 1, True)])
        self.last = nn.Conv2d(64 + 64, 1, 1)
        self._start()

    def _start(self):
        for layer in self.modules():
            if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.normal_(layer.weight, 0.0, START)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def linear(self, image, sparse):
        """
        Give (N, 1, H, W) metres as trained, not bounded.

        :param image: (N, 3, H, W) RGB 0..255, or (N, 1, H, W) grey for 'gd'; ignored for 'd'.
        :param sparse: (N, 1, H, W) metres, 0 none; ignored for 'rgb'.
        """
        first = []
        if self.first_depth is not None:
            first.append(self.first_depth(sparse))
        if self.first_image is not None:
            first.append(self.first_image(image))
        x = torch.cat(first, dim=1)
        kept = [x]
        for stage in self.stages:
            x = stage(x)
            kept.append(x)
        x = self.deepest(x)
        for up in self.ups:
            x = torch.cat([up(x), kept.pop()], dim=1)
        return SCALE * self.last(x)

    def forward(self, image, sparse):
        """Give (N, 1, H, W) metres: linear while training, then at least 0.9 m; see `linear`."""
        depth = self.linear(image, sparse)
        return depth if self.training else functional.relu(depth - NEAREST) + NEAREST
