# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Light that mirrors, glass and polished floors throw back: one further cast of some tiles."""
from __future__ import annotations

import torch
from training.datasets.procedural.candidates import seen_from_rays
from training.datasets.procedural.packing import PackedScenes
from training.datasets.procedural.raycast import first_hit
from training.datasets.procedural.surfaces import dot, surface_at

LEAST = 0.03  # a smaller share of reflected light is left out
FEW = 0.06  # so is a tile with less than this share of such pixels


def _schlick(base, cosine):
    """Share of light reflected, by Schlick's approximation of Fresnel's equations."""
    return base + (1 - base) * (1 - cosine.clamp(0, 1)) ** 5


def _average(value, weight):
    """Mean of (A, R, 3) over R with weights (A, R, 1)."""
    return (value * weight).sum(1, keepdim=True) / weight.sum(1, keepdim=True).clamp(min=1e-6)


def bounce(scenes: PackedScenes, owner, hits, mirror, glass):
    """
    Cast the reflected rays of the tiles that have any.

    :param hits: origins (A, 3, R or 1), directions (A, 3, R), t (A, R), row (A, R) of the rays.
    :param mirror: (A, R) share that the surface hit reflects; glass: t and row (A, R) of the pane
        before it, t inf where none.
    :returns: None, or chosen (C) numbers of tiles, hits of the reflected rays, and the share
        (C, R) of their light. Reflected directions are as long as the original ones.
    """
    origins, directions, t, row = hits
    pane = torch.isfinite(glass[0])
    chosen = ((mirror > LEAST) | pane).float().mean(1).gt(FEW).nonzero()[:, 0]
    if not len(chosen):
        return None
    owner, directions, pane = owner[chosen], directions[chosen], pane[chosen]
    start = origins[chosen].expand_as(directions)
    t = torch.where(pane, glass[0][chosen], t[chosen])
    row = torch.where(pane, glass[1][chosen], row[chosen])
    used = (pane | (mirror[chosen] > LEAST))[..., None]
    t = torch.where(torch.isfinite(t), t, 1.0)
    points = (start + directions * t[:, None]).transpose(1, 2)
    directions = directions.transpose(1, 2)
    normals, _, _ = surface_at(scenes, row, points)
    along = dot(directions, normals)
    cosine = along.abs()[..., 0] / dot(directions, directions).sqrt()[..., 0]
    share = torch.where(pane, _schlick(torch.full_like(cosine, 0.08), cosine),
                        _mirror_share(mirror[chosen], cosine)) * used[..., 0]
    directions = directions - 2 * along * normals
    points = points - normals * along.sign() * 0.002
    # Rays that reflect nothing follow the rest of their tile, so that bundles stay narrow.
    points = torch.where(used, points, _average(points, used.float()))
    directions = torch.where(used, directions, _average(directions, used.float()))
    points, directions = points.transpose(1, 2), directions.transpose(1, 2)
    least = torch.where((mirror[chosen] > 0.5).any(1, keepdim=True), 0.004, 0.1)
    may = seen_from_rays(scenes, owner, points, directions, least)
    far, found = first_hit(scenes, owner, points, directions, may)
    return chosen, (points, directions, far, found), share


def _mirror_share(mirror, cosine):
    """Let mirrors reflect at all angles, polished surfaces mostly at grazing ones."""
    return torch.where(mirror > 0.5, mirror, _schlick(mirror * mirror, cosine) * mirror.sqrt())
