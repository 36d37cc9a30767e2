# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A mip-mapped bank of tileable grey patterns, drawn once from a seed."""
from __future__ import annotations

import functools

import cv2
import numpy as np
import torch
from training.datasets.procedural.scene import PATTERNS

SIZE = 256
VARIANTS = 3


def _noise(rng, slope, stretch=1.0):
    """Periodic noise (SIZE, SIZE) in 0..1 with spectrum 1/f**slope."""
    fy = np.fft.fftfreq(SIZE)[:, None] * stretch
    fx = np.fft.fftfreq(SIZE)[None]
    radius = np.hypot(fy, fx)
    radius[0, 0] = 1.0
    spectrum = np.fft.fft2(rng.standard_normal((SIZE, SIZE))) / radius ** slope
    spectrum[0, 0] = 0
    field = np.real(np.fft.ifft2(spectrum))
    return np.clip(0.5 + field / (4 * field.std()), 0, 1)


def _grid(rng, nx, ny, shift=0.0, gap=0.04):
    """Cells with their own grey and dark joints; odd rows moved by `shift` cells."""
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    row = np.floor(y * ny).astype(int)
    u = x * nx + shift * (row % 2)
    column = np.floor(u).astype(int) % nx
    grey = rng.uniform(0.55, 1.0, (ny, nx))[row, column]
    joint = ((u % 1) < gap * nx / 4) | ((y * ny % 1) < gap * ny / 4)
    return np.where(joint, rng.uniform(0, 0.4), grey)


def _bars(rng, low, high):
    """Vertical bars of random width (books, slats)."""
    image = np.zeros((SIZE, SIZE))
    x = 0
    while x < SIZE:
        width = int(rng.integers(low, high))
        image[:, x:x + width] = rng.random()
        image[:, x:x + 1] = 0
        x += width
    return image


def _text(rng):
    """Rows of dashes, like print seen from afar."""
    image = np.ones((SIZE, SIZE))
    height = int(rng.integers(6, 14))
    for y in range(height, SIZE - height, 2 * height):
        x = int(rng.integers(4, 30))
        while x < SIZE - 20:
            width = int(rng.integers(4, 24))
            image[y:y + height, x:min(x + width, SIZE - 8)] = rng.uniform(0, 0.3)
            x += width + int(rng.integers(3, 10))
    return image


def _poster(rng):
    """Overlapping rectangles and discs of random grey."""
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    image = np.full((SIZE, SIZE), rng.random())
    for _ in range(14):
        cx, cy = rng.uniform(0, SIZE, 2)
        w, h = rng.uniform(10, 90, 2)
        if rng.random() < 0.5:
            shape = (np.abs(x - cx) < w) & (np.abs(y - cy) < h)
        else:
            shape = ((x - cx) / w) ** 2 + ((y - cy) / h) ** 2 < 1
        image[shape] = rng.random()
    return image


