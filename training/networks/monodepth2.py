# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Disparity from one image, and the motion between two: a self-supervised teacher.

Structure: Godard et al., Digging Into Self-Supervised Monocular Depth Estimation (ICCV 2019).
State-dict keys are those of the public files encoder.pth, depth.pth and pose.pth.
"""
from __future__ import annotations

from pathlib import Path

from depth_ros.contracts import InputError
import torch
from torch import nn
from torch.nn import functional
from training.networks.encoders import load_state, read_checkpoint
from training.networks.resnet import ResNet
from training.networks.warping import disparity_to_depth

MEAN, STD = 0.45, 0.225  # of all three colours in 0..1
WIDTHS = (16, 32, 64, 128, 256)  # of the decoder, from full size to 1/16
MOTION = 0.01  # unit of the pose network's answer
SIZE = (192, 640)


class FiveScales(ResNet):
    """ResNet encoder giving features at strides 2, 4, 8, 16 and 32 of RGB in 0..1."""

    def __init__(self, depth: int = 18, images: int = 1):
        """Make the layers for so many images, one behind the other in the channels."""
        super().__init__(depth, 3 * images)
        self.channels = (64, *self.channels)

    def forward(self, image):
        """Give five features of (N, 3 images, H, W)."""
        x = functional.relu(self.bn1(self.conv1((image - MEAN) / STD)))
        features = [x]
        x = functional.max_pool2d(x, 3, 2, 1)
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
            features.append(x)
        return features


class Reflected(nn.Module):
    """3x3 convolution with reflected border."""

    def __init__(self, inputs: int, outputs: int):
        """Make the layer."""
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3)

    def forward(self, x):
        """(N, inputs, H, W) -> (N, outputs, H, W)."""
        return self.conv(functional.pad(x, (1, 1, 1, 1), 'reflect'))


class ReflectedELU(nn.Module):
    """`Reflected`, then ELU."""

    def __init__(self, inputs: int, outputs: int):
        """Make the layer."""
        super().__init__()
        self.conv = Reflected(inputs, outputs)

    def forward(self, x):
        """(N, inputs, H, W) -> (N, outputs, H, W)."""
        return functional.elu(self.conv(x))


class DisparityDecoder(nn.Module):
    """Five features to disparities in 0..1 at full, 1/2, 1/4 and 1/8 of the image size."""

    def __init__(self, channels):
        """Make the layers for an encoder's five `channels`."""
        super().__init__()
        blocks, inputs = [], channels[4]
        for level in range(4, -1, -1):
            width = WIDTHS[level]
            blocks += [ReflectedELU(inputs, width),
                       ReflectedELU(self.joined(level, channels), width)]
            inputs = width
        # The heads follow the blocks in the public files.
        self.decoder = nn.ModuleList(blocks + [Reflected(width, 1) for width in WIDTHS[:4]])

    @staticmethod
    def joined(level, channels):
        """Count the channels of a level after its skip connection; the last level has none."""
        return WIDTHS[level] + (channels[level - 1] if level else 0)

    def join(self, x, skip, level):
        """Concatenate decoder and encoder features; `skip` None at the last level."""
        return x if skip is None else torch.cat([x, skip], dim=1)

    def forward(self, features):
        """Five features -> four disparities (N, 1, h, w), the largest first."""
        x, disparities = features[4], []
        for level in range(4, -1, -1):
            step = 2 * (4 - level)
            x = functional.interpolate(self.decoder[step](x), scale_factor=2.0, mode='nearest')
            x = self.decoder[step + 1](self.join(x, features[level - 1] if level else None,
                                                 level))
            if level < 4:
                disparities.append(torch.sigmoid(self.decoder[10 + level](x)))
        return disparities[::-1]


class MonoDepth2(nn.Module):
    """
    Depth up to scale of RGB (N, 3, H, W) in 0..1; sizes divisible by 32, at least 64.

    :param depth: of the ResNet: 18 (14.3 M parameters), 34 or 50 (32.5 M).
    """

    decoder_class = DisparityDecoder
    height, width = SIZE
    licence = 'of its weights: the public ones are for research only'
    lineage = 'MonoDepth2'

    def __init__(self, depth: int = 18):
        """Make the network."""
        super().__init__()
        self.encoder = FiveScales(depth)
        self.decoder = self.decoder_class(self.encoder.channels)

    def disparities(self, image):
        """Give four maps (N, 1, h, w) in 0..1, the largest first."""
        return self.decoder(self.encoder(image))

    def forward(self, image):
        """Give depth (N, 1, H, W), 0.1 to 100, up to scale."""
        return disparity_to_depth(self.disparities(image)[0])[1]

    @classmethod
    def load(cls, folder):
        """
        Load encoder.pth and depth.pth of a folder, and the size they were trained for.

        :raises InputError: a file is missing or does not fit; says which.
        """
        folder = Path(folder)
        encoder, decoder = (read_checkpoint(folder / name)
                            for name in ('encoder.pth', 'depth.pth'))
        network = cls(_resnet_depth(encoder, folder / 'encoder.pth'))
        for name in ('height', 'width'):
            setattr(network, name, int(encoder.pop(name, getattr(cls, name))))
        encoder = {key.removeprefix('encoder.'): value for key, value in encoder.items()
                   if torch.is_tensor(value)}
        load_state(network.encoder, encoder, folder / 'encoder.pth')
        load_state(network.decoder, decoder, folder / 'depth.pth')
        return network.eval()

    def save(self, folder):
        """Write encoder.pth and depth.pth, which `load` and the public code read."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        encoder = {f'encoder.{key}': value for key, value in self.encoder.state_dict().items()}
        torch.save({**encoder, 'height': self.height, 'width': self.width, 'use_stereo': False},
                   folder / 'encoder.pth')
        torch.save(self.decoder.state_dict(), folder / 'depth.pth')


def _resnet_depth(state, path) -> int:
    """Tell the depth of the ResNet from its keys."""
    if 'encoder.conv1.weight' not in state:
        raise InputError(f'{path} is no encoder of the MonoDepth2 layout: it has no '
                         'encoder.conv1.weight')
    if 'encoder.layer1.0.conv3.weight' in state:
        return 50
    return 34 if 'encoder.layer1.2.conv1.weight' in state else 18


class PoseNet(nn.Module):
    """
    Motion of the camera between two images.

    :param depth: of the ResNet, whose first layer takes both images.
    """

    def __init__(self, depth: int = 18):
        """Make the network."""
        super().__init__()
        self.encoder = FiveScales(depth, images=2)
        self.net = nn.ModuleList([
            nn.Conv2d(self.encoder.channels[-1], 256, 1), nn.Conv2d(256, 256, 3, 1, 1),
            nn.Conv2d(256, 256, 3, 1, 1), nn.Conv2d(256, 12, 1)])

    def forward(self, first, second):
        """
        Give the pose of the earlier image's points in the later image's camera.

        :param first, second: (N, 3, H, W) in 0..1, the earlier one first.
        :returns: axis times angle (N, 3) radians, translation (N, 3) in the unit of the depth.
        """
        x = self.encoder(torch.cat([first, second], dim=1))[-1]
        for layer in self.net[:3]:
            x = functional.relu(layer(x))
        # The public network answers for two motions, of which only the first is used.
        motion = MOTION * self.net[3](x).mean((2, 3))[:, :6]
        return motion[:, :3], motion[:, 3:]
