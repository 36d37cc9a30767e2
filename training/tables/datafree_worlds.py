# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Reruns tables of data-free distillation on procedural worlds: one teacher, rows times seeds."""
from __future__ import annotations

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
from training.datasets.frames import Source
from training.datasets.pipeline import Augmentation
from training.datasets.simulated import SimulatedFrames
from training.datasets.stored import INDEX
from training.experiment import build, fit, load_config
from training.methods.metric_depth import normalised
from training.networks.metric import load_network
from training.tables.measure import measure_depth
from training.tables.rerun import CONFIGS, DONE, same_settings, wanted_rows
from training.tables.table import Row

HOME, AWAY = 'room', ('hall', 'corridor')  # what the teacher knows, what the students see
STEPS = {'size': [78, 104], 'crop': [72, 96]}
PART = 6  # X'_1 is so small a part of X'_2
RENDER = ('python -m training render-stored --out {0} --kinds room --train 1000 --test 200 '
          '--validation 60, then python -m training render-stored --out {0} --kinds hall corridor '
          '--train 400 --test 20 --validation 20 --instances')
VIEWS = {'teacher': "against the teacher's answers in place of the truth"}
NOTE = ('There are no published figures of these worlds: other frames, light networks, small '
        'images, few steps. Rows compare with each other.')


@dataclass(frozen=True)
class WorldRow(Row):
    """
    One row.

    :param images: of HOME, of AWAY, 'part' of those (a PART-th), or None: none at all.
    :param seeds: where others are not asked for; a row without teacher has one run, the first.
    :param steps, batch: of a run.
    """

    images: str | None = 'away'
    seeds: tuple[int, ...] = (1, 2)
    steps: int = 800
    batch: int = 4


def rerun_worlds(table, root, settings, rows=None, small: bool = False) -> dict:
    """
    Rerun a table; see `rerun.rerun` for parameters and what it returns.

    Figures are means over seeds, `spread` is their standard deviation; `views` has the same
    against the teacher. `small` changes nothing.
    """
    if settings.elevation is not None:
        raise InputError(f'--elevation is for tables of completion, not for {table.name}')
    places = find_places(Path(root))
    wanted = wanted_rows(table, rows)
    done = {row.name: _row(table, row, places, settings)
            for row in table.rows if row.name in wanted}
    short = '' if settings.steps is None else f' {settings.steps} steps per row.'
    return plain({
        'table': table.name, 'title': table.title, 'source': table.source,
        'columns': table.columns, 'comparable': False, 'note': NOTE + short, 'views': VIEWS,
        'data': {'full': False, 'root': str(root), 'lacks': 'procedural'},
        'rows': [{'name': row.name, 'label': row.label, 'quoted': False,
                  'published': row.published, **done.get(row.name, {'measured': None})}
                 for row in table.rows],
        'environment': {**environment(), 'torch': torch.__version__,
                        'threads': torch.get_num_threads()}})


def find_places(root: Path) -> dict:
    """
    Return {images: (sources, frames)} of home, away and test.

    :raises InputError: something is missing; names the commands.
    """
    def sources(part, *kinds):
        return [{'dataset': 'stored', 'path': str(root / kind / part)} for kind in kinds]
    found = {'home': sources('train', HOME), 'away': sources('train', *AWAY),
             'test': sources('test', HOME)}
    absent = [source['path'] for group in found.values() for source in group
              if not (Path(source['path']) / INDEX).is_file()]
    if absent:
        raise InputError(f'no frames in {absent[0]}: {RENDER.format(root)}; then --data {root}')
    frames = {name: [SimulatedFrames(Source(**source), Augmentation()) for source in group]
              for name, group in found.items()}
    without = [source['path'] for source, part in zip(found['away'], frames['away'])
               if not part.has_instances]
    if without:
        raise InputError(f'{without[0]} has no ids of things, which images are mixed by: remove '
                         f'it, then {RENDER.format(root)}')
    return {name: (group, sum(map(len, frames[name]))) for name, group in found.items()}


