# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The networks of the tables of attacks: N, G, G_adv and N_adv, trained or given."""
from __future__ import annotations

from dataclasses import dataclass
import json
from pathlib import Path
import time

from depth_ros.contracts import InputError
from depth_ros.evaluation.run import plain
from training.experiment import fit, load_config
from training.tables.rerun import (
    CHECKPOINT_STEPS,
    CONFIGS,
    frame_counts,
    same_settings,
    SMALL_LR,
)


@dataclass(frozen=True)
class Recipe:
    """
    How one network of the tables is trained.

    :param config: config/training/<config>.yaml; refers: argument to the network whose checkpoint
        it is.
    :param change: of that file; small, small_steps: more changes, and steps, on small data.
    """

    config: str
    refers: dict
    change: tuple[str, ...]
    small: tuple[str, ...]
    small_steps: int


LIGHT = ('model.network=fast_student', 'model.encoder=efficientnet_lite0', 'model.masked=true',
         'model.decay_unit=step')
LIGHT_MASK = ('model.mask_net=light', f'model.lr={SMALL_LR}')
SMALL_SIZE = [96, 128]
# In the order in which they need each other.
RECIPES = {
    'N': Recipe('supervised', {}, (), (*LIGHT, f'model.lr={SMALL_LR}'), 200),
    # Between 2 and 3, where the published clean mask is.
    'G': Recipe('saliency', {'target': 'N'}, ('model.sparsity=2.5',), LIGHT_MASK, 100),
    'G_adv': Recipe('defence', {'target': 'N', 'start': 'G'}, (),
                    (*LIGHT_MASK, 'model.masked=true'), 100),
    'N_adv': Recipe('adversarial', {'target': 'N'}, (),
                    (*LIGHT, f'model.lr={SMALL_LR}'), 200)}
NEEDS = {'N': ('N',), 'N.G': ('N', 'G'), 'N.G(x)': ('N', 'G'), 'N_adv': ('N', 'N_adv'),
         'N.G_adv': ('N', 'G', 'G_adv')}


def networks(found, settings, configurations) -> dict:
    """Return what is known of each network that is needed; train those that are not there."""
    names = {name for one in configurations for name in NEEDS[one]}
    done = {}
    for name in (name for name in RECIPES if name in names | {'N'}):
        if name in settings.teachers:
            path = settings.teachers[name]
            if not Path(path).is_file():
                raise InputError(f'no checkpoint of {name} at {path}')
            done[name] = {'checkpoint': str(path), 'trained_on': {}, 'size': None, 'batch': None,
                          'steps': None, 'seconds': 0.0, 'origin': 'given'}
        else:
            done[name] = _train(name, found, settings, done)
    return done


def _train(name, found, settings, done):
    run = settings.runs / 'attacks' / (name if found.full else f'{name}-small')
    config = network_config(name, found, settings, {
        role: done[role]['checkpoint'] for role in done})
    same_settings(run, config)
    kept = run / 'network.json'
    if not kept.is_file():
        start = time.monotonic()
        trainer = fit(config, run)
        data = config['data']['init_args']
        kept.write_text(json.dumps(plain({
            'checkpoint': str(run / 'last.ckpt'),
            'trained_on': frame_counts(found, ['nyu']),
            'size': data['steps'].get('crop') or data['steps']['size'],
            'batch': data['batch_size'], 'steps': int(trainer.global_step),
            'seconds': round(time.monotonic() - start, 1)}), indent=1) + '\n')
    return json.loads(kept.read_text())


def network_config(name, found, settings, checkpoints) -> dict:
    """Make the configuration of one network for `training.experiment.fit`."""
    recipe = RECIPES[name]
    config = load_config(CONFIGS / f'{recipe.config}.yaml', (
        *recipe.change, *(() if found.full else recipe.small)))
    data, model = config['data']['init_args'], config['model']['init_args']
    data.update(train=[{**source, 'labelled': True} for source in found.train['nyu']],
                validation=found.measured)
    model.update({key: checkpoints[role] for key, role in recipe.refers.items()})
    steps = settings.steps or (None if found.full else recipe.small_steps)
    if steps:
        config['trainer'].pop('max_epochs', None)
        config['trainer'].update(max_steps=steps, limit_val_batches=0, log_every_n_steps=5)
        if 'network' in model:
            model.update(decay_every=max(1, steps // 2), decay_unit='step')
    if not found.full:
        frames = sum(frame_counts(found, ['nyu']).values())
        data.update(steps={'size': SMALL_SIZE, 'crop': SMALL_SIZE, 'target': None},
                    batch_size=min(4, frames), workers=0, in_memory=True)
        config['trainer'].update(checkpoint_steps=CHECKPOINT_STEPS)
    return json.loads(json.dumps(config))
