# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""From a recording to refined numbers, with what they do to the fit of line and images."""
from dataclasses import asdict, dataclass, replace

from depth_ros.calibration.maps import make_maps, working_camera
from depth_ros.calibration.objective import changed, LEAST_SCALES, NAMES, Objective
from depth_ros.calibration.solve import LEAST_MOVED, LIMITS, solve, STARTS_YAW
from depth_ros.contracts import InputError
from depth_ros.estimator import Estimator
from depth_ros.lidar import sparse_depth
from depth_ros.pictures import label, overlay
from depth_ros.poses import quaternion_from
import numpy as np
from tqdm import tqdm

PAIRS = 40
LEAST_PAIRS, LEAST_BEAMS = 8, 400
# A median over so many that grows by this factor says that the result is wrong.
LEAST_COUNT, WORSE = 30, 1.25
# What takes the place of a model's name.
RECORDED, NONE = 'recorded', 'none'
UNITS = ('m', 'm', 'm', 'deg', 'deg', 'deg', 's')
TERM_UNITS = {'flow': 'px', 'depth': 'relative', 'edges': 'px'}


@dataclass(frozen=True)
class Calibration:
    """
    What was found.

    numbers: {name: {unit, change, deviation, known, free_change, free_deviation, limit}}, changes
    of the start; deviation None: left as it was. residuals: {term: {unit, count, before, after}},
    medians. start, found: {lidar_translation, lidar_rotation, scan_stamp_offset}. pictures:
    (caption, before, after) (H, W, 3) uint8.
    """

    path: str
    depth: str
    pairs: int
    beams: int
    moving_share: float
    numbers: dict
    residuals: dict
    start: dict
    found: dict
    findings: tuple
    pictures: tuple = ()

    def as_json(self):
        """Everything but the pictures, as plain values."""
        values = asdict(self)
        del values['pictures']
        return values


def calibrate(path, options, pairs=PAIRS, depth='student', engine='auto', offset=0.0, pictures=0,
              limits=LIMITS):
    """
    Refine the pose of the LiDAR in the camera and `scan_stamp_offset` by a recording.

    :param options: `datasets.Options`; its `extrinsics` replace the recorded ones as the start.
    :param depth: a model (`student`, a file), `recorded` for the depth images of the recording, or
        `none`.
    :param offset: `scan_stamp_offset` that the nodes run with now, seconds.
    :param limits: a number counts as known when its standard deviation is below (7,).
    :raises InputError: the recording lacks a part, or says too little.
    """
    # Recordings need the package rosbags: not before they are asked for.
    from depth_ros.bags.pairs import read_recording
    # A name that is none is told before minutes are spent on reading.
    estimator = None if depth in (RECORDED, NONE) else Estimator(depth, engine=engine)
    recording = read_recording(path, options, pairs, depth == RECORDED)
    if len(recording.pairs) < LEAST_PAIRS:
        raise InputError(f'{path}: {len(recording.pairs)} pairs of images with scans around them '
                         f'are too few, {LEAST_PAIRS} are needed: record longer')
    camera = working_camera(recording.camera)
    maps = images_maps(recording, camera, estimator)
    objective = Objective(recording.pairs, maps, camera, recording.pose, offset,
                          scaled=depth != RECORDED)
    seen = np.isfinite(objective.residuals(np.zeros(7))['flow'][0]).sum()
    if len(objective.points) < LEAST_BEAMS:
        raise InputError(f'{path}: {len(objective.points)} beams near the images are too few, '
                         f'{LEAST_BEAMS} are needed: does the line fall into the image? '
                         '`depth_ros check` says where it falls')
    if not seen and not objective.has_depth:
        raise InputError(f'{path}: the images hold nothing that moves and no depth was asked for: '
                         'drive while recording, or leave out --depth none')
    solution, worse = _solve(objective, limits)
    return _report(recording, objective, solution, worse, depth, offset, limits, pictures)


def images_maps(recording, camera, estimator=None):
    """Return the `Maps` of every pair; without an estimator its recorded depth, if any, counts."""
    try:
        return [make_maps(*pair.images, pair.depth if estimator is None else estimator.estimate(
            pair.images[0], recording.camera).depth, camera)
            for pair in tqdm(recording.pairs, desc='looking', unit='pair', disable=None,
                             leave=False)]
    finally:
        if estimator is not None:
            estimator.close()


