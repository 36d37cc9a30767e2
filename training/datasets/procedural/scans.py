# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a cheap 2-D LiDAR reports of the beams that were cast, as a sparse depth image."""
from __future__ import annotations

import math

import torch
from training.datasets.procedural.cameras import project
from training.datasets.procedural.scanner import HIDDEN, MIRROR, THROUGH_GLASS

STEPS = (1.0, 1.0, 1.0, 2.0, 2.0, 3.0, 4.0, 6.0, 9.0)


def _cross(a, b):
    return torch.linalg.cross(a, b, dim=-1)


class _Draw:
    """Random numbers of one value a frame, to be spread over scanners and beams."""

    def __init__(self, generator, batch, device):
        self.generator, self.batch, self.device = generator, batch, device

    def each(self, *shape):
        """Give numbers in 0..1 of shape (B, *shape)."""
        return torch.rand(self.batch, *shape, generator=self.generator, device=self.device)

    def uniform(self, low, high):
        """Give numbers (B, 1, 1) in low..high."""
        return low + (high - low) * self.each(1, 1)

    def some(self, share):
        """Tell for which frames something happens: (B, 1, 1) bool."""
        return self.each(1, 1) < share

    def normal(self, *shape):
        """Give normal numbers (B, *shape)."""
        return torch.randn(self.batch, *shape, generator=self.generator, device=self.device)


def _returned(draw, met):
    """Tell which beams come back (B, S, N) from glass, mirrors and dark things."""
    chance = draw.each(*met.shape[1:])
    alive = met >= 0
    alive &= (met != THROUGH_GLASS) | (chance > draw.uniform(-0.3, 0.6))
    alive &= (met != MIRROR) | (chance > draw.uniform(0.1, 1.5))
    return alive & ((met != HIDDEN) | (chance > draw.uniform(0.6, 1.2)))


def _thin(draw, alive):
    """Drop beams at random, all but every n-th, and whole sectors."""
    _, count, beams = alive.shape
    share = torch.where(draw.some(0.45), 0.0, draw.uniform(0, 0.6))
    kept = alive & (draw.each(count, beams) >= share)
    number = torch.arange(beams, device=alive.device, dtype=torch.float32)
    steps = torch.tensor(STEPS, device=alive.device)
    step = steps[(draw.each(1, 1) * (len(STEPS) - 1e-3)).long()]
    kept &= number % step < 1.0
    for _ in range(2):
        middle, reach = draw.uniform(0, beams), beams * draw.uniform(0.02, 0.2)
        kept &= ((number - middle).abs() >= reach) | ~draw.some(0.25)
    enough = kept.sum((1, 2), keepdim=True) >= 6
    return torch.where(enough, kept, alive)


def _spoil(draw, points, alive):
    """Mix edges, add range noise and outliers."""
    _, count, beams, _ = points.shape
    reach = points.norm(dim=-1).clamp(min=1e-3)
    other = points.roll(-1, 2)
    edge = (torch.log(other.norm(dim=-1).clamp(min=1e-3) / reach).abs() > 0.05) & (
        alive & alive.roll(-1, 2)) & (draw.each(count, beams) < draw.uniform(-0.3, 0.8))
    share = torch.where(edge, draw.each(count, beams), 0.0)[..., None]
    points = torch.lerp(points, other, share)
    size = draw.uniform(0, 0.03) * (reach.clamp(max=2.0) / 2.0) + draw.uniform(0, 0.006) * reach
    wrong = draw.each(count, beams) < 0.02 * draw.uniform(-3, 1).clamp(min=0)
    jump = torch.where(wrong, (2 * draw.each(count, beams) - 1) * reach, 0.0)
    noise = draw.normal(count, beams) * size
    return points * ((reach + noise + jump).clamp(min=0.05) / reach)[..., None]


def _shift(draw, points):
    """Move the scan against the image: extrinsics that are off, motion between the two."""
    beams = points.shape[2]
    off = torch.where(draw.some(0.4), 1.0, 0.0)
    turn = draw.normal(1, 1, 3) * 0.006 * off[..., None]
    move = draw.normal(1, 1, 3) * 0.015 * off[..., None]
    # Skew: the camera turned and drove on; later beams saw more of it.
    late = torch.where(draw.some(0.4), draw.uniform(0, 0.1), 0.0)[..., None]
    sweep = torch.linspace(0, 0.3, beams, device=points.device)[None, None, :, None]
    time = late * (1 + sweep * draw.normal(1, 1, 1))
    rate = draw.normal(1, 1, 3) * torch.tensor([0.06, 0.35, 0.04], device=points.device)
    speed = draw.normal(1, 1, 3) * torch.tensor([0.1, 0.05, 0.5], device=points.device)
    return points + _cross(turn + rate * time, points) + move + speed * time


def measure(beams, k, lens, size, generator=None):
    """
    Turn beams into what the network gets.

    :param beams: (B, S, N, 4) points in the camera frame and what they met; k: (B, 4); lens:
        (B, 2); size: (H, W).
    :returns: (B, H, W) metres, 0: none; the nearest point where several fall on one pixel; and
        (B) bool, whether the frame has any beam that could be measured.
    """
    points, met = beams[..., :3], beams[..., 3]
    batch, count = met.shape[:2]
    draw = _Draw(generator, batch, beams.device)
    only = (draw.each(1) * count * (1 - 1e-6)).long()
    several = draw.each(1) < 0.1
    number = torch.arange(count, device=beams.device)[None]
    used = ((number == only) | several)[..., None]
    alive = _returned(draw, met) & used
    limit = torch.where(draw.some(0.7), math.inf, draw.uniform(4.0, 30.0))
    alive &= points.norm(dim=-1) < limit
    alive = _thin(draw, alive)
    points = _shift(draw, _spoil(draw, points, alive))
    flat = points.flatten(1, 2)
    u, v = project(flat, k, lens)
    u, v, z = u.round(), v.round(), flat[..., 2]
    inside = alive.flatten(1) & (z > 0.05) & (u >= 0) & (u < size[1]) & (v >= 0) & (v < size[0])
    # Far outside the image the polynomial of a lens folds back; nothing is measured there.
    square = flat[..., :2].square().sum(-1) / z.clamp(min=1e-3).square()
    inside &= 1 + 3 * lens[:, :1] * square + 5 * lens[:, 1:] * square.square() > 0.2
    inside &= square < 9
    index = torch.where(inside, v * size[1] + u, 0.0).long()
    value = torch.where(inside, z, torch.inf)
    sparse = torch.full((batch, size[0] * size[1]), torch.inf, device=beams.device)
    sparse = sparse.scatter_reduce(1, index, value, 'amin')
    sparse = torch.where(torch.isfinite(sparse), sparse, 0.0).reshape(batch, *size)
    return sparse, (sparse > 0).flatten(1).sum(1) >= 3
