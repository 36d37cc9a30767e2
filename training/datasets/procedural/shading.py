# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Shading of ray hits: textures, lamps, shadows, sky; scenes and cameras in, frames out."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as functional
from training.datasets.procedural import textures
from training.datasets.procedural.raycast import (
    first_hit,
    PackedScenes,
    seen_from_camera,
    seen_from_light,
)

SHADOW_LIGHTS = 2
TILE = 16  # pixels; image sizes are multiples of it


@dataclass
class View:
    """A pinhole camera in the world: size, K and pose (4, 4) camera (optical) -> world."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    pose: np.ndarray


def camera_tensors(views, device='cpu'):
    """Stack cameras: k (B, 4) fx, fy, cx, cy and pose (B, 4, 4)."""
    k = torch.tensor([[w.fx, w.fy, w.cx, w.cy] for w in views], dtype=torch.float32)
    pose = torch.as_tensor(np.stack([w.pose for w in views]), dtype=torch.float32)
    return k.to(device), pose.to(device)


def camera_rays(k, pose, size):
    """
    Make the rays of cameras of one size.

    :returns: origins (B, 3), directions (B, 3, H, W) whose camera z is 1, so that the ray
        parameter of a hit IS its depth along the optical axis.
    """
    v, u = torch.meshgrid(torch.arange(size[0], device=k.device, dtype=torch.float32),
                          torch.arange(size[1], device=k.device, dtype=torch.float32),
                          indexing='ij')
    k = k[:, :, None, None]
    local = torch.stack([(u - k[:, 2]) / k[:, 0], (v - k[:, 3]) / k[:, 1],
                         torch.ones_like(u).expand(len(k), *size)], dim=1)
    return pose[:, :3, 3], torch.einsum('bij,bjhw->bihw', pose[:, :3, :3], local)


def _dot(a, b):
    """Dot product over the last axis of 3, kept; much faster than a general reduction."""
    return a[..., 0:1] * b[..., 0:1] + a[..., 1:2] * b[..., 1:2] + a[..., 2:3] * b[..., 2:3]


def _unit(a):
    """Normalise over the last axis of 3."""
    return a * (_dot(a, a) + 1e-20).rsqrt()


def _take(table, index):
    """Gather rows (B, N, ...) by index (B, P) -> (B, P, ...)."""
    batch = torch.arange(table.shape[0], device=table.device)[:, None]
    return table[batch, index]


def _surface(scenes, points, index):
    """Give normals (B, P, 3) and texture coordinates u, v (B, P) in metres at hits."""
    unit, half = _take(scenes.unit, index), _take(scenes.half, index)
    q = (unit @ (points - _take(scenes.centre, index))[..., None])[..., 0]
    boxes, tubes, _ = scenes.split
    is_box = (index < boxes)[..., None]
    is_tube = ((index >= boxes) & (index < boxes + tubes))[..., None]
    axis = q.abs().argmax(dim=-1)
    sign = torch.gather(q, -1, axis[..., None]).sign()
    box_normal = functional.one_hot(axis, 3) * sign
    cap = (q[..., 2:].abs() > 0.999) & (q[..., :2].norm(dim=-1, keepdim=True) < 0.998)
    zero = torch.zeros_like(q[..., :1])
    tube_normal = torch.where(cap, torch.cat([zero, zero, q[..., 2:].sign()], -1),
                              torch.cat([q[..., :2], zero], -1))
    normal = torch.where(is_box, box_normal, torch.where(is_tube, tube_normal, q) / half)
    normal = (_take(scenes.rotation, index) @ normal[..., None])[..., 0]
    metric = q * half
    angle = torch.atan2(q[..., 1], q[..., 0]) * half[..., 0]
    u = torch.where(axis == 0, metric[..., 1], metric[..., 0])
    v = torch.where(axis == 2, metric[..., 1], metric[..., 2])
    round_u = is_box[..., 0] | (is_tube & cap)[..., 0]
    u = torch.where(round_u, u, angle)
    v = torch.where(round_u, v, metric[..., 2])
    return _unit(normal), u, -v


def _albedo(scenes, bank, index, u, v, footprint):
    """Colour (B, P, 3) of the surface: two colours mixed by the pattern, dirt on top."""
    surface, colours = _take(scenes.surface, index), _take(scenes.colours, index)
    turned = surface[..., 5] > 0.5
    u, v = torch.where(turned, v, u), torch.where(turned, u, v)
    shift = index * 0.377
    density = surface[..., 1]
    mix = textures.sample(bank, surface[..., 0].long(), u * density + shift,
                          v * density + shift, footprint * density)[..., None]
    colour = colours[..., 0, :] * (1 - mix) + colours[..., 1, :] * mix
    cloud = torch.full_like(index, 3 * textures.VARIANTS)
    dirt = textures.sample(bank, cloud, u * 0.37 + shift, v * 0.37, footprint * 0.37)
    return colour * (1 - surface[..., 2] * dirt)[..., None]


def _shadows(scenes, points, normals, index_light, size):
    """Light visibility (B, P) of one lamp, cast at half resolution and smoothed."""
    batch = points.shape[0]
    light = scenes.lights[:, index_light]
    start = (points + normals * 0.01).reshape(batch, *size, 3)[:, ::2, ::2]
    half = start.shape[1:3]
    start = to_tiles(start.movedim(3, 1), TILE // 2)
    sun = (light[:, 6] > 0.5)[:, None, None, None]
    lamp = light[:, None, :3, None]
    towards = torch.where(sun, lamp * 200.0, lamp - start)
    t, _ = first_hit(scenes, start, towards, seen_from_light(scenes, light, start))
    clear = from_tiles((t > 0.98).float()[:, :, None], half, TILE // 2)
    clear = functional.interpolate(clear, size=size, mode='bilinear', align_corners=False)
    return clear.reshape(batch, -1)


def to_tiles(image, tile):
    """Cut (B, C, H, W) into tiles (B, T, C, tile * tile)."""
    batch, channels, height, width = image.shape
    cut = image.reshape(batch, channels, height // tile, tile, width // tile, tile)
    return cut.permute(0, 2, 4, 1, 3, 5).reshape(batch, -1, channels, tile * tile)


def from_tiles(tiles, size, tile):
    """Undo `to_tiles`: (B, T, C, tile * tile) -> (B, C, H, W)."""
    batch, _, channels, _ = tiles.shape
    cut = tiles.reshape(batch, size[0] // tile, size[1] // tile, channels, tile, tile)
    return cut.permute(0, 3, 1, 4, 2, 5).reshape(batch, channels, *size)


def _light(scenes, points, normals, towards_eye, gloss, size):
    """Sum ambient and lamps: diffuse (B, P, 3), glossy (B, P, 3)."""
    up = 0.6 + 0.4 * normals[..., 2:]
    diffuse = scenes.ambient[:, None] * up
    shine = torch.zeros_like(diffuse)
    for k in range(scenes.lights.shape[1]):
        lamp = scenes.lights[:, k]
        sun = (lamp[:, 6] > 0.5)[:, None]
        towards = torch.where(sun[..., None], lamp[:, None, :3], lamp[:, None, :3] - points)
        distance = _dot(towards, towards).sqrt().clamp(min=0.05)
        towards = towards / distance
        fall = torch.where(sun[..., None], torch.ones_like(distance),
                           1.0 / (0.3 + 0.25 * distance ** 2))
        facing = _dot(normals, towards).clamp(min=0)
        clear = torch.ones_like(facing)
        if k < SHADOW_LIGHTS:
            clear = _shadows(scenes, points, normals, k, size)[..., None]
        used = (lamp[:, 6] >= 0).float()[:, None, None]
        power = used * clear * fall * lamp[:, None, 3:6]
        diffuse = diffuse + power * facing
        middle = _unit(towards + towards_eye)
        shine = shine + power * gloss * _dot(normals, middle).clamp(0) ** 40
    return diffuse, shine


def _sky(scenes, bank, directions):
    """Sky colour (B, P, 3): gradient with clouds and the sun's glow."""
    unit = _unit(directions.transpose(1, 2))
    rise = unit[..., 2:].clamp(min=0) ** 0.6
    colour = scenes.sky[:, None, 1] * (1 - rise) + scenes.sky[:, None, 0] * rise
    flat = unit[..., :2] / (unit[..., 2:].clamp(min=0) + 0.15)
    row = torch.full(flat.shape[:2], 3 * textures.VARIANTS + 1, device=flat.device)
    cloud = textures.sample(bank, row, flat[..., 0] * 0.15, flat[..., 1] * 0.15,
                            torch.full_like(flat[..., 0], 0.002))[..., None]
    cover = scenes.haze[:, None, None] * 20 % 1
    colour = colour + (1.0 - colour) * ((cloud - 0.5 + 0.6 * (cover - 0.5)) * 3).clamp(0, 1)
    lamp = scenes.lights[:, 0]
    sun = (lamp[:, 6] > 0.5).float()[:, None, None]
    glow = (unit * lamp[:, None, :3]).sum(-1, keepdim=True).clamp(min=0)
    return colour + sun * (0.4 * glow ** 20 + 4 * (glow > 0.9996))


