# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
The real sets that a completion model is measured on, each with its protocol, in one list.

A row of the suite is one line of the table: a data set, how its line is cut out (one variant or
several, whose figures are averaged), and which of its frames count. Rows with ``blind`` are
never shown unless asked for: nothing is designed or chosen by them.
"""
from dataclasses import dataclass
from pathlib import Path

from depth_ros.camera import Camera
from depth_ros.contracts import InputError
from depth_ros.datasets import open_dataset, Options
from depth_ros.evaluation.metrics import METRICS
from depth_ros.evaluation.run import evaluate
import numpy as np

ROWS_OF_LINE = (0.5, 0.6, 0.7)
# Issued with the recording: the colour camera of that sensor.
REALSENSE = Camera(640, 480, 617.25, 617.5486, 317.3921, 245.9802)
INDOOR, ROAD, RENDERED = 'indoor', 'road', 'rendered'
USUAL_OBJECT = 'kitti_object@-2'
# What the shipped model is to reach: row (None: the mean of the indoor rows), figure, limit.
GOALS = ((None, 'abs_rel', 0.10), *((USUAL_OBJECT + half, figure, limit) for half in ('', '-odd')
                                    for figure, limit in (('abs_rel', 0.13), ('rmse', 5.0))))
BLINDNESS = ('Blind part: no scene, network or setting was chosen by these frames. Whoever looks '
             'at them picture by picture, or chooses by these figures, ends their blindness.')


@dataclass(frozen=True)
class Row:
    """One line of the table; ``half`` takes the frames of even (0) or odd (1) number."""

    name: str
    dataset: str
    folder: str
    group: str
    variants: tuple = (Options(),)
    limit: int | None = None
    half: int | None = None
    blind: bool = False

    def frames(self, data, variant):
        """Open the frames of this row under the folder ``data`` for one of its variants."""
        dataset = open_dataset(self.dataset, Path(data) / self.folder, variant)
        if self.half is not None:
            dataset = dataset.subset(index for index, name in enumerate(dataset.names)
                                     if int(name[-1]) % 2 == self.half)
        return dataset.subset(dataset.spread(self.limit))


def _indoor(name, dataset, folder, limit=None, camera=None, group=INDOOR, blind=False):
    variants = tuple(Options(row=row, camera=camera) for row in ROWS_OF_LINE)
    return Row(name, dataset, folder, group, variants, limit, blind=blind)


def _object(elevation, half):
    return Row(f'kitti_object@{elevation:g}' + ('-odd' if half else ''), 'kitti_object',
               'kitti/object', ROAD, (Options(elevation=elevation),), half=half, blind=half == 1)


SUITE = (
    *(_object(elevation, 0) for elevation in (-5.0, -2.0, 0.0)),
    Row('kitti_depth_completion', 'kitti_depth_completion', 'kitti/depth_completion', ROAD),
    Row('bag kitti_sfnd', 'bag', 'bags/kitti_sfnd_converted', ROAD),
    _indoor('seven_scenes', 'seven_scenes', '7scenes_redkitchen', limit=21),
    _indoor('tum', 'tum', 'tum'),
    _indoor('redwood', 'redwood', 'redwood'),
    _indoor('nyu', 'nyu', 'nyu'),
    *(_object(elevation, 1) for elevation in (-5.0, -2.0, 0.0)),
    _indoor('realsense_boxes', 'redwood', 'realsense_boxes', camera=REALSENSE, blind=True),
    _indoor('icl_nuim', 'icl_nuim', 'sim/icl_nuim', group=RENDERED, blind=True),
)


def rows(blind=False):
    """Return the open rows of the suite, or the blind ones."""
    return [row for row in SUITE if row.blind == blind]


def usual_rows():
    """Return the open rows without a second and third line over the same KITTI object frames."""
    return [row for row in rows() if row.dataset != 'kitti_object' or row.name == USUAL_OBJECT]


def present(data, wanted):
    """
    Split rows into those that are under the folder ``data`` and the names of the absent ones.

    Raises InputError when none is there.
    """
    found = [row for row in wanted if (Path(data) / row.folder).exists()]
    if not found:
        raise InputError(f'{data} holds none of the sets: expected {_folders(wanted)} in it')
    return found, [row.name for row in wanted if row not in found]


def _folders(wanted):
    return ', '.join(dict.fromkeys(row.folder for row in wanted))


def run_suite(data, estimator, protocol, baselines, blind=False, on_frame=None):
    """
    Measure a model on every row that is there.

    Parameters as of ``run.evaluate``; on_frame(row, variant number, sample, depth).

    Returns a dict of plain values: ``rows`` (each with ``name``, ``group``, ``frames``,
    ``metrics``, ``baselines`` as means over the variants, ``residual_on_line``, ``variants``:
    the whole reports), ``absent`` (names), ``means`` ({'indoor': metrics of the model and of
    each baseline}), ``goals``, ``blind``, ``protocol``, ``model``.
    """
    found, absent = present(data, rows(blind))
    measured = [_measure(row, data, estimator, protocol, baselines, on_frame) for row in found]
    means = {group: _mean_row([row for row in measured if row['group'] == group])
             for group in (INDOOR,)}
    first = measured[0]['variants'][0]
    return {'model': first['model'], 'model_details': first['model_details'],
            'protocol': protocol.name, 'protocol_definition': protocol.definition,
            'blind': blind, 'rows': measured, 'absent': absent, 'means': means,
            'goals': _goals(measured, means)}


def _measure(row, data, estimator, protocol, baselines, on_frame):
    reports = []
    for number, variant in enumerate(row.variants):
        def show(sample, depth, number=number):
            on_frame(row, number, sample, depth)
        reports.append(evaluate(row.frames(data, variant), estimator, protocol, baselines,
                                on_frame=show if on_frame else None))
    residuals = [report['residual_on_line'] for report in reports if report['residual_on_line']]
    return {'name': row.name, 'group': row.group, 'frames': reports[0]['frames'],
            'lines': [report['line'] for report in reports],
            'metrics': _mean([report['metrics'] for report in reports]),
            'baselines': {name: _mean([report['baselines'][name] for report in reports])
                          for name in baselines},
            'residual_on_line': _mean(residuals, ('median_abs', 'median_rel')),
            'variants': reports}


def _mean_row(measured):
    if not measured:
        return None
    names = measured[0]['baselines']
    return {'sets': [row['name'] for row in measured],
            'metrics': _mean([row['metrics'] for row in measured]),
            'baselines': {name: _mean([row['baselines'][name] for row in measured])
                          for name in names}}


def _mean(metrics, names=METRICS + ('coverage',)):
    """Mean of each figure over the reports that have it; None where none has."""
    values = {name: [one[name] for one in metrics if one[name] is not None] for name in names}
    return {name: float(np.mean(kept)) if kept else None for name, kept in values.items()}


def _goals(measured, means):
    """List what is aimed at beside what was reached; goals of absent rows are left out."""
    by_name = {row['name']: row['metrics'] for row in measured}
    if means[INDOOR]:
        by_name[None] = means[INDOOR]['metrics']
    return [{'row': name or 'mean of the indoor rows', 'figure': figure, 'goal': limit,
             'value': by_name[name][figure],
             'reached': by_name[name][figure] is not None and by_name[name][figure] <= limit}
            for name, figure, limit in GOALS if name in by_name]
