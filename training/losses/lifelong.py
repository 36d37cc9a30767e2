# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Losses of learning one domain after another.

Hu et al., Lifelong-MonoDepth (arXiv 2303.05050), from the released code's behaviour.
"""
from __future__ import annotations

from collections.abc import Sequence

import torch
from training.networks.blocks import resize

FLOOR = 1e-2  # of the medians that consistency divides by: that of a log-uncertainty can be 0


def uncertainty_loss(depth, log_uncertainty, target):
    """
    Compare depth with ground truth as far as the network is sure of it (eq. 1).

    mean(exp(-s) ((d - t) / m)^2 + 2 s) over known pixels at the target's size, m the median (the
    lower middle one) of all known targets of the batch.

    :param depth, log_uncertainty: (N, 1, h, w), d and s; both are resized, corners aligned.
    :param target: (N, 1, H, W) metres, known where > 0.
    :returns: a number; 0 where nothing is known.
    """
    size, known = target.shape[2:], target > 0
    depth, log_uncertainty = (resize(x, size)[known] for x in (depth, log_uncertainty))
    if not known.any():
        return (depth.sum() + log_uncertainty.sum()) * 0.0
    values = target[known]
    residual = (depth - values) / values.median()
    return (torch.exp(-log_uncertainty) * residual.square() + 2.0 * log_uncertainty).mean()


def consistency_loss(new, old, floor: float = FLOOR):
    """
    Hold an old domain's heads to what they said before (eq. 3).

    mean(|d - d_old| / |med(d_old)| + |s - s_old| / |med(s_old)|), no mask.

    :param new, old: (depth, log-uncertainty), (N, 1, h, w) each, of the network that learns and of
        the frozen one before it, on the same images; no gradient flows into the latter.
    :param floor: least value of the two medians; the released code has none (0).
    """
    return sum(((x - y.detach()).abs() / y.detach().median().abs().clamp(min=floor)).mean()
               for x, y in zip(new, old))


def stage_loss(new, target, old: Sequence = (), frozen: Sequence = (), replay: Sequence = (),
               weight_consistency: Sequence[float] = (), weight_replay: Sequence[float] = (),
               floor: float = FLOOR) -> dict:
    """
    Sum what a stage minimises: l_ud(new) + sum_i (a_i l_cons_i + b_i l_replay_i).

    :param new: (depth, log-uncertainty) of the new domain's heads on its images.
    :param target: (N, 1, H, W) metres of these images, known where > 0.
    :param old, frozen: for each old domain what its heads say of the same images, by the network
        that learns and by the one before.
    :param replay: for each old domain (depth, log-uncertainty, target) of its heads on replayed
        images, or None where there are none (left).
    :param weight_consistency, weight_replay: a_i and b_i.
    :returns: `loss`, `new`, and, with old domains, `consistency` and `replay` (weighted sums).
    """
    parts = {'new': uncertainty_loss(*new, target)}
    if old:
        parts['consistency'] = sum(
            weight * consistency_loss(x, y, floor)
            for weight, x, y in zip(weight_consistency, old, frozen, strict=True))
    replayed = [weight * uncertainty_loss(*said)
                for weight, said in zip(weight_replay, replay) if said is not None]
    if replayed:
        parts['replay'] = sum(replayed)
    return {'loss': sum(parts.values()), **parts}
