# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a depth estimate must beat: dense maps from the line with almost no cleverness."""
import os

from depth_ros import engines
from depth_ros.contracts import InputError
from depth_ros.model import read_spec
import numpy as np

TEACHER_VARIABLE = 'DEPTH_ROS_TEACHER'


def line_median(sparse):
    """Return the median of the line everywhere; sparse, result (H, W) metres, NaN unknown."""
    measured = sparse[sparse > 0]
    value = np.median(measured) if len(measured) else np.nan
    return np.full(sparse.shape, value, np.float32)


def nearest_fill(sparse):
    """
    Fill every column with its nearest measurement, empty columns from the nearest column.

    sparse: (H, W) metres, 0 none. Returns (H, W) metres, NaN everywhere without measurements.
    """
    filled = np.full(sparse.shape, np.nan, np.float32)
    rows = np.arange(sparse.shape[0])
    columns = np.flatnonzero((sparse > 0).any(axis=0))
    for column in columns:
        measured = np.flatnonzero(sparse[:, column] > 0)
        between = (measured[1:] + measured[:-1]) / 2.0
        filled[:, column] = sparse[measured[np.searchsorted(between, rows)], column]
    if len(columns):
        between = (columns[1:] + columns[:-1]) / 2.0
        filled = filled[:, columns[np.searchsorted(between, np.arange(sparse.shape[1]))]]
    return filled


class ScaledTeacher:
    """A relative-depth model scaled to metres by the median ratio on the line."""

    def __init__(self, path):
        """Open a model file of task ``relative``."""
        self.spec = read_spec(path)
        if self.spec.task != 'relative':
            raise InputError(f'{path} is a {self.spec.task} model; a teacher needs one of task '
                             'relative: export it with `python -m training.teachers`')
        self._engine = None

    def __call__(self, image, sparse):
        """Return depth (H, W) in metres for image (H, W, 3) and line (H, W), 0 none."""
        height, width = image.shape[:2]
        if self._engine is None or (self._engine.height, self._engine.width) != (height, width):
            self._engine = engines.load('auto', self.spec, height, width)
        depth = self._engine.run(image)['depth']
        measured = sparse > 0
        if not measured.any():
            return np.full(depth.shape, np.nan, np.float32)
        return depth * np.median(sparse[measured] / depth[measured])


def line_baselines(teacher=None):
    """
    Return {name: function(image, sparse) -> depth (H, W)} of all baselines there are.

    teacher: model file; None takes the file that the environment variable DEPTH_ROS_TEACHER
    names, if any.
    """
    baselines = {'line_median': lambda image, sparse: line_median(sparse),
                 'nearest_fill': lambda image, sparse: nearest_fill(sparse)}
    path = teacher or os.environ.get(TEACHER_VARIABLE)
    if path:
        baselines['teacher'] = ScaledTeacher(path)
    return baselines
