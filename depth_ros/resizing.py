# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Between the image size and the size a model runs at."""

from itertools import product

import cv2
from depth_ros.contracts import InputError
import numpy as np

# Neighbouring depths farther apart than this belong to two surfaces and are never blended.
EDGE_RATIO = 0.05
# A chosen size with more than this share of the nominal pixels would cost memory and time.
_MOST_OF_BUDGET = 4


def input_size(spec, camera):
    """
    Height and width that a model is run at for a camera.

    A model with a free input size keeps its pixel budget and takes the camera's aspect, so that a
    wide image is not squeezed.

    :raises InputError: a camera so long and narrow that the model would become huge.
    """
    step = spec.size_multiple
    if not step:
        return spec.input_height, spec.input_width
    budget, aspect = spec.input_height * spec.input_width, camera.width / camera.height
    height = (budget / aspect) ** 0.5

    def nearby(size):
        lower = max(int(size // step), 1) * step
        return lower, lower + step

    def misfit(size):
        return (abs(np.log(size[1] / size[0] / aspect))
                + 0.5 * abs(np.log(size[0] * size[1] / budget)))

    chosen = min(product(nearby(height), nearby(height * aspect)), key=misfit)
    if chosen[0] * chosen[1] > _MOST_OF_BUDGET * max(budget, step * step):
        raise InputError(f'the camera is {camera.width}x{camera.height}, too long and narrow for '
                         f'{spec.name}: set input_height and input_width, or crop it',
                         'camera_info')
    return chosen


def check_size(spec, height, width):
    """Raise an InputError for an input size that a model cannot be run at."""
    step = spec.size_multiple
    if not step and (height, width) != (spec.input_height, spec.input_width):
        raise InputError(f'{spec.name} only runs at {spec.input_width}x{spec.input_height}')
    if step and (height <= 0 or width <= 0 or height % step or width % step):
        raise InputError(f'{spec.name} needs a height and width that are multiples of '
                         f'{step}, not {width}x{height}')


def shrink(image, height, width):
    """Image at another size, without aliasing where it becomes smaller."""
    shrinks = height * width < image.shape[0] * image.shape[1]
    # Halving first is the same average at half the time.
    while all(full % 2 == 0 and full >= 2 * size
              for full, size in zip(image.shape, (height, width))):
        image = cv2.resize(image, (image.shape[1] // 2, image.shape[0] // 2),
                           interpolation=cv2.INTER_AREA)
    return cv2.resize(image, (width, height),
                      interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def enlarge_depth(depth, camera):
    """Enlarge without blending foreground and background into flying pixels."""
    if depth.shape == (camera.height, camera.width):
        return np.array(depth, np.float32)
    size = (camera.width, camera.height)
    smooth = cv2.resize(depth, size, interpolation=cv2.INTER_LINEAR)
    square = np.ones((3, 3), np.uint8)
    edge = cv2.dilate(depth, square) > (1 + EDGE_RATIO) * cv2.erode(depth, square)
    if edge.any():
        nearest = cv2.resize(depth, size, interpolation=cv2.INTER_NEAREST)
        edge = cv2.resize(edge.view(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        cv2.copyTo(nearest, edge, smooth)
    return smooth


def enlarge(values, camera):
    """Output of a model at the image size, blended; None stays None."""
    if values is None or values.shape == (camera.height, camera.width):
        return values
    return cv2.resize(values, (camera.width, camera.height), interpolation=cv2.INTER_LINEAR)
