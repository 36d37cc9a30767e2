# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The networks that complete a line to dense depth, by name, called alike."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from depth_ros.contracts import choose
import torch
from training.networks.completion import CompletionNet
from training.networks.dcvan import DCVAN
from training.networks.encoders import IMAGENET_MEAN, IMAGENET_STD
from training.networks.s2d import S2D


def raw_image(image):
    """Give (B, 3, H, W) RGB 0..255 of uint8 (B, H, W, 3) or ImageNet-normalised floats."""
    if image.dtype == torch.uint8:
        return image.float().permute(0, 3, 1, 2)
    mean, std = (image.new_tensor(x).view(3, 1, 1) for x in (IMAGENET_MEAN, IMAGENET_STD))
    return 255.0 * (image * std + mean)


def _own(net, image, line):
    log_depth, log_spread, scale = net.logs(raw_image(image).permute(0, 2, 3, 1), line)
    # The loss has exp(-s) r^2: s is the logarithm of a squared error, the spread that of an error.
    return (torch.exp(log_depth) * scale)[:, None], 2.0 * log_spread[:, None]


def _s2d(net, image, line):
    return net(raw_image(image), line[:, None]), None


def _dcvan(net, image, line):
    mean, std = (line.new_tensor(x).view(3, 1, 1) for x in (IMAGENET_MEAN, IMAGENET_STD))
    return net((raw_image(image) / 255.0 - mean) / std, line[:, None]), None


@dataclass(frozen=True)
class Student:
    """
    How a network is made and asked.

    answer: (net, image as `raw_image` takes it, line (B, H, W) metres) -> depth (B, 1, H, W)
    metres, log uncertainty of the same shape or None. uncertain: it gives that. positive: its
    depth is, while it learns, too.
    """

    build: Callable
    answer: Callable
    uncertain: bool = False
    positive: bool = True


STUDENTS = {'completion': Student(CompletionNet, _own, uncertain=True),
            's2d_18': Student(partial(S2D, 18), _s2d, positive=False),
            's2d_34': Student(partial(S2D, 34), _s2d, positive=False),
            'dcvan': Student(DCVAN, _dcvan)}


def find_student(name: str) -> Student:
    """Return a student by name; an unknown one is an InputError that lists the choices."""
    return choose(STUDENTS, name, 'student')
