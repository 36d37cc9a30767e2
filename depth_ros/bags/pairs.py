# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Pairs of images, and the scans around them, out of a recording."""
from dataclasses import replace

from depth_ros import bags
from depth_ros.calibration.recording import Pair, Recording, Turn
from depth_ros.contracts import InputError, NANOSECONDS
from depth_ros.datasets.bag import camera_of, image_of, line_of, pose_in_camera, Reader, wrong_size
from depth_ros.datasets.bag_topics import choose_parts, inventory
from depth_ros.lidar import scan_points
from depth_ros.messages import scan_from_message, stamp_ns
import numpy as np
from tqdm import tqdm

# Seconds to the second image of a pair, and of scans before the first and after the second.
STEP_S, LONGEST_STEP_S, AROUND_S = 0.18, 0.6, 0.35
LARGEST_TRUTH_SKEW_NS = 1_000_000


def read_recording(path, options, count, with_depth=False):
    """
    Read up to `count` pairs, evenly spread.

    :param options: `datasets.Options`.
    :param with_depth: read the recorded depth images too.
    :raises InputError: topics or transforms are missing, or no image has scans around it.
    """
    options = replace(options, unlabelled=True)
    topics, tree = inventory(path)
    parts = choose_parts(topics, options, path)
    if with_depth and parts.truth is None:
        raise InputError(f'{path} has no depth images: leave out --depth recorded')
    camera, line = camera_of(parts, options), parts.scan or parts.cloud
    pose = pose_in_camera(parts, tree, options, line.first.header.frame_id)
    wanted = _choose(parts, line, count, with_depth)
    if not wanted:
        raise InputError(f'{path}: no two images of {parts.image.name} follow each other within '
                         f'{LONGEST_STEP_S:g} s with scans of {line.name} around them; are the '
                         'clocks of the sensors the same?')
    reader = Reader(path, parts, tree, options)
    pairs = tuple(_read(path, parts, line, options, reader, camera, wanted))
    return Recording(str(path), camera, pose, pairs)


def _choose(parts, line, count, with_depth):
    """List (first stamp, second stamp, stamps of scans), evenly spread."""
    stamps, scans = sorted(set(parts.image.stamps)), np.array(sorted(set(line.stamps)))
    array, found = np.array(stamps), []
    for first in stamps:
        at = np.searchsorted(array, first + int(STEP_S * NANOSECONDS))
        if at == len(array) or array[at] - first > LONGEST_STEP_S * NANOSECONDS:
            continue
        if with_depth and parts.truth.nearest(first, LARGEST_TRUTH_SKEW_NS) is None:
            continue
        second, around = int(array[at]), int(AROUND_S * NANOSECONDS)
        near = scans[(scans >= first - around) & (scans <= second + around)]
        if len(near) > 1 and near[0] <= second and near[-1] >= first:
            found.append((first, second, tuple(int(stamp) for stamp in near)))
    if len(found) > count:
        found = [found[int((k + 0.5) * len(found) / count)] for k in range(count)]
    return found


def _read(path, parts, line, options, reader, camera, wanted):
    """Yield the pairs in the order of time, holding no more than what is waited for."""
    image, truth = parts.image.name, parts.truth.name if parts.truth else None
    needed, queue, held = {}, [], {}
    for first, second, near in wanted:
        keys = [(image, first), (image, second), *((line.name, stamp) for stamp in near)]
        if truth:
            stamp = parts.truth.nearest(first, LARGEST_TRUTH_SKEW_NS)
            keys += [(truth, stamp)] if stamp is not None else []
        queue.append((first, second, near, keys))
        for key in keys:
            needed[key] = needed.get(key, 0) + 1
    start_s = wanted[0][0] / NANOSECONDS
    bar = tqdm(total=len(queue), desc='reading', unit='pair', disable=None, leave=False)
    with bar:
        for name, _, msg in bags.read(path, sorted({name for name, _ in needed})):
            key = name, stamp_ns(msg.header)
            if key in needed and key not in held:
                held[key] = _decode(key, msg, image, line, truth, parts, options, reader, camera)
            while queue and all(key in held for key in queue[0][3]):
                first, second, near, keys = queue.pop(0)
                yield Pair((first / NANOSECONDS - start_s, second / NANOSECONDS - start_s),
                           (held[image, first], held[image, second]),
                           tuple(_turn(stamp, start_s, *held[line.name, stamp])
                                 for stamp in near),
                           held[keys[-1]] if keys[-1][0] == truth else None)
                bar.update()
                for key in keys:
                    needed[key] -= 1
                    if not needed[key]:
                        del held[key], needed[key]
            if not queue:
                return


def _turn(stamp, start_s, points, offsets):
    return Turn(stamp / NANOSECONDS - start_s, points, offsets)


def _decode(key, msg, image, line, truth, parts, options, reader, camera):
    if key[0] == image:
        pixels = image_of(parts, {image: msg})
        if pixels.shape[:2] != (camera.height, camera.width):
            raise wrong_size(parts, pixels, camera)
        return pixels
    if key[0] == truth:
        return reader.truth({truth: msg}, None, None, (camera.height, camera.width))
    if parts.scan is not None:
        return scan_points(scan_from_message(msg))
    points, _ = line_of(parts, {line.name: msg}, options)
    return points, np.zeros(len(points))
