# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a table of lifelong learning says beside its rows, as lines of Markdown."""
from __future__ import annotations

METRICS = {'rmse': 'RMSE', 'abs_rel': 'REL', 'delta1': 'd1'}


def sections(table, done) -> list[str]:
    """
    Return tables of errors after each stage, of forgetting, and of the choice of predictors.

    :param done: name of a row to what `lifelong.rerun_lifelong` reports of it.
    """
    labels = {row.name: row.label for row in table.rows}
    several = {labels[name]: row for name, row in done.items() if row['stages']}
    if not several:
        return []
    return [*_stages(several, 'correct', 'with the right predictor'),
            *_stages(several, 'selected', 'with the predictor that is chosen'),
            *_changes(several), *_selection(several)]


def _stages(rows, which, words):
    domains = list(dict.fromkeys(key.split()[0] for row in rows.values()
                                 for stage in row['stages'] for key in stage['errors']['mean']))
    lines = [f'{" / ".join(METRICS.values())} on each domain after each stage, {words}:', '',
             f'| row | after | {" | ".join(domains)} |', '| --- ' * (len(domains) + 2) + '|']
    seen = set()
    for label, row in rows.items():
        for stage in row['stages']:
            if stage['name'] in seen:  # the first stage is common to all strategies
                continue
            seen.add(stage['name'])
            cells = [' / '.join(_number(stage['errors'], f'{domain} {which} {metric}') or '-'
                                for metric in METRICS) for domain in domains]
            name = 'first stage' if stage['name'].startswith('single') else label
            lines.append(f'| {name} | {stage["after"]} | {" | ".join(cells)} |')
    return [*lines, '']


def _number(figures, key, form='{:.3f}'):
    if key not in figures['mean']:
        return ''
    spread = figures['spread']
    return form.format(figures['mean'][key]) + (
        f' ({form.format(spread[key]).lstrip("+")})' if spread else '')


def _changes(rows):
    lines = [f'Change of {" / ".join(METRICS.values())} with the right predictor: on domains '
             'learnt before, since they were learnt (forgetting); on each domain when it was '
             'learnt, against a network of it alone (plasticity):', '',
             '| row | forgetting | plasticity |', '| --- | --- | --- |']
    for label, row in rows.items():
        cells = []
        for kind in ('forgetting', 'plasticity'):
            domains = row['changes']['abs_rel'][kind]['mean']
            cells.append(', '.join(
                f'{domain} ' + ' / '.join(
                    _number(row['changes'][metric][kind], domain, '{:+.0%}')
                    for metric in METRICS) for domain in domains) or '-')
        lines.append(f'| {label} | {" | ".join(cells)} |')
    return [*lines, '']


def _selection(rows):
    lines = ['Frames of each domain by the predictor that was chosen, over all seeds, and the '
             'share that is unlike any domain (so many times as far as its last 1 %):', '']
    times = list(next(iter(next(iter(rows.values()))['selection'].values()))['unlike'])
    lines += [f'| row | frames of | chosen | {" | ".join(f"unlike, {t} x" for t in times)} |',
              '| --- ' * (len(times) + 3) + '|']
    for label, row in rows.items():
        for domain, one in row['selection'].items():
            known = domain if domain in row['domains'] else f'{domain} (never learnt)'
            chosen = ', '.join(f'{name} {count}' for name, count in one['chosen'].items())
            shares = ' | '.join(f'{one["unlike"][t]:.0%}' for t in times)
            lines.append(f'| {label} | {known} | {chosen} | {shares} |')
    return [*lines, '']
