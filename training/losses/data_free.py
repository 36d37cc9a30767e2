# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Losses of distillation without the training data: adversarial images, and adapted ones."""
from __future__ import annotations

import torch

STAY = 0.1  # weight of how far an adapted image moves


def disagreement(student, teacher):
    """Return mean |student - teacher| in metres, what every student here learns by."""
    return (student - teacher).abs().mean()


def generator_loss(student, teacher):
    """
    Return -ln(mean |student - teacher| + 1): small where the student fails.

    Fang et al., Data-Free Adversarial Distillation (arXiv 1912.11006), in the form for regression.
    """
    return -torch.log(disagreement(student, teacher) + 1.0)


def statistics_loss(found):
    """
    Compare the features of a batch with the ones that a network was trained on.

    Per normalising layer the squared differences of mean and variance, each the mean over the
    layer's channels, summed over layers. The form is ours; the publication (arXiv 2208.12464)
    says that stored statistics are matched.

    :param found: iterable of (mean, variance, stored mean, stored variance), each (C,).
    """
    return sum((mean - stored_mean).square().mean() + (variance - stored_variance).square().mean()
               for mean, variance, stored_mean, stored_variance in found)


def transform_loss(found, transformed, image, stay: float = STAY) -> dict:
    """
    Give the loss of the transformation network.

    :param found: see `statistics_loss`; transformed, image: (N, 3, H, W) normalised.
    :returns: `loss`, `statistics` and `moved`, the mean absolute change of a pixel.
    """
    statistics, moved = statistics_loss(found), (transformed - image).abs().mean()
    return {'loss': statistics + stay * moved, 'statistics': statistics, 'moved': moved}
