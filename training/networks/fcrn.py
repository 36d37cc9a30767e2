# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
FCRN: a ResNet and a decoder that quadruples the resolution of its input four times.

Structure: Laina et al., Deeper Depth Prediction with Fully Convolutional Residual Networks
(2016), and the plainer decoders of Ma and Karaman, Sparse-to-Dense (2018).
"""
from __future__ import annotations

from depth_ros.contracts import choose
from torch import nn
from torch.nn import functional
from training.networks.blocks import conv_norm, Projection, resize
from training.networks.encoders import imagenet_state, load_state, read_state
from training.networks.resnet import ResNet


def unpool(x):
    """(N, C, h, w) -> (N, C, 2h, 2w): each value at the top left of 2 x 2, the rest 0."""
    spread = functional.pad(x.flatten(0, 1)[:, None], (0, 0, 0, 0, 0, 3))
    return functional.pixel_shuffle(spread, 2).unflatten(0, x.shape[:2])[:, :, 0]


class Unpooled(nn.Module):
    """Unpool, then a layer."""

    def __init__(self, layer: nn.Module):
        """Wrap `layer`."""
        super().__init__()
        self.layer = layer

    def forward(self, x):
        """(N, C, h, w) -> (N, c, 2h, 2w)."""
        return self.layer(unpool(x))


def _transposed(inputs, outputs):
    return nn.Sequential(
        nn.ConvTranspose2d(inputs, outputs, 3, 2, 1, output_padding=1, bias=False),
        nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


# One doubling of the size, from (inputs, outputs) channels.
DECODERS = {
    'upproj': lambda inputs, outputs: Unpooled(Projection(inputs, outputs)),
    'upconv': lambda inputs, outputs: Unpooled(conv_norm(inputs, outputs, 5)),
    'deconv3': _transposed}


class FCRN(nn.Module):
    """
    Metric depth, linear (not bounded), at the input size or a fixed one.

    :param depth: 18, 34 or 50 of the ResNet; `weights`: its start, see `encoders.build_encoder`.
    :param in_channels: 3 for an image, 4 for an image and a sparse depth.
    """

    def __init__(self, depth: int = 50, decoder: str = 'upproj', in_channels: int = 3,
                 weights: str | None = None, output_size: tuple[int, int] | None = None):
        """Make the network; an unknown decoder is an InputError that lists the choices."""
        super().__init__()
        step = choose(DECODERS, decoder, 'FCRN decoder')
        self.output_size = output_size
        self.encoder = ResNet(depth, in_channels)
        if weights:
            state = imagenet_state(f'resnet{depth}') if weights == 'imagenet' \
                else read_state(weights)
            load_state(self.encoder, state, weights)
        channels = self.encoder.channels[3]
        self.reduce = nn.Sequential(nn.Conv2d(channels, channels // 2, 1, bias=False),
                                    nn.BatchNorm2d(channels // 2))
        self.decoder = nn.Sequential(*(step(channels // 2 ** k, channels // 2 ** (k + 1))
                                       for k in range(1, 5)))
        self.head = nn.Conv2d(channels // 32, 1, 3, padding=1, bias=False)

    def forward(self, image):
        """Give (N, 1, H, W) metres of (N, in_channels, H, W)."""
        x = self.decoder(self.reduce(self.encoder(image)[3]))
        return resize(self.head(x), self.output_size or image.shape[2:])
