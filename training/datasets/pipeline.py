# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""From a recorded frame to what a network is trained or measured on."""
from __future__ import annotations

from dataclasses import dataclass, replace

from depth_ros.contracts import choose, InputError
import numpy as np
import torch
from training.datasets import colour, geometry, published


def _centre(free_rows, free_columns, random):
    return free_rows // 2, free_columns // 2


def _bottom(free_rows, free_columns, random):
    column = random.integers(free_columns + 1) if random is not None else free_columns // 2
    return free_rows, int(column)


def _anywhere(free_rows, free_columns, random):
    if random is None:
        return _centre(free_rows, free_columns, random)
    return int(random.integers(free_rows + 1)), int(random.integers(free_columns + 1))


# Top left of a crop from the rows and columns left over; without randomness when measuring.
PLACES = {'centre': _centre, 'bottom': _bottom, 'random': _anywhere}

# How the depth is brought to the size of the target; cubic is the public code on a newer Pillow.
FILTERS = {'nearest': geometry.nearest, 'cubic': published.shrink_cubic}


@dataclass(frozen=True)
class Augmentation:
    """
    Steps of the pipeline, in their order; the defaults are those of NYU v2 in Hu et al. (2019).

    :param size: (height, width) to resize to first, or None.
    :param flip: probability of a mirrored frame.
    :param degrees: roll by U(-degrees, degrees).
    :param zoom: enlarge by U(1, zoom) before the crop; the focal length grows with it.
    :param crop: (height, width), or None; at `place`: centre, bottom (random column) or random.
    :param lighting: standard deviation of the PCA lighting.
    :param jitter: greatest change of brightness, contrast and saturation.
    :param target: (height, width) of the depth; None: of the image. The line keeps the image's.
    :param target_filter: nearest takes pixels; cubic mixes depths in 8 bits, unknown ones as 0.
    :param author_mode: rotate image and 8-bit depth by a spline as published, unknown depth is
        0; the line is dropped, since this geometry is not a camera's.
    """

    size: tuple[int, int] | None = (240, 320)
    flip: float = 0.5
    degrees: float = 5.0
    zoom: float = 1.0
    crop: tuple[int, int] | None = (228, 304)
    place: str = 'centre'
    lighting: float = 0.1
    jitter: float = 0.4
    target: tuple[int, int] | None = None
    target_filter: str = 'nearest'
    author_mode: bool = False


def make_item(sample, steps: Augmentation, random=None, labelled: bool = True) -> dict:
    """
    Run the pipeline on one frame.

    :param random: NumPy Generator for training; None measures: no flip, roll, zoom or colour.
    :returns: image (3, H, W) float32 ImageNet-normalised; depth (h, w) float32 metres, NaN (or 0,
        author_mode) unknown; sparse_depth (H, W) metres, 0 none; camera (4,) fx, fy, cx, cy of the
        image; labelled bool; name.
    :raises InputError: the frame is smaller than the crop or, where its label is to be used, has
        no valid depth at all.
    """
    if labelled and not np.isfinite(sample.depth).any():
        raise InputError(f'{sample.name}: its depth map has no valid pixel; remove the frame or '
                         'use the data set without labels')
    sample = _frame(sample, steps, random)
    image = _colours(colour.to_float(sample.image), steps, random)
    depth = sample.depth
    if steps.target:
        depth = choose(FILTERS, steps.target_filter, 'target filter')(depth, *steps.target)
    camera = sample.camera
    return {'image': torch.from_numpy(image),
            'depth': torch.from_numpy(np.ascontiguousarray(depth)),
            'sparse_depth': torch.from_numpy(np.ascontiguousarray(sample.sparse)),
            'camera': torch.tensor([camera.fx, camera.fy, camera.cx, camera.cy]),
            'labelled': torch.tensor(labelled), 'name': sample.name}


def _frame(sample, steps, random):
    if steps.size:
        sample = geometry.resize(sample, *steps.size)
    if random is not None:
        if random.random() < steps.flip:
            sample = geometry.flip(sample)
        if steps.degrees:
            sample = _roll(sample, random.uniform(-steps.degrees, steps.degrees),
                           steps.author_mode)
        if steps.zoom > 1.0:
            factor = random.uniform(1.0, steps.zoom)
            height, width = (round(size * factor) for size in sample.depth.shape)
            sample = geometry.resize(sample, height, width)
    if steps.author_mode:
        sample = replace(sample, depth=np.nan_to_num(sample.depth, posinf=0.0))
    return _crop(sample, steps, random) if steps.crop else sample


def _roll(sample, degrees, author_mode):
    if not author_mode:
        return geometry.rotate(sample, degrees)
    image, depth = published.rotate(sample.image, sample.depth, degrees)
    return replace(sample, image=image, depth=depth, sparse=np.zeros_like(sample.sparse))


def _crop(sample, steps, random):
    place = choose(PLACES, steps.place, 'place of the crop')
    (height, width), (rows, columns) = sample.depth.shape, steps.crop
    if rows > height or columns > width:
        raise InputError(f'{sample.name} is {width}x{height} (width x height), too small for the '
                         f'crop of {columns}x{rows}: make the crop smaller or `size` larger')
    top, left = place(height - rows, width - columns, random)
    return geometry.crop(sample, top, left, rows, columns)


def _colours(image, steps, random):
    if random is not None:
        if steps.lighting:
            image = colour.lighting(image, random.normal(0.0, steps.lighting, 3))
        if steps.jitter:
            image = colour.jitter(image, steps.jitter, random)
    return np.ascontiguousarray(colour.normalise(image), np.float32)
