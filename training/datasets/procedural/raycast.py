# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Batched ray casting of boxes, cylinders and ellipsoids in plain torch, on any device."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from training.datasets.procedural.scene import BOX, CYLINDER, ELLIPSOID, Material, Scene

NEAR = 1e-3


@dataclass
class PackedScenes:
    """
    Scenes padded to common sizes, as tensors on one device.

    `split` counts (boxes, cylinders, ellipsoids); the N primitives are ordered by kind.
    unit (B, N, 3, 3): world offset -> unit primitive; centre (B, N, 3); half (B, N, 3);
    rotation (B, N, 3, 3) local -> world; colours (B, N, 2, 3); surface (B, N, 6): pattern row,
    repeats per metre, dirt, gloss, emission, turned; instance (B, N); lights (B, L, 7):
    position or direction, colour, 1 for a sun (0 lamp, -1 none); ambient (B, 3);
    sky (B, 2, 3); haze (B).
    """

    split: tuple
    unit: torch.Tensor
    centre: torch.Tensor
    half: torch.Tensor
    rotation: torch.Tensor
    colours: torch.Tensor
    surface: torch.Tensor
    instance: torch.Tensor
    lights: torch.Tensor
    ambient: torch.Tensor
    sky: torch.Tensor
    haze: torch.Tensor


def _arrays(scene, variants):
    """Turn one scene into arrays per primitive."""
    materials: list[Material] = scene.materials
    pick = scene.rng.integers(0, variants, len(materials))
    surface = np.array([
        [m.pattern * variants + k, 1.0 / m.size, m.dirt, m.gloss, m.emission, m.turned]
        for m, k in zip(materials, pick)])
    colours = np.array([[m.colour_a, m.colour_b] for m in materials])
    return (np.asarray(scene.kinds), np.stack(scene.centres), np.stack(scene.halves),
            np.stack(scene.rotations), colours, surface, np.asarray(scene.instances))


def pack(scenes: list[Scene], variants: int, device='cpu') -> PackedScenes:
    """Pad scenes (lists of primitives) to one batch; `variants` is the bank's per pattern."""
    parts = [_arrays(scene, variants) for scene in scenes]
    split = tuple(max(1, max(int((p[0] == kind).sum()) for p in parts))
                  for kind in (BOX, CYLINDER, ELLIPSOID))
    total, count = sum(split), len(scenes)
    centre = np.full((count, total, 3), -1e5)
    half = np.full((count, total, 3), 1e-3)
    rotation = np.tile(np.eye(3), (count, total, 1, 1))
    colours = np.zeros((count, total, 2, 3))
    surface = np.zeros((count, total, 6))
    instance = np.zeros((count, total), dtype=np.int64)
    n_lights = max(1, max(len(scene.lights) for scene in scenes))
    lights = np.zeros((count, n_lights, 7))
    lights[:, :, 6] = -1
    for b, (kinds, *values) in enumerate(parts):
        start = 0
        for kind, room in zip((BOX, CYLINDER, ELLIPSOID), split):
            index = np.flatnonzero(kinds == kind)
            place = slice(start, start + len(index))
            for target, value in zip(
                    (centre, half, rotation, colours, surface, instance), values):
                target[b, place] = value[index]
            start += room
        for k, light in enumerate(scenes[b].lights):
            lights[b, k] = [*light.position, *light.colour, float(light.sun)]
    unit = np.swapaxes(rotation, 2, 3) / half[..., None]

    def tensor(value):
        return torch.as_tensor(np.asarray(value), dtype=torch.float32, device=device)
    return PackedScenes(
        split, tensor(unit), tensor(centre), tensor(half), tensor(rotation), tensor(colours),
        tensor(surface), torch.as_tensor(instance, device=device), tensor(lights),
        tensor([s.ambient for s in scenes]), tensor([s.sky for s in scenes]),
        tensor([s.haze for s in scenes]))


def _entry_box(o, d):
    """Slab test of the unit box; o, d (A, 3, R) -> entry t (A, R), inf where missed."""
    inverse = d.reciprocal()
    middle = o * inverse
    reach = inverse.abs()
    leave = (reach - middle).amin(dim=1)
    entry = middle.add_(reach).amin(dim=1).neg_()
    return entry.masked_fill_((entry > leave) | (entry < NEAR), torch.inf)


def _quadric(o, d, dims):
    """Roots of the unit sphere (dims 3) or endless cylinder (dims 2): hit, entry, leave."""
    o, d = o[:, :dims], d[:, :dims]
    a = (d * d).sum(1).clamp_(min=1e-12)
    b = (o * d).sum(1)
    c = (o * o).sum(1) - 1.0
    root = b * b - a * c
    hit = root > 0
    root = root.clamp_(min=0).sqrt_()
    return hit, (-b - root) / a, (root - b) / a


def _entry_ellipsoid(o, d):
    hit, entry, _ = _quadric(o, d, 3)
    return entry.masked_fill_(~hit | (entry < NEAR), torch.inf)


