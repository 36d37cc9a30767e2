# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""7-Scenes RGB-D frames (Kinect v1; colour and depth differ by a few pixels)."""
from pathlib import Path

from depth_ros.contracts import InputError
from depth_ros.datasets.rgbd import open_pairs, pair_names, whole_pairs
import numpy as np

LAYOUT = ('[scene/][seq-NN/]frame-NNNNNN.color.png with frame-NNNNNN.depth.png (16-bit '
          'millimetres), optional camera-intrinsics.txt (3x3)')
INTRINSICS = (585.0, 585.0, 320.0, 240.0)
INVALID_METRES = (65.535,)


def open_dataset(path, options):
    """Open 7-Scenes frames; the line is one image row."""
    path = Path(path)
    pairs = pair_names(path, 'frame-*.depth.png',
                       lambda stem: stem.removesuffix('.depth') + '.color')
    pairs, missing = whole_pairs(path, pairs, 'seven_scenes', LAYOUT)
    return open_pairs(path, pairs, options, _intrinsics, invalid=INVALID_METRES, missing=missing)


def _intrinsics(colour):
    file = colour.with_name('camera-intrinsics.txt')
    if not file.is_file():
        return INTRINSICS
    try:
        matrix = np.loadtxt(file).reshape(3, 3)
    except ValueError as error:
        raise InputError(f'{file} does not hold a 3x3 camera matrix: {error}') from error
    return matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2]
