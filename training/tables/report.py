# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A rerun table as text and as Markdown."""
from __future__ import annotations

HEADINGS = ('row', 'published', 'measured', 'protocol', 'trained on', 'measured on', 'size',
            'steps', 'time')


def text(report) -> str:
    """Return the table with aligned columns, its source and what its figures are worth."""
    rows = [_cells(report, row) for row in report['rows']]
    lines = [_headings(report), *rows]
    widths = [max(len(line[k]) for line in lines) for k in range(len(HEADINGS))]
    lines = ['  '.join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
             for line in lines]
    lines.insert(1, '-' * max(map(len, lines)))
    return '\n'.join([f'{report["table"]}: {report["title"]}', f'published: {report["source"]}',
                      '', *lines, '', *_definitions(report), _worth(report)])


def markdown(report) -> str:
    """Return the same for a document."""
    def line(cells):
        return f'| {" | ".join(cells)} |'
    return '\n'.join([
        f'**{report["table"]}**: {report["title"]}. Published: {report["source"]}.', '',
        line(_headings(report)), line(['---'] * len(HEADINGS)),
        *(line(_cells(report, row)) for row in report['rows']), '',
        *_definitions(report), '', *_views(report), *report.get('sections', ()), _worth(report),
        ''])


def _views(report):
    """Give a table of what was measured in other ways, if anything was."""
    views = report.get('views') or {}
    done = [row for row in report['rows'] if row['measured'] and views]
    if not done:
        return []
    names = ' / '.join(report['columns'].values())
    return [f'The same as {names}: ' + '; '.join(f'{name}: {what}' for name, what in views.items())
            + '.', '', f'| row | {" | ".join(views)} |', '| --- ' * (len(views) + 1) + '|',
            *('| ' + ' | '.join([row['label'], *(
                _figures(report, row['views'][view]['mean'], row['views'][view]['spread'])
                for view in views)]) + ' |' for row in done), '']


def _headings(report):
    names = ' / '.join(report['columns'].values())
    return [f'{heading}: {names}' if heading in ('published', 'measured') else heading
            for heading in HEADINGS]


def _cells(report, row):
    cells = [row['label'], _figures(report, row['published'])]
    if row['measured'] is None:
        return cells + ['quoted, not rerun' if row['quoted'] else 'not asked for'] + [''] * 6
    cells += [_figures(report, row['measured'], row.get('spread')), row['protocol']]
    if not row['trained_on']:
        return cells + [row.get('origin') or 'none', _sum(row['measured_on']), '', '', '']
    height, width = row['size']
    return cells + [
        _sum(row['trained_on']), _sum(row['measured_on']), f'{height}x{width}',
        f'{row["steps"]} x {row["batch"]}', _duration(row['seconds'])]


def _figures(report, figures, spread=None):
    def figure(name):
        if figures.get(name) is None:
            return '-'
        return f'{figures[name]:.3f}' + (f' ({spread[name]:.3f})' if spread else '')
    return ' / '.join(map(figure, report['columns']))


def _sum(counts):
    return f'{sum(counts.values())} frames'


def _sets(counts):
    return f'{_sum(counts)}: ' + ', '.join(f'{count} {name}' for name, count in counts.items())


def _duration(seconds):
    return f'{seconds:.0f} s' if seconds < 600 else f'{seconds / 3600:.1f} h'


def _definitions(report):
    """Say what the short words in the cells stand for."""
    done = [row for row in report['rows'] if row['measured']]
    lines = [f'{row["protocol"]}: {row["protocol_definition"]}.' for row in done]
    for key, what in (('trained_on', 'Trained on'), ('measured_on', 'Measured on')):
        lines += [f'{what} {_sets(row[key])}.' for row in done if row[key]]
    for row in done:
        if row.get('folds') and row['trained_on']:
            lines.append(f'Folds: {", ".join(row["folds"])}, trained frames are their sum.')
        if row.get('spread'):
            lines.append(f'In brackets: standard deviation over {len(row["seeds"])} seeds.')
    return list(dict.fromkeys(lines))


def _worth(report):
    return report['note'] or 'Trained and measured as published, on the published data.'
