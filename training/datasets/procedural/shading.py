# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Scenes and cameras in, frames out: colour, depth, instances, what a LiDAR makes of it."""
from __future__ import annotations

import functools

import torch
from training.datasets.procedural import textures
from training.datasets.procedural.cameras import Cameras, rays, stack, View
from training.datasets.procedural.candidates import seen_from_camera, seen_from_rays
from training.datasets.procedural.lighting import from_tiles, light, shadows, to_tiles
from training.datasets.procedural.packing import EMISSION, GLOSS, HIDDEN, MIRROR, PackedScenes
from training.datasets.procedural.raycast import CLEAR, first_hit
from training.datasets.procedural.reflections import bounce
from training.datasets.procedural.scanner import beams, measured, Scanners
from training.datasets.procedural.surfaces import albedo, dot, rows, sky, surface_at

TILE = 16  # pixels; image sizes are multiples of it

__all__ = ['Cameras', 'render', 'View']


@functools.lru_cache(maxsize=4)
def _bank(device: str):
    return tuple(part.to(device) for part in textures.pattern_bank())


def shade(scenes, bank, owner, hits, focal, shadowed=None):
    """
    Colour the hits of rays.

    :param hits: origins (A, 3, R or 1), directions (A, 3, R), t (A, R), row (A, R).
    :param focal: (A, 1) pixels; shadowed: gives the shadows, or None.
    :returns: linear light (A, R, 3), points (A, R, 3), normals that face the eye (A, R, 3).
    """
    origins, directions, t, row = hits
    hit = torch.isfinite(t)
    far = torch.where(hit, t, 1.0)
    points = (origins + directions * far[:, None]).transpose(1, 2)
    directions = directions.transpose(1, 2)
    normals, u, v = surface_at(scenes, row, points)
    long = dot(directions, directions).sqrt()
    eye = -directions / long
    facing = dot(normals, eye)
    normals = torch.where(facing < 0, -normals, normals)
    footprint = far / focal / facing[..., 0].abs().clamp(min=0.15).sqrt()
    surface = rows(scenes.surface, row)
    base = albedo(scenes, bank, row, surface, u, v, footprint)
    seen = shadowed(points, normals, t) if shadowed else ()
    diffuse, shine = light(scenes, owner, points, normals, eye, surface[..., GLOSS:GLOSS + 1],
                           seen)
    image = base * (diffuse + 3.0 * surface[..., EMISSION:EMISSION + 1]) + shine
    mist = torch.exp(-(far * scenes.air[owner, 0][:, None])[..., None] * long)
    image = image * mist + scenes.sky[owner, 1][:, None] * (1 - mist)
    if not bool(hit.all()):
        image = torch.where(hit[..., None], image, sky(scenes, bank, owner, directions))
    return image, points, normals


@torch.no_grad()
def render(scenes: PackedScenes, views, colour: bool = True,
           scanners: Scanners | None = None) -> dict:
    """
    Render one view of every scene.

    The depth of a mirror is its surface; the depth of clear glass is what stands behind it.

    :param scenes: B packed scenes; views: B cameras of one image size (list or Cameras).
    :param scanners: 2-D LiDARs that measure the same world.
    :returns: depth (B, H, W) metres along Z (inf: sky), instance (B, H, W) int64 (0: sky); with
        `colour`: image (B, H, W, 3) float32, linear light, not exposed, and medium (B, H, W)
        uint8: 0 plain, 1 a mirror, 2 seen through glass, 3 returns nothing to a LiDAR; with
        `scanners`: scan, see `scanner.measured`.
    """
    device = scenes.unit.device
    cameras = (views if isinstance(views, Cameras) else stack(views)).to(device)
    size, batch = cameras.size, len(cameras.k)
    if size[0] % TILE or size[1] % TILE:
        raise ValueError(f'image size {size} must be a multiple of {TILE}')
    origin, plane, directions = rays(cameras)
    ideal = to_tiles(plane * cameras.k[:, :2, None, None] + cameras.k[:, 2:, None, None], TILE)
    low, high = (part.reshape(batch, -1, 2) for part in (ideal.amin(-1), ideal.amax(-1)))
    may = seen_from_camera(scenes, cameras.k, cameras.pose, low, high).flatten(0, 1)
    tiles = len(may)
    owner = torch.arange(batch, device=device).repeat_interleave(tiles // batch)
    origins, directions = origin[owner][..., None], to_tiles(directions, TILE)
    if scanners is not None:
        laser, start, beam = beams(scanners, cameras)
        owner, origins = torch.cat([owner, laser]), torch.cat([origins, start])
        directions = torch.cat([directions, beam])
        fine = torch.zeros(len(laser), 1, device=device)
        may = torch.cat([may, seen_from_rays(scenes, laser, start, beam, fine)])
    t, row = first_hit(scenes, owner, origins, directions, may)
    hit = torch.isfinite(t)
    number = scenes.instance.flatten()[row]

    def picture(tiled):
        return from_tiles(tiled[:tiles, None], size, TILE)[:, 0]
    frame = {'depth': picture(t), 'instance': picture(torch.where(hit, number, 0))}
    if not colour and scanners is None:
        return frame
    surface = rows(scenes.surface, row)
    mirror = surface[..., MIRROR] * hit
    pane, glass_row = first_hit(scenes, owner, origins, directions, may, CLEAR)
    glass = (torch.where(pane < t, pane, torch.inf), glass_row)
    medium = torch.where(torch.isfinite(glass[0]), 2, torch.where(mirror > 0.5, 1, 0))
    medium = torch.where((medium != 1) & (surface[..., HIDDEN] > 0.5) & hit, 3, medium)
    frame['medium'] = picture(medium).to(torch.uint8)
    bank, focal = _bank(str(device)), cameras.k[owner, 0][:, None]
    reflected = bounce(scenes, owner, (origins, directions, t, row), mirror, glass)
    if scanners is not None:
        frame['scan'] = measured(scanners, tiles, t, medium, reflected)
    if not colour:
        return frame

    def shadowed(*surface):
        return shadows(scenes, owner[:tiles], *surface, size, TILE)
    hits = (origins[:tiles], directions[:tiles], t[:tiles], row[:tiles])
    image, _, normals = shade(scenes, bank, owner[:tiles], hits, focal[:tiles], shadowed)
    if reflected is not None:
        chosen, hits, share = reflected
        other, _, _ = shade(scenes, bank, owner[chosen], hits, focal[chosen])
        share = share[..., None]
        padded = torch.cat([image, image.new_zeros(len(owner) - tiles, *image.shape[1:])])
        padded[chosen] = torch.lerp(padded[chosen], other, share)
        image = padded[:tiles]
    frame['image'] = from_tiles(image.transpose(1, 2), size, TILE).permute(0, 2, 3, 1)
    return frame
