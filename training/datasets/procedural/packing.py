# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Scenes (lists of primitives) padded to one batch of tensors, as the ray caster reads them."""
from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from training.datasets.procedural.scene import GLASS, Material, Scene

KINDS = GLASS + 1
# Columns of PackedScenes.surface.
PATTERN, DENSITY, DIRT, GLOSS, EMISSION, TURNED, MIRROR, HIDDEN, PALETTE = range(9)


@dataclass
class PackedScenes:
    """
    Scenes padded to common sizes, as tensors on one device.

    `split` counts the primitives of each kind; the N primitives are ordered by kind.
    unit (B, N, 3, 3): world offset -> unit primitive; shift (B, N, 3, 1): the world's origin in
    it; centre (B, N, 3); half (B, N, 3); rotation (B, N, 3, 3) local -> world; colours
    (B, N, 2, 3); surface (B, N, 9), see the columns above; holes (B, N, 3): mask row, repeats
    along both axes; instance (B, N); lights (B, L, 11): position or direction, colour, 1 for a
    sun (0 lamp, -1 none), beam direction (3), cosine of the beam (-1: all around); ambient
    (B, 3); sky (B, 2, 3): zenith, horizon; air (B, 3): extinction a metre, cloud cover, 1 for a
    night sky.
    """

    split: tuple
    unit: torch.Tensor
    shift: torch.Tensor
    centre: torch.Tensor
    half: torch.Tensor
    rotation: torch.Tensor
    colours: torch.Tensor
    surface: torch.Tensor
    holes: torch.Tensor
    instance: torch.Tensor
    lights: torch.Tensor
    ambient: torch.Tensor
    sky: torch.Tensor
    air: torch.Tensor

    def to(self, device) -> PackedScenes:
        """Copy to a device."""
        return PackedScenes(self.split, *(
            getattr(self, field.name).to(device, non_blocking=True)
            for field in fields(self)[1:]))


def _arrays(scene, variants):
    """Turn one scene into arrays per primitive."""
    materials: list[Material] = scene.materials
    pick = scene.rng.integers(0, variants, len(materials))
    surface = np.array([
        [m.pattern * variants + k, 1.0 / m.size, m.dirt, m.gloss, m.emission, m.turned,
         m.mirror, m.hidden, m.palette] for m, k in zip(materials, pick)])
    colours = np.array([[m.colour_a, m.colour_b] for m in materials])
    return (np.asarray(scene.kinds), np.stack(scene.centres), np.stack(scene.halves),
            np.stack(scene.rotations), colours, surface, np.asarray(scene.holes, dtype=float),
            np.asarray(scene.instances))


def _lights(scenes):
    count = max(1, max(len(scene.lights) for scene in scenes))
    lights = np.zeros((len(scenes), count, 11))
    lights[:, :, 6], lights[:, :, 10] = -1, -1
    for b, scene in enumerate(scenes):
        for k, light in enumerate(scene.lights):
            beam = np.zeros(3) if light.beam is None else light.beam
            lights[b, k] = [*light.position, *light.colour, float(light.sun), *beam, light.cosine]
    return lights


def pack(scenes: list[Scene], variants: int, device='cpu') -> PackedScenes:
    """Pad scenes (lists of primitives) to one batch; `variants` is the bank's per pattern."""
    parts = [_arrays(scene, variants) for scene in scenes]
    split = tuple(max(int((p[0] == kind).sum()) for p in parts) for kind in range(KINDS))
    split = (max(split[0], 1), *split[1:])
    total, count = sum(split), len(scenes)
    centre = np.full((count, total, 3), -1e5)
    half = np.full((count, total, 3), 1e-3)
    rotation = np.tile(np.eye(3), (count, total, 1, 1))
    colours = np.zeros((count, total, 2, 3))
    surface = np.zeros((count, total, 9))
    holes = np.zeros((count, total, 3))
    instance = np.zeros((count, total), dtype=np.int64)
    for b, (kinds, *values) in enumerate(parts):
        start = 0
        for kind, room in enumerate(split):
            index = np.flatnonzero(kinds == kind)
            place = slice(start, start + len(index))
            for target, value in zip(
                    (centre, half, rotation, colours, surface, holes, instance), values):
                target[b, place] = value[index]
            start += room
    unit = np.swapaxes(rotation, 2, 3) / half[..., None]

    def tensor(value):
        return torch.as_tensor(np.asarray(value), dtype=torch.float32, device=device)
    return PackedScenes(
        split, tensor(unit), tensor(-unit @ centre[..., None]), tensor(centre), tensor(half),
        tensor(rotation), tensor(colours), tensor(surface), tensor(holes),
        torch.as_tensor(instance, device=device), tensor(_lights(scenes)),
        tensor([s.ambient for s in scenes]), tensor([s.sky for s in scenes]),
        tensor([[s.haze, s.cloud, s.night] for s in scenes]))
