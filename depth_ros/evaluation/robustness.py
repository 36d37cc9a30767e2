# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
How much the error rises when inputs are spoiled: one curve per kind of trouble and set group.

The error is REL, mean over the frames of a set and then over the sets of a group. Levels are
compared with the same frames unspoiled.
"""
from collections.abc import Callable
from dataclasses import dataclass, replace

from depth_ros.datasets import Options
from depth_ros.evaluation import perturbations, skew
from depth_ros.evaluation.scaled import ScaledByLine
from depth_ros.evaluation.suite import INDOOR, present, ROAD, Row, usual_rows
import numpy as np
from tqdm import tqdm

SEED = 0
# Which option says where the line is, and the usual place.
LINES = {ROAD: 'elevation', INDOOR: 'row'}
USUAL = {ROAD: -2.0, INDOOR: 0.6}
# Of each set: enough for a trend, few enough for a minute.
FRAMES = 7
BOTH = (1, -1)
HEIGHTS = {ROAD: (1.0, 0.0, -1.0, -2.0, -3.0, -5.0, -8.0),
           INDOOR: (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)}


@dataclass(frozen=True)
class Trouble:
    """
    One kind: ``spoil(sample, level, rng, sign)`` returns a sample; ``usual`` is the level of none.

    Each level is measured for every sign and averaged, with another ``rng`` each.
    """

    name: str
    unit: str
    levels: tuple
    spoil: Callable
    usual: float = 0.0
    signs: tuple = (1,)


def _turned(axis):
    return lambda sample, degrees, rng, sign: perturbations.move_line(
        sample, perturbations.rotation(axis, degrees * sign))


def _shifted(axis):
    return lambda sample, centimetres, rng, sign: perturbations.move_line(
        sample, perturbations.translation(axis, centimetres / 100 * sign))


TROUBLES = (
    Trouble('beams dropped', '%', (30, 60, 90),
            lambda sample, level, rng, sign: perturbations.drop_beams(sample, level / 100, rng),
            signs=BOTH),
    Trouble('range noise', 'cm', (1, 2, 3, 5),
            lambda sample, level, rng, sign: perturbations.range_noise(sample, level / 100, rng),
            signs=BOTH),
    *(Trouble(f'extrinsics turned, {name}', 'degrees', (0.5, 1, 2), _turned(axis), signs=BOTH)
      for name, axis in (('pitch', 'x'), ('yaw', 'y'), ('roll', 'z'))),
    *(Trouble(f'extrinsics shifted, {name}', 'cm', (1, 2, 5), _shifted(axis), signs=BOTH)
      for name, axis in (('sideways', 'x'), ('up or down', 'y'), ('ahead', 'z'))),
    Trouble('exposure', 'stops', (-2, -1, 1, 2),
            lambda sample, level, rng, sign: perturbations.expose(sample, level)),
    Trouble('motion blur', 'pixels', (3, 7, 11, 15),
            lambda sample, level, rng, sign: perturbations.motion_blur(sample, level), usual=1),
    Trouble('no colour: grey image', '', (1,),
            lambda sample, level, rng, sign: perturbations.without_image(sample)),
)
NO_LINE = 'no line: answer scaled on it'


def run_robustness(data, estimator, frames=FRAMES):
    """
    Measure all curves on the open indoor sets and KITTI object under the folder ``data``.

    frames: at most so many of each set. Returns a dict of plain values: ``usual`` (REL of the
    unspoiled frames by group), ``curves``: list of ``name``, ``unit``, ``group``, ``levels``,
    ``rel``, ``change`` (difference to the unspoiled), ``by_set``; ``frames`` by set.
    """
    found, absent = present(data, _rows(frames))
    groups = {}
    for row in found:
        samples = list(_open(row, data, USUAL[row.group]))
        groups.setdefault(row.group, {})[row.name] = (row, samples)
    bar = tqdm(total=sum(len(TROUBLES) + 2 for _ in groups), unit='curve', disable=None)
    usual, curves = {}, []
    for group, sets in groups.items():
        samples = {name: kept for name, (_, kept) in sets.items()}
        usual[group] = _errors(estimator, samples)
        for trouble in TROUBLES:
            curves.append(_curve(trouble, group, samples, estimator, usual[group]))
            bar.update()
        scaled = _errors(ScaledByLine(estimator), samples)
        curves.append(_record(NO_LINE, '', group, (1,), [scaled], usual[group]))
        bar.update()
        curves.append(_height(group, sets, data, estimator))
        bar.update()
    bar.close()
    curves += skew.curves(data, groups, estimator, _errors, _record)
    return {'usual': {group: _mean(errors) for group, errors in usual.items()},
            'usual_by_set': usual, 'curves': curves, 'absent': absent, 'seed': SEED,
            'frames': {row.name: len(kept) for sets in groups.values()
                       for row, kept in sets.values()}}


def _rows(frames):
    """Rows of the suite that need no more than an image and a line, with few frames."""
    return [replace(row, limit=frames) for row in usual_rows()
            if row.group == INDOOR or row.dataset == 'kitti_object']


def _open(row: Row, data, line):
    dataset = row.frames(data, Options(**{LINES[row.group]: line}))
    return dataset.samples()


def _errors(estimator, sets):
    """Return {set: mean REL over its samples}; None where nothing can be compared."""
    result = {}
    for name, samples in sets.items():
        errors = [error for error in (_rel(estimator, sample) for sample in samples)
                  if error is not None]
        result[name] = float(np.mean(errors)) if errors else None
    return result


def _rel(estimator, sample):
    truth = sample.depth
    depth = estimator.estimate(sample.image, sample.camera, sparse=sample.sparse).depth
    if estimator.spec.depth_max:
        depth = np.where(np.isposinf(depth), estimator.spec.depth_max, depth)
    known = np.isfinite(truth) & (truth > 0) & np.isfinite(depth)
    if not known.any():
        return None
    return float(np.mean(np.abs(depth[known] - truth[known]) / truth[known]))


def _curve(trouble, group, sets, estimator, usual):
    errors = []
    for number, level in enumerate(trouble.levels):
        signed = []
        for sign in trouble.signs:
            rng = np.random.default_rng([SEED, number, sign + 1])
            signed.append(_errors(estimator, {
                name: [trouble.spoil(sample, level, rng, sign) for sample in samples]
                for name, samples in sets.items()}))
        errors.append({name: _mean({k: one[name] for k, one in enumerate(signed)})
                       for name in sets})
    return _record(trouble.name, trouble.unit, group, trouble.levels, errors, usual,
                   trouble.usual)


def _height(group, sets, data, estimator):
    errors = []
    for line in HEIGHTS[group]:
        samples = {name: list(_open(row, data, line)) for name, (row, _) in sets.items()}
        errors.append(_errors(estimator, samples))
    unit = 'degrees elevation' if group == ROAD else 'of the height'
    usual = HEIGHTS[group].index(USUAL[group])
    return _record('line height', unit, group, HEIGHTS[group], errors, errors[usual],
                   USUAL[group])


def _record(name, unit, group, levels, errors, usual, usual_level=0.0):
    """Return one curve; errors: {set: REL} per level."""
    rel = [_mean(one) for one in errors]
    reference = _mean(usual)
    return {'name': name, 'unit': unit, 'group': group, 'levels': list(levels), 'rel': rel,
            'usual_level': usual_level, 'usual': reference,
            'change': [None if value is None else value - reference for value in rel],
            'by_set': {name: [one[name] for one in errors] for name in usual}}


def _mean(errors):
    values = [value for value in errors.values() if value is not None]
    return float(np.mean(values)) if values else None
