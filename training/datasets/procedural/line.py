# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Simulated LiDAR lines: where a scan plane, a cone or an image row meets a depth image."""
from __future__ import annotations

import math

import torch
from training.datasets.procedural.scanner import HIDDEN, MIRROR


def scan_pixels(depth, k, normal, origin, sine):
    """
    Mark the pixels whose surface points lie on a scan plane or cone, within half a pixel.

    :param depth: (B, H, W) metres; k: (B, 4) fx, fy, cx, cy; normal, origin: (B, 3) of the scan
        axis in the camera frame; sine: (B) of the beams' angle to the plane (0: a plane).
    :returns: signed distance to the scan surface in pixels (B, H, W), inf where no surface is.
    """
    batch, height, width = depth.shape
    v, u = torch.meshgrid(torch.arange(height, device=depth.device, dtype=torch.float32),
                          torch.arange(width, device=depth.device, dtype=torch.float32),
                          indexing='ij')
    k = k[:, :, None, None]
    z = torch.where(torch.isfinite(depth), depth, 0.0)
    shift = origin[:, :, None, None]
    x, y, z = (u - k[:, 2]) / k[:, 0] * z - shift[:, 0], (
        v - k[:, 3]) / k[:, 1] * z - shift[:, 1], z - shift[:, 2]
    axis = normal[:, :, None, None]
    away = x * axis[:, 0] + y * axis[:, 1] + z * axis[:, 2]
    reach = (x * x + y * y + z * z).sqrt()
    pixels = (away - reach * sine[:, None, None]) * k[:, 1] / depth
    return torch.where(torch.isfinite(depth) & (z > 0), pixels, torch.inf)


def _uniform(generator, count, low, high, device):
    return low + (high - low) * torch.rand(count, generator=generator, device=device)


def _curve(depth, k, generator):
    """Draw one scan per frame: distance to it in pixels (B, H, W); half of them image rows."""
    batch, height, width = depth.shape
    device = depth.device

    def uniform(low, high):
        return _uniform(generator, batch, low, high, device)
    seen = (torch.isfinite(depth) & (depth > 0.05)).any(2)  # rows with something to measure
    row = torch.multinomial(seen.float() + 1e-6, 1, generator=generator)[:, 0].float()
    row = row + uniform(-0.5, 0.5)
    roll = torch.randn(batch, generator=generator, device=device) * torch.where(
        uniform(0, 1) < 0.6, 0.02, 0.12)
    # A plane through the sensor that looks at the drawn row, turned by the drawn roll.
    pitch = torch.atan((row - k[:, 3]) / k[:, 1])
    normal = torch.stack([torch.sin(roll), torch.cos(pitch) * torch.cos(roll),
                          -torch.sin(pitch) * torch.cos(roll)], dim=1)
    origin = torch.stack([uniform(-0.1, 0.1), uniform(-0.25, 0.25), uniform(-0.15, 0.15)], 1)
    origin = origin * uniform(0, 1)[:, None]
    cone = torch.where(uniform(0, 1) < 0.25, torch.sin(uniform(-0.2, 0.2)), torch.zeros_like(row))
    scan = scan_pixels(depth, k, normal, origin, cone)
    v, u = torch.meshgrid(torch.arange(height, device=device, dtype=torch.float32),
                          torch.arange(width, device=device, dtype=torch.float32),
                          indexing='ij')
    slope = torch.where(uniform(0, 1) < 0.6, torch.zeros_like(row), torch.tan(roll))
    flat = v - row.round()[:, None, None] - slope[:, None, None] * (u - width / 2)
    flat = torch.where(torch.isfinite(depth), flat, torch.inf)
    use_row = (uniform(0, 1) < 0.45)[:, None, None]
    return torch.where(use_row, flat, scan)


