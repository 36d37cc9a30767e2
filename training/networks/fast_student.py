# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The shipped student as a network of published metric depth, so that it can be distilled."""
from __future__ import annotations

from depth_ros.contracts import InputError
import torch
from training.networks.blocks import whole_blocks
from training.networks.encoders import as_lite
from training.networks.student import StudentNet, TYPICAL

GAIN = 16.0


class FastStudent(StudentNet):
    """
    StudentNet with the inputs and outputs of `networks.metric`.

    Its log depth is GAIN times that of StudentNet with the same weights: an optimiser that moves
    every weight by its learning rate would else need hundreds of steps to reach a room's depths.

    :param encoder: efficientnet_lite0, the only one.
    :param weights: 'imagenet', the path of a file with the public keys, or None.
    """

    def __init__(self, encoder: str = 'efficientnet_lite0', weights: str | None = None):
        """Make the network: 1.60 M parameters."""
        if encoder != 'efficientnet_lite0':
            raise InputError(f'fast_student has the encoder efficientnet_lite0, not {encoder}')
        super().__init__()
        if weights:
            self.encoder.load_imagenet(None if weights == 'imagenet' else weights)

    def forward(self, image):
        """
        Give (N, 1, H, W) metres, positive, of (N, 3, H, W) ImageNet-normalised images.

        Sizes other than multiples of 32 are enlarged to them and the depth is brought back.
        """
        image, back = whole_blocks(image)
        log_depth, _ = self.answer(as_lite(image))
        return back(TYPICAL * torch.exp(GAIN * log_depth)[:, None])
