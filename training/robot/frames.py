# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
The frames of a recording on disk, small enough to learn from and quick to read in any order.

A folder holds camera.yaml, frames.json ({number: name}), and for each frame NUMBER.png and
NUMBER.npy, the measured line as rows of (row, column, metres). It is also a folder of images in
the order of time, from which a self-supervised teacher can learn.
"""
from __future__ import annotations

from dataclasses import asdict
import json
import os
from pathlib import Path

import cv2
from depth_ros.camera import Camera
from depth_ros.contracts import InputError
from depth_ros.datasets.sample import Dataset, read_image, Sample
from depth_ros.documents import read_json, words
from depth_ros.lidar import measured_pixels
from depth_ros.resizing import input_size
import numpy as np
from tqdm import tqdm
from training.datasets import geometry
import yaml

LAYOUT = 'camera.yaml, frames.json, and NUMBER.png and NUMBER.npy of each frame (training r2m)'
CAMERA, INDEX = 'camera.yaml', 'frames.json'
# Pixels kept, over those that the network sees: room for zoom, and sharper for the teacher.
KEPT = 4.0


def kept_size(camera, spec) -> tuple[int, int]:
    """Return the (height, width) that frames are kept at for a model; never more than recorded."""
    height, width = input_size(spec, camera)
    scale = (KEPT * height * width / (camera.height * camera.width)) ** 0.5
    if scale >= 1:
        return camera.height, camera.width
    return round(scale * camera.height), round(scale * camera.width)


def write_frames(dataset, indices, folder, spec, label='frames') -> dict:
    """
    Keep frames of a recording; those that are there already are not read again.

    :param dataset: `depth_ros.datasets.Dataset`; spec: of the model that will see them.
    :returns: frames, without_line (names of frames of which no beam falls into the image and
        which are left out), height, width.
    """
    folder, indices = Path(folder), list(indices)
    folder.mkdir(parents=True, exist_ok=True)
    names, empty, camera = {}, [], None
    for number, sample in zip(indices, tqdm(dataset.read(indices), total=len(indices), desc=label,
                                            unit='frame', disable=None)):
        if camera is None:
            height, width = kept_size(sample.camera, spec)
            camera = sample.camera.scaled(width, height)
        if not (sample.sparse > 0).any():
            empty.append(sample.name)
            continue
        sample = geometry.resize(sample, height, width)
        rows, columns = measured_pixels(sample.sparse)
        line = np.stack([rows, columns, sample.sparse[rows, columns]], 1).astype(np.float32)
        with (folder / f'{number:06d}.npy').open('wb') as file:
            np.save(file, line)
        path = folder / f'{number:06d}.png'
        if not cv2.imwrite(str(path), cv2.cvtColor(sample.image, cv2.COLOR_RGB2BGR)):
            raise InputError(f'cannot write {path}: is there space left?')
        names[number] = sample.name
    if not names:
        raise InputError(f'no beam of {len(indices)} frames falls into the image: are the '
                         'extrinsics right? Give them with --extrinsics')
    (folder / CAMERA).write_text(yaml.safe_dump(
        {key: list(value) if isinstance(value, tuple) else value
         for key, value in asdict(camera).items()}))
    # Last, and at once: a folder with an index is whole.
    part = folder / f'{INDEX}.part'
    part.write_text(json.dumps(names))
    os.replace(part, folder / INDEX)
    return {'frames': len(names), 'without_line': empty, 'height': height, 'width': width}


def open_dataset(path, options=None):
    """Open the frames of a folder that `write_frames` made; options are not looked at."""
    folder = Path(path)
    try:
        names = read_json(folder / INDEX)
        if not isinstance(names, dict) or not all(number.isdecimal() for number in names):
            raise InputError('it does not name frames by numbers')
    except InputError as error:
        raise InputError(f'{folder} holds no frames of a recording. Expected layout: '
                         f'{LAYOUT}') from error
    camera, numbers = Camera.from_yaml(folder / CAMERA), list(names)
    unknown = np.full((camera.height, camera.width), np.nan, np.float32)

    def read(indices):
        for index in indices:
            number = int(numbers[index])
            image = read_image(folder / f'{number:06d}.png')
            sparse = np.zeros_like(unknown)
            rows, columns, depth = _read_line(folder / f'{number:06d}.npy', unknown.shape)
            sparse[rows, columns] = depth
            if image.shape[:2] != unknown.shape:
                raise InputError(f'{folder / CAMERA} is not of {number:06d}.png: remove the '
                                 'folder, and call r2m again')
            yield Sample(str(names[numbers[index]]), image, unknown, sparse, camera)
    return Dataset(tuple(names.values()), 'the line of the recording', read, truth=False)


def _read_line(path, shape):
    """Return rows, columns and metres of a measured line within an image of a shape."""
    try:
        rows, columns, depth = np.load(path, allow_pickle=False).T
        rows, columns = rows.astype(int), columns.astype(int)
        inside = (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
        if not inside.all() or not (np.isfinite(depth) & (depth > 0)).all():
            raise ValueError('a value is no place in the image, or no depth')
    except Exception as error:  # The header is parsed as Python, which has errors of its own.
        raise InputError(f'{path} holds no measured line ({words(error)}): remove the folder, '
                         'and call r2m again') from error
    return rows, columns, depth
