# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Batched ray casting of boxes, cylinders, ellipsoids and panes in plain torch, on any device."""
from __future__ import annotations

import torch
import torch.nn.functional as functional
from training.datasets.procedural import masks
from training.datasets.procedural.packing import PackedScenes
from training.datasets.procedural.scene import GLASS

NEAR = 1e-3
HUGE = 1e30
# A hit is kept as one integer: the upper bits of its distance, the primitive in the lower ones.
INDEX_BITS = 11
INDEX = (1 << INDEX_BITS) - 1
DISTANCE = 0x7fffffff & ~INDEX
FAR = 1e7  # entries beyond it are misses


def _missed(entry, miss):
    """Move entries whose `miss` is positive, or that lie behind the start, far away."""
    return entry.add_(torch.maximum(miss, NEAR - entry).clamp_(min=0).mul_(HUGE))


def _entry_box(o, d, holes):
    """Slab test of the unit box; o (A, 3, 1), d (A, 3, R) -> entry t (A, R), huge if missed."""
    inverse = d.reciprocal()
    middle = o * inverse
    reach = inverse.abs_()
    leave = (reach - middle).amin(dim=1)
    entry = middle.add_(reach).amin(dim=1).neg_()
    return _missed(entry, entry - leave)


def _quadric(o, d, dims):
    """Roots of the unit sphere (dims 3) or endless cylinder (dims 2): miss, entry, leave."""
    o, d = o[:, :dims], d[:, :dims]
    a = (d * d).sum(1).clamp_(min=1e-12)
    b = (o * d).sum(1)
    c = (o * o).sum(1) - 1.0
    square = b * b - a * c
    root = square.clamp(min=0).sqrt_()
    return square.neg_(), (-b - root).div_(a), (root - b).div_(a)


def _entry_ellipsoid(o, d, holes):
    miss, entry, _ = _quadric(o, d, 3)
    return _missed(entry, miss)


def _entry_cylinder(o, d, holes):
    miss, entry, leave = _quadric(o, d, 2)
    inverse = d[:, 2].reciprocal()
    middle, reach = o[:, 2] * inverse, inverse.abs_()
    entry = torch.maximum(entry, -middle - reach)
    leave = torch.minimum(leave, reach - middle)
    return _missed(entry, torch.maximum(miss, entry - leave))


def _entry_pane(o, d, holes):
    """Hit of the unit square in x and z, where its mask is solid."""
    t = (-o[:, 1] / d[:, 1]).clamp_(-1e9, 1e9)
    x, z = o[:, 0] + t * d[:, 0], o[:, 2] + t * d[:, 2]
    outside = torch.maximum(x.abs(), z.abs()) - 1
    hole = 0.5 - masks.sample(holes, x, z)
    return _missed(t, torch.maximum(outside, hole))


ENTRIES = (_entry_box, _entry_cylinder, _entry_ellipsoid, _entry_pane, _entry_pane)
SOLID, CLEAR = range(GLASS), (GLASS,)


def first_hit(scenes: PackedScenes, owner, origins, directions, candidates, kinds=SOLID):
    """
    Cast rays, grouped in tiles, at the primitives that may be hit from each tile.

    Step k casts every tile's k-th candidate, for all tiles that still have one: the work is
    that of the candidates alone, in few large operations. Tiles are sorted by their number of
    candidates, so that those still at work are the first ones.

    :param owner: (A) int64, the scene of each tile; origins: (A, 3, 1 or R) metres.
    :param directions: (A, 3, R), any length; candidates: (A, N) bool.
    :param kinds: kinds of primitives to cast at.
    :returns: t (A, R) in units of the direction (inf: nothing), row (A, R) owner * N + index.
    """
    total, device, rays = sum(scenes.split), directions.device, directions.shape[2]
    if total > INDEX:
        raise ValueError(f'a scene has {total} primitives; {INDEX} is the most')
    directions = torch.where(directions.abs() < 1e-7, 1e-7, directions)
    # Homogeneous columns: R directions, then the origins; one product turns both.
    columns = torch.cat([functional.pad(directions, (0, 0, 0, 1)),
                         functional.pad(origins, (0, 0, 0, 1), value=1.0)], dim=2)
    best = torch.full((len(columns), rays), HUGE, device=device)
    names = best.view(torch.int32) & DISTANCE
    frames = torch.cat([scenes.unit, scenes.shift], dim=3).flatten(0, 1)
    holes = scenes.holes.flatten(0, 1)
    ends = torch.tensor([0, *scenes.split]).cumsum(0).tolist()
    for kind in kinds:
        start, end = ends[kind], ends[kind + 1]
        if start == end:
            continue
        chosen = candidates[:, start:end]
        counts, order = chosen.sum(1), chosen.to(torch.uint8).argsort(1, descending=True)
        left, by_count = counts.sort(descending=True)
        order = (order.index_select(0, by_count) + start).t().contiguous()
        active = (left > torch.arange(end - start, device=device)[:, None]).sum(1).tolist()
        rows = owner.index_select(0, by_count) * total + order
        short = order.int()
        sorted_columns = columns.index_select(0, by_count)
        nearest, winner = best.index_select(0, by_count), names.index_select(0, by_count)
        for k, count in enumerate(active):
            if not count:
                break
            row = rows[k, :count]
            local = frames.index_select(0, row) @ sorted_columns[:count]
            t = ENTRIES[kind](local[..., rays:], local[..., :rays],
                              holes.index_select(0, row) if kind > 2 else None)
            torch.minimum(nearest[:count], t, out=nearest[:count])
            name = t.view(torch.int32).bitwise_and_(DISTANCE).bitwise_or_(short[k, :count, None])
            torch.minimum(winner[:count], name, out=winner[:count])
        best.index_copy_(0, by_count, nearest)
        names.index_copy_(0, by_count, winner)
    return (torch.where(best < FAR, best, torch.inf),
            (names & INDEX).long() + owner[:, None] * total)
