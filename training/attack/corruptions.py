# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Natural troubles of an image: what cameras, weather and links do to it.

Most are those of kornia; exposure and motion blur are those of `depth_ros.evaluation`, which has
them for whole samples. What spoils the measured line is there, too.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from depth_ros.contracts import choose, InputError
from depth_ros.evaluation import perturbations
import numpy as np
import torch
from training.networks.encoders import IMAGENET_MEAN, IMAGENET_STD

SEED = 0


@dataclass(frozen=True)
class Corruption:
    """
    One kind.

    :param levels: mildest first; usual: the level that changes nothing.
    :param spoil: (RGB (B, 3, H, W) floats 0..1, level) -> the same; draws from torch's seed.
    """

    name: str
    unit: str
    levels: tuple
    usual: float
    spoil: Callable


@dataclass(frozen=True)
class _Picture:
    """What the functions for samples take of one."""

    image: np.ndarray


def _kornia():
    try:
        import kornia.augmentation
    except ImportError as error:
        raise InputError('natural corruptions need kornia: pip install --no-deps kornia==0.9.0 '
                         'kornia-rs==0.2.0') from error
    return kornia.augmentation


def _by_kornia(make):
    """Turn (kornia.augmentation, level) -> operation into a function of RGB and level."""
    return lambda rgb, level: make(_kornia(), level)(rgb)


def _by_sample(function):
    """Apply a function of one uint8 picture to each image."""
    def spoil(rgb, level):
        pictures = (255 * rgb).round().byte().permute(0, 2, 3, 1).cpu().numpy()
        spoiled = np.stack([function(_Picture(p), level).image for p in pictures])
        return torch.from_numpy(spoiled).to(rgb).permute(0, 3, 1, 2) / 255
    return spoil


def _narrow(value):
    """Return a range that holds one value; kornia takes ranges alone."""
    return (value, value + 1e-6)


CORRUPTIONS = {one.name: one for one in (
    Corruption('sensor noise', 'standard deviation, grey levels', (5, 10, 20, 40), 0,
               _by_kornia(lambda k, level: k.RandomGaussianNoise(0.0, level / 255, p=1.0))),
    Corruption('dead pixels', '%', (1, 3, 10), 0,
               _by_kornia(lambda k, level: k.RandomSaltAndPepperNoise(
                   _narrow(level / 100), _narrow(0.5), p=1.0))),
    Corruption('defocus', 'sigma, pixels', (0.7, 1.2, 2.4), 0,
               _by_kornia(lambda k, level: k.RandomGaussianBlur(
                   (2 * int(3 * level) + 1,) * 2, (level, level), p=1.0))),
    Corruption('motion blur', 'pixels', (3, 7, 11), 1, _by_sample(perturbations.motion_blur)),
    Corruption('exposure', 'stops', (-2, -1, 1, 2), 0, _by_sample(perturbations.expose)),
    Corruption('colour lost', 'saturation', (0.5, 0.0), 1,
               _by_kornia(lambda k, level: k.RandomSaturation((level, level), p=1.0))),
    Corruption('shadow', 'darkness', (0.2, 0.4, 0.6), 0,
               _by_kornia(lambda k, level: k.RandomPlasmaShadow(
                   (0.5, 0.5), (-level - 1e-6, -level), _narrow(0.5), p=1.0))),
    Corruption('rain', 'drops', (100, 300, 900), 0,
               _by_kornia(lambda k, level: k.RandomRain(
                   (level, level + 1), (5, 10), (-3, 3), p=1.0))),
    Corruption('JPEG', 'quality', (50, 20, 8), 100,
               _by_kornia(lambda k, level: k.RandomJPEG((float(level),) * 2, p=1.0))),
)}


def corrupt(image, name: str, level: float, seed: int = SEED):
    """
    Spoil images.

    :param image: (B, 3, H, W), ImageNet-normalised; name: of CORRUPTIONS.
    :param level: the kind's `usual` changes nothing.
    :param seed: of what is drawn, which differs between the images of a batch.
    :returns: normalised again; colours are clipped to the range of pixels.
    :raises InputError: an unknown kind (the choices are listed), or kornia is missing.
    """
    kind = choose(CORRUPTIONS, name, 'corruption')
    if level == kind.usual:
        return image
    mean, std = (torch.tensor(x, dtype=image.dtype, device=image.device)[:, None, None]
                 for x in (IMAGENET_MEAN, IMAGENET_STD))
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        rgb = kind.spoil((image * std + mean).clamp(0, 1), level).clamp(0, 1)
    return (rgb - mean) / std
