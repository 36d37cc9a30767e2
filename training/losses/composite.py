# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Depth, gradient and normal loss of metric depth. Hu et al., WACV 2019.

A further term is a file of its own and an entry in TERM_FUNCTIONS: docs/extending.md.
"""
from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from importlib import import_module

from depth_ros.contracts import choose
import torch
from torch.nn import functional

OFFSET = 0.5  # metres inside the logarithm; a perfect prediction gives ln 0.5 per mean
TERMS = ('depth', 'grad', 'normal')  # the published ones, in the order in which they are added
# Name to function of a Comparison, as module:function; it returns a number, the less the better.
TERM_FUNCTIONS = {name: f'training.losses.composite:{name}_term' for name in TERMS}


def sobel(depth):
    """
    Return the horizontal and vertical Sobel response, each (N, 1, H, W).

    Cross-correlation of (N, 1, H, W) with [[1, 0, -1], [2, 0, -2], [1, 0, -1]] and its transpose,
    zero padding, not normalised: the outermost ring answers to the depth itself, as published.
    """
    padded = functional.pad(depth, (1, 1, 1, 1))
    across = padded[..., :-2] - padded[..., 2:]
    down = padded[..., :-2, :] - padded[..., 2:, :]
    return (across[..., :-2, :] + 2.0 * across[..., 1:-1, :] + across[..., 2:, :],
            down[..., :-2] + 2.0 * down[..., 1:-1] + down[..., 2:])


def _log_mean(error, mask):
    return _mean(torch.log(error.abs() + OFFSET), mask)


def _mean(value, mask):
    if mask is None:
        return value.mean()
    return torch.where(mask, value, 0.0).sum() / mask.sum().clamp(min=1)


def _inner(mask):
    """Keep the pixels whose 3 x 3 neighbours within the image are all valid."""
    return functional.max_pool2d((~mask).float(), 3, 1, 1) == 0


class Comparison:
    """
    What a term of the loss sees.

    prediction, target: (N, 1, H, W) metres; mask: the same shape, True where the target is known,
    or None for everywhere. Where it is False the target is 0.
    """

    def __init__(self, prediction, target, mask=None):
        """Keep the maps."""
        self.prediction, self.target, self.mask = prediction, target, mask

    def mean(self, value):
        """Mean of a (N, 1, H, W) map over the pixels with a target; 0 where there is none."""
        return _mean(value, self.mask)

    @cached_property
    def slopes(self):
        """Sobel responses: those of the prediction (dx, dy), those of the target (tx, ty)."""
        return sobel(self.prediction), sobel(self.target)

    @cached_property
    def inner(self):
        """Mask of the pixels whose 3 x 3 neighbours within the image are all known, or None."""
        return None if self.mask is None else _inner(self.mask)


def depth_term(pair: Comparison):
    """Mean ln(|d - t| + 0.5)."""
    return _log_mean(pair.prediction - pair.target, pair.mask)


def grad_term(pair: Comparison):
    """Mean ln(|gx(d) - gx(t)| + 0.5) + mean ln(|gy(d) - gy(t)| + 0.5), g of `sobel`."""
    (dx, dy), (tx, ty) = pair.slopes
    return _log_mean(dx - tx, pair.inner) + _log_mean(dy - ty, pair.inner)


def normal_term(pair: Comparison):
    """Mean |1 - cos(n_d, n_t)|, n = (-gx, -gy, 1)."""
    (dx, dy), (tx, ty) = pair.slopes
    lengths = (dx * dx + dy * dy + 1.0).sqrt() * (tx * tx + ty * ty + 1.0).sqrt()
    cosine = (dx * tx + dy * ty + 1.0) / lengths
    return _mean((1.0 - cosine).abs(), pair.inner)


def _function(name):
    module, _, function = name.partition(':')
    return getattr(import_module(module), function)


def composite_loss(prediction, target, terms: Sequence[str] = TERMS, mask=None) -> dict:
    """
    Compare metric depth maps by value, gradient and surface normal, all weighted 1.

    - depth: mean ln(|d - t| + 0.5)
    - grad: mean ln(|gx(d) - gx(t)| + 0.5) + mean ln(|gy(d) - gy(t)| + 0.5), g of `sobel`
    - normal: mean |1 - cos(n_d, n_t)|, n = (-gx, -gy, 1)

    Means run over batch and pixels. The sum of all three at its minimum is 3 ln 0.5 = -2.0794.
    As published there is no mask: every target counts, 0 included.

    :param prediction: (N, 1, H, W) metres; target: the same shape.
    :param terms: which of TERM_FUNCTIONS make up the loss.
    :param mask: (N, 1, H, W) bool of valid targets, or None for all. The target may hold anything
        where it is False; gradients and normals then need the whole 3 x 3 neighbourhood, so that
        little more than the depth term remains on a projected LiDAR scan.
    :returns: `loss` and the terms asked for; 0 where a mask leaves no pixel.
    :raises InputError: an unknown term (the choices are listed).
    :raises ValueError: shapes that differ, which broadcasting would hide.
    """
    functions = {term: _function(choose(TERM_FUNCTIONS, term, 'loss term')) for term in terms}
    if prediction.shape != target.shape:
        raise ValueError(f'prediction {tuple(prediction.shape)} and target '
                         f'{tuple(target.shape)} differ in shape')
    # At 4 m float16 has steps of 4 mm and bfloat16 of 31 mm: too coarse for gradients of depth.
    wide = torch.promote_types(prediction.dtype, torch.float32)
    prediction, target = prediction.to(wide), target.to(wide)
    if mask is not None:
        target = torch.where(mask, target, 0.0)
    pair = Comparison(prediction, target, mask)
    # Sums of another order differ in the last digit.
    ordered = sorted(functions, key=lambda term: list(TERM_FUNCTIONS).index(term))
    parts = {term: functions[term](pair) for term in ordered}
    return {'loss': sum(parts.values()), **parts}
