# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Losses of completion from a relative teacher and one measured line.

After Hu et al., R2M (RA-L 2023), of whose paper only the names of the terms are public: l_ud
compares with the teacher, l_sl with the line, l_LDP ranks pixels along straight segments. The
forms below are ours.
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

CAP = 80.0  # metres; the teacher's map is cut there
ENOUGH = 20  # measured pixels for a scale of an image's own
ALIGNMENTS = ('median', 'scale_free', 'uncertainty')


def median(values):
    """Return the median of a 1-D tensor; the mean of the two middle values where even."""
    ordered, half = values.sort().values, len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def line_scales(teacher, line, fallback=None):
    """
    Give the scale of each image: median of the line over median of the teacher at its pixels.

    :param teacher: (N, 1, H, W) relative depth; line: (N, 1, H, W) metres, 0 none.
    :param fallback: scale of images with fewer than 20 measured pixels; None: those with any use
        their own, and one without any gets NaN.
    :returns: scales (N,), no gradient; (N,) bool: its own.
    """
    scales, own = [], []
    for t, d in zip(teacher.detach(), line):
        measured = (d > 0) & torch.isfinite(t)
        count = int(measured.sum())
        enough = count >= (1 if fallback is None else ENOUGH)
        own.append(enough)
        if enough:
            scales.append(median(d[measured]) / median(t[measured]))
        else:
            scales.append(t.new_tensor(float('nan') if fallback is None else fallback))
    return torch.stack(scales), torch.tensor(own, device=teacher.device)


def scaled_teacher(teacher, scales, cap: float | None = CAP):
    """Bring (N, 1, H, W) to metres by scales (N,), cut at `cap`."""
    metric = teacher.detach() * scales.view(-1, 1, 1, 1)
    return metric if cap is None else metric.clamp(max=cap)


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


def line_loss(depth, line):
    """Mean |d - measured| over the measured pixels; 0 where there are none."""
    measured = line > 0
    if not measured.any():
        return depth.new_zeros(())
    return (depth - line)[measured].abs().mean()


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


def pair_loss(depth, pairs, nearest: float = 1e-3):
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

    :param alignment: how l_ud compares: 'median' (L1 in metres, scaled by the line), 'scale_free'
        (each map over its own median) or 'uncertainty' (needs the student's log uncertainty).
    :param cap: metres at which the scaled teacher is cut; None: nowhere.
    """

    def __init__(self, alpha: float = 1.0, beta: float = 0.1, alignment: str = 'median',
                 cap: float | None = CAP):
        """Keep the weights."""
        super().__init__()
        self.alpha, self.beta, self.alignment, self.cap = alpha, beta, alignment, cap
        # Running mean of the scale, for images whose line is too short for one of their own.
        self.register_buffer('scale', torch.tensor(float('nan')))

    def _target(self, teacher, line):
        fallback = None if self.scale.isnan() else float(self.scale)
        scales, own = line_scales(teacher, line, fallback)
        if self.training and own.any():
            mean = scales[own].mean()
            self.scale.copy_(mean if self.scale.isnan() else 0.9 * self.scale + 0.1 * mean)
        return scales, torch.isfinite(scales)

    def forward(self, depth, line, teacher, pairs=None, log_uncertainty=None) -> dict:
        """
        Compare.

        :param depth, line, teacher: (N, 1, H, W); pairs: (N, P, 3) or None.
        :returns: `loss`, `teacher` (l_ud), `line` (l_sl), `ranking` (l_LDP), and no gradient
            flows into the teacher. An image without a scale is left out of l_ud.
        """
        if self.alignment == 'scale_free':
            ud = scale_free_loss(depth, teacher)
        else:
            scales, known = self._target(teacher, line)
            target = scaled_teacher(teacher[known], scales[known], self.cap)
            if not known.any():
                ud = depth.new_zeros(())
            elif self.alignment == 'uncertainty':
                ud = uncertain_loss(depth[known], target, log_uncertainty[known])
            else:
                ud = teacher_loss(depth[known], target)
        sl = line_loss(depth, line) if self.alpha else depth.new_zeros(())
        ranking = pair_loss(depth, pairs) if self.beta and pairs is not None \
            else depth.new_zeros(())
        return {'loss': ud + self.alpha * sl + self.beta * ranking, 'teacher': ud, 'line': sl,
                'ranking': ranking}
