# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Colour changes of images (3, H, W) float RGB in 0..1; nothing is clipped, as published.

Hu et al. (WACV 2019): PCA lighting, then brightness, contrast and saturation in random order.
"""
import numpy as np
from training.networks.encoders import IMAGENET_MEAN, IMAGENET_STD

# Principal directions of ImageNet's colours (columns) and their strengths, after Krizhevsky et
# al. (2012), in the numbers that are in common use.
PCA_STRENGTHS = np.array([0.2175, 0.0188, 0.0045], np.float32)
PCA_DIRECTIONS = np.array([[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140],
                           [-0.5836, -0.6948, 0.4203]], np.float32)
GREY = np.array([0.299, 0.587, 0.114], np.float32)[:, None, None]


def to_float(image):
    """(H, W, 3) uint8 -> (3, H, W) float32 in 0..1."""
    return np.ascontiguousarray(image.transpose(2, 0, 1), np.float32) / 255.0


def normalise(image):
    """Subtract ImageNet's mean and divide by its deviation, which the networks expect."""
    mean, std = (np.array(x, np.float32)[:, None, None] for x in (IMAGENET_MEAN, IMAGENET_STD))
    return (image - mean) / std


def lighting(image, alpha):
    """Shift all pixels along the principal directions by `alpha` (3,) of their strengths."""
    shift = PCA_DIRECTIONS @ (np.asarray(alpha, np.float32) * PCA_STRENGTHS)
    return image + shift[:, None, None]


def _grey(image):
    return (GREY * image).sum(0, keepdims=True)


def brightness(image, alpha):
    """Move from the image (alpha 0) towards black (alpha 1), or away from it."""
    return image - np.float32(alpha) * image


def contrast(image, alpha):
    """Move from the image towards its mean grey, or away from it."""
    return image + np.float32(alpha) * (_grey(image).mean() - image)


def saturation(image, alpha):
    """Move from the image towards its grey version, or away from it."""
    return image + np.float32(alpha) * (_grey(image) - image)


def jitter(image, amount, random):
    """Brightness, contrast and saturation by U(-amount, amount) each, in random order."""
    for change in random.permutation([brightness, contrast, saturation]):
        image = change(image, random.uniform(-amount, amount))
    return image
