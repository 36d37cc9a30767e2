# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Where panes are solid: foliage, grass, mesh, bars, cables and the like, drawn once."""
from __future__ import annotations

import functools

import cv2
import numpy as np
import torch
from training.datasets.procedural.scene import MASKS

SIZE = 128


def _leaves(rng, count=130, reach=0.92):
    """Twigs with leaves, thinning out towards the rim."""
    image = np.zeros((SIZE, SIZE), np.uint8)
    for _ in range(count):
        angle, r = rng.uniform(0, 2 * np.pi), reach * rng.random() ** 0.6
        x, y = (0.5 + 0.5 * r * np.array([np.cos(angle), np.sin(angle)])) * SIZE
        size = rng.uniform(3, 10)
        axes = (int(size), max(1, int(size * rng.uniform(0.3, 0.7))))
        cv2.ellipse(image, (int(x), int(y)), axes, float(rng.uniform(0, 180)), 0, 360,
                    1, -1)
        if rng.random() < 0.3:
            cv2.line(image, (int(x), int(y)), (SIZE // 2, SIZE // 2), 1, 1)
    return image


def _branches(rng):
    """Draw a bare tree: branches that fork from the bottom centre."""
    image = np.zeros((SIZE, SIZE), np.uint8)
    tips = [(SIZE / 2, SIZE, np.pi / 2, 34.0, 4)]
    while tips:
        x, y, angle, length, width = tips.pop()
        end = (x + length * np.cos(angle), y - length * np.sin(angle))
        cv2.line(image, (int(x), int(y)), (int(end[0]), int(end[1])), 1, max(1, width))
        if length > 6:
            for _ in range(int(rng.integers(2, 4))):
                tips.append((*end, angle + rng.normal() * 0.55, length * rng.uniform(0.55, 0.8),
                             width - 1))
    return image


def _grass(rng):
    """Blades that rise from the lower edge."""
    image = np.zeros((SIZE, SIZE), np.uint8)
    for _ in range(70):
        x, top = rng.uniform(0, SIZE), SIZE * rng.uniform(0.05, 0.9)
        bend = rng.normal() * 14
        points = np.array([[x - 2, SIZE], [x + 2, SIZE], [x + bend, top]], np.int32)
        cv2.fillPoly(image, [points], 1)
    return image


def _cables(rng):
    """Slack cables between the left and the right edge."""
    image = np.zeros((SIZE, SIZE), np.uint8)
    x = np.arange(SIZE)
    for _ in range(int(rng.integers(2, 5))):
        y0, sag = rng.uniform(4, 60), rng.uniform(5, 60)
        y = y0 + sag * (1 - (2 * x / SIZE - 1) ** 2)
        cv2.polylines(image, [np.stack([x, y], 1).astype(np.int32)], False, 1, 1)
    return image


def _rags(rng):
    """Cloth with torn or scalloped edges and a few holes."""
    image = np.ones((SIZE, SIZE), np.uint8)
    for _ in range(14):
        x, y = rng.uniform(0, SIZE), rng.choice([0.0, SIZE, rng.uniform(0, SIZE)])
        cv2.circle(image, (int(x), int(y)), int(rng.uniform(4, 18)), 0, -1)
    return image


def _mask(name, rng):
    """Draw one mask (SIZE, SIZE), 1 where solid; row 0 is the top."""
    y, x = (np.mgrid[0:SIZE, 0:SIZE] + 0.5) / SIZE
    drawn = {'leaves': _leaves, 'branches': _branches, 'grass': _grass, 'cables': _cables,
             'rags': _rags}
    if name in drawn:
        return drawn[name](rng)
    if name == 'mesh':  # one repeat is one cell of a wire fence
        return (np.abs(np.abs(x - 0.5) + np.abs(y - 0.5) - 0.5) < 0.06) * 1
    if name == 'bars':  # one repeat is one bar, with rails at the ends of the pane
        return ((np.abs(x - 0.5) < 0.09) | (y < 0.05) | (y > 0.95)) * 1
    if name == 'lattice':
        return ((np.abs(x - 0.5) < 0.13) | (np.abs(y - 0.5) < 0.13)) * 1
    radius, angle = np.hypot(x - 0.5, y - 0.5) * 2, np.arctan2(y - 0.5, x - 0.5)
    if name == 'wheel':
        spoke = np.abs((angle / (2 * np.pi) * 14) % 1 - 0.5) * radius < 0.035
        return (((radius > 0.86) & (radius < 1)) | (spoke & (radius < 1)) | (radius < 0.1)) * 1
    if name == 'round':
        return (radius < 1) * 1
    if name == 'perforated':
        return (radius > 0.62) * 1
    return np.ones((SIZE, SIZE))


@functools.lru_cache(maxsize=4)
def mask_bank(device='cpu') -> torch.Tensor:
    """Draw the masks, flattened one after the other: 1 where solid, upper rows at the END."""
    rng = np.random.default_rng(17)
    rows = [np.flipud(_mask(name, rng)).astype(np.float32).ravel() for name in MASKS]
    return torch.from_numpy(np.concatenate(rows)).to(device)


def sample(holes, x, z):
    """
    Tell where panes are solid.

    :param holes: (A, 3) mask row, repeats along x and z; x, z: (A, R) in the unit square -1..1.
    :returns: (A, R) 1 where solid, 0 in a hole.
    """
    u = (x.clamp(-1, 1) + 1) * (0.5 * holes[:, 1:2])
    v = (z.clamp(-1, 1) + 1) * (0.5 * holes[:, 2:3])
    column = ((u - u.floor()) * SIZE).long().clamp_(max=SIZE - 1)
    row = ((v - v.floor()) * SIZE).long().clamp_(max=SIZE - 1)
    base = holes[:, 0:1].long() * (SIZE * SIZE)
    return mask_bank(str(x.device))[base + row * SIZE + column]
