# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Student: a small monocular network, metric depth from one image.

Metric depth from one image presumes a focal length: the graph answers as if the focal length
were FOCAL pixels, and who knows the camera's multiplies by focal / FOCAL (focal: geometric
mean of fx and fy at the input size).
"""
from __future__ import annotations

import torch
from torch import nn
from training.networks.decoder import confidence, finish, LightDecoder, normalise, places
from training.networks.efficientnet_lite import EfficientNetLite0, STEM

FOCAL = 200.0
TYPICAL = 4.0  # metres; the network predicts log depth over this


class StudentNet(nn.Module):
    """EfficientNet-Lite0, cut early at stride 32, with a light decoder."""

    def __init__(self, blocks: int = 13, widths=(160, 112, 80, 48, 24)):
        """Make the network: 1.60 M parameters as given."""
        super().__init__()
        self.encoder = EfficientNetLite0(blocks)
        self.stem = nn.Sequential(nn.Conv2d(2, STEM, 3, 2, 1, bias=False), nn.BatchNorm2d(STEM))
        nn.init.zeros_(self.stem[1].weight)  # pretrained features stay whole at the start
        self.decoder = LightDecoder(self.encoder.channels, widths)

    def start_from(self, state: dict) -> int:
        """
        Take over the tensors of another network's state dict that fit by name and shape.

        :returns: their number.
        """
        own = self.state_dict()
        fitting = {name: value for name, value in state.items()
                   if name in own and own[name].shape == value.shape}
        self.load_state_dict({**own, **fitting})
        return len(fitting)

    def logs(self, image):
        """Predict log depth over TYPICAL at FOCAL (B, H, W) and log spread (B, H, W)."""
        return self.answer(normalise(image))

    def answer(self, image):
        """Predict what `logs` does from a normalised image (B, 3, H, W)."""
        return finish(self.decoder(self.encoder(image, self.stem(places(image)))))

    def forward(self, image):
        """Depth (B, H, W) metres for a camera of FOCAL pixels, confidence (B, H, W) 0..1."""
        log_depth, log_spread = self.logs(image)
        return TYPICAL * torch.exp(log_depth), confidence(log_spread)
