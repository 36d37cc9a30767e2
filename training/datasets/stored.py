# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Frames with depth kept on disk: what was rendered, or what a trained domain is replayed from.

A folder holds image/NNNNN.png (RGB), depth/NNNNN.png (uint16, metres * 256, 0 unknown), of
simulators instance/NNNNN.png (uint16, ids of things, 0 none), and frames.json: where they are
from, and name and camera of each. It is written last, so that a folder with it is whole.
"""
from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import cv2
from depth_ros.camera import Camera
from depth_ros.contracts import InputError, read_depth, write_depth
from depth_ros.datasets.sample import read_image, require_frames, whole_frames
from depth_ros.documents import read_json
import numpy as np
from training.datasets.dense import dense_frames
from training.files import write_json

LAYOUT = 'frames.json with image/NNNNN.png and depth/NNNNN.png (16-bit, metres * 256)'
INDEX = 'frames.json'


def files(folder, number: int) -> tuple[Path, Path]:
    """Return the paths of a frame's image and depth."""
    return tuple(Path(folder) / part / f'{number:05d}.png' for part in ('image', 'depth'))


def write_frames(folder, samples, source: str = '') -> int:
    """
    Keep frames: the image, all of the known depth (the line's too) and the camera.

    Depth of 256 m and beyond, and what is infinite, becomes unknown. A folder that holds frames
    loses them.

    :param samples: iterable of `depth_ros.datasets.Sample`, or of pairs of one and the ids (H, W)
        of its things; source: where they are from, in words.
    :returns: the number of frames.
    :raises InputError: no frames, or a disk that is full.
    """
    folder, frames = Path(folder), []
    for part in ('image', 'depth'):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / INDEX).unlink(missing_ok=True)
    for number, sample in enumerate(samples):
        image, depth = files(folder, number)
        if isinstance(sample, tuple):
            sample, ids = sample
            write_instances(folder / 'instance' / image.name, ids)
        if not cv2.imwrite(str(image), np.ascontiguousarray(sample.image[..., ::-1])):
            raise InputError(f'cannot write {image}: is there space left?')
        write_depth(depth, np.where(sample.sparse > 0, sample.sparse, sample.depth), 'kitti')
        frames.append({'name': sample.name, 'camera': asdict(sample.camera)})
    if not frames:
        raise InputError(f'there are no frames to keep in {folder}')
    write_json(folder / INDEX, {'source': source, 'frames': frames})
    return len(frames)


def write_instances(path, ids) -> None:
    """Write ids (H, W) of things, 0 none, as a PNG of 16 bits."""
    path.parent.mkdir(exist_ok=True)
    if not cv2.imwrite(str(path), np.asarray(ids).astype(np.uint16)):
        raise InputError(f'cannot write {path}: is there space left?')


def instance_files(path, names):
    """Return the files of instance ids of frames by their names, which stay in their order."""
    numbers = {name: number for number, (name, _) in enumerate(_read_index(Path(path) / INDEX))}
    return [Path(path) / 'instance' / f'{numbers[name]:05d}.png' for name in names]


def open_dataset(path, options):
    """Open the frames of a folder that `write_frames` made; the line is one image row."""
    folder = Path(path)
    try:
        frames = _read_index(folder / INDEX)
    except InputError as error:
        raise InputError(f'{folder} holds no stored frames ({error}). Expected layout: '
                         f'{LAYOUT}') from error
    whole, missing = whole_frames(range(len(frames)), lambda number: files(folder, number))
    require_frames(whole, folder, 'stored', LAYOUT)

    def read_one(index):
        image, depth = files(folder, whole[index])
        camera, read = frames[whole[index]][1], read_image(image)
        if read.shape[:2] != (camera.height, camera.width):
            raise InputError(f'{image} is {read.shape[1]}x{read.shape[0]}, not '
                             f'{camera.width}x{camera.height} as {INDEX} says')
        return read, read_depth(depth, 'kitti'), camera

    return dense_frames([frames[number][0] for number in whole], options, read_one, missing)


def read_source(path) -> str:
    """Return in words where the frames of a folder are from."""
    content = read_json(Path(path) / INDEX)
    return str(content.get('source', '')) if isinstance(content, dict) else ''


def _read_index(path):
    """Return [(name, camera)]."""
    content = read_json(path)
    try:
        cameras = [{**frame['camera'], 'distortion': tuple(frame['camera']['distortion'])}
                   for frame in content['frames']]
        return [(str(frame['name']), Camera(**camera))
                for frame, camera in zip(content['frames'], cameras)]
    except InputError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        reason = ' '.join(str(error).split())[:200]
        raise InputError(f'{path} does not describe frames ({reason})') from error
