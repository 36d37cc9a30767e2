# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Images alone, of a folder: more scenes for a student whose teacher needs nothing else."""
from pathlib import Path

from depth_ros.camera import Camera
from depth_ros.contracts import InputError
from depth_ros.datasets.sample import from_files, read_image, Sample
import numpy as np

LAYOUT = ('PATH/*.jpg, .jpeg or .png, or in rgb/, image/, image_2/ or image_02/ below it; with '
          'instance ids, for mixing, in PATH/instance/NAME.png')
PLACES = ('.', 'rgb', 'image', 'image_2', 'image_02')
SUFFIXES = ('.jpg', '.jpeg', '.png')


def open_dataset(path, options):
    """Open the images in the order of their names; nothing is measured, all depth is unknown."""
    path = Path(path)
    files = next(filter(None, (_images(path / place) for place in PLACES)), [])
    if not files:
        raise InputError(f'{path} holds no image. Expected layout: {LAYOUT}')

    def read(index):
        image = read_image(files[index])
        height, width = image.shape[:2]
        # Nothing is projected with it; the field of view is a common one.
        camera = options.camera or Camera(width, height, 0.6 * width, 0.6 * width,
                                          (width - 1) / 2, (height - 1) / 2)
        nothing = np.full((height, width), np.nan, np.float32)
        return Sample(files[index].stem, image, nothing, np.zeros_like(nothing), camera)

    found = from_files([file.stem for file in files], 'none', read)
    return type(found)(found.names, found.line, found.read, truth=False)


def instance_files(path, names):
    """Return the files of instance ids of frames by their names."""
    return [Path(path) / 'instance' / f'{name}.png' for name in names]


def _images(folder):
    if not folder.is_dir():
        return []
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)
