# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Trains and measures the rows of a table; a row that is done is not done again."""
from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
import json
from pathlib import Path
import time

from depth_ros.contracts import InputError
from depth_ros.evaluation.environment import environment
from depth_ros.evaluation.run import plain
import torch
from training.experiment import build, fit, load_config
from training.networks.metric import load_network
from training.tables.data import find_data
import yaml

CONFIGS = Path(__file__).resolve().parents[2] / 'config' / 'training'
DONE = 'row.json'  # in the folder of a run whose figures are measured
# Of runs on small data; at the published rate a few steps from random weights would leave no mark.
SMALL_LR, CHECKPOINT_STEPS = 1e-3, 200
NOT_COMPARABLE = 'These figures are not comparable with the published ones'


@dataclass(frozen=True)
class Settings:
    """
    What the command line says.

    :param runs: folder of the runs; steps: per row, None: the table's.
    :param teachers: role to file or folder, for tables with teachers of others.
    :param elevation: degrees, of the measured line; None: the table's.
    :param seeds: of tables that run several; empty: the table's.
    :param change: KEY=VALUE or STRATEGY:KEY=VALUE put into every configuration, of tables of
        lifelong learning.
    :param held: measure the frames that are there to choose by, not those that are reported.
    """

    runs: Path
    steps: int | None = None
    teachers: dict = field(default_factory=dict)
    elevation: float | None = None
    seeds: tuple[int, ...] = ()
    change: tuple[str, ...] = ()
    held: bool = False


def rerun(table, root, settings, rows=None, small: bool = False) -> dict:
    """
    Rerun a table.

    :param root: folder of the data; rows: names of the rows wanted (their teachers come along).
    :param small: use small data even where the full data are.
    :returns: plain values, ready for JSON: table, source, comparable, note, data, rows with
        published and measured figures, protocol, frames, size, steps, seconds.
    :raises InputError: no data, an unknown row, or a run folder made with other settings.
    """
    found = find_data(table.needs, root, small)
    wanted = wanted_rows(table, rows)
    done = {row.name: _run_row(table, row, found, settings)
            for row in table.rows if row.name in wanted and row.config}
    comparable = found.full and settings.steps is None
    return plain({
        'table': table.name, 'title': table.title, 'source': table.source,
        'columns': table.columns, 'comparable': comparable,
        'note': '' if comparable else _note(found, settings),
        'data': {'full': found.full, 'root': str(root), 'lacks': found.lacks},
        'rows': [{'name': row.name, 'label': row.label, 'quoted': row.config is None,
                  'published': row.published, **done.get(row.name, {'measured': None})}
                 for row in table.rows],
        'environment': {**environment(), 'torch': torch.__version__,
                        'threads': torch.get_num_threads(),
                        'device': _device().type}})


def _note(found, settings):
    why = [] if found.full else [
        'few frames of other data sets, small images, few steps, random weights to start from '
        'and ten times the learning rate']
    if settings.steps is not None:
        why.append(f'{settings.steps} steps per row instead of the recipe')
    full = '' if found.full else f' The full data are {found.lacks}.' \
        if found.lacks.startswith('missing') else ''
    return f'{NOT_COMPARABLE}: {"; ".join(why)}. They show that the code runs.{full}'


def wanted_rows(table, names):
    """Return the names of the rows to run, with the teachers they need."""
    rows = {row.name: row for row in table.rows}
    unknown = set(names or ()) - set(rows)
    if unknown:
        raise InputError(f'{table.name} has no row {", ".join(sorted(unknown))}: choose of '
                         f'{", ".join(rows)}')
    wanted = set(names or rows)
    return wanted | {rows[name].teacher for name in wanted if rows[name].teacher}


