# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Attacked images beside what networks make of them, as one picture."""
from __future__ import annotations

import cv2
from depth_ros.pictures import colorize, depth_range, label
import numpy as np
import torch
from training.attack.gradient import perturb
from training.attack.measure import CONFIGURATIONS, configurations
from training.attack.mix import of_batch
from training.networks.encoders import IMAGENET_STD
from training.pictures import to_rgb

TILE, WRAP = 192, 7  # pixels of a tile's width; tiles beside each other
GREY = 127
MASKS = {'N.G': ('mask', 'G(x*)'), 'N.G_adv': ('guard', 'G_adv(x*)')}


def amplified(change, eps: float):
    """Show a change (3, H, W) of a normalised image as RGB about grey; eps is full contrast."""
    scaled = change.permute(1, 2, 0).cpu().numpy() / max(eps, 1e-6)
    return np.clip(GREY + GREY * scaled, 0, 255).astype(np.uint8)


def sheet(models, batch, attack, eps: float, adaptive=None, count: int = 4):
    """
    Draw frames of a batch: image, x*, the change, truth, depth before and after.

    :param attack: against N; its eps does not count.
    :param adaptive: an attack on N(x . G_adv(x)) itself whose result is drawn beside, or None.
    :returns: (H, W, 3) uint8 RGB; each frame has as many rows of WRAP tiles as it needs, the first
        has titles.
    """
    index = torch.linspace(0, len(batch['image']) - 1, min(count, len(batch['image']))).long()
    batch = {key: value[index] for key, value in batch.items() if torch.is_tensor(value)}
    columns = _columns(models, batch, attack.at(eps), adaptive and adaptive.at(eps))
    rows = []
    for k in range(len(index)):
        far = depth_range(batch['depth'][k].numpy())[1]
        tiles = []
        for title, kind, values in columns:
            if kind == 'image':
                tile = to_rgb(values[k])
            elif kind == 'change':
                tile = amplified(values[k], eps)
            elif kind == 'mask':
                tile = (255 * values[k, 0].cpu().numpy()).astype(np.uint8)[..., None].repeat(3, -1)
            else:
                tile = colorize(values[k].cpu().numpy(), far)
            tile = _wide(tile)
            tiles.append(tile if rows else label(tile, title))
        blank = np.zeros_like(tiles[0])
        tiles += [blank] * (-len(tiles) % WRAP if len(tiles) > WRAP else 0)
        rows += [np.hstack(tiles[first:first + WRAP]) for first in range(0, len(tiles), WRAP)]
    return np.vstack(rows)


def _columns(models, batch, attack, adaptive):
    """Return (title, kind, values of each frame) from left to right."""
    def depth(target):
        return of_batch(target, batch)

    clean, known = batch['image'], configurations(models)
    x = perturb(attack, depth(models.target), clean, batch['depth'])
    columns = [('x', 'image', clean), ('x*', 'image', x), ('x* - x', 'change', x - clean),
               ('truth', 'depth', batch['depth'])]
    with torch.no_grad():
        columns += [('N(x)', 'depth', depth(models.target)(clean)[:, 0])]
        for name in [name for name in ('N', 'N_adv', 'N.G', 'N.G_adv') if name in known]:
            if name in MASKS:
                member, title = MASKS[name]
                columns.append((title, 'mask', getattr(models, member)(x)))
            answer = CONFIGURATIONS[name].answer(models, clean, x, depth)
            columns.append((CONFIGURATIONS[name].published.replace(' ', ''), 'depth',
                            answer[:, 0]))
    if adaptive is not None and 'N.G_adv' in known:
        whole = CONFIGURATIONS['N.G_adv'].whole(models, depth)
        own = perturb(adaptive, whole, clean, batch['depth'])
        with torch.no_grad():
            columns += [('x^ - x', 'change', own - clean),
                        ('N(x^.G_adv(x^))', 'depth', whole(own)[:, 0])]
    return columns


def grey_levels(eps: float) -> float:
    """Tell how many of 255 grey levels a change of eps in normalised units is."""
    return 255 * eps * sum(IMAGENET_STD) / 3


def _wide(picture):
    height = round(picture.shape[0] * TILE / picture.shape[1])
    return cv2.resize(picture, (TILE, height), interpolation=cv2.INTER_NEAREST)
