# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""NYU Depth v2 as the lists of image and depth files that depth papers share."""
import csv
from pathlib import Path

from depth_ros.camera import Camera
from depth_ros.contracts import decode_depth, InputError
from depth_ros.datasets.nyu import INTRINSICS
from depth_ros.datasets.sample import read_image
import numpy as np
from training.datasets.dense import dense_frames
from training.datasets.published import METRES_PER_STEP

LAYOUT = ('a CSV file of rows IMAGE,DEPTH (640x480 jpg or png; 8-bit png of 10/255 m or 16-bit '
          'png of millimetres), paths relative to the folder of the list or to one or two above, '
          'for example data/nyu2_train.csv with data/nyu2_train/SCENE/1.jpg')


def open_dataset(path, options):
    """
    Open the list at `path`; the line is one image row.

    :raises InputError: no list, a row of another form, or files of the list that are missing
        (their number and the first are named).
    """
    path = Path(path)
    pairs = _pairs(path)
    missing = [file for pair in pairs for file in pair if not file.is_file()]
    if missing:
        raise InputError(f'{len(missing)} of {2 * len(pairs)} files of {path} are missing, first '
                         f'{missing[0]}. Expected layout: {LAYOUT}')

    def read(index):
        image, depth = read_image(pairs[index][0]), read_depth(pairs[index][1])
        height, width = depth.shape
        return image, depth, Camera(640, 480, *INTRINSICS).scaled(width, height)

    return dense_frames([str(image) for image, _ in pairs], options, read)


def _pairs(path):
    if not path.is_file():
        raise InputError(f'no list at {path}. Expected layout: {LAYOUT}')
    pairs = []
    with path.open(newline='') as file:
        for number, row in enumerate(csv.reader(file), 1):
            if len(row) != 2:
                raise InputError(f'{path}:{number} has {len(row)} columns instead of 2. '
                                 f'Expected layout: {LAYOUT}')
            pairs.append(tuple(_find(path.parent, name.strip()) for name in row))
    if not pairs:
        raise InputError(f'{path} is empty. Expected layout: {LAYOUT}')
    return pairs


def _find(folder, name):
    for root in (folder, folder.parent, folder.parent.parent):
        if (root / name).is_file():
            return root / name
    return folder / name


def read_depth(path):
    """Read an 8-bit (10/255 m) or 16-bit (millimetres) depth image as metres, 0 as NaN."""
    import cv2
    raw = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if raw is None:
        raise InputError(f'{path} cannot be decoded as an image: is the file complete?')
    if raw.ndim != 2 or raw.dtype not in (np.uint8, np.uint16):
        raise InputError(f'{path} is {raw.dtype} with shape {raw.shape}, not a single-channel 8- '
                         'or 16-bit depth image')
    return decode_depth(raw, 1.0 / METRES_PER_STEP if raw.dtype == np.uint8 else 1000.0)
