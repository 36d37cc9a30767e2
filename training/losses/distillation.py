# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Distillation of metric depth from labelled and unlabelled images. After Hu et al., KSEM 2023."""
from __future__ import annotations

from collections.abc import Sequence

import torch
from training.losses.composite import composite_loss, TERMS


def distillation_loss(student, teacher, target, labelled, truth_share: float = 0.5,
                      terms: Sequence[str] = TERMS, masked: bool = False) -> dict:
    """
    Compare a student with its teacher and, on labelled images, with the ground truth.

    With l = `composite_loss` the loss of an unlabelled image is l(student, teacher), unmasked, and
    of a labelled one a l(student, truth) + (1 - a) l(student, teacher); images weigh the same.
    The publication names the terms, the mixture is ours.

    :param student: (N, 1, H, W) metres; teacher: the same shape, no gradient flows into it.
    :param target: (N, 1, H, W) metres, anything for unlabelled images.
    :param labelled: (N,) bool.
    :param truth_share: a in 0..1; 1 leaves the teacher out of labelled images.
    :param masked: ground truth counts where finite and > 0 only.
    :returns: `loss`, `teacher` (mean over all images) and, with labelled ones, `truth` (mean over
        them).
    """
    teacher = teacher.detach()
    count, known = len(student), int(labelled.sum())
    parts = {'teacher': composite_loss(student, teacher, terms)['loss']}
    if known == 0:
        return {'loss': parts['teacher'], **parts}
    s, t, truth = student[labelled], teacher[labelled], target[labelled]
    mask = torch.isfinite(truth) & (truth > 0) if masked else None
    parts['truth'] = composite_loss(s, truth, terms, mask)['loss']
    on_labelled = parts['teacher'] if known == count else composite_loss(s, t, terms)['loss']
    gain = truth_share * known / count
    return {'loss': parts['teacher'] + gain * (parts['truth'] - on_labelled), **parts}
