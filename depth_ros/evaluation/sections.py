# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The parts of a report that several pages share; see `evidence.Evidence.result` for the data."""
import json

from depth_ros.cloud_view import add_cloud
from depth_ros.evaluation.confidence import TOLERANCE

LEAST_SHARE = 0.002  # a range with fewer of the pixels is listed, not drawn
PICTURE_BYTES = 1_500_000  # of all photos of a page together


def add_ranges(page, found):
    """Add errors by distance: a plot and a table."""
    entries = found['by_range']
    if not entries:
        return
    page.heading('Errors by distance')
    page.paragraph('All pixels of all frames together, by their true depth; so these are no parts '
                   'of the mean over frames above. Bias, RMSE and delta1 are those of the model; '
                   'a bias above 0 is depth that is too far.')
    drawn = [one for one in entries if one['share'] >= LEAST_SHARE]
    names = {k: _range(one) for k, one in enumerate(drawn)}
    draw_errors(page, _lines(drawn, list(names)), 'Relative error by true depth',
                'true depth, m', x_range=(-0.4, len(drawn) - 0.6), names=names)
    _table(page, 'depth, m', [_range(one) for one in entries], entries, found['model'])


def add_rows(page, found):
    """Add errors by height in the image, beside the height of the line."""
    entries = found['by_row']
    if not entries:
        return
    page.heading('Errors by image row')
    page.paragraph('Bands of the image from its top (0 %) to its bottom (100 %). A single line '
                   'measures one height; what is far from it rests on the model alone.')
    middles = [50 * (one['low'] + one['high']) for one in entries]
    line = {} if found['line_row'] is None else {'line': 100 * found['line_row']}
    draw_errors(page, _lines(entries, middles), 'Relative error by height in the image',
                '% of the height, from the top', x_range=(0, 100), at=line)
    labels = [f'{100 * one["low"]:.0f}-{100 * one["high"]:.0f}' for one in entries]
    _table(page, 'rows, %', labels, entries, found['model'])


def add_confidence(page, found):
    """Add what the confidence is worth, for a model that has one."""
    one = found['confidence']
    if one is None:
        return
    page.heading('Confidence')
    page.paragraph(
        f'It states the chance that a pixel is right within {TOLERANCE - 1:.0%}: '
        f'{one["mean_stated"]:.2f} on average, and {one["mean_observed"]:.2f} of the pixels were; '
        f'the mean gap of the bins is {one["calibration_error"]:.3f}. Dropping unsure pixels: '
        f'AUSE {one["ause"]:.2f} (0 is ideal, a random order has {one["ause_random"]:.2f}).')
    filled = [entry for entry in one['bins'] if entry['share'] > 0.002]
    page.plot({'observed': ([entry['stated'] for entry in filled],
                            [entry['observed'] for entry in filled]),
               'honest': ([0, 1], [0, 1])}, 'Reliability', 'stated',
              f'right within {TOLERANCE - 1:.0%}', x_range=(0, 1), y_range=(0, 1), marks=True)
    dropped = [100 * share for share in one['dropped']]
    page.plot({'by confidence': (dropped, one['model']), 'ideal': (dropped, one['ideal']),
               'at random': (dropped, one['random'])}, 'Error of the pixels that are left',
              'least sure pixels dropped, %', 'REL', y_range=(0, 1.1 * max(one['random']) or 1.0))


def add_frames(page, frames, pictures):
    """
    Add frames to look at.

    :param frames: ``evidence.Kept``; pictures: how many there are on the page in all.
    """
    for one in frames:
        figures = ', '.join(f'{name} {value:.3f}' + unit for name, value, unit in (
            ('REL', one.errors['abs_rel'], ''), ('RMSE', one.errors['rmse'], ' m'),
            ('delta1', one.errors['delta1'], '')))
        page.subheading(f'{one.name}: {figures}')
        wide = one.tiles[0][1].shape[1] > 2 * one.tiles[0][1].shape[0]
        page.pictures(one.tiles, columns=2 if wide else len(one.tiles), pairs=True,
                      most=PICTURE_BYTES // max(pictures, 1))


def add_clouds(page, clouds):
    """Add the point clouds of ``Evidence.clouds``; nothing when there are none."""
    if clouds:
        page.heading('Point cloud')
        add_cloud(page, clouds)


def add_rerun(page, environment, values, figures=None):
    """
    Add what is needed to do it again.

    :param environment: see ``environment.environment``; values: more {name: value}.
    :param figures: plain values for a fold-out of JSON.
    """
    page.heading('How to do it again')
    page.code(environment['command'])
    revision = environment['revision']
    page.values({
        **values, 'measured on': environment['date'],
        'revision of the code': revision and revision + (
            ' (+: with local changes)' if revision.endswith('+') else ''),
        'versions': ', '.join([f'Python {environment["python"]}', *(
            f'{name} {version}' for name, version in environment['packages'].items()
            if version)]),
        'machine': f'{environment["machine"]}, {environment["cores"]} cores'})
    if figures is not None:
        page.details('All figures as JSON', json.dumps(figures, indent=1))


def draw_errors(page, lines, title, across, **options):
    """Add a plot of RELs from 0; what is above 1 leaves it, but for the first line's own."""
    known = {name: [value for value in values if value is not None]
             for name, (_, values) in lines.items()}
    own = max(next(iter(known.values()), ()), default=0.0)
    every = max((value for values in known.values() for value in values), default=0.0)
    top = 1.1 * max(own, min(every, 0.9)) or 1.0
    drawn = {name: (xs, [value if value is not None and value <= top else None
                         for value in values]) for name, (xs, values) in lines.items()}
    if every > top:
        title += f'; above {top:.2g} nothing is drawn'
    page.plot(drawn, title, across, 'REL', y_range=(0, top),
              marks=max(map(len, known.values()), default=0) < 40, **options)


def _lines(entries, across):
    """Return {method: (xs, RELs)}."""
    return {_spoken(name): (across, [one['methods'][name]['abs_rel'] for one in entries])
            for name in entries[0]['methods']} if entries else {}


def _table(page, first, labels, entries, model):
    """Add a table: share of the pixels, REL of all, and more of the model."""
    others = [name for name in entries[0]['methods'] if name != model]
    header = [first, 'pixels, %', 'REL', 'bias', 'RMSE, m', 'delta1', 'known, %',
              *(f'REL {_spoken(name)}' for name in others)]
    rows = []
    for label, one in zip(labels, entries):
        own = one['methods'][model]
        rows.append([label, 100 * one['share'], own['abs_rel'], own['bias_rel'], own['rmse'],
                     own['delta1'], 100 * own['coverage'],
                     *(one['methods'][name]['abs_rel'] for name in others)])
    decimals = dict.fromkeys(header[1:], 3)
    page.table(header, rows, digits={**decimals, 'pixels, %': 1, 'known, %': 1, 'RMSE, m': 2})


def _range(one):
    return f'> {one["low"]:g}' if one['high'] is None else f'{one["low"]:g}-{one["high"]:g}'


def _spoken(name):
    return name.replace('_', ' ')
