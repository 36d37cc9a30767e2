# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Reruns tables of masks: a depth network, and what it still gives of masked images."""
from __future__ import annotations

from dataclasses import asdict, dataclass
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
from tqdm import tqdm
from training.experiment import build, fit, load_config
from training.methods.metric_depth import normalised
from training.networks.encoders import read_checkpoint
from training.runs import load_method
from training.saliency.measure import combine, measure_batch
from training.tables.data import find_data
from training.tables.rerun import CONFIGS, DONE, NOT_COMPARABLE, same_settings, wanted_rows
from training.tables.table import Row
from training.targets import load_target

NETWORK, PROTOCOL = 'network', 'image_mse'
# Plain masks in place of the trained ones, see `saliency.measure`.
VIEWS = {'random': "the values of M and M' at random pixels of the same image",
         'blocks': 'at random squares', 'edges': 'at its strongest edges'}


@dataclass(frozen=True)
class MaskRow(Row):
    """
    One row: the depth network itself (named `NETWORK`), or a mask network for it.

    :param small: config on small data, changed by `change` and `small_change`; small_steps: there.
    """

    small: str = ''
    small_change: tuple[str, ...] = ()
    small_steps: int = 200


def rerun_masked(table, root, settings, rows=None, small: bool = False) -> dict:
    """
    Rerun a table; see `rerun.rerun` for parameters and what it returns.

    `settings.teachers['N']` takes the place of the network that is trained otherwise. Figures are
    means over seeds, `spread` is their standard deviation.
    """
    if settings.elevation is not None:
        raise InputError(f'--elevation is for tables of completion, not for {table.name}')
    found = find_data(table.needs, root, small, halves=True)
    wanted = wanted_rows(table, rows)
    network = next(row for row in table.rows if row.name == NETWORK)
    given = settings.teachers.get('N')
    target = str(given) if given else _trained(table, network, found, settings, 1, None)
    done = {row.name: _row(table, row, found, settings, target)
            for row in table.rows if row.name in wanted}
    comparable = found.full and settings.steps is None and not given
    return plain({
        'table': table.name, 'title': table.title, 'source': table.source,
        'columns': table.columns, 'comparable': comparable,
        'note': '' if comparable else _note(found, settings, target), 'target': str(target),
        'views': VIEWS,
        'data': {'full': found.full, 'root': str(root), 'lacks': found.lacks},
        'rows': [{'name': row.name, 'label': row.label, 'quoted': False,
                  'published': row.published, **done.get(row.name, {'measured': None})}
                 for row in table.rows],
        'environment': {**environment(), 'torch': torch.__version__,
                        'threads': torch.get_num_threads()}})


def _note(found, settings, target):
    why = [] if found.full else [
        'another depth network, a light mask network, few frames of other data sets (every second '
        'one is learnt, the others are measured), small images, few steps']
    if settings.teachers:
        why.append(f'the depth network is {target}')
    if settings.steps is not None:
        why.append(f'{settings.steps} steps per row instead of the recipe')
    full = f' The full data are {found.lacks}.' if found.lacks.startswith('missing') else ''
    return f'{NOT_COMPARABLE}: {"; ".join(why)}. Rows compare with each other.{full}'


def row_config(row, found, settings, seed, target) -> dict:
    """Make the configuration of a run for `training.experiment.fit`."""
    name, change = (row.config, row.change) if found.full else (
        row.small, (*row.change, *row.small_change))
    config = load_config(CONFIGS / f'{name}.yaml', change)
    config['seed'] = seed
    data, model, trainer = (config['data']['init_args'], config['model']['init_args'],
                            config['trainer'])
    data.update(train=[source for role in found.train.values() for source in role],
                validation=found.measured)
    if row.teacher:
        model['target'] = target
    steps = settings.steps or (None if found.full else row.small_steps)
    if steps:
        trainer.pop('max_epochs', None)
        trainer.update(max_steps=steps, limit_val_batches=0)
        trainer.pop('check_val_every_n_epoch', None)
    if steps and model.get('decay_unit') == 'step':
        model['decay_every'] = min(model['decay_every'], math.ceil(0.75 * steps))
    if not found.full:
        frames = sum(count for (_, part), count in found.counts.items() if part != 'measured')
        data['batch_size'] = min(data['batch_size'], frames)
    return json.loads(json.dumps(config))


