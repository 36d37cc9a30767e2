# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What readers of dense depth share: one image row of it becomes the measured line."""
from depth_ros.contracts import InputError
from depth_ros.datasets import lines
from depth_ros.datasets.sample import from_files, Sample


def dense_frames(names, options, read_one, missing=()):
    """
    Make a data set of frames with dense depth; missing: files that other frames lacked.

    :param read_one: index -> image (H, W, 3) uint8, depth (H, W) metres NaN unknown, camera.
    """
    row = lines.DEFAULT_ROW if options.row is None else options.row

    def read(index):
        image, depth, camera = read_one(index)
        if image.shape[:2] != depth.shape:
            raise InputError(
                f'{names[index]}: the image is {image.shape[1]}x{image.shape[0]} but its depth is '
                f'{depth.shape[1]}x{depth.shape[0]}')
        sparse = lines.row_line(depth, row).sparse
        sparse = lines.add_noise(sparse, options.noise, (options.seed, index))
        return Sample(names[index], image, depth, sparse, options.camera or camera)

    return from_files(names, f'image row at {row:g} of the height', read, missing)