def _letters(rng):
    """Large signs: strokes that look like writing, in rows."""
    image = np.ones((SIZE, SIZE), np.float32)
    size = int(rng.integers(22, 64))
    for y in range(size, SIZE, int(1.5 * size)):
        for x in range(8, SIZE - size // 2, int(0.75 * size)):
            if rng.random() < 0.15:
                continue
            points = rng.uniform(0, 1, (int(rng.integers(2, 5)), 2)) * (0.55 * size, -0.9 * size)
            cv2.polylines(image, [(points + (x, y)).astype(np.int32)], bool(rng.random() < 0.4),
                          0, max(1, size // 9))
    return image


def _photo(rng):
    """Draw a picture of somewhere: ground and sky, blocks and blobs that look like things."""
    image = np.full((SIZE, SIZE), rng.uniform(0.5, 1.0), np.float32)
    horizon = int(rng.uniform(0.3, 0.8) * SIZE)
    near, far = rng.uniform(0, 0.6, 2)
    image[horizon:] = np.linspace(far, near, SIZE - horizon)[:, None]
    for _ in range(int(rng.integers(3, 12))):
        x, w, h = rng.uniform(0, SIZE), rng.uniform(8, 60), rng.uniform(10, 110)
        foot = horizon + rng.uniform(-5, 60)
        grey = float(rng.random())
        if rng.random() < 0.6:
            cv2.rectangle(image, (int(x), int(foot - h)), (int(x + w), int(foot)), grey, -1)
        else:
            cv2.ellipse(image, (int(x), int(foot - h / 2)), (int(w / 2), int(h / 2)), 0, 0, 360,
                        grey, -1)
    return cv2.GaussianBlur(image, (0, 0), 1.2) * (0.8 + 0.2 * _noise(rng, 1.0))


def _cables(rng):
    """Curves on a plain ground: cables, cracks and scratches that have no depth."""
    image = np.full((SIZE, SIZE), 0.9, np.float32)
    x = np.arange(-4, SIZE + 4)
    for _ in range(int(rng.integers(2, 7))):
        y = rng.uniform(0, SIZE) + np.cumsum(np.cumsum(rng.normal(size=x.size))) * 0.03
        cv2.polylines(image, [np.stack([x, y], 1).astype(np.int32)], False,
                      float(rng.uniform(0, 0.4)), int(rng.integers(1, 4)))
    return image if rng.random() < 0.5 else image.T.copy()


def _facade(rng):
    """House front: a grid of windows with frames."""
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    n = int(rng.integers(2, 5))
    u, v = x * n % 1, y * n % 1
    w, h = rng.uniform(0.15, 0.33), rng.uniform(0.2, 0.38)
    window = (np.abs(u - 0.5) < w) & (np.abs(v - 0.5) < h)
    frame = (np.abs(u - 0.5) < w + 0.05) & (np.abs(v - 0.5) < h + 0.05)
    cross = window & ((np.abs(u - 0.5) < 0.02) | (np.abs(v - 0.4) < 0.02))
    wall = 0.7 + 0.2 * _noise(rng, 0.6)
    return np.where(cross, 0.9, np.where(window, rng.uniform(0, 0.25), np.where(
        frame, 1.0, wall)))


def _pattern(name, rng):
    """Draw one pattern (SIZE, SIZE) in 0..1."""
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    integers = rng.integers
    if name == 'plain':
        return 0.5 + 0.12 * (_noise(rng, 1.6) - 0.5)
    if name == 'noise':
        return _noise(rng, rng.uniform(0.8, 1.4))
    if name in ('grain', 'asphalt'):
        return _noise(rng, rng.uniform(0.1, 0.6))
    if name == 'cloud':
        return _noise(rng, rng.uniform(1.7, 2.3))
    if name == 'wood':
        warp = _noise(rng, 1.6, 0.12)
        return 0.5 + 0.5 * np.sin(2 * np.pi * (integers(2, 9) * x + 3 * warp)) * warp
    if name == 'planks':
        return 0.7 * _grid(rng, 2, int(integers(4, 9)), 0.5, 0.02) + 0.3 * _noise(rng, 1.2, 4)
    if name == 'tile':
        n = int(integers(2, 7))
        return _grid(rng, n, n, 0.0, 0.03) * (0.9 + 0.1 * _noise(rng, 1.0))
    if name == 'brick':
        n = int(integers(2, 5))
        return _grid(rng, n, 2 * n, 0.5, 0.05) * (0.8 + 0.2 * _noise(rng, 0.5))
    if name == 'checker':
        n = 2 * int(integers(1, 4))
        return ((np.floor(x * n) + np.floor(y * n)) % 2) * 1.0
    if name == 'stripe':
        return (np.sin(2 * np.pi * integers(1, 9) * x) > rng.uniform(-0.7, 0.7)) * 1.0
    if name == 'text':
        return _text(rng)
    if name == 'books':
        return _bars(rng, 6, 26)
    if name == 'poster':
        return _poster(rng)
    if name == 'facade':
        return _facade(rng)
    if name == 'weave':
        n = int(integers(10, 30))
        return 0.5 + 0.25 * np.sin(2 * np.pi * n * x) + 0.25 * np.sin(2 * np.pi * n * y)
    if name == 'leaf':
        return (_noise(rng, 0.5) > rng.uniform(0.4, 0.6)) * 0.7 + 0.3 * _noise(rng, 1.0)
    if name == 'marble':
        return 0.5 + 0.5 * np.sin(2 * np.pi * (integers(1, 3) * x + 4 * _noise(rng, 1.8)))
    if name == 'slats':
        return (x * integers(6, 16) % 1 > 0.3) * 1.0
    if name == 'gravel':
        return _noise(rng, 0.2) * _noise(rng, 0.9) * 2 % 1.0
    if name == 'crack':
        return 1 - np.exp(-np.abs(_noise(rng, 1.5) - 0.5) * 60) * (_noise(rng, 1.2) > 0.4)
    if name == 'lines':
        return _cables(rng)
    if name == 'letters':
        return _letters(rng)
    if name == 'photo':
        return _photo(rng)
    n = int(integers(4, 10))
    return (np.hypot(x * n % 1 - 0.5, y * n % 1 - 0.5) > 0.3) * 1.0


@functools.lru_cache(maxsize=2)
def pattern_bank(seed: int = 7) -> tuple:
    """
    Draw the bank: every pattern in VARIANTS versions, with mip levels.

    :returns: (texels, offsets): texels (K, T) float32 with K = patterns x VARIANTS, all levels
        flattened; offsets of the levels, level l being (SIZE >> l) squared.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for name in PATTERNS:
        for _ in range(VARIANTS):
            level = torch.from_numpy(_pattern(name, rng)).float()[None, None]
            levels = [level.flatten()]
            while level.shape[-1] > 1:
                level = torch.nn.functional.avg_pool2d(level, 2)
                levels.append(level.flatten())
            rows.append(torch.cat(levels))
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in levels])[:-1]])
    return torch.stack(rows), torch.from_numpy(offsets)


def sample(bank, which, u, v, footprint):
    """
    Look patterns up bilinearly in the nearest mip level.

    :param which: (...) int64 row of the bank; u, v: (...) in repeats; footprint: repeats a pixel.
    :returns: (...) float32 in 0..1.
    """
    texels, offsets = bank
    top = len(offsets) - 1
    level = torch.log2((footprint * SIZE).clamp(min=1.0)).round().long().clamp(max=top)
    size = (SIZE >> level)
    base = which * texels.shape[1] + offsets[level]
    flat = texels.reshape(-1)
    x, y = u * size - 0.5, v * size - 0.5
    x0, y0 = x.floor(), y.floor()
    fx, fy = x - x0, y - y0
    x0, y0 = x0.long() % size, y0.long() % size
    x1, y1 = (x0 + 1) % size, (y0 + 1) % size
    top_row = flat[base + y0 * size + x0] * (1 - fx) + flat[base + y0 * size + x1] * fx
    low_row = flat[base + y1 * size + x0] * (1 - fx) + flat[base + y1 * size + x1] * fx
    return top_row * (1 - fy) + low_row * fy
