# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Masks for people: one picture, and one HTML page with figures."""
from __future__ import annotations

import cv2
from depth_ros.page import Page
from depth_ros.pictures import colorize, depth_range, label, overlay
import numpy as np
from training.saliency.gather import binary_of
from training.saliency.masks import PLAIN

TILE = 192  # pixels of a tile's width
HEADER = ('run', 'depth network', 'lambda', 'mean of M', "M' above",
          'sparseness', 'whole', 'M',
          *(f'M, {name}' for name in PLAIN), "M'", *(f"M', {name}" for name in PLAIN),
          "M' to N(x)")
KEYS = ('target', 'sparsity', 'mean', 'threshold', 'sparseness', 'rmse_whole', 'rmse_soft',
        *(f'rmse_soft_{name}' for name in PLAIN), 'rmse_binary',
        *(f'rmse_binary_{name}' for name in PLAIN), 'to_whole')
READING = (
    "M is the soft mask, M' the binarised one; sparseness is the share of pixels that M' shows. "
    "RMSE in metres against ground truth of the depth network's answer for the whole image, for "
    "the masks, and for plain ones: the values of M or M' of each image at random pixels, at "
    'random squares (blocks), at the strongest edges of the image. The last column is the RMSE of '
    "N(x M') against N(x).")


def mask_colors(mask):
    """Draw a mask (H, W) as its square root, black 0 to white 1, so that faint parts show."""
    share = np.sqrt(np.clip(mask, 0.0, 1.0))
    return np.repeat((255 * share).astype(np.uint8)[..., None], 3, axis=2)


def hidden(image, mask):
    """Return what is left of an image: a hidden pixel has the mean colour, as for the network."""
    mean = np.array([123.7, 116.3, 103.5])
    return (mean + (image - mean) * mask[..., None]).clip(0, 255).astype(np.uint8)


def sheet(frames):
    """
    Draw frames: image over truth, then each network's N(x) and every mask over its depth.

    :returns: (H, W, 3) uint8 RGB; two rows of tiles a frame, titles on the first.
    """
    rows = []
    for frame in frames:
        far = depth_range(frame.truth)[1]
        pairs = [('image / true depth', overlay(frame.image, frame.line, far),
                  colorize(frame.truth, far))]
        pairs += [(f'{name}: whole image', frame.image, colorize(depth, far))
                  for name, depth in frame.whole.items()]
        pairs += [(name, mask_colors(mask), colorize(frame.depths[name], far))
                  for name, mask in frame.masks.items()]
        tiles = [np.vstack([_titled(upper, '' if rows else title), _wide(lower)])
                 for title, upper, lower in pairs]
        rows.append(np.hstack(tiles))
    return np.vstack(rows)


def _titled(picture, title):
    tile = _wide(picture)
    return label(tile, title) if title else tile


def _wide(picture):
    height = round(picture.shape[0] * TILE / picture.shape[1])
    nearest = picture.shape[1] <= TILE
    return cv2.resize(np.ascontiguousarray(picture), (TILE, height),
                      interpolation=cv2.INTER_NEAREST if nearest else cv2.INTER_AREA)


def figure_rows(figures) -> list:
    """Return the rows of the table under HEADER."""
    return [[name, *(one[key] for key in KEYS)] for name, one in figures.items()]


def text(figures) -> str:
    """Return the figures as a Markdown table."""
    def cell(value):
        return f'{value:.3f}' if isinstance(value, float) else str(value)
    lines = [HEADER, ['---'] * len(HEADER), *figure_rows(figures)]
    return '\n'.join('| ' + ' | '.join(map(cell, line)) + ' |' for line in lines)


def page(figures, frames, command: str) -> Page:
    """Make the page: figures, curves over the share of shown pixels, frames."""
    made = Page('What the depth network looks at')
    made.paragraph(READING)
    made.table(HEADER, figure_rows(figures))
    for target in dict.fromkeys(one['target'] for one in figures.values()):
        runs = sorted((one for one in figures.values() if one['target'] == target),
                      key=lambda one: one['sparseness'])
        across = [one['sparseness'] for one in runs] + [1.0]
        curves = {title: (across, [one[f'rmse_{key}'] for one in runs] + [runs[0]['rmse_whole']])
                  for title, key in (('M', 'soft'), ("M'", 'binary'), *(
                      (f"M', {name}", f'binary_{name}') for name in PLAIN))}
        if len(runs) > 1:
            made.plot(curves, f'{target}: error by the share of shown pixels',
                      'share of shown pixels', 'RMSE, m', marks=True)
    for frame in frames:
        far = depth_range(frame.truth)[1]
        made.heading(frame.name or 'frame')
        made.pictures([('image', overlay(frame.image, frame.line, far)),
                       ('true depth', colorize(frame.truth, far)),
                       *((f'{name}: depth of the whole image', colorize(depth, far))
                         for name, depth in frame.whole.items())], columns=4)
        for name, mask in frame.masks.items():
            threshold = figures.get(name, next(iter(figures.values())))['threshold']
            made.pictures([
                (f'{name}: mask (its square root, black 0, white 1)', mask_colors(mask)),
                (f'shown above {threshold:g}', hidden(frame.image, binary_of(mask, threshold))),
                ('what the soft mask leaves', hidden(frame.image, mask)),
                ('depth of that', colorize(frame.depths[name], far))], columns=4)
    made.details('How this page was made', command)
    return made
