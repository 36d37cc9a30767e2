# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Losses of completion from a relative teacher and one measured line.

After Hu et al., R2M (RA-L 2023), of whose paper only the names of the terms are public: l_ud
compares with the teacher, l_sl with the line, l_LDP ranks pixels along straight segments. The
forms below are ours.
"""
from __future__ import annotations

from depth_ros.contracts import choose, InputError
import torch
from torch import nn
from torch.nn import functional
from training.losses.alignment import (
    affine_teacher,
    bent_teacher,
    CAP,
    line_scales,
    median,
    scaled_teacher,
    SCALES,
)

ALIGNMENTS = ('median', 'log', 'scale_free', 'uncertainty')
NEAREST = 1e-3  # metres; depth inside a logarithm is at least this


def _image_medians(depth, known):
    # An image of which nothing is known has a median of 1, which then counts nowhere.
    return torch.stack([median(d[k]) if k.any() else d.new_ones(())
                        for d, k in zip(depth, known)]).view(-1, 1, 1, 1)


def _known_mean(error, known):
    return torch.where(known, error, 0.0).sum() / known.sum().clamp(min=1)


def _filled(target):
    # NaN times 0 is NaN, in gradients, too.
    known = torch.isfinite(target)
    return torch.where(known, target, 1.0), known


def teacher_loss(depth, target):
    """
    Mean |d - k t| over all pixels of depth and scaled teacher, each (N, 1, H, W) metres.

    Here and in the other forms pixels where the teacher is NaN do not count.
    """
    target, known = _filled(target)
    return _known_mean((depth - target).abs(), known)


def log_loss(depth, target, nearest: float = NEAREST):
    """Mean |ln d - ln k t|: far pixels weigh no more than near ones."""
    target, known = _filled(target)
    return _known_mean((torch.log(depth.clamp(min=nearest)) - torch.log(target)).abs(), known)


def scale_free_loss(depth, teacher):
    """Mean |d / median(d) - t / median(t)|, medians per image: knows no scale."""
    teacher, known = _filled(teacher.detach())
    return _known_mean((depth / _image_medians(depth, known)
                        - teacher / _image_medians(teacher, known)).abs(), known)


def uncertain_loss(depth, target, log_uncertainty):
    """Mean exp(-s) r^2 + 2 s with r = (d - k t) / median(k t), the median per image."""
    target, known = _filled(target)
    relative = (depth - target) / _image_medians(target, known)
    return _known_mean(torch.exp(-log_uncertainty) * relative ** 2 + 2.0 * log_uncertainty, known)


def line_loss(depth, line, logarithmic: bool = False, nearest: float = NEAREST):
    """Mean |d - measured|, or |ln d - ln measured|, over the measured pixels; 0 without any."""
    measured = line > 0
    if not measured.any():
        return depth.new_zeros(())
    d, m = depth[measured], line[measured]
    if logarithmic:
        d, m = torch.log(d.clamp(min=nearest)), torch.log(m)
    return (d - m).abs().mean()


def ranking_loss(first, second, labels):
    """
    Mean over pairs of a logistic loss on the order of depth, squared where equal.

    With u = ln first - ln second: ln(1 + exp(-o u)) where o is 1 or -1, u^2 where o is 0.

    :param first, second: (P,) predicted depths; labels: (P,) 1: first is farther, -1: nearer, 0.
    :returns: a scalar; a constant 0 without pairs.
    """
    if not len(labels):
        return first.new_zeros(())
    u = torch.log(first) - torch.log(second)
    ranked = functional.softplus(-labels * u)
    return torch.where(labels == 0, u * u, ranked).mean()


def pair_loss(depth, pairs, nearest: float = NEAREST):
    """
    Apply `ranking_loss` to pairs of pixels.

    :param depth: (N, 1, H, W) metres, at least `nearest` inside the logarithm.
    :param pairs: (N, P, 3) of `lines.pairs.image_pairs`; rows with index -1 are not used.
    """
    used = pairs[..., 0] >= 0
    flat = depth.flatten(1).clamp(min=nearest)
    first, second = (flat.gather(1, pairs[..., k].clamp(min=0))[used] for k in (0, 1))
    return ranking_loss(first, second, pairs[..., 2][used])


class R2MLoss(nn.Module):
    """
    The sum l_ud + alpha l_sl + beta l_LDP; a weight of 0 leaves a term out.

    :param alignment: how l_ud compares: 'median' (L1 in metres with the teacher scaled by the
        line), 'log' (L1 of logarithms, in l_sl too), 'scale_free' (each map over its own median)
        or 'uncertainty' (needs the student's log uncertainty).
    :param cap: metres at which the scaled teacher is cut; None: nowhere.
    :param scale: how the line gives the teacher's scale, see `losses.alignment`.
    :param shared: how much of an image's scale (of its logarithm) is the running mean, 0..1. A
        teacher of video keeps its unit from image to image, a single line gives it with noise.
    :param keep: how much of the target (of its logarithm) is what the network's start says, 0..1.
    :param bend: what the line says against the scaled teacher is spread around it.
    """

    def __init__(self, alpha: float = 1.0, beta: float = 0.1, alignment: str = 'median',
                 cap: float | None = CAP, scale: str = 'medians', shared: float = 0.0,
                 keep: float = 0.0, bend: bool = False):
        """Keep the weights."""
        super().__init__()
        choose(dict.fromkeys(ALIGNMENTS), alignment, 'alignment')
        choose(SCALES, scale, 'scale of the teacher')
        self.alpha, self.beta, self.alignment, self.cap = alpha, beta, alignment, cap
        if not 0.0 <= shared <= 1.0:
            raise InputError(f'a shared part of {shared} of the scale: give 0 to 1')
        if not 0.0 <= keep <= 1.0:
            raise InputError(f'a kept part of {keep} of the start: give 0 to 1')
        self.rule, self.shared, self.keep, self.bend = scale, shared, keep, bend
        # Running geometric mean of the scale, also for images whose line is too short for one.
        self.register_buffer('scale', torch.tensor(float('nan')))

    def target(self, teacher, line):
        """
        Bring the teacher to metres, and in training keep the running scale.

        :returns: (K, 1, H, W) of the images that have a scale; (N,) bool: which these are.
        """
        fallback = None if self.scale.isnan() else float(self.scale)
        scales, own = line_scales(teacher, line, fallback, self.rule)
        if self.training and own.any():
            mean = scales[own].log().mean().exp()
            self.scale.copy_(mean if self.scale.isnan() else self.scale ** 0.9 * mean ** 0.1)
        known = torch.isfinite(scales)
        if self.shared and not self.scale.isnan():
            scales = scales ** (1.0 - self.shared) * self.scale ** self.shared
        if not known.any():
            return teacher[known], known
        if self.rule == 'affine':
            metric = affine_teacher(teacher[known], line[known], scales[known], None)
        else:
            metric = scaled_teacher(teacher[known], scales[known], None)
        if self.bend:
            metric = bent_teacher(metric, line[known])
        return metric if self.cap is None else metric.clamp(max=self.cap), known

    def _dissimilarity(self, depth, line, teacher, log_uncertainty, said, unit):
        if self.alignment == 'scale_free':
            return scale_free_loss(depth, teacher)
        target, known = self.target(teacher, line)
        if not known.any():
            return depth.new_zeros(())
        if self.keep and said is not None:
            target = target ** (1.0 - self.keep) * said[known].detach() ** self.keep
        depth, target = depth / unit, target / unit[known]
        if self.alignment == 'uncertainty':
            return uncertain_loss(depth[known], target, log_uncertainty[known])
        compare = log_loss if self.alignment == 'log' else teacher_loss
        return compare(depth[known], target)

    def forward(self, depth, line, teacher, pairs=None, log_uncertainty=None,
                said=None, unit=None) -> dict:
        """
        Compare.

        :param depth, line, teacher: (N, 1, H, W); pairs: (N, P, 3) or None; said: (N, 1, H, W)
            metres, what the network's start says, for `keep`.
        :param unit: (N, 1, 1, 1) metres, in which the depths of each image are compared; None: 1.
        :returns: `loss`, `teacher` (l_ud), `line` (l_sl), `ranking` (l_LDP), and no gradient
            flows into the teacher. An image without a scale is left out of l_ud.
        """
        if unit is None:
            unit = depth.new_ones(len(depth), 1, 1, 1)
        ud = self._dissimilarity(depth, line, teacher, log_uncertainty, said, unit)
        zero = depth.new_zeros(())
        sl = line_loss(depth / unit, line / unit, self.alignment == 'log') if self.alpha else zero
        ranking = pair_loss(depth, pairs) if self.beta and pairs is not None else zero
        return {'loss': ud + self.alpha * sl + self.beta * ranking, 'teacher': ud, 'line': sl,
                'ranking': ranking}
