# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Losses of distillation without the training data: adversarial images, and adapted ones."""
from __future__ import annotations

import torch

STAY = 0.1  # weight of how far an adapted image moves
EPS = 1e-5  # variance that BatchNorm adds, too


def disagreement(student, teacher):
    """Return mean |student - teacher| in metres, what every student here learns by."""
    return (student - teacher).abs().mean()


def generator_loss(student, teacher):
    """
    Return -ln(mean |student - teacher| + 1): small where the student fails.

    Fang et al., Data-Free Adversarial Distillation (arXiv 1912.11006), in the form for regression.
    """
    return -torch.log(disagreement(student, teacher) + 1.0)


def statistics_loss(found, kind: str = 'relative'):
    """
    Compare the features of a batch with the ones that a network was trained on.

    The publication (arXiv 2208.12464) says that stored statistics are matched; the forms are ours.
    `relative`: squared difference of the means over the stored variance, and squared logarithm of
    the ratio of the variances; means over the channels of a layer and over layers. It has no unit,
    so that a few layers of large features do not outweigh all others. `absolute`: squared
    differences of mean and variance, mean over channels, sum over layers.

    :param found: iterable of (mean, variance, stored mean, stored variance), each (C,).
    :param kind: of STATISTICS.
    """
    form = STATISTICS[kind]
    per_layer = [form(*layer) for layer in found]
    return sum(per_layer) / (len(per_layer) if kind == 'relative' else 1)


def _relative(mean, variance, stored_mean, stored_variance):
    scale = stored_variance + EPS
    return ((mean - stored_mean).square() / scale
            + torch.log((variance + EPS) / scale).square()).mean()


def _absolute(mean, variance, stored_mean, stored_variance):
    return (mean - stored_mean).square().mean() + (variance - stored_variance).square().mean()


STATISTICS = {'relative': _relative, 'absolute': _absolute}


def transform_loss(found, transformed, image, stay: float = STAY, kind: str = 'relative') -> dict:
    """
    Give the loss of the transformation network.

    :param found, kind: see `statistics_loss`; transformed, image: (N, 3, H, W) normalised.
    :param stay: weight of `moved`.
    :returns: `loss`, `statistics` and `moved`, the mean absolute change of a pixel.
    """
    statistics = statistics_loss(found, kind)
    moved = (transformed - image).abs().mean()
    return {'loss': statistics + stay * moved, 'statistics': statistics, 'moved': moved}
