# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Lamps, suns, spot lights and their shadows at the hits of rays."""
from __future__ import annotations

import torch
import torch.nn.functional as functional
from training.datasets.procedural.candidates import seen_from_point
from training.datasets.procedural.packing import PackedScenes
from training.datasets.procedural.raycast import first_hit
from training.datasets.procedural.surfaces import dot, unit

SHADOW_LIGHTS = 2
LEAST = 0.006  # things smaller than this share of their distance cast no shadow
SUN_AWAY = 300.0  # metres: a sun is a lamp that far from each tile


def to_tiles(image, tile):
    """Cut (B, C, H, W) into tiles (B * T, C, tile * tile), row by row."""
    batch, channels, height, width = image.shape
    cut = image.reshape(batch, channels, height // tile, tile, width // tile, tile)
    return cut.permute(0, 2, 4, 1, 3, 5).reshape(-1, channels, tile * tile)


def from_tiles(tiles, size, tile):
    """Undo `to_tiles`: (B * T, C, tile * tile) -> (B, C, H, W)."""
    channels = tiles.shape[1]
    cut = tiles.reshape(-1, size[0] // tile, size[1] // tile, channels, tile, tile)
    return cut.permute(0, 3, 1, 4, 2, 5).reshape(-1, channels, *size)


def shadows(scenes: PackedScenes, owner, points, normals, far, size, tile):
    """
    Tell how much of the first lamps is seen: cast at half resolution, smoothed over the image.

    :param points, normals: (A, R, 3) of ALL tiles of images of size (H, W); far: (A, R)
        depth, inf where there is nothing; tile: pixels.
    :returns: (SHADOW_LIGHTS or fewer, A, R, 1) in 0..1.
    """
    count = min(SHADOW_LIGHTS, scenes.lights.shape[1])
    # Rays into the sky stand in the middle of what the rest of their tile hits.
    seen = torch.isfinite(far)[..., None]
    some = seen.any(1)
    middle = (points * seen).sum(1, keepdim=True) / seen.sum(1, keepdim=True).clamp(min=1)
    start = torch.where(seen, points + normals * 0.012, middle).transpose(1, 2)
    start = start.reshape(-1, 3, tile, tile)[:, :, ::2, ::2].flatten(2)
    lamps = scenes.lights[owner, :count].transpose(0, 1).flatten(0, 1)
    owner, start = owner.repeat(count), start.repeat(count, 1, 1)
    sun = lamps[:, 6:7] > 0.5
    origin = torch.where(sun, start.mean(-1) + SUN_AWAY * lamps[:, :3], lamps[:, :3])[..., None]
    least = LEAST * far.amin(1, keepdim=True).repeat(count, 1)
    may = seen_from_point(scenes, owner, origin, start, least)
    may &= (lamps[:, 6:7] >= 0) & some.repeat(count, 1)
    t, _ = first_hit(scenes, owner, origin, start - origin, may)
    limit = torch.where(sun, 1 - 0.004 / SUN_AWAY, 0.998)
    clear = from_tiles((t > limit).float()[:, None], (size[0] // 2, size[1] // 2), tile // 2)
    clear = functional.interpolate(clear, size=size, mode='bilinear', align_corners=False)
    return to_tiles(clear, tile).transpose(1, 2).reshape(count, *points.shape[:2], 1)


def light(scenes: PackedScenes, owner, points, normals, eye, gloss, seen=()):
    """
    Sum ambient light and lamps.

    :param points, normals, eye: (A, R, 3), eye: unit, towards the camera; gloss: (A, R, 1).
    :param seen: (A, R, 1) for each of the first lamps: how much of it is seen.
    :returns: diffuse (A, R, 3), glossy (A, R, 3).
    """
    diffuse = scenes.ambient[owner][:, None] * (0.6 + 0.4 * normals[..., 2:])
    shine = torch.zeros_like(diffuse)
    for number in range(scenes.lights.shape[1]):
        lamp = scenes.lights[owner, number][:, None]
        sun = lamp[..., 6:7] > 0.5
        towards = torch.where(sun, lamp[..., :3], lamp[..., :3] - points)
        square = dot(towards, towards).clamp(min=2.5e-3)
        towards = towards * square.rsqrt()
        fall = torch.where(sun, 1.0, 1.0 / (0.3 + 0.25 * square))
        # A spot fades out from half its opening to its rim.
        inside = -dot(towards, lamp[..., 7:10]) - lamp[..., 10:11]
        beam = (inside / (0.75 - 0.75 * lamp[..., 10:11])).clamp(0, 1)
        fall = fall * torch.where(lamp[..., 10:11] < -0.5, 1.0, beam * beam)
        facing = dot(normals, towards).clamp(min=0)
        power = (lamp[..., 6:7] >= 0).float() * fall * lamp[..., 3:6]
        if number < len(seen):
            power = power * seen[number]
        diffuse = diffuse + power * facing
        glint = dot(normals, unit(towards + eye)).clamp(0).square().square().square().square()
        shine = shine + power * gloss * glint * glint
    return diffuse, shine
