# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Losses that need no depth labels: how well one image explains another.

Godard et al., Digging Into Self-Supervised Monocular Depth Estimation (ICCV 2019).
"""
from __future__ import annotations

import torch
from torch.nn import functional

SSIM_SHARE = 0.85
C1, C2 = 0.01 ** 2, 0.03 ** 2  # of SSIM for images in 0..1
# Decides between equal errors, so that still images are masked and not left to chance.
TIE = 1e-5


def ssim_error(first, second):
    """
    Give (1 - SSIM) / 2 in 0..1 of two images, over 3x3 windows with reflected border.

    Wang et al., Image Quality Assessment (2004), with uniform windows.
    """
    x, y = (functional.pad(image, (1, 1, 1, 1), 'reflect') for image in (first, second))

    def mean(values):
        return functional.avg_pool2d(values, 3, 1)
    mx, my = mean(x), mean(y)
    vx, vy = mean(x * x) - mx * mx, mean(y * y) - my * my
    both = mean(x * y) - mx * my
    alike = (2 * mx * my + C1) * (2 * both + C2)
    most = (mx * mx + my * my + C1) * (vx + vy + C2)
    return ((1 - alike / most) / 2).clamp(0, 1)


def photometric_error(prediction, target, ssim_share: float = SSIM_SHARE):
    """Give (N, 1, H, W): share of SSIM, the rest mean absolute difference over the colours."""
    absolute = (prediction - target).abs().mean(1, keepdim=True)
    return ssim_share * ssim_error(prediction, target).mean(1, keepdim=True) \
        + (1 - ssim_share) * absolute


def reprojection_loss(target, warped, sources=(), automask: bool = True) -> dict:
    """
    Take at every pixel the source that explains it best.

    :param target: (N, 3, H, W) in 0..1.
    :param warped: list of the sources as the target's camera would see them, each like `target`.
    :param sources: the same sources as they are. With `automask` pixels that these explain better
        than any warped one (nothing moves, or something moves along) count as done.
    :returns: `loss`, the mean over all pixels; `used` (N, 1, H, W) bool: where a warped one won.
    """
    best = torch.cat([photometric_error(image, target) for image in warped], 1).amin(1, True)
    if not automask:
        return {'loss': best.mean(), 'used': torch.ones_like(best, dtype=torch.bool)}
    still = torch.cat([photometric_error(image, target) for image in sources], 1).amin(1, True)
    still = still.detach() - TIE
    return {'loss': torch.minimum(best, still).mean(), 'used': best < still}


def smoothness(disparity, image, normalise: bool = True):
    """
    Mean absolute slope of disparity (N, 1, H, W), less where the image (N, 3, H, W) has edges.

    Each slope is weighed by exp(-mean absolute slope of the colours).

    :param normalise: divide by each image's mean disparity first, so that shrinking is no gain.
    """
    if normalise:
        disparity = disparity / (disparity.mean((2, 3), keepdim=True) + 1e-7)
    total = 0.0
    for axis in (2, 3):
        slope = disparity.diff(dim=axis).abs()
        edge = image.diff(dim=axis).abs().mean(1, keepdim=True)
        total = total + (slope * torch.exp(-edge)).mean()
    return total
