# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The page of an evaluation: one HTML file for people, from the report and its evidence."""
from types import SimpleNamespace

from depth_ros.evaluation import sections
from depth_ros.page import Page
import numpy as np

COLUMNS = ('REL', 'RMSE, m', 'MAE, m', 'delta1', 'delta2', 'known')
_FIGURES = ('abs_rel', 'rmse', 'mae', 'delta1', 'delta2', 'coverage')
FEW_FRAMES, LITTLE_KNOWN = 20, 0.95
ALL_FRAMES = 200  # that are listed one by one
MOST_DRAWN = 1500  # frames of a plot


def write_page(path, report, evidence, title=None):
    """
    Write the page.

    :param report: of ``run.evaluate`` or ``session.Session``, with ``environment``; what it
        lacks is left out.
    :param evidence: ``evidence.Evidence`` of the same frames.
    :raises InputError: the file cannot be written.
    """
    make_page(report, evidence, title).write(path)


def make_page(report, evidence, title=None):
    """Return the ``page.Page``; parameters as of ``write_page``."""
    page = Page(title or f'Evaluation of {report.get("model", "depth/image")}')
    found, worst, spread = evidence.result(), evidence.worst(), evidence.spread()
    page.paragraph(_summary(report))
    page.findings(_cautions(report))
    _figures(page, report)
    sections.add_clouds(page, evidence.clouds())
    sections.add_ranges(page, found)
    sections.add_rows(page, found)
    sections.add_confidence(page, found)
    _along(page, report)
    pictures = sum(len(one.tiles) for one in (*worst, *spread))
    if worst:
        page.heading('The worst frames')
        sections.add_frames(page, worst, pictures)
    if spread:
        page.heading('Frames along the data')
        sections.add_frames(page, spread, pictures)
    kept = {key: value for key, value in report.items() if key != 'per_frame'}
    sections.add_rerun(page, report['environment'], _conditions(report), kept)
    return page


def _summary(report):
    metrics = report['metrics']
    if metrics['abs_rel'] is None:
        return f'{report["frames"]} frames, and nothing in them could be compared.'
    rels = [value for value in _rels(report) if value is not None]
    text = (f'On {report["frames"]} frames the depth is {metrics["abs_rel"]:.1%} off on average '
            f'(REL {metrics["abs_rel"]:.3f}), RMSE {metrics["rmse"]:.2f} m, and '
            f'{metrics["delta1"]:.1%} of the pixels are within a factor of 1.25 of the truth.')
    if len(rels) > 3:
        low, high = np.percentile(rels, (25, 75))
        text += f' Half of the frames have a REL between {low:.3f} and {high:.3f}.'
    others = {name: one['abs_rel'] for name, one in report.get('baselines', {}).items()
              if one['abs_rel']}
    if others:
        name = min(others, key=others.get)
        ratio = metrics['abs_rel'] / others[name]
        text += (f' The best baseline, {name.replace("_", " ")}, has {others[name]:.3f}: the '
                 f'model has {abs(1 - ratio):.0%} {"less" if ratio < 1 else "more"}.')
    return text


def _cautions(report):
    """Yield what a reader should know before believing the figures."""
    metrics, said = report['metrics'], []
    if metrics['coverage'] is not None and metrics['coverage'] < LITTLE_KNOWN:
        said.append(('warning', 'coverage', f'only {metrics["coverage"]:.0%} of the pixels with '
                     'ground truth have a depth; the errors speak of these alone'))
    if metrics.get('far'):
        said.append(('note', 'far', f'{metrics["far"]} pixels were said to be beyond range, '
                     'where the truth is known'))
    if report['frames'] < FEW_FRAMES:
        said.append(('note', 'sample', f'{report["frames"]} frames are few: another choice of '
                     'frames would change the figures'))
    if report['frames'] == 0 and report.get('predictions') == 0:
        said.append(('error', 'input', 'no depth image came in'))
    if report.get('unmatched_predictions'):
        said.append(('note', 'pairs', f'{report["unmatched_predictions"]} depth images found no '
                     'ground truth of their time and were not compared'))
    return [SimpleNamespace(level=level, code=code, text=text) for level, code, text in said]


