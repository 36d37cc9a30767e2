# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""RGB-D data: registered colour and depth image files, one row of the depth is the line."""
from pathlib import Path

from depth_ros.camera import Camera
from depth_ros.contracts import InputError, read_depth
from depth_ros.datasets import lines
from depth_ros.datasets.sample import from_files, read_image, require_frames, Sample, whole_frames
import numpy as np

IMAGES = ('.png', '.jpg', '.jpeg', '.ppm')
DEPTHS = ('.png', '.pgm')


def whole_pairs(root, pairs, dataset, layout):
    """
    Return the pairs whose files are there, and the missing files.

    Raises the error that names the layout when no pair is whole.
    """
    whole, missing = whole_frames(pairs, lambda pair: pair)
    return require_frames(whole, root, dataset, layout), missing


def open_pairs(root, pairs, options, intrinsics, unit='mm', invalid=(), missing=()):
    """
    Open (colour file, depth file) pairs as a data set; missing: files that others lacked.

    intrinsics(colour file) gives (fx, fy, cx, cy) in pixels of the depth image, which the
    colour image must match in size. unit: see `contracts.read_depth`. invalid: depths in metres
    that mean unknown.
    """
    lines.refuse(options.elevation, '--line-elevation', 'of RGB-D frames', '--line-row')
    row = lines.DEFAULT_ROW if options.row is None else options.row
    names = [str(colour.relative_to(root).with_suffix('')) for colour, _ in pairs]

    def read(index):
        colour, depth_path = pairs[index]
        image, depth = read_image(colour), read_depth(depth_path, unit)
        if image.shape[:2] != depth.shape:
            raise InputError(
                f'{colour} is {image.shape[1]}x{image.shape[0]} but {depth_path} is '
                f'{depth.shape[1]}x{depth.shape[0]}: the depth must be registered to the image')
        for value in invalid:
            depth[np.isclose(depth, value)] = np.nan
        camera = options.camera or Camera(
            image.shape[1], image.shape[0], *intrinsics(colour))
        line = lines.row_line(depth, row)
        sparse = lines.add_noise(line.sparse, options.noise, (options.seed, index))
        return Sample(names[index], image, line.depth, sparse, camera)

    return from_files(names, f'image row at {row:g} of the height', read, missing)


def pair_folders(root, colour='color', depth='depth'):
    """
    Pair <folder>/colour/NAME.* with <folder>/depth/NAME.* at any depth below ``root``.

    A depth file whose image is missing is paired with the path where that should be, unless its
    whole folder is missing.
    """
    pairs = []
    for folder in sorted(root.rglob(depth)) if root.is_dir() else []:
        images = folder.parent / colour
        files = {file.stem: file for file in sorted(images.glob('*'))
                 if file.suffix.lower() in IMAGES}
        pairs += [(files.get(file.stem, images / f'{file.stem}{IMAGES[0]}'), file)
                  for file in _by_number(folder.glob('*'))
                  if file.suffix.lower() in DEPTHS and images.is_dir()]
    return pairs


def pair_names(root, pattern, colour_name):
    """Pair depth files matching ``pattern`` with the colour stem ``colour_name(stem)`` beside."""
    pairs = []
    for depth in _by_number(root.rglob(pattern)) if root.is_dir() else []:
        stem = colour_name(depth.stem)
        files = [depth.with_name(stem + suffix) for suffix in IMAGES]
        if depth.suffix.lower() in DEPTHS:
            pairs.append((next(filter(Path.is_file, files), files[0]), depth))
    return pairs


def _by_number(files):
    """Sort paths, frame 2 before frame 10."""
    def key(path):
        digits = ''.join(filter(str.isdigit, path.stem))
        return str(path.parent), int(digits or 0), path.name
    return sorted(files, key=key)