def row_config(table, row, found, settings) -> dict:
    """Make the configuration of a row for `training.experiment.fit`."""
    config = load_config(CONFIGS / f'{row.config}.yaml', row.change)
    data, model = config['data']['init_args'], config['model']['init_args']
    data['train'] = [{**source, 'labelled': labelled}
                     for role, labelled in row.train for source in found.train[role]]
    data['validation'] = found.measured
    if row.teacher:
        model['teacher_checkpoint'] = str(
            _folder(table, row.teacher, found, settings) / 'last.ckpt')
    trainer = config['trainer']
    steps = settings.steps or (None if found.full else table.small_steps)
    if steps:
        # The published schedule, squeezed: a tenth of the rate after each quarter of the steps.
        trainer.pop('max_epochs', None)
        trainer.update(max_steps=steps, limit_val_batches=0, log_every_n_steps=5)
        model.update(decay_every=max(1, steps // 4), decay_unit='step')
    if not found.full:
        frames = sum(frame_counts(found, [role for role, _ in row.train]).values())
        _make_small(table, config, min(table.small_batch, frames or table.small_batch))
        if table.small_row:
            table.small_row(config, frames)
    return config


def _make_small(table, config, batch):
    data, model = config['data']['init_args'], config['model']['init_args']
    crop = list(table.small_crop)
    # Real depth has gaps, which the published data do not: they are left out of the loss.
    model.update(imagenet=False, masked=True, lr=SMALL_LR)
    target = [size // 2 for size in crop] if data['steps'].get('target') else None
    data.update(steps={'size': list(table.small_size), 'crop': crop, 'target': target},
                batch_size=batch, workers=0, in_memory=True)
    config['trainer'].update(checkpoint_steps=CHECKPOINT_STEPS)


def _folder(table, name, found, settings):
    return settings.runs / table.name / (name if found.full else f'{name}-small')


def _run_row(table, row, found, settings):
    """Give what row.json holds; train and measure where it is not there yet."""
    run = _folder(table, row.name, found, settings)
    config = json.loads(json.dumps(row_config(table, row, found, settings)))
    same_settings(run, config)
    if (run / DONE).is_file():
        return json.loads((run / DONE).read_text())
    start = time.monotonic()
    fit(config, run)
    trained = time.monotonic() - start
    config['model']['init_args']['imagenet'] = False  # the weights come from the checkpoint
    method, data = build(config['model']), build(config['data'])
    load_network(method.net, run / 'last.ckpt')
    method.eval().to(_device())
    figures = table.measure(method, data.val_dataloader())
    result = plain({
        'measured': {name: figures[name] for name in table.columns}, 'figures': figures,
        'protocol': method.protocol.name,
        'protocol_definition': method.protocol.definition,
        'trained_on': frame_counts(found, [role for role, _ in row.train]),
        'measured_on': frame_counts(found, ['measured']),
        'size': list(data.steps.crop or data.steps.size), 'batch': data.hparams.batch_size,
        'steps': _steps_of(run), 'seconds': round(trained, 1), 'run': str(run),
        'sources': {'train': [asdict(source) for source in data.train],
                    'measured': [asdict(source) for source in data.validation]}})
    (run / DONE).write_text(json.dumps(result, indent=1) + '\n')
    if not found.full and not any(other.teacher == row.name for other in table.rows):
        (run / 'last.ckpt').unlink()  # gigabytes that nobody needs
    return result


def same_settings(run, config):
    """Refuse to go on in a folder whose run was made with other settings."""
    if not any((run / name).is_file() for name in (DONE, 'last.ckpt')):
        return
    before = yaml.safe_load((run / 'config.yaml').read_text())
    other = [key for key in sorted({*before, *config}) if before.get(key) != config.get(key)]
    if other:
        raise InputError(f'{run} holds a run with other settings ({", ".join(other)}; see its '
                         'config.yaml): remove it, or choose another folder with --runs')


def frame_counts(found, roles):
    """Count frames by data set."""
    counts = Counter()
    for (dataset, role), count in found.counts.items():
        if role in roles:
            counts[dataset] += count
    return dict(counts)


def _steps_of(run):
    from training.networks.encoders import read_checkpoint
    return int(read_checkpoint(run / 'last.ckpt')['global_step'])


def _device():
    return torch.device('cuda' if torch.cuda.is_available() else 'cpu')
