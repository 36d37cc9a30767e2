# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a run of the completion node gave, in figures and as a table."""
from depth_ros.demo.session import counts
import numpy as np

METRICS = ('rmse', 'mae', 'abs_rel', 'delta1', 'delta2', 'delta3', 'coverage')
RESIDUALS = ('residual_m', 'residual_rel', 'anchored_residual_m', 'line_points')


def report(recording, collector, session):
    """
    Collect the figures of a run.

    :param session: evaluation Session with every compared frame.
    :return: plain values, ready for JSON.
    """
    return session.report(
        recording=recording.path, model=collector.value('model'),
        model_sha256=collector.value('model_sha256'), engine=collector.value('engine'),
        input=collector.value('input'), images=_frames(recording, collector),
        rate_hz={'recorded': recording.rate, 'depth': collector.rate()},
        latency_ms=_latency(collector),
        residual_on_line={name: _number(collector, f'{name}.median') for name in RESIDUALS})


def _frames(recording, collector):
    """Account for every recorded image: what is not accounted for is lost."""
    found = counts(collector)
    named = sum(found['dropped'].values())
    sent, arrived = len(recording.stamps), len(collector.depths)
    return {'sent': sent, **found, 'arrived': arrived, 'lost': {
        'on the way to the node': sent - found['in'],
        'in the node': found['in'] - found['out'] - named,
        'on the way from the node': found['out'] - arrived}}


def _latency(collector):
    values = collector.latencies_ms()
    stages = {name: _number(collector, f'{name}_ms.median')
              for name in ('work', 'preprocess', 'inference', 'postprocess')}
    if not len(values):
        return {'median': None, 'p99': None, 'node_medians': stages}
    return {'median': float(np.median(values)), 'p99': float(np.percentile(values, 99)),
            'node_medians': stages}


def _number(collector, name):
    text = collector.value(name)
    return None if text is None else float(text)


def lost(result):
    """Images that vanished without a reason."""
    return sum(abs(count) for count in result['images']['lost'].values())


def table(result):
    """Table of the figures for people."""
    images, latency = result['images'], result['latency_ms']
    dropped = ', '.join(f'{count} ({reason})' for reason, count in images['dropped'].items())
    vanished = ', '.join(f'{count} {where}' for where, count in images['lost'].items() if count)
    nodes = latency['node_medians']
    rows = [
        ('model', f'{result["model"]} at {result["input"]}, {result["engine"]}'),
        ('images in -> depth out', f'{images["in"]} -> {images["arrived"]} of '
         f'{images["sent"]} recorded'),
        ('dropped by the node', dropped or '0'),
        ('lost without a reason', vanished or '0'),
        ('rate', f'{result["rate_hz"]["depth"]:.1f} Hz (recorded at '
         f'{result["rate_hz"]["recorded"]:.1f} Hz)'),
        ('latency image -> depth', f'{_text(latency["median"], 1)} ms median, '
         f'{_text(latency["p99"], 1)} ms p99'),
        ('of that in the node', f'{_text(nodes["work"], 1)} ms, inference '
         f'{_text(nodes["inference"], 1)} ms'),
    ]
    metrics, residual = result['metrics'], result['residual_on_line']
    if result['frames']:
        rows += [
            ('error off the line', f'RMSE {_text(metrics["rmse"], 3)} m, REL '
             f'{_text(metrics["abs_rel"], 4)}, delta1 {_text(metrics["delta1"], 4)}'),
            ('frames compared', f'{result["frames"]} with ground truth, '
             f'{100 * metrics["coverage"]:.1f} % of its pixels'),
        ]
    rows += [
        ('residual on the line', f'{_text(residual["residual_m"], 3)} m before anchoring, '
         f'{_text(residual["anchored_residual_m"], 4)} m after (median of '
         f'{_text(residual["line_points"], 0)} points)'),
    ]
    width = max(len(name) for name, _ in rows)
    rule = '-' * (width + 3 + max(len(text) for _, text in rows))
    return '\n'.join([rule, *(f'{name:<{width}} | {text}' for name, text in rows), rule])


def _text(value, digits):
    return '-' if value is None else f'{value:.{digits}f}'
