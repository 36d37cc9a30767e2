# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
A light pair of networks for learning depth from video on a small machine.

Depth comes from the shipped student, so that its weights can be the start; motion from an
EfficientNet-Lite0 that sees two images. Licence and cost are those of the student.
"""
from __future__ import annotations

from pathlib import Path

from depth_ros.model import find
import torch
from torch import nn
from torch.nn import functional
from training.networks.efficientnet_lite import EfficientNetLite0, SameConv, STEM
from training.networks.from_onnx import load_onnx
from training.networks.metric import load_network
from training.networks.student import StudentNet
from training.networks.warping import DEPTH_MAX, DEPTH_MIN, disparity_to_depth

BLOCKS = 13  # of the encoders: up to stride 32
# Units of the motion's answer: radians, and the depth network's unit of 4 m (student.TYPICAL).
TURN, SHIFT = 0.01, 0.2


def centred(image):
    """Turn RGB in 0..1 into what EfficientNet-Lite0 was made for, (value - 127) / 128."""
    return (image * 255.0 - 127.0) / 128.0


class LiteDisparity(StudentNet):
    """
    The student as a network of relative depth; sizes divisible by 32.

    Its unit of depth is four of the metres that the student would answer for a focal length of
    200 pixels, whatever the camera's is: the scale is arbitrary here.

    :param depth: without meaning here; the other networks have a ResNet of that depth.
    """

    height, width = 128, 416
    licence = 'that of its start weights and of the video it learnt from'
    lineage = 'student (EfficientNet-Lite0)'

    def __init__(self, depth: int = 0):
        """Make the network: 1.60 M parameters."""
        super().__init__(BLOCKS)

    def disparities(self, image):
        """Give one map (N, 1, H, W) in 0..1 of RGB (N, 3, H, W) in 0..1."""
        inverse = torch.exp(-self.answer(centred(image))[0])[:, None]
        near, far = 1.0 / DEPTH_MIN, 1.0 / DEPTH_MAX
        return [((inverse - far) / (near - far)).clamp(0.0, 1.0)]

    def forward(self, image):
        """Give depth (N, 1, H, W), 0.1 to 100, up to scale."""
        return disparity_to_depth(self.disparities(image)[0])[1]

    @classmethod
    def load(cls, start) -> LiteDisparity:
        """
        Start from a student.

        :param start: a shipped model's name, an exported ONNX file, a run's last.ckpt or a state
            dict. What was exported has lost its BatchNorm statistics: train it with `freeze_norm`.
        :raises InputError: nothing there, or not a student.
        """
        net = cls()
        if Path(start).is_file() and Path(start).suffix != '.onnx':
            load_network(net, start)
        else:
            load_onnx(net, find(start).file, image_only)
        return net.eval()


def image_only(net, size):
    """Run a student once, for `from_onnx`."""
    net.answer(torch.zeros(1, 3, *size))


class LitePose(nn.Module):
    """
    Motion of the camera between two images, by an EfficientNet-Lite0 of both at half size.

    At first it answers that nothing moves.
    """

    def __init__(self, depth: int = 0):
        """Make the network; `depth` is without meaning."""
        super().__init__()
        self.encoder = EfficientNetLite0(BLOCKS)
        self.encoder._conv_stem = SameConv(6, STEM, 3, 2, bias=False)
        self.net = nn.ModuleList([
            nn.Conv2d(self.encoder.channels[-1], 128, 1), nn.Conv2d(128, 128, 3, 1, 1),
            nn.Conv2d(128, 6, 1)])
        # No motion at first: features of ImageNet are strong, and would throw the camera about.
        nn.init.zeros_(self.net[2].weight)
        nn.init.zeros_(self.net[2].bias)

    def load_imagenet(self) -> None:
        """Start the encoder from the ImageNet weights, of which each image gets half."""
        one = EfficientNetLite0(BLOCKS)
        one.load_imagenet()
        state = one.state_dict()
        state['_conv_stem.weight'] = state['_conv_stem.weight'].repeat(1, 2, 1, 1) / 2
        self.encoder.load_state_dict(state)

    def forward(self, first, second):
        """
        Give the pose of the earlier image's points in the later image's camera.

        :param first, second: (N, 3, H, W) in 0..1, the earlier one first.
        :returns: axis times angle (N, 3) radians, translation (N, 3) in the unit of the depth.
        """
        images = functional.avg_pool2d(centred(torch.cat([first, second], dim=1)), 2)
        x = self.encoder(images)[-1]
        for layer in self.net[:2]:
            x = functional.relu(layer(x))
        motion = self.net[2](x).mean((2, 3))
        return TURN * motion[:, :3], SHIFT * motion[:, 3:]
