# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Rooms, streets and corridors of the procedural world, learnt one after another."""
from training.lifelong.sequence import STRATEGIES
from training.tables.lifelong import columns, LifelongRow, LifelongTable
from training.tables.lifelong_data import find_worlds

TITLES = {'room': 'room', 'street': 'street', 'corridor': 'corridor'}
TWO, THREE = ('room', 'street'), ('room', 'street', 'corridor')
SEQUENTIAL = ('finetune', 'frozen', 'ewc', 'ours')
# Of a CPU. The weights of EWC and ours are those of the full recipe, not tuned to these frames.
SMALL = {
    'all': ('average=0.0', 'model.encoder=efficientnet_lite0', 'model.imagenet=true',
            'model.lr=1e-3', 'model.focal=80.0', 'model.fisher_frames=100',
            'data.batch_size=4', 'data.workers=0', 'data.in_memory=true', 'data.replay_frames=100',
            'trainer.checkpoint_steps=1000', 'trainer.log_every_n_steps=10'),
    'ewc': ('model.weight_ewc=1e3',), 'ours': ('model.weight_consistency=10.0',)}


def _row(strategy, domains, seeds=(1, 2, 3)):
    arrow = ' + ' if strategy == 'joint' else ' -> '
    return LifelongRow('-'.join((strategy, *domains)),
                       f'{STRATEGIES[strategy]}, {arrow.join(domains)}', strategy=strategy,
                       domains=domains, seeds=seeds)


TABLE = LifelongTable(
    name='lifelong-procedural',
    title='Metric depth of procedural rooms, streets and corridors learnt one after another',
    source='nothing, it is our own',
    columns=columns(TITLES),
    find=find_worlds,
    needs=('frames of python -m training render-stored',),
    small_change=SMALL,
    rows=(
        LifelongRow('single', 'SDT, a network for each', strategy='single', domains=TWO),
        _row('joint', TWO),
        *(_row(strategy, order) for order in (TWO, TWO[::-1]) for strategy in SEQUENTIAL),
        _row('single', ('corridor',), (1,)), _row('joint', THREE, (1,)),
        *(_row(strategy, order, (1,)) for order in (THREE, THREE[::-1])
          for strategy in SEQUENTIAL)))
