# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Reruns tables of completion from a teacher and one line: rows times folds times seeds."""
from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
import json
import math
from pathlib import Path
import time

from depth_ros.contracts import InputError
from depth_ros.evaluation.environment import environment
from depth_ros.evaluation.protocols import find_protocol
from depth_ros.evaluation.run import plain
import numpy as np
import torch
from training.datasets.frames import Frames, Source
from training.datasets.pipeline import Augmentation
from training.experiment import fit, load_config
from training.export import export
from training.tables.kitti import find_kitti
from training.tables.line import (
    HIGHER,
    measure_frames,
    of_model,
    of_teacher,
    PROTOCOL,
    VIEWS,
)
from training.tables.rerun import CONFIGS, DONE, NOT_COMPARABLE, same_settings, wanted_rows
from training.tables.table import Row
from training.teacher_cache import CachedTeacher
from training.teacher_depth import open_teacher


@dataclass(frozen=True)
class TaughtRow(Row):
    """
    One row: a student (config and change), or the teacher itself, measured by `scaled_by`.

    :param taught_by: role of the teacher, see `Teachers`.
    :param small: changes on small data, after `change`; small_steps, small_seeds: there.
    """

    taught_by: str = ''
    scaled_by: str | None = None
    small: tuple[str, ...] = ()
    small_steps: int = 80
    small_seeds: tuple[int, ...] = (1, 2, 3)


@dataclass(frozen=True)
class Teachers:
    """Where a role's weights are looked for below the root: published ones, and a stand-in."""

    full: str
    small: str


def rerun_taught(table, root, settings, rows=None, small: bool = False) -> dict:
    """
    Rerun a table; see `rerun.rerun` for parameters and what it returns.

    `settings.teachers` maps roles to files or folders that take the place of those found.
    Figures are means over seeds, of each the figures over the frames of all folds; `spread` is
    their standard deviation. `views` holds the same for each of `line.VIEWS`.
    """
    found = find_kitti(root, small, settings.elevation)
    wanted = wanted_rows(table, rows)
    teachers = {row.taught_by: _teacher(table, row.taught_by, Path(root), found, settings)
                for row in table.rows if row.name in wanted and row.taught_by}
    done = {row.name: _row(table, row, found, settings, teachers[row.taught_by])
            for row in table.rows if row.name in wanted and row.taught_by}
    comparable = found.full and settings.steps is None
    return plain({
        'table': table.name, 'title': table.title, 'source': table.source,
        'columns': table.columns, 'comparable': comparable,
        'note': '' if comparable else _note(found, settings, teachers), 'views': VIEWS,
        'data': {'full': found.full, 'root': str(root), 'lacks': found.lacks,
                 'elevation': found.elevation,
                 'teachers': {role: str(path) for role, path in teachers.items()}},
        'rows': [{'name': row.name, 'label': row.label, 'quoted': not row.taught_by,
                  'published': row.published, **done.get(row.name, {'measured': None})}
                 for row in table.rows],
        'environment': {**environment(), 'torch': torch.__version__,
                        'threads': torch.get_num_threads()}})


def _note(found, settings, teachers):
    stand_ins = ', '.join(f'{path.parent.name}/{path.name} for {role}'
                          for role, path in teachers.items())
    why = [] if found.full else [
        f'few frames, other teachers ({stand_ins}), small images, few steps']
    if settings.steps is not None:
        why.append(f'{settings.steps} steps per run instead of the recipe')
    full = f' The full data are {found.lacks}.' if found.lacks.startswith('missing') else ''
    return (f'{NOT_COMPARABLE}: {"; ".join(why)}. Rows compare with each other: same frames, '
            f'line at {found.elevation:g} degrees.{full}')


def _teacher(table, role, root, found, settings):
    """Return the path of a role's weights, or say where they are expected."""
    places = table.teachers[role]
    path = settings.teachers.get(role) or root / (places.full if found.full else places.small)
    if not Path(path).exists():
        raise InputError(
            f'no weights of the teacher {role} at {path}: put them there, or name a folder with '
            f'encoder.pth and depth.pth, a last.ckpt or an ONNX file by --teacher {role}=PATH')
    return Path(path)