@torch.no_grad()
def render(scenes: PackedScenes, views: list[View], colour: bool = True) -> dict:
    """
    Render one view of every scene.

    :param scenes: B packed scenes; views: B cameras of one image size.
    :returns: depth (B, H, W) metres along Z (inf: sky), instance (B, H, W) int64 (0: sky) and,
        with `colour`, image (B, H, W, 3) float32, linear light, not exposed.
    """
    device = scenes.unit.device
    size = (views[0].height, views[0].width)
    batch = len(views)
    if size[0] % TILE or size[1] % TILE:
        raise ValueError(f'image size {size} must be a multiple of {TILE}')
    k, pose = camera_tensors(views, device)
    origins, directions = camera_rays(k, pose, size)
    t, index = first_hit(scenes, origins[:, None, :, None], to_tiles(directions, TILE),
                         seen_from_camera(scenes, k, pose, size, TILE))
    t = from_tiles(t[:, :, None], size, TILE).reshape(batch, -1)
    index = from_tiles(index[:, :, None], size, TILE).reshape(batch, -1)
    directions = directions.flatten(2)
    hit = torch.isfinite(t)
    instance = torch.where(hit, _take(scenes.instance, index), 0)
    frame = {'depth': t.reshape(batch, *size), 'instance': instance.reshape(batch, *size)}
    if not colour:
        return frame
    bank = tuple(part.to(device) for part in textures.pattern_bank())
    far = torch.where(hit, t, 1.0)
    points = (origins[..., None] + directions * far[:, None]).transpose(1, 2)
    normals, u, v = _surface(scenes, points, index)
    eye = -_unit(directions.transpose(1, 2))
    facing = _dot(normals, eye)[..., 0]
    normals = torch.where((facing < 0)[..., None], -normals, normals)
    focal = torch.tensor([w.fx for w in views], device=device)[:, None]
    footprint = far / focal / facing.abs().clamp(min=0.15).sqrt()
    albedo = _albedo(scenes, bank, index, u, v, footprint)
    surface = _take(scenes.surface, index)
    diffuse, shine = _light(scenes, points, normals, eye, surface[..., 3:4], size)
    image = albedo * (diffuse + 3.0 * surface[..., 4:5]) + shine
    sky = _sky(scenes, bank, directions)
    mist = torch.exp(-far * scenes.haze[:, None] * 0.05)[..., None]
    image = torch.where(hit[..., None], image * mist + scenes.sky[:, None, 1] * (1 - mist), sky)
    frame['image'] = image.reshape(batch, *size, 3)
    return frame
