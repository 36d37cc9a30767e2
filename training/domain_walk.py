# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
A walk out of one domain into another through the monocular node: which domain answers each image.

Frames come from stored data sets of the two. After `plain` images of the first, images of both
are drawn, more and more of the second, and then `plain` of the second alone. The recording is
played over DDS; which domain answered is told from the depth itself, which is compared with what
each head gives for that image.
"""
from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
from depth_ros import bags
from depth_ros.camera import Camera
from depth_ros.datasets.sample import Options
from depth_ros.demo.session import play, Recording
from depth_ros.domains import NEAREST
from depth_ros.estimator import Estimator
from depth_ros.svg import line_plot
import numpy as np
from training.datasets import stored

PERIOD_NS = 100_000_000
TOPICS = ('/camera/image', '/camera/camera_info', '/scan')


@dataclass(frozen=True)
class Walk:
    """Images in their order, the number of the domain that each is of, and one camera for all."""

    images: list
    truth: np.ndarray
    camera: Camera


def make_walk(folders, focal: float, plain: int = 50, border: int = 30, seed: int = 0) -> Walk:
    """
    Draw a walk.

    :param folders: of `stored` frames of the first and the second domain.
    :param focal: of the camera of all images, pixels; the choice does not depend on it.
    """
    rng, sets = np.random.default_rng(seed), []
    for folder in folders:
        opened = stored.open_dataset(folder, Options())
        sets.append([sample.image for sample in opened.read(opened.spread(None))])
    ramp = rng.random(border) < (np.arange(border) + 0.5) / border
    truth = np.concatenate([np.zeros(plain, int), ramp.astype(int), np.ones(plain, int)])
    order = [np.concatenate([rng.permutation(len(each)) for _ in range(len(truth))])
             for each in sets]
    counts, images = [0, 0], []
    height, width = sets[0][0].shape[:2]
    for which in truth:
        image = sets[which][order[which][counts[which]]]
        counts[which] += 1
        images.append(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA))
    return Walk(images, truth, Camera(width, height, focal, focal, (width - 1) / 2,
                                      (height - 1) / 2))


def write_walk(walk: Walk, path) -> Recording:
    """Write the walk as a recording of 10 Hz, and return it as `demo.session.play` takes it."""
    camera, stamps = walk.camera, []
    matrix = [camera.fx, 0, camera.cx, 0, camera.fy, camera.cy, 0, 0, 1]
    with bags.Writer(path) as writer:
        for number, image in enumerate(walk.images):
            now = 10 ** 9 + number * PERIOD_NS
            stamps.append(now)
            header = {'stamp': bags.stamp(now), 'frame_id': 'camera'}
            size = {'height': camera.height, 'width': camera.width}
            writer.write(TOPICS[1], now, bags.message(
                'sensor_msgs/msg/CameraInfo', header=header, **size, k=matrix, d=[0.0] * 5,
                distortion_model='plumb_bob', p=[*matrix[:3], 0, *matrix[3:6], 0, *matrix[6:], 0]))
            writer.write(TOPICS[2], now, bags.message('sensor_msgs/msg/LaserScan', header=header))
            writer.write(TOPICS[0], now, bags.message(
                'sensor_msgs/msg/Image', header=header, **size, encoding='rgb8',
                step=3 * camera.width, data=np.frombuffer(image.tobytes(), np.uint8)))
    return Recording(str(path), *TOPICS, tuple(stamps), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))


def alone(estimator: Estimator, walk: Walk) -> dict:
    """Choose for every image alone: `used`, and the least `distance`, in units of its limit."""
    frames = [estimator.estimate(image, walk.camera, domain=NEAREST) for image in walk.images]
    limits = np.array([domain.distance_99 for domain in estimator.spec.domains])
    share = [(frame.domain_distances / limits if frame.domain_unlikeness is None
              else frame.domain_unlikeness).min() for frame in frames]
    return {'used': [frame.domain for frame in frames], 'distance': list(map(float, share))}


def through_node(estimator: Estimator, walk: Walk, recording: Recording, logs, **parameters):
    """
    Play the walk through the node; return `used` (None: no depth came) and its diagnostics.

    :param parameters: of the node.
    """
    found = {}
    collector = play(recording, Path(logs), lambda stamp, depth: found.update({stamp: depth}),
                     node='monocular', model=str(estimator.spec.file), engine='onnxruntime',
                     threads=1, far_value='nan', **parameters)
    used = []
    for stamp, image in zip(recording.stamps, walk.images):
        depth, gaps = found.get(stamp), []
        for place in range(len(estimator.spec.domains)):
            own = estimator.estimate(image, walk.camera, domain=place).depth
            gaps.append(np.inf if depth is None else np.nanmedian(np.abs(own - depth)))
        used.append(int(np.argmin(gaps)) if min(gaps) < 1e-3 else None)
    values = collector.values()
    return {'used': used, **{name: values[name] for name in values
                             if name.startswith(('domain', 'images_', 'dropped'))}}


def figures(used, walk: Walk, plain: int) -> dict:
    """Count: share of right choices in the plain parts and in all, changes, first image after."""
    used, truth = np.array([-1 if one is None else one for one in used]), walk.truth
    got = used >= 0
    inside = np.r_[:plain, len(truth) - plain:len(truth)]
    step = np.diff(used[got])
    return {'images': len(truth), 'answered': int(got.sum()),
            'right': float((used == truth)[got].mean()),
            'right_plain': float((used == truth)[inside][got[inside]].mean()),
            'changes': int((step != 0).sum()),
            'first_of_second': int(np.argmax(used == 1)) if (used == 1).any() else None}


def measure(model, folders, out, plain: int = 50, border: int = 30, seeds=(0,),
            settings=None) -> dict:
    """
    Walk through the node with each of several settings.

    :param settings: {name: parameters}; None: with the defaults, and without hysteresis.
    """
    estimator = Estimator(str(model), 'onnxruntime', threads=1)
    settings = settings or {'default': {}, 'no hysteresis': {'domain_hold': 1,
                                                             'domain_margin': 0.0}}
    rows, out = [], Path(out)
    for seed in seeds:
        walk = make_walk(folders, estimator.spec.focal, plain, border, seed)
        recording = write_walk(walk, out / f'walk_{seed}')
        each = alone(estimator, walk)
        rows.append({'seed': seed, 'name': 'each image alone', **each,
                     **figures(each['used'], walk, plain)})
        for name, parameters in settings.items():
            found = through_node(estimator, walk, recording, out, **parameters)
            rows.append({'seed': seed, 'name': name, **found,
                         **figures(found['used'], walk, plain)})
    return {'model': estimator.spec.name, 'domains': [asdict(one) for one in
                                                      estimator.spec.domains],
            'plain': plain, 'border': border, 'rows': rows}


def plot(report, seed) -> str:
    """Return an SVG of the domain that answered each image, a line per choice."""
    rows = [row for row in report['rows'] if row['seed'] == seed]
    # One above the other.
    series = {row['name']: (range(row['images']), [
        None if one is None else one + 1.6 * place for one in row['used']])
        for place, row in enumerate(rows[::-1])}
    return line_plot(series, 'domain that answered each image', 'image',
                     'domain (0 or 1, lines moved apart)').replace(
                         '<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ', 1)


def table(report) -> str:
    """Return the Markdown table."""
    lines = ['| walk | choice | right, plain parts | right, all | changes | first of the second '
             '| answered |', '|---' * 7 + '|']
    for row in report['rows']:
        lines.append(f'| {row["seed"]} | {row["name"]} | {100 * row["right_plain"]:.0f} % | '
                     f'{100 * row["right"]:.0f} % | {row["changes"]} | {row["first_of_second"]} | '
                     f'{row["answered"]} of {row["images"]} |')
    return '\n'.join(lines)
