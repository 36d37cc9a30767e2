# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Losses on log depth: weighted L1, gradients at several scales, spread, far sky."""
from __future__ import annotations

import torch

FAR = 80.0  # metres; sky is only asked to be at least this far


def masked_mean(value, weight):
    """Mean of `value` weighted by `weight`, 0 where nothing is weighted."""
    return (value * weight).sum() / weight.sum().clamp(min=1e-6)


def gradient_loss(error, known, scales=(1, 2, 4, 8)):
    """
    Mean absolute difference of the error between neighbours, at several strides.

    Source: the gradient-matching term of Li and Snavely, MegaDepth (2018), on log depth.

    :param error: (B, H, W) predicted minus true log depth; known: (B, H, W) bool.
    """
    total = 0.0
    for step in scales:
        e, m = error[:, ::step, ::step], known[:, ::step, ::step]
        for axis in (1, 2):
            n = e.shape[axis] - 1
            a, b = e.narrow(axis, 0, n), e.narrow(axis, 1, n)
            both = m.narrow(axis, 0, n) & m.narrow(axis, 1, n)
            total = total + masked_mean((b - a).abs().clamp(max=1.0), both.float())
    return total / len(scales)


def log_depth_loss(predicted, log_spread, target, known, line, far_weight=0.7,
                   line_weight=4.0):
    """
    Sum the loss terms of a depth network.

    :param predicted: (B, H, W) log depth in any unit; target: same unit, anything where unknown.
    :param known: (B, H, W) bool where target holds;
        line: (B, H, W) bool of measured pixels.
    :param far_weight: extra weight per unit of |target - its unit|, against shrinking to the
        line's mean; line_weight: extra weight of measured pixels.
    :returns: dict with `loss` and its parts.
    """
    target = torch.where(known, target, 0.0)
    error = (predicted - target) * known
    size = error.abs()
    weight = known * (1.0 + far_weight * target.abs().clamp(max=2.5) + line_weight * line)
    depth = masked_mean(size, weight)
    gradient = gradient_loss(error, known)
    spread = masked_mean(size.detach() * torch.exp(-log_spread) + log_spread, known.float())
    return {'loss': depth + 0.4 * gradient + 0.05 * spread, 'depth': depth.detach(),
            'gradient': gradient.detach(), 'spread': spread.detach()}


def sky_loss(predicted, log_far, sky):
    """Penalise sky predicted nearer than `log_far` (B, 1, 1), one-sided."""
    return masked_mean((log_far - predicted).clamp(min=0.0, max=3.0), sky.float())
