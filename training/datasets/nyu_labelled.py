# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The labelled frames of NYU Depth v2 (1449, one MATLAB file)."""
from pathlib import Path

from depth_ros.camera import Camera
from depth_ros.contracts import InputError
from depth_ros.datasets.nyu import INTRINSICS
import numpy as np
from training.datasets.dense import dense_frames

LAYOUT = ('nyu_depth_v2_labeled.mat (MATLAB 7.3: images N x 3 x 640 x 480, depths N x 640 x 480 '
          'metres, as h5py sees them)')


def open_dataset(path, options):
    """
    Open the file at `path`; the line is one image row.

    :raises InputError: it is missing, truncated or of another form, or h5py is not installed.
    """
    path = Path(path)
    count = _count(path)

    def read(index):
        import h5py
        # Opened per frame: such a handle must not be shared with loader processes.
        with h5py.File(path, 'r') as file:
            image, depth = file['images'][index], file['depths'][index]
        image = np.ascontiguousarray(image.transpose(2, 1, 0))
        depth = np.ascontiguousarray(depth.T, np.float32)
        depth[~(depth > 0)] = np.nan
        height, width = depth.shape
        return image, depth, Camera(640, 480, *INTRINSICS).scaled(width, height)

    return dense_frames([f'{path.name}[{k}]' for k in range(count)], options, read)


def _count(path):
    if not path.is_file():
        raise InputError(f'no file at {path}. Expected layout: {LAYOUT}')
    try:
        import h5py
    except ImportError as error:
        raise InputError(f'reading {path.name} needs h5py: pip install h5py') from error
    try:
        with h5py.File(path, 'r') as file:
            images, depths = file['images'].shape, file['depths'].shape
    except (OSError, KeyError) as error:
        raise InputError(f'{path} cannot be read ({error}). Expected layout: {LAYOUT}') from error
    if len(images) != 4 or images[1] != 3 or depths != (images[0],) + images[2:]:
        raise InputError(f'{path} holds images {images} and depths {depths}. Expected layout: '
                         f'{LAYOUT}')
    return images[0]