def _row(table, row, found, settings, teacher):
    """Train and measure what is not done yet; returns the row of the report."""
    seeds = (1,) if row.scaled_by else settings.seeds or (
        (1,) if found.full else row.small_seeds)
    runs, start = {}, time.monotonic()
    for seed in seeds:
        runs[seed] = [_run(table, row, found, fold, seed, settings, teacher)
                      for fold in found.folds]
    frames = {seed: [frame for run in runs[seed] for frame in run['frames']] for seed in seeds}
    views = {view: seed_figures([[frame[view] for frame in frames[seed]] for seed in seeds],
                                table.columns) for view in VIEWS}
    first = runs[seeds[0]][0]
    trained = Counter()
    for fold in found.folds if not row.scaled_by else ():
        trained.update(fold.frames)
    return {'measured': views['plain']['mean'], 'spread': views['plain']['spread'],
            'views': views, 'protocol': PROTOCOL,
            'protocol_definition': find_protocol(PROTOCOL).definition,
            'trained_on': dict(trained), 'folds': [fold.name for fold in found.folds],
            'measured_on': dict(Counter(run['dataset'] for run in runs[seeds[0]]
                                        for _ in run['frames'])),
            'seeds': list(seeds), 'size': first.get('size'), 'batch': first.get('batch'),
            'steps': first.get('steps'),
            'seconds': sum(run.get('seconds', 0.0) for part in runs.values() for run in part)
            or time.monotonic() - start,
            'runs': {seed: [run['run'] for run in part] for seed, part in runs.items()}}


def seed_figures(per_seed, columns):
    """Return mean and standard deviation over seeds of the figures over frames."""
    protocol = find_protocol(PROTOCOL)
    combined = [protocol.combine(frames) for frames in per_seed]
    values = {name: [one[name] for one in combined] for name in columns}
    spread = None if len(per_seed) < 2 else {
        name: float(np.std(v, ddof=1)) for name, v in values.items()}
    return {'mean': {name: float(np.mean(v)) for name, v in values.items()}, 'spread': spread}


def row_config(table, row, found, fold, seed, settings, teacher) -> dict:
    """Make the configuration of a run for `training.experiment.fit`."""
    change = row.change if found.full else (*row.change, *table.small_change, *row.small)
    config = load_config(CONFIGS / f'{row.config}.yaml', change)
    config['seed'] = seed
    data, model, trainer = (config['data']['init_args'], config['model']['init_args'],
                            config['trainer'])
    data.update(teacher=str(teacher), cache=str(settings.runs / 'teacher_cache'),
                train=fold.train, validation=fold.measured if found.full else [])
    steps = settings.steps or (None if found.full else row.small_steps)
    if steps:
        # The published schedule, squeezed: half the rate after each quarter of the steps.
        trainer.pop('max_epochs', None)
        trainer.update(max_steps=steps, limit_val_batches=0)
        model.update(decay_every=math.ceil(steps / 4), decay_unit='step')
    return json.loads(json.dumps(config))


def _run(table, row, found, fold, seed, settings, teacher):
    """Give the frames' figures of one run; read from row.json where that is there."""
    folder = settings.runs / table.name / (row.name if found.full else f'{row.name}-small')
    run = folder / f'{fold.name}-seed{seed}'
    if row.scaled_by:
        cached = CachedTeacher(open_teacher(teacher), settings.runs / 'teacher_cache')
        return {**_measure(of_teacher(cached, row.scaled_by), fold), 'run': str(teacher)}
    config = row_config(table, row, found, fold, seed, settings, teacher)
    same_settings(run, config)
    if (run / DONE).is_file():
        return json.loads((run / DONE).read_text())
    start = time.monotonic()
    fit(config, run)
    seconds = time.monotonic() - start
    export(run / 'last.ckpt', run / 'model.onnx')
    data = config['data']['init_args']
    result = plain({**_measure(of_model(run / 'model.onnx'), fold), 'run': str(run),
                    'size': data['steps']['crop'], 'batch': data['batch_size'],
                    'steps': _steps_of(run), 'seconds': round(seconds, 1)})
    (run / DONE).write_text(json.dumps(result, indent=1) + '\n')
    if not found.full:
        (run / 'last.ckpt').unlink()  # the model file has the weights
    return result


def _measure(estimate, fold):
    frames = []
    for source in fold.measured:
        frames += measure_frames(estimate, *(
            _samples({**source, 'elevation': source['elevation'] + move})
            for move in (0.0, HIGHER)))
    return {'frames': frames, 'dataset': fold.measured[0]['dataset']}


def _samples(source):
    part = Frames(Source(**source), Augmentation(), False)
    return part.data.subset(part.indices).samples()


def _steps_of(run):
    from training.networks.encoders import read_checkpoint
    return int(read_checkpoint(run / 'last.ckpt')['global_step'])
