# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""ScanNet scenes exported from their sensor streams to image files."""
from dataclasses import replace
from pathlib import Path

from depth_ros.camera import Camera
from depth_ros.contracts import InputError, read_depth
from depth_ros.datasets.rgbd import pair_folders, whole_pairs
from depth_ros.datasets.sample import read_image
import numpy as np
from training.datasets.dense import dense_frames
from training.datasets.geometry import resize_image

LAYOUT = ('<scene>/color/N.jpg, <scene>/depth/N.png (16-bit millimetres) and '
          '<scene>/intrinsic/intrinsic_depth.txt (4x4), as its SensReader exports them')


def open_dataset(path, options):
    """
    Open all scenes below `path`; the line is one image row.

    Colour images are resized to their depth maps, as is usual; both cameras see the same field
    but for a few pixels.
    """
    path = Path(path)
    pairs, missing = whole_pairs(path, pair_folders(path), 'scannet', LAYOUT)
    scenes = {depth.parents[1] for _, depth in pairs}
    cameras = {scene: _intrinsics(scene / 'intrinsic' / 'intrinsic_depth.txt')
               for scene in scenes}

    def read(index):
        colour, depth_file = pairs[index]
        depth = read_depth(depth_file)
        height, width = depth.shape
        camera = replace(cameras[depth_file.parents[1]], width=width, height=height)
        return resize_image(read_image(colour), height, width), depth, camera

    names = [str(colour.relative_to(path)) for colour, _ in pairs]
    return dense_frames(names, options, read, missing)


def _intrinsics(path):
    """Read a 4x4 (or 3x3) matrix; the size is filled in from the depth image."""
    if not path.is_file():
        raise InputError(f'no intrinsics at {path}. Expected layout: {LAYOUT}')
    try:
        numbers = np.array(path.read_text().split(), float)
        side = {16: 4, 9: 3}[numbers.size]
    except (ValueError, KeyError) as error:
        raise InputError(f'{path} does not hold a 4x4 camera matrix. Expected layout: '
                         f'{LAYOUT}') from error
    return Camera.from_matrix(numbers.reshape(side, side)[:3, :3], 640, 480)
