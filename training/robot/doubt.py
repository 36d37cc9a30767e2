# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Does a teacher mean what it was taken for? What it says is held against the line."""
from __future__ import annotations

from dataclasses import replace

from depth_ros.contracts import InputError
import numpy as np
from training.losses.alignment import ENOUGH
from training.robot.measure import scaled
from training.robot.split import hold_back
from training.teacher_depth import open_teacher
from training.teacher_input import INPUTS, own_normalisation, RAW

FRAMES = 16
MOST = 300  # pixels of a frame whose order is compared
AGREES = 0.2  # order of teacher and line, see `agreement`; less is none
# Another input is worth a word where it makes this part of the error, by so many standard errors.
BETTER, SURE = 0.75, 1.5


def agreement(teacher, samples) -> float:
    """
    Compare the order of depth on the line with the teacher's.

    :returns: the median over frames of (right - wrong) / both, of all pairs of pixels that differ
        in both: 1 the same order, -1 turned round; NaN where no frame tells.
    """
    found = []
    for sample in samples:
        measured = sample.sparse > 0
        if measured.sum() < ENOUGH:
            continue
        step = int(measured.sum()) // MOST + 1
        depth = teacher.depth(np.array(sample.image))
        one, other = (np.sign(np.subtract.outer(values, values)) for values in (
            depth[measured][::step], sample.sparse[measured][::step]))
        if (one * other).any():
            found.append((one * other).sum() / np.abs(one * other).sum())
    return float(np.median(found)) if found else float('nan')


def line_errors(teacher, samples, rule, seed) -> np.ndarray:
    """Return the mean relative error at held-back beams of each frame."""
    found = []
    for number, sample in enumerate(samples):
        shown, held = hold_back(sample.sparse, sample.camera, (seed, number))
        if (shown > 0).any() and (held > 0).any():
            metric = scaled(teacher.depth(np.array(sample.image)), shown, rule)
            found.append(np.mean(np.abs(metric - held)[held > 0] / held[held > 0]))
    return np.array(found)


def other_inputs(teacher, path) -> tuple:
    """Return (name, layout) of what else an ONNX file that takes floats could want."""
    teacher = getattr(teacher, 'teacher', teacher)  # of a cache
    layout = getattr(teacher, 'layout', None)
    if layout is None or teacher.bytes or layout.mean or layout.std:
        return ()
    used = next(name for name, values in INPUTS.items() if values == (teacher.mean, teacher.std))
    return tuple((name, replace(layout, takes=name))
                 for name in (RAW if own_normalisation(path) else INPUTS) if name != used)


def doubts(teacher, path, samples, rule, seed=0, stated=None) -> list:
    """
    Return sentences about a teacher that the line speaks against.

    :param teacher: open, from `path`; samples: some frames; rule: how the line scales it.
    :param stated: kind that the user gave for an ONNX file of others.
    :raises InputError: depth and disparity were mixed up.
    """
    samples, said = list(samples), []
    order = agreement(teacher, samples)
    if order < -AGREES and stated:
        other = 'depth' if stated == 'disparity' else 'disparity'
        raise InputError(f'the teacher says near where the LiDAR measures far (order '
                         f'{order:+.2f} on {len(samples)} frames, of -1 to 1): does it give '
                         f'{other}? --teacher-kind {other}')
    if order < AGREES:
        said.append(f'The teacher hardly agrees with the line about what is near and what is far '
                    f'(order {order:+.2f}, of -1 to 1): it teaches little.')
    found = _better_input(teacher, path, samples, rule, seed)
    if found is not None:
        said.append(f'With --teacher-input {found[0]} the error of the teacher on the line is '
                    f'{found[1]:.2f} of what it is now ({len(samples)} frames): is its input '
                    'what was said?')
    return said


def _better_input(teacher, path, samples, rule, seed):
    """Return the name of the best other input and its part of the error; None: none is better."""
    better, errors = {}, line_errors(teacher, samples, rule, seed)
    for name, layout in other_inputs(teacher, path):
        try:
            others = line_errors(open_teacher(path, layout), samples, rule, seed)
        except InputError:  # it cannot take that, which is an answer
            continue
        change = np.log(others / errors)
        error = change.std(ddof=1) / len(change) ** 0.5 if len(change) > 1 else np.inf
        part = float(np.exp(change.mean()))
        if part < BETTER and change.mean() < -SURE * error:
            better[name] = part
    return min(better.items(), key=lambda item: item[1]) if better else None