def _entry_cylinder(o, d):
    hit, entry, leave = _quadric(o, d, 2)
    inverse = d[:, 2].reciprocal()
    middle, reach = o[:, 2] * inverse, inverse.abs()
    entry = torch.maximum(entry, -middle - reach)
    leave = torch.minimum(leave, reach - middle)
    return entry.masked_fill_(~hit | (entry > leave) | (entry < NEAR), torch.inf)


def first_hit(scenes: PackedScenes, origins, directions, candidates):
    """
    Cast rays, grouped in tiles, at the primitives that may be hit from each tile.

    Step k casts every tile's k-th candidate, for all tiles that still have one: the work is
    that of the candidates alone, in few large operations.

    :param origins: (B, T, 3, R) or (B, T, 3, 1) metres; directions: (B, T, 3, R), any length.
    :param candidates: (B, T, N) bool.
    :returns: t (B, T, R) in units of the direction (inf: nothing), index (B, T, R).
    """
    batch, tiles, _, rays = directions.shape
    origins = origins.expand(-1, tiles, -1, -1).flatten(0, 1)
    directions = directions.flatten(0, 1)
    directions = torch.where(directions.abs() < 1e-7, 1e-7, directions)
    best = torch.full((batch * tiles, rays), torch.inf, device=directions.device)
    index = torch.zeros((batch * tiles, rays), dtype=torch.int64, device=directions.device)
    owner = torch.arange(batch, device=directions.device).repeat_interleave(tiles)
    start = 0
    for room, entry_of in zip(scenes.split, (_entry_box, _entry_cylinder, _entry_ellipsoid)):
        chosen = candidates[..., start:start + room].flatten(0, 1)
        counts, order = chosen.sum(1), chosen.int().argsort(1, descending=True)
        by_count = counts.argsort(descending=True)
        order, left = order[by_count] + start, counts[by_count]
        steps = int(left[0]) if left.numel() else 0
        active = (left[:, None] > torch.arange(steps, device=left.device)).sum(0).tolist()
        for k in range(steps):
            tile, which = by_count[:active[k]], order[:active[k], k]
            unit = scenes.unit[owner[tile], which]
            centre = scenes.centre[owner[tile], which]
            o = unit @ (origins[tile] - centre[..., None])
            t = entry_of(o, unit @ directions[tile])
            old = best[tile]
            nearer = t < old
            best[tile] = torch.where(nearer, t, old)
            index[tile] = torch.where(nearer, which[:, None], index[tile])
        start += room
    return best.reshape(batch, tiles, rays), index.reshape(batch, tiles, rays)


def seen_from_camera(scenes: PackedScenes, k, pose, size, tile):
    """
    Find the primitives whose projected box touches each tile of an image.

    :param k: (B, 4) fx, fy, cx, cy; pose: (B, 4, 4) camera -> world; size: (H, W), both
        multiples of `tile` pixels.
    :returns: (B, T, N) bool, tiles row by row.
    """
    corner = torch.tensor([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)],
                          dtype=torch.float32, device=k.device)
    world = scenes.centre[:, :, None] + (
        scenes.rotation[:, :, None] @ (corner * scenes.half[:, :, None])[..., None])[..., 0]
    local = (world - pose[:, None, None, :3, 3]) @ pose[:, None, :3, :3]
    z = local[..., 2]
    ahead = z > 0.05
    pixel = local[..., :2] / z.clamp(min=0.05)[..., None] * k[:, None, None, :2] + (
        k[:, None, None, 2:])
    some, whole = ahead.any(2), ahead.all(2)
    low = torch.where(whole[..., None], pixel.amin(2), -1e9)[:, None]
    high = torch.where(whole[..., None], pixel.amax(2), 1e9)[:, None]
    v, u = torch.meshgrid(torch.arange(0, size[0], tile, device=k.device),
                          torch.arange(0, size[1], tile, device=k.device), indexing='ij')
    u, v = u.flatten()[None, :, None], v.flatten()[None, :, None]
    return (some[:, None] & (high[..., 0] > u - 1) & (low[..., 0] < u + tile)
            & (high[..., 1] > v - 1) & (low[..., 1] < v + tile))


def seen_from_light(scenes: PackedScenes, light, points):
    """
    Find the primitives that may stand between each tile's points and a light.

    :param light: (B, 7) as in PackedScenes; points: (B, T, 3, R) world metres.
    :returns: (B, T, N) bool; a test of bounding spheres against a cone or cylinder.
    """
    low, high = points.amin(-1), points.amax(-1)
    middle, reach = (low + high) / 2, (high - low).norm(dim=-1) / 2
    sun = (light[:, 6] > 0.5)[:, None, None]
    axis = torch.where(sun, light[:, None, :3] * 200.0, light[:, None, :3] - middle)
    length = axis.norm(dim=-1).clamp(min=1e-3)
    axis = axis / length[..., None]
    offset = scenes.centre[:, None] - middle[:, :, None]
    along = (offset * axis[:, :, None]).sum(-1)
    aside = (offset.square().sum(-1) - along.square()).clamp(min=0).sqrt()
    size = scenes.half.norm(dim=-1)[:, None]
    used = (light[:, 6] >= 0)[:, None, None] & (scenes.centre[..., 0] > -1e4)[:, None]
    return used & (aside < size + reach[..., None]) & (along > -size - reach[..., None]) & (
        along < length[..., None] + size)
