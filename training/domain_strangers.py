# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Which images a model of several domains takes for its own, and which it calls unlike all of them.

Frames of folders, the same frames spoiled in ways that a lens or a light can be, and images of
other places.
"""
from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
from depth_ros.camera import Camera
from depth_ros.contracts import InputError
from depth_ros.datasets.sample import Options, read_image
from depth_ros.domains import NEAREST
from depth_ros.estimator import Estimator
import numpy as np
from tqdm import tqdm
from training.datasets import stored

SUFFIXES = ('.png', '.jpg', '.jpeg', '.ppm')


def _closer(image):
    height, width = image.shape[:2]
    part = image[height * 5 // 12:height * 7 // 12, width * 5 // 12:width * 7 // 12]
    return cv2.resize(part, (width, height))


# What can happen to an image (H, W, 3) uint8; the last takes nothing of it but its size.
SPOILED = {
    'an eighth of the light': lambda image: image // 8,
    'four times the light': lambda image: np.minimum(image.astype(int) * 4, 255).astype(np.uint8),
    'out of focus (blur of a ninth of the height)': lambda image: cv2.GaussianBlur(
        image, (0, 0), len(image) / 9),
    'a sixth of it, enlarged': _closer,
    'negative': lambda image: 255 - image,
    'upside down': lambda image: np.ascontiguousarray(image[::-1]),
    'black': np.zeros_like,
    'noise': lambda image: np.random.default_rng(int(image.sum())).integers(
        0, 256, image.shape, np.uint8)}


def frames_of(folder, most: int) -> list:
    """
    Read at most `most` evenly spread images of a folder: stored frames, or image files below it.

    :raises InputError: there are none.
    """
    folder = Path(folder)
    if (folder / stored.INDEX).is_file():
        opened = stored.open_dataset(folder, Options())
        return [sample.image for sample in opened.read(opened.spread(most))]
    files = sorted(path for path in folder.rglob('*') if path.suffix.lower() in SUFFIXES)
    if not files:
        raise InputError(f'{folder} holds neither stored frames nor images '
                         f'({", ".join(SUFFIXES)})')
    places = np.linspace(0, len(files) - 1, min(most, len(files))).astype(int)
    return [read_image(files[place]) for place in places]


def measure(model, folders: dict, strangers: dict, most: int = 60, unknown: float = 1.0) -> dict:
    """
    Ask a model about images.

    :param model: file with `domain_unlikeness`; folders: name to frames that are also spoiled,
        strangers: to images that are not.
    :param unknown: unlikeness beyond which an image is unlike a domain.
    :returns: `rows`: name to frames, unlike (share), far (the share beyond `distance_99` of every
        domain), chosen (of the model's domains), median (of the least unlikeness).
    :raises InputError: the model has no domains, or does not tell unlikeness.
    """
    estimator = Estimator(model, 'onnxruntime')
    if not estimator.spec.domains or 'domain_unlikeness' not in estimator.spec.outputs:
        raise InputError(f'{model} does not tell how unlike its domains an image is: export a run '
                         'of lifelong learning again (python -m training export)')
    size = estimator.spec.input_width, estimator.spec.input_height
    shown = {name: frames_of(folder, most) for name, folder in folders.items()}
    sets = {**shown, **{name: frames_of(folder, most) for name, folder in strangers.items()}}
    known = [image for images in shown.values() for image in images]
    sets.update({kind: [spoil(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
                        for image in known] for kind, spoil in SPOILED.items()})
    return {'model': str(model), 'domains': [one.name for one in estimator.spec.domains],
            'unknown': unknown, 'rows': {
                name: _row(estimator, images, unknown) for name, images in tqdm(
                    sets.items(), 'images', disable=None, leave=False)}}


def _row(estimator, images, unknown):
    domains, chosen = estimator.spec.domains, Counter()
    limits = np.array([domain.distance_99 for domain in domains])
    least, far = [], []
    for image in images:
        height, width = image.shape[:2]
        # Any: no depth is looked at.
        camera = Camera(width, height, width, width, width / 2, height / 2)
        frame = estimator.estimate(image, camera, domain=NEAREST)
        chosen[domains[frame.domain].name] += 1
        least.append(float(np.min(frame.domain_unlikeness)))
        far.append(bool((frame.domain_distances > limits).all()))
    return {'frames': len(images), 'unlike': float(np.mean(np.array(least) > unknown)),
            'far': float(np.mean(far)), 'median': float(np.median(least)), 'chosen': dict(chosen)}


def table(report: dict) -> str:
    """Return the rows as Markdown."""
    names = report['domains']
    lines = ['| images | number | unlike every domain | least unlikeness, median | beyond '
             f'`distance_99` of every domain | chosen: {", ".join(names)} |',
             '|---|---|---|---|---|---|']
    for name, row in report['rows'].items():
        chosen = ', '.join(str(row['chosen'].get(one, 0)) for one in names)
        lines.append(f'| {name} | {row["frames"]} | {row["unlike"]:.0%} | {row["median"]:.2f} | '
                     f'{row["far"]:.0%} | {chosen} |')
    return '\n'.join(lines)