def _folder(table, row, found, settings, seed):
    return settings.runs / table.name / (
        row.name if found.full else f'{row.name}-small') / f'seed{seed}'


def _trained(table, row, found, settings, seed, target) -> str:
    """Train a run where it is not done; returns its checkpoint."""
    run = _folder(table, row, found, settings, seed)
    config = row_config(row, found, settings, seed, target)
    same_settings(run, config)
    if not (run / 'seconds.json').is_file():
        start = time.monotonic()
        fit(config, run)
        (run / 'seconds.json').write_text(json.dumps(round(time.monotonic() - start, 1)))
    return str(run / 'last.ckpt')


def _row(table, row, found, settings, target):
    """Train and measure what is not done yet; returns the row of the report."""
    seeds = (settings.seeds or (1,)) if row.teacher else (1,)
    if row.teacher:
        runs = [_run(table, row, found, settings, seed, target) for seed in seeds]
    else:
        runs = [_network(table, row, found, settings, target)]
    values = {name: [run['figures'][name] for run in runs] for name in runs[0]['figures']}
    mean = {name: float(np.mean(v)) for name, v in values.items()}
    spread = {name: float(np.std(v, ddof=1)) for name, v in values.items()} \
        if len(runs) > 1 else None
    return {**runs[0], 'measured': {name: mean[name] for name in table.columns}, 'figures': mean,
            'spread': spread, 'seeds': list(seeds), 'protocol': PROTOCOL,
            'protocol_definition': find_protocol(PROTOCOL).definition,
            'measured_on': _frames(found, ('measured',)),
            'views': {view: _view(view, mean, spread) for view in VIEWS},
            'runs': [run['run'] for run in runs]}


def _view(view, mean, spread):
    def of(figures):
        return figures and {'rmse_soft': figures[f'rmse_soft_{view}'],
                            'rmse_binary': figures[f'rmse_binary_{view}'],
                            'sparseness': figures['sparseness']}
    return {'mean': of(mean), 'spread': of(spread)}


def _network(table, row, found, settings, target):
    """Measure the depth network on whole images; the run says how it was trained, if it was."""
    data = build(row_config(row, found, settings, 1, None)['data'])
    figures = _measure(load_target(target), lambda image: torch.ones_like(image[:, :1]), data)
    if settings.teachers:
        return {'figures': figures, 'run': target, 'trained_on': {}}
    return {'figures': figures, **_facts(Path(target).parent, found, data)}


def _run(table, row, found, settings, seed, target):
    """Give what row.json of one mask network holds."""
    checkpoint = Path(_trained(table, row, found, settings, seed, target))
    run = checkpoint.parent
    if (run / DONE).is_file():
        return json.loads((run / DONE).read_text())
    method, config, _ = load_method(checkpoint)
    method.to(_device())
    data = build(config['data'])
    with torch.no_grad():
        figures = _measure(method.target, method.net, data)
    result = plain({'figures': figures, **_facts(run, found, data)})
    (run / DONE).write_text(json.dumps(result, indent=1) + '\n')
    return result


def _measure(target, masks, data):
    """Measure masks(normalised image) on the validation frames."""
    device, images, protocol = _device(), [], find_protocol(PROTOCOL)
    target.to(device)
    for batch in tqdm(data.val_dataloader(), disable=None, desc='measuring', leave=False):
        batch = {key: value.to(device) if torch.is_tensor(value) else value
                 for key, value in batch.items()}
        image = normalised(batch['image'])
        images += measure_batch(target, batch, image, masks(image), protocol)
    if not images:
        raise InputError('there are no frames to measure on')
    return combine(images, protocol)


def _facts(run, found, data):
    steps = int(read_checkpoint(run / 'last.ckpt')['global_step'])
    return {'run': str(run), 'seconds': json.loads((run / 'seconds.json').read_text()),
            'size': list(data.steps.crop or data.steps.size), 'steps': steps,
            'batch': data.hparams.batch_size, 'trained_on': _frames(found, tuple(found.train)),
            'sources': {'train': [asdict(source) for source in data.train],
                        'measured': [asdict(source) for source in data.validation]}}


def _frames(found, roles):
    counts = {}
    for (dataset, role), count in found.counts.items():
        if role in roles:
            counts[dataset] = counts.get(dataset, 0) + count
    return counts


def _device():
    return torch.device('cuda' if torch.cuda.is_available() else 'cpu')
