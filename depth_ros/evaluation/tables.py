# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The figures of the suite as markdown tables."""
from depth_ros.evaluation.confidence import REPORTED
from depth_ros.evaluation.suite import BLINDNESS

FIGURES = (('abs_rel', 3), ('rmse', 2), ('delta1', 3))


def suite_table(report):
    """Return the report of ``suite.run_suite`` as markdown: REL / RMSE in m / delta1."""
    names = list(report['rows'][0]['baselines'])
    heads = ['set', 'frames', *(name.replace('_', ' ') for name in names), report['model'],
             'on the line before anchoring']
    lines = [BLINDNESS + '\n'] if report['blind'] else []
    lines += [_row(heads), '|---' * len(heads) + '|']
    for row in report['rows']:
        lines.append(_row([row['name'], row['frames'],
                           *(cell(row['baselines'][name]) for name in names),
                           f'**{cell(row["metrics"])}**', _residual(row)]))
    mean = report['means']['indoor']
    if mean and len(mean['sets']) > 1:
        lines.append(_row([f'mean of the {len(mean["sets"])} indoor rows', '',
                           *(cell(mean['baselines'][name]) for name in names),
                           f'**{cell(mean["metrics"])}**', '']))
    lines += ['', *_goals(report)]
    if report['absent']:
        lines.append(f'Absent, not measured: {", ".join(report["absent"])}.')
    return '\n'.join(lines).rstrip() + '\n'


def cell(metrics):
    """Return `REL / RMSE / delta1`, a dash where unknown."""
    if metrics is None:
        return '-'
    return ' / '.join('-' if metrics[name] is None else f'{metrics[name]:.{digits}f}'
                      for name, digits in FIGURES)


def _goals(report):
    for goal in report['goals']:
        value = 'unknown' if goal['value'] is None else f'{goal["value"]:.3f}'
        yield (f'Goal, {goal["row"]}: {goal["figure"]} at most {goal["goal"]:.2f}; it is {value}:'
               f' {"reached" if goal["reached"] else "missed"}.')


def _residual(row):
    relative = row['residual_on_line']['median_rel']
    return '-' if relative is None else f'{100 * relative:.1f} %'


def _row(cells):
    return '| ' + ' | '.join(str(value) for value in cells) + ' |'


def robustness_table(report):
    """Return the report of ``robustness.run_robustness`` as markdown: change of REL."""
    lines = ['Unspoiled REL: ' + ', '.join(
        f'{group} {value:.3f}' for group, value in report['usual'].items() if value is not None)
        + '. A cell is level: change of REL.', '']
    groups = list(report['usual'])
    lines += [_row(['trouble', *groups]), '|---' * (1 + len(groups)) + '|']
    for name in dict.fromkeys(curve['name'] for curve in report['curves']):
        by_group = {curve['group']: curve for curve in report['curves'] if curve['name'] == name}
        lines.append(_row([name, *(_changes(by_group.get(group)) for group in groups)]))
    return '\n'.join(lines) + '\n'


def _changes(curve):
    if curve is None:
        return '-'
    changes = ['-' if value is None else f'{value:+.3f}' for value in curve['change']]
    if len(changes) == 1 and not curve['unit']:
        return changes[0]
    levels = (f'{level:g}: {change}' for level, change in zip(curve['levels'], changes))
    return f'{", ".join(levels)} ({curve["unit"]})'


def confidence_table(report):
    """Return the report of ``confidence.run_confidence`` as markdown."""
    heads = ['set', *('REL, all' if not share else f'{share:.0%} dropped (ideal)'
                      for share in REPORTED), 'AUSE (random)', 'stated', 'observed',
             'calibration error']
    lines = [_row(heads), '|---' * len(heads) + '|']
    for name, one in report.items():
        if one is None:
            continue
        at = [one['dropped'].index(share) for share in REPORTED]
        lines.append(_row([
            name, f'{one["model"][0]:.3f}',
            *(f'{one["model"][k]:.3f} ({one["ideal"][k]:.3f})' for k in at[1:]),
            f'{one["ause"]:.3f} ({one["ause_random"]:.3f})', f'{one["mean_stated"]:.2f}',
            f'{one["mean_observed"]:.2f}', f'{one["calibration_error"]:.3f}']))
    return '\n'.join(lines) + '\n'
