# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
How a relative teacher is brought to metres by one measured line.

- medians: one scale per image, median of the line over median of the teacher at its pixels.
- ratios: one scale per image, median of line / teacher. What the evaluation's baseline does, and
  far less moved by a line that lies half on near and half on far things.
- affine: scale and shift of inverse depth, for teachers that know it up to both (MiDaS, Depth
  Anything); medians of ratios where the line cannot tell the shift.

What is then left between line and teacher can be spread around the line, `bent_teacher`.
"""
from __future__ import annotations

from depth_ros.anchoring import anchor_broad
import torch

CAP = 80.0  # metres; the teacher's map is cut there
ENOUGH = 20  # measured pixels for a scale of an image's own
SPREAD = 0.1  # least spread of the teacher's inverse depth on the line, of its mean, for a shift
FARTHEST = 1e3  # metres; what an inverse depth of nothing or less counts as
TURNS = 20  # of the reweighted fit


def median(values):
    """Return the median of a 1-D tensor; the mean of the two middle values where even."""
    ordered, half = values.sort().values, len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _of_medians(teacher, line):
    return median(line) / median(teacher)


def _of_ratios(teacher, line):
    return median(line / teacher)


SCALES = {'medians': _of_medians, 'ratios': _of_ratios, 'affine': _of_ratios}


def line_scales(teacher, line, fallback=None, scale: str = 'medians'):
    """
    Give the scale of each image.

    :param teacher: (N, 1, H, W) relative depth; line: (N, 1, H, W) metres, 0 none.
    :param fallback: scale of images with fewer than 20 measured pixels; None: those with any use
        their own, and one without any gets NaN.
    :param scale: medians or ratios, see the module.
    :returns: scales (N,), no gradient; (N,) bool: its own.
    """
    scales, own = [], []
    for t, d in zip(teacher.detach(), line):
        measured = (d > 0) & torch.isfinite(t)
        enough = int(measured.sum()) >= (1 if fallback is None else ENOUGH)
        own.append(enough)
        if enough:
            scales.append(SCALES[scale](t[measured], d[measured]))
        else:
            scales.append(t.new_tensor(float('nan') if fallback is None else fallback))
    return torch.stack(scales), torch.tensor(own, device=teacher.device)


def scaled_teacher(teacher, scales, cap: float | None = CAP):
    """Bring (N, 1, H, W) to metres by scales (N,), cut at `cap`."""
    metric = teacher.detach() * scales.view(-1, 1, 1, 1)
    return metric if cap is None else metric.clamp(max=cap)


def affine_fit(teacher, line):
    """
    Fit 1 / line = a / teacher + b, both (P,), so that single wrong pixels count little.

    Least sum of absolute errors of inverse depth, by least squares reweighted 20 times.

    :returns: a, b; None where the pixels cannot tell: fewer than 20, spread of the teacher's
        inverse depth below a tenth of its mean, or an order that is turned round (a <= 0).
    """
    x, y = 1.0 / teacher.double(), 1.0 / line.double()
    # A tenth and nine tenths: single wrong pixels must not make a wall look like a slope.
    low, high = torch.quantile(x, torch.tensor([0.1, 0.9], dtype=x.dtype, device=x.device)) \
        if len(x) >= ENOUGH else (0.0, 0.0)
    if len(x) < ENOUGH or high - low < SPREAD * x.mean():
        return None
    columns = torch.stack([x, torch.ones_like(x)], 1)
    weight = torch.ones_like(x)
    for _ in range(TURNS):
        root = weight.sqrt()[:, None]
        a, b = torch.linalg.lstsq(root * columns, root * y[:, None]).solution[:, 0]
        weight = 1.0 / ((columns @ torch.stack([a, b]) - y) / y.median()).abs().clamp(min=1e-6)
    return (float(a), float(b)) if a > 0 else None


def affine_teacher(teacher, line, scales, cap: float | None = CAP):
    """
    Bring (N, 1, H, W) to metres by scale and shift of inverse depth, cut at `cap`.

    :param scales: (N,), for the images whose line cannot tell the shift, see `affine_fit`.
    :returns: (N, 1, H, W) positive metres, NaN where the teacher is.
    """
    metric = []
    for t, d, scale in zip(teacher.detach(), line, scales):
        measured = (d > 0) & torch.isfinite(t)
        fit = affine_fit(t[measured], d[measured])
        if fit is None:
            metric.append(t * scale)
        else:
            metric.append(1.0 / (fit[0] / t + fit[1]).clamp(min=1.0 / FARTHEST))
    metric = torch.stack(metric)
    return metric if cap is None else metric.clamp(max=cap)


def bent_teacher(metric, line):
    """
    Spread smoothly around the line what it says against the teacher, as a node anchors depth.

    :param metric: (N, 1, H, W) metres, NaN where the teacher is; line: (N, 1, H, W), 0 none.
    :returns: (N, 1, H, W) metres, see `depth_ros.anchoring.anchor_broad`.
    """
    bent = [anchor_broad(m[0].numpy(), d[0].numpy())
            for m, d in zip(metric.detach().float().cpu(), line.float().cpu())]
    return torch.stack([torch.from_numpy(b) for b in bent])[:, None].to(metric)
