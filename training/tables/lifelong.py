# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Reruns tables of lifelong learning: strategies times orders of domains times seeds."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from depth_ros.contracts import InputError
from depth_ros.evaluation.environment import environment
from depth_ros.evaluation.protocols import find_protocol
from depth_ros.evaluation.run import plain
import numpy as np
import torch
from training.lifelong.scores import PROTOCOL, unlike
from training.lifelong.sequence import needed, Stage, STRATEGIES, summary
from training.tables.lifelong_report import METRICS, sections
from training.tables.lifelong_stages import measured_part, run_stage_row
from training.tables.rerun import NOT_COMPARABLE, wanted_rows
from training.tables.table import Row

MEAN = 'mean'  # over the domains of a row, in place of a domain's name
VIEWS = {'selected': 'with the predictor that is chosen by the distance of the features'}
TIMES = (1.0, 1.5, 2.0, 3.0)  # as far as a domain's last 1 %, beyond which a frame is unlike it


@dataclass(frozen=True)
class LifelongRow(Row):
    """
    One strategy on domains in an order, see `lifelong.sequence.Stage`.

    :param strategy: None: quoted; single: a network for each domain.
    :param seeds: on small data, where others are not asked for.
    """

    strategy: str | None = None
    domains: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (1, 2, 3)

    @property
    def stages(self) -> list[Stage]:
        """Return the stages that end in the row's figures."""
        if self.strategy == 'single':
            return [Stage('single', (domain,)) for domain in self.domains]
        return [Stage(self.strategy, self.domains)]


@dataclass(frozen=True)
class LifelongTable:
    """
    A table of lifelong learning; see `table.Table` for the members they share.

    :param find: (root, small) -> `lifelong_data.LifelongData`.
    :param config: of a stage; domains, strategy and data are put into it.
    :param small_change: KEY=VALUE of stages on small data, by strategy or 'all'; small_steps: a
        stage there, for each domain that it learns.
    """

    name: str
    title: str
    source: str
    columns: dict
    rows: tuple[LifelongRow, ...]
    find: Callable
    needs: tuple[str, ...]
    config: str = 'lifelong_sdt'
    small_change: dict = field(default_factory=dict)
    small_steps: int = 150
    teachers: dict = field(default_factory=dict)
    rerun: object = None

    def __post_init__(self):
        """Say what reruns it."""
        object.__setattr__(self, 'rerun', rerun_lifelong)


def columns(titles: dict) -> dict:
    """Name the columns of domains (name to title) and of their mean."""
    return {f'{domain}_{metric}': f'{title} {heading}' for domain, title in
            {**titles, MEAN: 'mean'}.items() for metric, heading in METRICS.items()}


def rerun_lifelong(table, root, settings, rows=None, small: bool = False) -> dict:
    """
    Rerun a table; see `rerun.rerun` for parameters and what it returns.

    Figures are means over seeds, `spread` their standard deviation, with the right predictor for
    each frame; `views` has them with the one that is chosen. Rows also have stages (errors after
    each), forgetting, plasticity (see `sequence.summary`) and selection.
    """
    if settings.elevation is not None:
        raise InputError(f'--elevation is for tables of completion, not for {table.name}')
    data = table.find(root, small)
    wanted = wanted_rows(table, rows)
    done = {row.name: _row(table, row, data, settings) for row in table.rows
            if row.name in wanted and row.strategy}
    comparable = data.full and not (settings.steps or settings.change or settings.held)
    return plain({
        'table': table.name, 'title': table.title, 'source': table.source,
        'columns': table.columns, 'comparable': comparable,
        'note': '' if comparable else _note(table, data, settings), 'views': VIEWS,
        'data': {'full': data.full, 'root': str(root), 'lacks': data.lacks},
        'rows': [{'name': row.name, 'label': row.label, 'quoted': row.strategy is None,
                  'published': row.published, **done.get(row.name, {'measured': None})}
                 for row in table.rows],
        'sections': sections(table, done),
        'environment': {**environment(), 'torch': torch.__version__,
                        'threads': torch.get_num_threads()}})