def _figures(page, report):
    page.heading('Figures')
    page.paragraph(f'Protocol {report["protocol"]}: {report["protocol_definition"]}.')
    rows = [[report.get('model', 'depth/image'), *(report['metrics'][key] for key in _FIGURES)]]
    rows += [[name.replace('_', ' '), *(one[key] for key in _FIGURES)]
             for name, one in report.get('baselines', {}).items()]
    best = dict(zip(COLUMNS, ('min', 'min', 'min', 'max', 'max'))) if len(rows) > 1 else {}
    page.table(['', *COLUMNS], rows, best, digits=dict.fromkeys(COLUMNS, 3))
    values, residual = {}, report.get('residual_on_line')
    if residual:
        values['off the line before anchoring'] = (
            f'{residual["median_abs"]:.3f} m, {residual["median_rel"]:.1%} (median over frames)')
    latency = report.get('latency_ms')
    if latency and latency['median'] is not None:
        values['latency here'] = (f'{latency["median"]:.1f} ms median, {latency["p99"]:.1f} ms '
                                  'p99, without loading')
    if values:
        page.values(values)


def _rels(report):
    return [frame['metrics']['abs_rel'] for frame in report['per_frame']]


def _along(page, report):
    """Add the error of every frame, in the order of the data."""
    frames = report['per_frame']
    if len(frames) < 2:
        return
    page.heading('Error of each frame')
    step = -(-len(frames) // MOST_DRAWN)
    across, drawn = range(0, len(frames), step), frames[::step]
    lines = {report.get('model', 'depth/image'): (across, _rels(report)[::step])}
    for name in report.get('baselines', {}):
        lines[name.replace('_', ' ')] = (across, [
            frame['baselines'][name]['abs_rel'] for frame in drawn])
    title = 'Relative error of each frame' if step == 1 else f'Relative error, one frame of {step}'
    sections.draw_errors(page, lines, title, 'frame')
    page.details(f'The frames{"" if len(frames) <= ALL_FRAMES else ", the first of them"}',
                 '\n'.join(_listed(frame) for frame in frames[:ALL_FRAMES]))


def _listed(frame):
    rel, rmse = (frame['metrics'][key] for key in ('abs_rel', 'rmse'))
    if rel is None:
        return f'{_name(frame)}  nothing to compare'
    return f'{_name(frame)}  REL {rel:.4f}  RMSE {rmse:.3f} m'


def _name(frame):
    return frame.get('name') or f'{frame["stamp_ns"] / 1e9:.3f} s'


def _counts(report):
    """Return what the evaluation node counted."""
    return {name.replace('_', ' '): report[name] for name in (
        'predictions', 'truths', 'unmatched_predictions', 'unmatched_truths', 'rejected')
        if name in report}


def _conditions(report):
    """Return everything that the figures depend on, by its name."""
    model = report.get('model_details') or {}
    size, engine = model.get('run_at') or {}, model.get('engine')
    values = {
        'model': model.get('name', report.get('model')), 'model file': model.get('file'),
        'SHA-256 of the model': model.get('sha256'), 'licence': model.get('licence'),
        'engine': engine and ', '.join(f'{key} {value}' for key, value in engine.items()
                                       if isinstance(value, (str, int, float)))
        if isinstance(engine, dict) else engine,
        'run at': size and f'{size["width"]} x {size["height"]} pixels',
        'data set': report.get('dataset'), 'data': report.get('path'),
        'SHA-256 of the frames as read': report.get('data_sha256'),
        'line': report.get('line'), 'ground truth': report.get('truth'),
        'protocol': f'{report["protocol"]}: {report["protocol_definition"]}',
        'frames': report['frames'], **_counts(report),
        'pixels compared': report['metrics']['pixels'],
        'options': ', '.join(f'{key} {value}' for key, value in report.get('options', {}).items()
                             if value is not None)}
    return {name: value for name, value in values.items() if value not in (None, '', {})}