def row_config(table, row, places, settings, seed) -> dict:
    """Make the configuration of a run for `training.experiment.fit`."""
    config = load_config(CONFIGS / f'{row.config}.yaml', (*table.small_change, *row.change))
    data, model = config['data']['init_args'], config['model']['init_args']
    config['seed'] = seed
    steps = settings.steps or row.steps
    data.update(validation=places['test'][0], steps=STEPS, batch_size=row.batch, workers=0,
                in_memory=True, train=[])
    if row.teacher:
        data['number'] = None
    if row.images:
        data['train'] = [{**source, 'labelled': not row.teacher}
                         for source in places['home' if row.images == 'home' else 'away'][0]]
    else:
        data['blank'] = places['away'][1]
    if row.images == 'part':
        data.update(number=max(row.batch, places['away'][1] // PART), subset_seed=seed)
    if row.teacher:
        model['teacher_checkpoint'] = str(_folder(table, row.teacher, settings, 1) / 'last.ckpt')
    config['trainer'].pop('max_epochs', None)
    config['trainer'].update(max_steps=steps, limit_val_batches=0, log_every_n_steps=10,
                             checkpoint_steps=min(200, steps))
    model.update(decay_every=math.ceil(0.6 * steps), decay_by=0.2, decay_unit='step')
    return json.loads(json.dumps(config))


def _folder(table, name, settings, seed):
    return settings.runs / table.name / name / f'seed{seed}'


def _row(table, row, places, settings):
    """Train and measure what is not done yet; returns the row of the report."""
    seeds = (settings.seeds or row.seeds) if row.teacher else (1,)
    runs = [_run(table, row, places, settings, seed) for seed in seeds]
    values = {name: [run['figures'][name] for run in runs] for name in table.columns}
    measured, protocol = _over_seeds(values), runs[0]['protocol']
    return {'measured': measured['mean'], 'spread': measured['spread'], 'per_seed': values,
            'views': {'teacher': _over_seeds({
                name: [run['against_teacher'][name] for run in runs] for name in table.columns}
                if row.teacher else {})},
            'seeds': list(seeds), 'protocol': protocol,
            'protocol_definition': find_protocol(protocol).definition,
            'trained_on': {'procedural frames': runs[0]['images']} if row.images else {},
            'origin': f'{runs[0]["images"]} blank images', 'runs': [run['run'] for run in runs],
            'measured_on': {f'procedural frames ({HOME})': places['test'][1]},
            'size': STEPS['crop'], 'batch': row.batch, 'steps': runs[0]['steps'],
            'seconds': float(np.mean([run['seconds'] for run in runs]))}


def _over_seeds(values):
    return {'mean': {name: float(np.mean(v)) for name, v in values.items()},
            'spread': {name: float(np.std(v, ddof=1)) for name, v in values.items()}
            if any(len(v) > 1 for v in values.values()) else None}


def _run(table, row, places, settings, seed):
    """Give what row.json of one run holds; it is made where it is not there."""
    run, config = (_folder(table, row.name, settings, seed),
                   row_config(table, row, places, settings, seed))
    same_settings(run, config)
    if (run / DONE).is_file():
        return json.loads((run / DONE).read_text())
    start = time.monotonic()
    fit(config, run)
    seconds = time.monotonic() - start
    device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    # The weights come from the checkpoint.
    model = {**config['model'], 'init_args': {**config['model']['init_args'], 'imagenet': False}}
    method, data = build(model), build(config['data'])
    load_network(method.net, run / 'last.ckpt')
    method.eval().to(device)
    part = config['data']['init_args']
    result = plain({
        'figures': measure_depth(method, data.val_dataloader()), 'run': str(run),
        'against_teacher': against_teacher(method, data.val_dataloader()) if row.teacher else {},
        'protocol': method.protocol.name, 'steps': config['trainer']['max_steps'],
        'images': part.get('number') or places[row.images if row.images == 'home'
                                               else 'away'][1],
        'seconds': round(seconds, 1)})
    (run / DONE).write_text(json.dumps(result, indent=1) + '\n')
    return result


def against_teacher(method, loader) -> dict:
    """Measure a student by its teacher's answers above 0 m; see `measure_depth`."""
    method.setup('fit')

    def answered():
        for batch in loader:
            answer = method.unit(batch) * method.teach(
                normalised(batch['image']), batch['depth'].shape[1:])
            yield {**batch, 'depth': torch.where(answer > 0, answer, torch.nan)[:, 0]}
    return measure_depth(method, answered())