def _note(table, data, settings):
    why = [] if data.full else ['other frames, a light encoder, small images, few steps']
    if settings.steps is not None:
        why.append(f'{settings.steps} steps per stage instead of the recipe')
    if settings.change:
        why.append(f'with {" ".join(settings.change)}')
    if settings.held:
        why.append('errors of the validation frames, to choose settings by')
    full = f' The full data are {data.lacks}.' if 'missing' in data.lacks else ''
    begin = NOT_COMPARABLE if any(row.published for row in table.rows) else \
        'There are no published figures'
    return f'{begin}: {"; ".join(why)}. Rows compare with each other.{full}'


def _row(table, row, data, settings):
    """Train and measure what is not done yet; returns the row of the report."""
    seeds = settings.seeds or ((1,) if data.full else row.seeds)
    # What plasticity compares with comes along.
    stages = needed([*row.stages, *(Stage('single', (domain,)) for domain in row.domains)])
    runs = {seed: {stage: run_stage_row(table, stage, data, settings, seed) for stage in stages}
            for seed in seeds}
    last = row.stages[-1]
    plain_view, selected = (_over_seeds([_figures(row, runs[seed], which) for seed in seeds])
                            for which in ('correct', 'selected'))
    first = runs[seeds[0]][last]
    scores = {seed: {stage: run['scores'] for stage, run in runs[seed].items()} for seed in seeds}
    changes = None if row.strategy == 'single' else {metric: [
        summary(last, scores[seed], metric) for seed in seeds] for metric in METRICS}
    counts = [data.domains[domain].counts for domain in row.domains]
    return {
        'measured': plain_view['mean'], 'spread': plain_view['spread'],
        'views': {'selected': selected}, 'protocol': PROTOCOL,
        'protocol_definition': find_protocol(PROTOCOL).definition, 'seeds': list(seeds),
        'trained_on': _sum(count('train') for count in counts),
        'measured_on': _sum(count(measured_part(settings.held)) for count in counts),
        'size': first['size'], 'batch': first['batch'], 'steps': first['steps'],
        'seconds': sum(run[last]['seconds'] for run in runs.values()) / len(seeds),
        'strategy': STRATEGIES[row.strategy], 'domains': list(row.domains),
        'changes': changes and {metric: {
            kind: _over_seeds([change[kind] for change in per_seed]) for kind in per_seed[0]}
            for metric, per_seed in changes.items()},
        'stages': [] if row.strategy == 'single' else [
            {'after': stage.domains[-1], 'name': stage.name, 'errors': _over_seeds([
                _errors(scores[seed][stage]) for seed in seeds])} for stage in last.history],
        'selection': None if row.strategy == 'single' else _selection(
            [scores[seed][last] for seed in seeds]),
        'runs': {seed: {stage.name: run['run'] for stage, run in runs[seed].items()}
                 for seed in seeds}}


def _figures(row, runs, which):
    """Return the columns of one seed."""
    if which == 'selected' and row.strategy == 'single':
        return {}  # one predictor each: nothing to choose
    figures, known = {}, []
    for stage in row.stages:
        scores = runs[stage]['scores']
        for domain in stage.domains:
            known.append(scores[domain][which])
            figures.update({f'{domain}_{metric}': known[-1][metric] for metric in METRICS})
    figures.update({f'{MEAN}_{metric}': float(np.mean([one[metric] for one in known]))
                    for metric in METRICS})
    return figures


def _errors(scores):
    """Return the errors on every domain: with the right predictor, with the chosen one."""
    return {f'{domain} {which} {metric}': one[which][metric] for domain, one in scores.items()
            for which in ('correct', 'selected') if one[which] for metric in METRICS}


def _selection(per_seed):
    """Add up over seeds which predictor was chosen, and how many frames were unlike any."""
    def of(domain):
        scores = [one[domain] for one in per_seed]
        return {'chosen': _sum(one['chosen'] for one in scores),
                'unlike': {f'{times:g}': float(np.mean([unlike(one, times) for one in scores]))
                           for times in TIMES},
                'over': float(np.median([over for one in scores for over in one['over']]))}
    return {domain: of(domain) for domain in per_seed[0]}


def _over_seeds(values):
    """Return mean and standard deviation of mappings of figures."""
    names = values[0]
    mean = {name: float(np.mean([one[name] for one in values])) for name in names}
    spread = {name: float(np.std([one[name] for one in values], ddof=1)) for name in names} \
        if len(values) > 1 else None
    return {'mean': mean, 'spread': spread}


def _sum(counts):
    total = {}
    for one in counts:
        for name, count in one.items():
            total[name] = total.get(name, 0) + count
    return total
