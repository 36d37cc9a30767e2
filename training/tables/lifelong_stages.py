# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""One stage of a table of lifelong learning: configuration, training, figures in row.json."""
from __future__ import annotations

import json
import math
import time

from depth_ros.contracts import choose, InputError
from depth_ros.evaluation.run import plain
import torch
from training.datasets.frames import FrameData
from training.experiment import load_config
from training.files import write_json
from training.lifelong.domains import read_domains
from training.lifelong.scores import score
from training.lifelong.sequence import STRATEGIES
from training.lifelong.stage import run_stage
from training.runs import load_method
from training.tables.rerun import CONFIGS, DONE, same_settings

BATCH = 8  # of measuring
HELD = 'row-validation.json'  # in place of DONE: figures to choose settings by


def folder(table, stage, data, settings, seed):
    """Return the folder of a stage's run."""
    size = '' if data.full else '-small'
    return settings.runs / f'{table.name}{size}' / f'seed{seed}' / stage.name


def stage_config(table, stage, data, settings, seed) -> dict:
    """Make the configuration of a stage for `training.lifelong.stage.run_stage`."""
    change = () if data.full else (*table.small_change.get('all', ()),
                                   *table.small_change.get(stage.strategy, ()))
    config = load_config(CONFIGS / f'{table.config}.yaml',
                         (*change, *asked(settings.change, stage.strategy)))
    config['seed'] = seed
    frames, model, trainer = (config['data']['init_args'], config['model']['init_args'],
                              config['trainer'])
    new, *others = ([data.domains[name] for name in stage.domains] if stage.strategy == 'joint'
                    else [data.domains[stage.domains[-1]]])
    model.update(domain=list(stage.domains) if stage.strategy == 'joint' else stage.domains[-1])
    if stage.previous:
        model.update(strategy=stage.strategy, previous=str(
            folder(table, stage.previous, data, settings, seed)))
    elif stage.strategy == 'joint':
        model.update(strategy='joint')
    frames.update(_source(new), others=[_source(one) for one in others])
    steps = settings.steps or (None if data.full else table.small_steps)
    if steps:
        # The published schedule, squeezed: half the rate after each quarter of the steps.
        steps *= len(stage.domains) if stage.strategy == 'joint' else 1
        trainer.pop('max_epochs', None)
        trainer.update(max_steps=steps, limit_val_batches=0)
        model.update(decay_every=math.ceil(steps / 4), decay_unit='step')
    return json.loads(json.dumps(config))


def asked(change, strategy) -> list[str]:
    """
    Return what of [STRATEGY:]KEY=VALUE concerns a strategy, as KEY=VALUE.

    :raises InputError: the strategy in front of a colon is unknown.
    """
    found = []
    for item in change:
        key, sign, value = item.partition('=')
        one, colon, rest = key.rpartition(':')
        if colon:
            choose(STRATEGIES, one, 'strategy of --set')
        if not colon or one == strategy:
            found.append(rest + sign + value)
    return found


def _source(domain):
    return {'train': domain.train, 'validation': domain.validation, 'steps': domain.steps}


def run_stage_row(table, stage, data, settings, seed) -> dict:
    """
    Train and measure a stage where it is not done; the stages before it must be.

    :returns: scores (see `scores.score`), run, size, batch, steps, seconds of training.
    """
    run = folder(table, stage, data, settings, seed)
    config = stage_config(table, stage, data, settings, seed)
    same_settings(run, config)
    figures, other = (run / name for name in ((HELD, DONE) if settings.held else (DONE, HELD)))
    if figures.is_file():
        return json.loads(figures.read_text())
    measured = loaders(data, settings.held)
    if other.is_file():
        seconds = json.loads(other.read_text())['seconds']
    else:
        start = time.monotonic()
        run_stage(config, run)
        seconds = time.monotonic() - start
    method, _, content = load_method(run / 'last.ckpt')
    method.to('cuda' if torch.cuda.is_available() else 'cpu')
    options = config['data']['init_args']
    result = plain({
        'scores': score(method, read_domains(run), measured), 'run': str(run),
        'size': options['steps'].get('crop') or options['steps']['size'],
        'batch': options['batch_size'], 'steps': int(content['global_step']),
        'seconds': round(seconds, 1)})
    write_json(figures, result)
    return result


def measured_part(held: bool) -> str:
    """Return the member of `DomainFrames` that errors are of."""
    return 'validation' if held else 'measured'


def loaders(data, held: bool = False) -> dict:
    """
    Return the measured batches of every domain.

    :param held: those to choose settings by instead of those that are reported.
    :raises InputError: there are none.
    """
    part = measured_part(held)
    absent = [name for name, one in data.domains.items() if not getattr(one, part)]
    if absent:
        raise InputError(f'there are no validation frames of {", ".join(absent)} to choose '
                         'settings by')
    return {name: FrameData([], getattr(one, part), {**one.steps, **one.measured_steps}, BATCH,
                            workers=0).val_dataloader()
            for name, one in data.domains.items()}
