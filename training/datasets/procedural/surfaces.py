# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Hits of rays: normals, texture coordinates and colours of the surface, and the sky."""
from __future__ import annotations

import math

import torch
import torch.nn.functional as functional
from training.datasets.procedural import textures
from training.datasets.procedural.packing import (
    DENSITY,
    DIRT,
    PackedScenes,
    PALETTE,
    PATTERN,
    TURNED,
)
from training.datasets.procedural.scene import PATTERNS

CLOUD = PATTERNS.index('cloud') * textures.VARIANTS
NOISE = PATTERNS.index('noise') * textures.VARIANTS


def dot(a, b):
    """Dot product over the last axis of 3, kept; much faster than a general reduction."""
    return a[..., 0:1] * b[..., 0:1] + a[..., 1:2] * b[..., 1:2] + a[..., 2:3] * b[..., 2:3]


def unit(a):
    """Normalise over the last axis of 3."""
    return a * (dot(a, a) + 1e-20).rsqrt()


def rows(table, row):
    """Gather what belongs to primitives: table (B, N, ...), row (A, R) owner * N + index."""
    flat = table.flatten(0, 1).index_select(0, row.flatten())
    return flat.reshape(*row.shape, *table.shape[2:])


def _turn(matrix, vector):
    """Multiply (A, R, 3, 3) with (A, R, 3): faster than a batched product."""
    out = matrix[..., 0] * vector[..., 0:1]
    out.addcmul_(matrix[..., 1], vector[..., 1:2])
    return out.addcmul_(matrix[..., 2], vector[..., 2:3])


def surface_at(scenes: PackedScenes, row, points):
    """Give unit normals (A, R, 3) and texture coordinates u, v (A, R) in metres at points."""
    half, rotation = rows(scenes.half, row), rows(scenes.rotation, row)
    index = row % sum(scenes.split)
    metric = _turn(rotation.transpose(-1, -2), points - rows(scenes.centre, row))
    q = metric / half
    boxes, tubes, balls = scenes.split[:3]
    is_box = (index < boxes)[..., None]
    is_tube = ((index >= boxes) & (index < boxes + tubes))[..., None]
    is_pane = (index >= boxes + tubes + balls)[..., None]
    axis = torch.where(is_pane[..., 0], 1, q.abs().argmax(dim=-1))
    sign = torch.gather(q, -1, axis[..., None]).sign()
    box_normal = functional.one_hot(axis, 3) * torch.where(is_pane, 1.0, sign)
    cap = (q[..., 2:].abs() > 0.999) & (q[..., :2].norm(dim=-1, keepdim=True) < 0.998)
    zero = torch.zeros_like(q[..., :1])
    tube_normal = torch.where(cap, torch.cat([zero, zero, q[..., 2:].sign()], -1),
                              torch.cat([q[..., :2], zero], -1))
    flat = is_box | is_pane
    normal = torch.where(flat, box_normal, torch.where(is_tube, tube_normal, q) / half)
    normal = _turn(rotation, normal)
    angle = torch.atan2(q[..., 1], q[..., 0]) * half[..., 0]
    u = torch.where(axis == 0, metric[..., 1], metric[..., 0])
    v = torch.where(axis == 2, metric[..., 1], metric[..., 2])
    flat = (flat | (is_tube & cap))[..., 0]
    u, v = torch.where(flat, u, angle), torch.where(flat, v, metric[..., 2])
    return unit(normal), u, -v


def albedo(scenes: PackedScenes, bank, row, surface, u, v, footprint):
    """
    Colour (A, R, 3) of surfaces: two colours mixed by the pattern, hues, dirt, fine grain.

    :param surface: (A, R, 9) of the primitives; footprint: (A, R) metres a pixel.
    """
    colours = rows(scenes.colours, row)
    turned = surface[..., TURNED] > 0.5
    u, v = torch.where(turned, v, u), torch.where(turned, u, v)
    shift = (row % sum(scenes.split)) * 0.377
    density = surface[..., DENSITY]
    mix = textures.sample(bank, surface[..., PATTERN].long(), u * density + shift,
                          v * density + shift, footprint * density)[..., None]
    dirt = textures.sample(bank, torch.full_like(row, CLOUD), u * 0.37 + shift, v * 0.37,
                           footprint * 0.37)[..., None]
    grain = textures.sample(bank, torch.full_like(row, NOISE), u * 1.9, v * 1.9 + shift,
                            footprint * 1.9)[..., None]
    colour = torch.lerp(colours[..., 0, :], colours[..., 1, :], mix)
    palette = surface[..., PALETTE:PALETTE + 1]
    thirds = torch.arange(3, device=row.device) * (2 * math.pi / 3)
    hue = 0.5 + 0.5 * torch.cos(9.0 * mix + 2.0 * dirt + shift[..., None] + thirds)
    colour = colour * (1 + palette * (2 * hue - 1))
    dirty = surface[..., DIRT:DIRT + 1]
    return colour * (1 - dirty * dirt) * (1 + (0.1 + 0.5 * dirty) * (grain - 0.5))


def sky(scenes: PackedScenes, bank, owner, directions):
    """Sky colour (A, R, 3) by direction: gradient, clouds, the sun or stars."""
    towards = unit(directions)
    up = towards[..., 2:].clamp(min=0)
    rise = up.sqrt()
    colours, air = scenes.sky[owner][:, :, None], scenes.air[owner][:, None]
    colour = colours[:, 1] * (1 - rise) + colours[:, 0] * rise
    flat = towards[..., :2] / (up + 0.15)
    cloud = textures.sample(
        bank, torch.full(flat.shape[:2], CLOUD + 1, device=flat.device), flat[..., 0] * 0.15,
        flat[..., 1] * 0.15, torch.full_like(flat[..., 0], 0.002))[..., None]
    cover = ((cloud - 0.5 + 0.7 * (air[..., 1:2] - 0.5)) * 3).clamp(0, 1)
    white = colours.amax(-1, keepdim=True).amax(1)
    colour = colour + (white - colour) * cover
    lamp = scenes.lights[owner, 0][:, None]
    sun = (lamp[..., 6:7] > 0.5).float()
    glow = dot(towards, lamp[..., :3]).clamp(min=0)
    colour = colour + sun * (1 - 0.8 * cover) * (0.4 * glow ** 20 + 4 * (glow > 0.9996))
    mist = torch.exp(-air[..., 0:1] * 60 / (up + 0.06))
    return colour * mist + colours[:, 1] * (1 - mist)
