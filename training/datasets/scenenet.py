# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""SceneNet RGB-D: rendered indoor trajectories."""
from math import radians, tan
from pathlib import Path

from depth_ros.camera import Camera
from depth_ros.contracts import read_depth
from depth_ros.datasets.rgbd import pair_folders, whole_pairs
from depth_ros.datasets.sample import read_image
import numpy as np
from training.datasets.dense import dense_frames

LAYOUT = ('<set>/<k>/<trajectory>/photo/N.jpg with depth/N.png (16-bit millimetres along the ray) '
          'and, for mixing, instance/N.png; 320x240')
# Fields of view of 60 and 45 degrees; pixel centres at whole numbers.
CAMERA = Camera(320, 240, 160 / tan(radians(30.0)), 120 / tan(radians(22.5)), 159.5, 119.5)


def open_dataset(path, options):
    """Open all trajectories below `path`; the line is one image row."""
    path = Path(path)
    pairs, missing = whole_pairs(path, pair_folders(path, colour='photo'), 'scenenet', LAYOUT)

    def read(index):
        photo, depth_file = pairs[index]
        image, distance = read_image(photo), read_depth(depth_file)
        height, width = distance.shape
        camera = options.camera or CAMERA.scaled(width, height)
        return image, depth_from_distance(distance, camera), camera

    names = [str(photo.relative_to(path)) for photo, _ in pairs]
    return dense_frames(names, options, read, missing)


def instance_files(path, names):
    """Return the files of instance ids of frames by their names."""
    photos = [Path(path) / name for name in names]
    return [photo.parents[1] / 'instance' / f'{photo.stem}.png' for photo in photos]


def depth_from_distance(distance, camera):
    """Turn lengths of rays (H, W) metres, as the renderer stores them, into depths along Z."""
    return distance / np.sqrt(1.0 + (camera.rays() ** 2).sum(-1))
