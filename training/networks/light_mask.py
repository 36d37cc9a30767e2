# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A mask network for robots and small machines: the layers of the shipped student (own)."""
from __future__ import annotations

from depth_ros.contracts import InputError
from torch import nn
from training.networks.blocks import whole_blocks
from training.networks.decoder import HALF_PIXEL, LightDecoder
from training.networks.efficientnet_lite import EfficientNetLite0
from training.networks.encoders import as_lite

WIDTHS, BLOCKS = (160, 112, 80, 48, 24), 13
# Steps of the logit per step of the head. Every weight is moved alike, and a head of 24 channels
# would take hundreds of steps to say a clear yes or no (see `fast_student.GAIN`).
GAIN = 8.0


class LightMaskNet(nn.Module):
    """
    Mask in 0..1 at the input size; made at half of it, 1.60 M parameters.

    :param encoder: efficientnet_lite0, the only one.
    :param weights: 'imagenet', the path of a file with the public keys, or None.
    """

    def __init__(self, encoder: str = 'efficientnet_lite0', weights: str | None = None):
        """Make the network."""
        super().__init__()
        if encoder != 'efficientnet_lite0':
            raise InputError(f'the light mask network has the encoder efficientnet_lite0, not '
                             f'{encoder}')
        self.encoder = EfficientNetLite0(BLOCKS)
        if weights:
            self.encoder.load_imagenet(None if weights == 'imagenet' else weights)
        self.decoder = LightDecoder(self.encoder.channels, WIDTHS)
        self.decoder.head = nn.Conv2d(WIDTHS[-1], 1, 1)
        nn.init.normal_(self.decoder.head.weight, std=0.01)
        nn.init.zeros_(self.decoder.head.bias)

    def forward(self, image):
        """
        Give (N, 1, H, W) of (N, 3, H, W) ImageNet-normalised images.

        Sizes other than multiples of 32 are enlarged to them and the mask is brought back.
        """
        image, back = whole_blocks(image)
        features = self.encoder(as_lite(image))
        logits = nn.functional.interpolate(self.decoder(features), scale_factor=2.0, **HALF_PIXEL)
        return back((GAIN * logits).sigmoid())