def _solve(objective, limits):
    # One for every start, and at most one for every number that is given up.
    with tqdm(total=len(STARTS_YAW) + 1, desc='solving', disable=None, leave=False) as bar:
        solution = solve(objective, limits, advance=bar.update)
    worse = [term for term, found in _residuals(objective, solution.values).items()
             if found['count'] >= LEAST_COUNT and found['after'] > WORSE * found['before']
             and found['after'] > 2 * LEAST_SCALES[term]]
    if worse:
        # What one term gains and another loses is a fault of a term, not of the mounting.
        solution = replace(solution, values=np.zeros(7), known=np.zeros(7, bool),
                           deviations=np.full(7, np.inf))
    return solution, worse


def _report(recording, objective, solution, worse, depth, offset, limits, pictures):
    units = np.array([1, 1, 1, *[180 / np.pi] * 3, 1])
    numbers = {}
    for k, name in enumerate(NAMES):
        known = bool(solution.known[k])
        numbers[name] = {
            'unit': UNITS[k], 'known': known, 'limit': float((limits * units)[k]),
            'change': float((solution.values * units)[k]),
            'deviation': float((solution.deviations * units)[k]) if known else None,
            'free_change': float((solution.free_values * units)[k]),
            'free_deviation': _finite((solution.free_deviations * units)[k])}
    pose = changed(recording.pose, solution.values)
    return Calibration(
        recording.path, depth, len(recording.pairs), len(objective.points),
        float(objective.moving.mean()), numbers, _residuals(objective, solution.values),
        parameters(recording.pose, offset),
        parameters(pose, offset + float(solution.values[6])),
        tuple(_findings(numbers, objective, worse)),
        _pictures(recording, objective, solution, pictures))


def _finite(value):
    return float(value) if np.isfinite(value) else None


def parameters(pose, offset):
    """Return the parameters of the nodes that say where and when the LiDAR is."""
    return {'lidar_translation': [float(value) for value in pose[:3, 3]],
            'lidar_rotation': list(quaternion_from(pose)), 'scan_stamp_offset': float(offset)}


def _residuals(objective, values):
    """Compare medians before and after, over what is known both times."""
    objective.blur(0)
    before, after, result = objective.residuals(np.zeros(7)), objective.residuals(values), {}
    for term, (start, _) in before.items():
        end = after[term][0]
        both = np.isfinite(start) & np.isfinite(end)
        if both.any():
            result[term] = {'unit': TERM_UNITS[term], 'count': int(both.sum()),
                            'before': float(np.median(np.abs(start[both]))),
                            'after': float(np.median(np.abs(end[both])))}
    return result


def _findings(numbers, objective, worse):
    """Yield sentences that people must know before they use the numbers."""
    held = [name for name, number in numbers.items() if not number['known']]
    if not objective.moving.any():
        yield ('the scans do not say how the LiDAR moved (a cloud, too few beams, or nothing to '
               'see): flow and time were left out')
    if worse:
        yield (f'the numbers that fit best make {" and ".join(worse)} worse: none was taken. '
               'Record while driving and turning, among things that stand still')
    elif objective.moved < LEAST_MOVED and len(held) == len(NAMES):
        yield ('the LiDAR hardly moved, and predicted depth alone is not believed: nothing was '
               'changed. Record while driving and turning, or with depth images (--depth '
               'recorded)')
    elif held:
        yield (f'not determined by this recording and left as they were: {", ".join(held)}. '
               'The others hold if these are right')
    for name, number in numbers.items():
        if number['known'] and abs(number['change']) > 2.5 * _usual(name):
            yield (f'{name} changed by {number["change"]:+.3g} {number["unit"]}, farther than '
                   'is looked for: look at the picture, and start again from the result')


def _usual(name):
    return {'time': 0.04}.get(name, 0.05 if name in NAMES[:3] else 2.0)


def _pictures(recording, objective, solution, count):
    chosen = [int((k + 0.5) * len(recording.pairs) / count) for k in range(count)]
    found = []
    for index in sorted(set(chosen)):
        pair, drawn = recording.pairs[index], []
        lines = [sparse_depth(objective.line(values, index), recording.camera)
                 for values in (np.zeros(7), solution.values)]
        measured = np.concatenate([line[line > 0] for line in lines])
        far = float(np.percentile(measured, 95)) if len(measured) else 0.0
        for line, name in zip(lines, ('before', 'after')):
            drawn.append(label(overlay(pair.images[0], line, far=far), name))
        found.append((f'{pair.seconds[0]:.1f} s', *drawn))
    return tuple(found)
