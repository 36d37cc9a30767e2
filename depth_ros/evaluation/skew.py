# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Error when image and scan are not of the same moment: three ways to have a moving camera.

- 7-Scenes: the camera's poses are known every 267 ms; between two it is taken to move at
  constant velocity and turn rate, and the line is what it would have seen from where it is then.
- A recording at 10 Hz: an image with the scan 100 ms earlier and the one 100 ms later. Exact.
- KITTI object frames stand alone: the line is moved as if the car drove straight at 10 m/s.
"""
from dataclasses import replace
from pathlib import Path

from depth_ros.datasets import Options
from depth_ros.evaluation import perturbations
from depth_ros.evaluation.suite import INDOOR, ROAD, SUITE
import numpy as np

MILLISECONDS = (25, 50, 75, 100)
FRAMES_PER_S = 30.0
DRIVE_M_S = 10.0
STEP_S, STEP_TOLERANCE_S = 0.1, 0.01


def curves(data, groups, estimator, errors, record):
    """Return the curves of what is there; errors and record are those of ``robustness``."""
    result = []
    scenes = groups.get(INDOOR, {}).get('seven_scenes')
    if scenes is not None:
        result += _from_poses(data, *scenes, estimator, errors, record)
    streets = {name: kept for name, (_, kept) in groups.get(ROAD, {}).items()}
    if streets:
        result.append(_driven(streets, estimator, errors, record))
    return result + _from_recording(data, estimator, errors, record)


def _driven(sets, estimator, errors, record):
    """Leave the line where it was measured, while the car drives on."""
    levels = []
    for milliseconds in MILLISECONDS:
        behind = perturbations.translation('z', DRIVE_M_S * milliseconds / 1000)
        levels.append(errors(estimator, {
            name: [perturbations.move_line(sample, behind) for sample in samples]
            for name, samples in sets.items()}))
    return record(f'skew, driving at {DRIVE_M_S:g} m/s', 'ms', ROAD, MILLISECONDS, levels,
                  errors(estimator, sets))


def _from_poses(data, row, samples, estimator, errors, record):
    folder, motions = Path(data) / row.folder, {}
    for sample in samples:
        motion = motion_to_next(folder, sample.name)
        if motion is not None:
            motions[sample.name] = motion
    kept = [sample for sample in samples if sample.name in motions]
    if not kept:
        return []
    levels = []
    for milliseconds in MILLISECONDS:
        moved = [perturbations.row_seen_from(sample, perturbations.part_of_motion(
            motions[sample.name][0], milliseconds / 1000 / motions[sample.name][1]))
            for sample in kept]
        levels.append(errors(estimator, {row.name: moved}))
    still = [perturbations.row_seen_from(sample, np.eye(4)) for sample in kept]
    return [record('skew, camera in the hand', 'ms', INDOOR, MILLISECONDS, levels,
                   errors(estimator, {row.name: still}))]


def motion_to_next(folder, name):
    """
    Return the pose (4, 4) of the next frame in this frame's camera, and the seconds between.

    name: `[scene/]frame-NNNNNN.color`. None without a later frame or with a broken pose.
    """
    file = Path(folder) / name.replace('.color', '.pose.txt')
    number = int(file.name.split('-')[1].split('.')[0])
    later = sorted(other for other in file.parent.glob('frame-*.pose.txt')
                   if int(other.name.split('-')[1].split('.')[0]) > number)
    if not later or not file.is_file():
        return None
    here, there = np.loadtxt(file), np.loadtxt(later[0])
    if here.shape != (4, 4) or there.shape != (4, 4) or not np.isfinite([here, there]).all():
        return None
    after = int(later[0].name.split('-')[1].split('.')[0])
    return np.linalg.inv(here) @ there, (after - number) / FRAMES_PER_S


def _from_recording(data, estimator, errors, record):
    row = next(row for row in SUITE if row.dataset == 'bag')
    if not (Path(data) / row.folder).exists():
        return []
    samples = list(row.frames(data, Options()).samples())
    middle = [index for index in range(1, len(samples) - 1)
              if _step(samples[index - 1], samples[index])
              and _step(samples[index], samples[index + 1])]
    if not middle:
        return []
    levels = [errors(estimator, {row.name: [
        replace(samples[index], sparse=samples[index + step].sparse) for index in middle]})
        for step in (-1, 0, 1)]
    return [record('skew, recording at 10 Hz', 'ms', ROAD, (-100, 100), levels[::2], levels[1])]


def _step(earlier, later):
    """Tell whether two samples of a recording, named by their stamps, are one period apart."""
    return abs(float(later.name) - float(earlier.name) - STEP_S) < STEP_TOLERANCE_S