def _thin(mask, generator):
    """Drop beams: at random, every n-th column, and whole sectors."""
    batch, _, width = mask.shape
    device = mask.device

    def uniform(low, high, count=batch):
        return _uniform(generator, count, low, high, device)
    share = torch.where(uniform(0, 1) < 0.4, torch.zeros(batch, device=device), uniform(0, 0.6))
    kept = mask & (torch.rand(mask.shape, generator=generator, device=device)
                   >= share[:, None, None])
    u = torch.arange(width, device=device, dtype=torch.float32)
    step = torch.tensor([1.0, 1.0, 1.0, 1.4, 2.0, 3.0, 5.0], device=device)[
        (uniform(0, 1) * 6.99).long()]
    kept &= ((u[None] % step[:, None]) < 1.0)[:, None]
    for _ in range(2):
        middle, reach = uniform(0, width), width * uniform(0.02, 0.22)
        reach = torch.where(uniform(0, 1) < 0.25, reach, torch.zeros_like(reach))
        kept &= ((u[None] - middle[:, None]).abs() >= reach[:, None])[:, None]
    enough = kept.flatten(1).sum(1) >= 6
    return torch.where(enough[:, None, None], kept, mask)


def _spoil(line, generator):
    """Add range noise, outliers and a small extrinsic error to the ranges (0 = none)."""
    batch, height, width = line.shape
    device = line.device

    def uniform(low, high):
        return _uniform(generator, batch, low, high, device)[:, None, None]
    noise = torch.randn(line.shape, generator=generator, device=device)
    noise = noise * (uniform(0, 0.03) * line.clamp(max=2.0) / 2.0 + uniform(0, 0.006) * line)
    wrong = torch.rand(line.shape, generator=generator, device=device) < 0.03 * (
        uniform(-3, 1).clamp(min=0))
    factor = torch.exp(1.2 * (2 * torch.rand(line.shape, generator=generator, device=device) - 1))
    spoiled = torch.where(wrong, line * factor, line + noise)
    spoiled = torch.where(line > 0, spoiled.clamp(min=0.05), 0.0)
    # Extrinsics that are off by a pixel or two.
    dx, dy = (torch.randint(-2, 3, (batch, 1), generator=generator, device=device)
              for _ in range(2))
    still = uniform(0, 1)[:, :, 0] < 0.6
    dx, dy = torch.where(still, 0, dx), torch.where(still, 0, dy.div(2, rounding_mode='floor'))
    rows = (torch.arange(height, device=device) - dy) % height
    columns = (torch.arange(width, device=device) - dx) % width
    return spoiled[torch.arange(batch, device=device)[:, None, None], rows[:, :, None],
                   columns[:, None]]


def simulate(depth, k, generator=None, none_share: float = 0.04, medium=None):
    """
    Simulate what a cheap LiDAR gives for a batch of frames.

    :param depth: (B, H, W) metres along Z (inf: sky); k: (B, 4) fx, fy, cx, cy.
    :param none_share: share of frames without any measurement; medium: (B, H, W) what pixels
        show (see `shading.render`): mirrors and dark things return nothing.
    :returns: (B, H, W) float32 metres, 0 = none: mostly one line, sometimes two to four.
    """
    batch = depth.shape[0]
    device = depth.device
    truth = depth
    if medium is not None:
        depth = torch.where((medium == MIRROR) | (medium == HIDDEN), torch.inf, depth)
    lines = 1 + (torch.rand(batch, generator=generator, device=device) < 0.12).long() * (
        torch.randint(1, 4, (batch,), generator=generator, device=device))
    mask = torch.zeros_like(depth, dtype=torch.bool)
    for number in range(4):
        away = _curve(depth, k, generator).abs()
        hit = away <= 0.5
        nearest = away <= away.amin(1, keepdim=True)
        single = torch.rand(batch, generator=generator, device=device) < 0.7
        hit &= nearest | ~single[:, None, None]
        mask |= hit & (lines > number)[:, None, None]
    limit = torch.where(torch.rand(batch, generator=generator, device=device) < 0.7, math.inf,
                        _uniform(generator, batch, 4.0, 30.0, device))
    mask &= (depth < limit[:, None, None]) & (depth > 0.05)
    mask = _thin(mask, generator)
    mask &= (torch.rand(batch, generator=generator, device=device) >= none_share)[:, None, None]
    return _spoil(torch.where(mask & torch.isfinite(truth), truth, 0.0), generator)
