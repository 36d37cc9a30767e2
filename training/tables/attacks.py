# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Reruns the tables of attacks: trains N, G, G_adv and N_adv, or takes given ones, and attacks."""
from __future__ import annotations

from dataclasses import dataclass
import time

from depth_ros.evaluation.environment import environment
from depth_ros.evaluation.protocols import find_protocol
from depth_ros.evaluation.run import plain
import torch
from training.attack.gradient import Attack
from training.attack.measure import ADAPTIVE, CONFIGURATIONS, measure, TRANSFER
from training.attack.report import load_models
from training.datasets.frames import FrameData
from training.tables import attack_networks
from training.tables.attack_networks import NEEDS, networks, RECIPES
from training.tables.data import find_data
from training.tables.rerun import frame_counts, NOT_COMPARABLE, wanted_rows
from training.tables.table import Row

PROTOCOL = 'image_mse'


@dataclass(frozen=True)
class AttackRow(Row):
    """
    One configuration at one eps.

    :param configuration: of `attack.measure.CONFIGURATIONS`; setting: transfer as published, or
        adaptive.
    """

    configuration: str = 'N'
    eps: float = 0.0
    setting: str = TRANSFER


def attack_rows(columns, eps, published, further=None) -> tuple:
    """
    Make the rows of a table: each configuration at each eps.

    :param published: configuration to {eps: figures in the order of `columns`}, empty where none.
    :param further: a setting that is not published, for the configurations that have it.
    """
    rows = []
    for at in eps:
        for name, known in published.items():
            label = CONFIGURATIONS[name].published.replace(' ', '')
            rows.append(AttackRow(f'{name}-{at:g}', f'eps {at:g}: {label}',
                                  dict(zip(columns, known.get(at, ()))), configuration=name,
                                  eps=at))
            if further and at and CONFIGURATIONS[name].whole is not None:
                rows.append(AttackRow(
                    f'{name}-{at:g}-{further}', f'eps {at:g}: {label}, {further}',
                    configuration=name, eps=at, setting=further))
    return tuple(rows)


def rerun_attacks(table, root, settings, rows=None, small: bool = False) -> dict:
    """
    Rerun a table; see `rerun.rerun` for parameters and what it returns.

    `settings.teachers` maps N, G, G_adv, N_adv to checkpoints that take the place of those that
    would be trained. `table.attack` is the attack.
    """
    found = find_data(table.needs, root, small, halves=True)
    wanted = wanted_rows(table, rows)
    chosen = [row for row in table.rows if row.name in wanted]
    trained = networks(found, settings, {row.configuration for row in chosen})
    start = time.monotonic()
    data = FrameData([], found.measured, _steps(found), batch_size=8, workers=0)
    models = load_models({name: one['checkpoint'] for name, one in trained.items()})
    adaptive = [table.attack] if any(row.setting == ADAPTIVE for row in chosen) else []
    curves = measure(models, data.val_dataloader(), table.attack,
                     sorted({row.eps for row in chosen}), find_protocol(PROTOCOL), adaptive)
    seconds = time.monotonic() - start
    comparable = found.full and settings.steps is None and not settings.teachers
    return plain({
        'table': table.name, 'title': table.title, 'source': table.source,
        'columns': table.columns, 'comparable': comparable,
        'note': '' if comparable else _note(found, settings), 'curves': curves,
        'attack_seconds': round(seconds, 1),
        'data': {'full': found.full, 'root': str(root), 'lacks': found.lacks},
        'networks': trained,
        'rows': [{'name': row.name, 'label': row.label, 'quoted': False,
                  'published': row.published,
                  **(_row(row, curves, trained, found, table) if row in chosen
                     else {'measured': None})} for row in table.rows],
        'environment': {**environment(), 'torch': torch.__version__,
                        'threads': torch.get_num_threads()}})


def _row(row, curves, trained, found, table):
    curve = next(c for c in curves if (c['setting'], c['configuration'])
                 == (row.setting, row.configuration))
    at = curve['eps'].index(row.eps)
    # Of the network that was trained last for this row.
    last = trained[NEEDS[row.configuration][-1]]
    return {'measured': {name: curve['figures'][name][at] for name in table.columns},
            'protocol': PROTOCOL, 'protocol_definition': find_protocol(PROTOCOL).definition,
            'measured_on': frame_counts(found, ['measured']),
            'origin': last.get('origin'),
            **{key: last[key] for key in ('trained_on', 'size', 'batch', 'steps', 'seconds')}}


def _note(found, settings):
    why = [] if found.full else [
        'few frames of other data sets, light networks, small images, few steps']
    if settings.steps is not None:
        why.append(f'{settings.steps} steps per network instead of the recipe')
    if settings.teachers:
        why.append(f'given checkpoints of {", ".join(settings.teachers)}, which may have seen the '
                   'measured frames')
    full = f' The full data are {found.lacks}.' if found.lacks.startswith('missing') else ''
    return f'{NOT_COMPARABLE}: {"; ".join(why)}. Rows compare with each other: same frames.{full}'


def _steps(found):
    if found.full:
        return {'size': (240, 320), 'crop': (228, 304)}
    return {'size': attack_networks.SMALL_SIZE, 'crop': None}


@dataclass(frozen=True)
class AttackTable:
    """A published table of attacks; see `table.Table` for the members they share."""

    name: str
    title: str
    source: str
    columns: dict
    rows: tuple[AttackRow, ...]
    attack: Attack
    needs: tuple[str, ...] = ('nyu',)
    teachers: tuple[str, ...] = tuple(RECIPES)
    rerun: object = rerun_attacks
