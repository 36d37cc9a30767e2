# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Which primitives each tile of rays may hit: safe tests of boxes and spheres."""
from __future__ import annotations

import torch
from training.datasets.procedural.packing import PackedScenes

SPECK = 0.3  # pixels: what is smaller is not drawn


def seen_from_camera(scenes: PackedScenes, k, pose, low, high):
    """
    Find the primitives whose projected box touches each tile of an image.

    :param k: (B, 4) fx, fy, cx, cy; pose: (B, 4, 4) camera -> world.
    :param low, high: (B, T, 2) bounds of each tile's rays in pixels of the ideal pinhole camera.
    :returns: (B, T, N) bool.
    """
    corner = torch.tensor([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)],
                          dtype=torch.float32, device=k.device)
    half = scenes.half.clone()
    start = sum(scenes.split[:3])
    half[:, start:, 1] = 1e-3  # panes have no thickness
    world = scenes.centre[:, :, None] + (
        scenes.rotation[:, :, None] @ (corner * half[:, :, None])[..., None])[..., 0]
    local = (world - pose[:, None, None, :3, 3]) @ pose[:, None, :3, :3]
    z = local[..., 2]
    ahead = z > 0.05
    pixel = local[..., :2] / z.clamp(min=0.05)[..., None] * k[:, None, None, :2] + (
        k[:, None, None, 2:])
    some, whole = ahead.any(2), ahead.all(2)
    least = torch.where(whole[..., None], pixel.amin(2), -1e9)[:, None]
    most = torch.where(whole[..., None], pixel.amax(2), 1e9)[:, None]
    some = some & ((most - least)[:, 0] > SPECK).all(-1)
    low, high = low[:, :, None], high[:, :, None]
    return some[:, None] & ((most > low - 0.5) & (least < high + 0.5)).all(-1)


def _spheres(scenes, owner):
    """Give bounding spheres of the scenes of each tile: centre (A, N, 3), radius (A, N)."""
    half = scenes.half.clone()
    half[:, sum(scenes.split[:3]):, 1] = 1e-3
    return scenes.centre[owner], half.norm(dim=-1)[owner]


def seen_from_point(scenes: PackedScenes, owner, origin, points, least):
    """
    Find the primitives that may stand between a point and each tile's points.

    :param owner: (A); origin: (A, 3, 1); points: (A, 3, R) world metres; least: (A, 1) radius
        below which a primitive is left out, as are those far smaller than the tile.
    :returns: (A, N) bool; spheres against the cone around the tile.
    """
    low, high = points.amin(-1), points.amax(-1)
    middle, reach = (low + high) / 2, (high - low).norm(dim=-1, keepdim=True) / 2
    axis = middle - origin[..., 0]
    length = axis.norm(dim=-1, keepdim=True).clamp(min=1e-3)
    axis = axis / length
    centre, size = _spheres(scenes, owner)
    # Seen from the tile, so that a sun 2 km away costs no digits.
    offset = centre - middle[:, None]
    beyond = (offset * axis[:, None]).sum(-1)
    aside = (offset.square().sum(-1) - beyond.square()).clamp(min=0).sqrt()
    along = length + beyond
    cone = reach * (along / length).clamp(0, 1) + size * (1 + reach / length)
    close = (reach > 0.6 * length) & (offset.norm(dim=-1) < length + reach + size)
    return ((aside < cone + 0.02) & (along > -size) & (beyond < reach + size) | close) & (
        (centre[..., 0] > -1e4) & (size > torch.maximum(least, 0.02 * reach)))


def seen_from_rays(scenes: PackedScenes, owner, origins, directions, least):
    """
    Find the primitives that bundles of rays may hit, from anywhere to anywhere.

    :param owner: (A); origins: (A, 3, R or 1); directions: (A, 3, R); least: (A, 1) radius over
        distance below which a primitive is left out.
    :returns: (A, N) bool.
    """
    low, high = origins.amin(-1), origins.amax(-1)
    middle, reach = (low + high) / 2, (high - low).norm(dim=-1, keepdim=True) / 2
    unit = directions / directions.norm(dim=1, keepdim=True).clamp(min=1e-9)
    axis = unit.mean(-1)
    axis = axis / axis.norm(dim=-1, keepdim=True).clamp(min=1e-6)
    cosine = (unit * axis[..., None]).sum(1).amin(-1, keepdim=True).clamp(0.02, 1)
    spread = (1 - cosine.square()).clamp(min=0).sqrt() / cosine
    centre, size = _spheres(scenes, owner)
    offset = centre - middle[:, None]
    along = (offset * axis[:, None]).sum(-1)
    aside = (offset.square().sum(-1) - along.square()).clamp(min=0).sqrt()
    wide = (cosine < 0.05).expand_as(along)
    cone = reach + size / cosine + spread * along.clamp(min=0)
    return ((aside < cone + 0.02) & (along > -size - reach) | wide) & (
        (centre[..., 0] > -1e4) & (size > least * (offset.norm(dim=-1) + reach)))
