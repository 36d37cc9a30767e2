# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Shipped models in every runner that is here: parity, latency, and the floor of the GPU.

TensorRT and torch need a GPU; ONNX Runtime and the counts of operations and bytes need none. One
frame is timed from host arrays to host arrays in every runner, as the estimator calls it.
"""
from __future__ import annotations

from dataclasses import asdict
import tempfile

from depth_ros.benchmark.scene import camera, line, picture
from depth_ros.benchmark.spreads import spread
from depth_ros.engines import close, EngineError, load_only, parity, PRECISIONS
from depth_ros.engines.floor import floor_ms, peak_of, work
from depth_ros.engines.precision import typed
from depth_ros.engines.tensorrt import find_libraries
from depth_ros.estimator import Estimator
from depth_ros.resizing import input_size
import numpy as np

WARM_UP = 5


def gpu():
    """Return (Libraries or None, Device or None, what is missing or '')."""
    libraries = None
    try:
        libraries = find_libraries()
        return libraries, libraries.device(), ''
    except EngineError as error:
        return libraries, None, str(error)


def measure(specs, frames, precisions=PRECISIONS, torch_device='cuda', cache=None, report=print,
            here=None):
    """
    Return the report: `gpu`, `missing`, `peak`, and one row per model and runner.

    :param torch_device: '' leaves torch out.
    :param here: as of `gpu`, instead of what it finds.
    """
    libraries, device, missing = here or gpu()
    peak = peak_of(libraries.cuda, device) if device else None
    rows = []
    for spec in specs:
        height, width = input_size(spec, camera())
        feed = parity.stored_input(spec, height, width)
        reference = load_only('onnxruntime', spec, height, width)
        wanted = reference.run(**feed)
        rows.append(_row(reference, spec, 'fp32', feed, None, frames))
        rows += _tensorrt(spec, feed, wanted, frames, precisions, cache, libraries, device, peak,
                          report)
        if torch_device:
            from training.engine_table_torch import torch_rows
            rows += [_row(engine, spec, precision, feed, wanted, frames)
                     for engine, precision in torch_rows(spec, height, width, torch_device,
                                                         report)]
    return {'gpu': asdict(device) if device else None, 'missing': missing,
            'peak': asdict(peak) if peak else None, 'frames': frames, 'rows': rows}


def _tensorrt(spec, feed, wanted, frames, precisions, cache, libraries, device, peak, report):
    """Rows of all precisions; without a GPU those have their counts alone."""
    import onnx
    height, width = feed['image'].shape[:2]
    rows = []
    for precision in precisions:
        with tempfile.TemporaryDirectory(prefix='depth_ros_') as folder:
            cost = work(onnx.load(str(typed(spec, precision, folder))), height, width)
        row = {'model': spec.name, 'runner': 'tensorrt', 'precision': precision, 'note': ''}
        if device:
            engine = None
            try:
                engine = load_only('tensorrt', spec, height, width, precision=precision,
                                   cache=cache, report=report, libraries=libraries)
                row = _row(engine, spec, precision, feed, wanted, frames)
            except EngineError as error:
                row['note'] = str(error)
            finally:
                close(engine)
        else:
            row['note'] = 'not run: no GPU'
        rows.append({**row, 'work': asdict(cost),
                     'floor_ms': floor_ms(cost, peak) if peak else None})
    return rows


def _row(engine, spec, precision, feed, wanted, frames):
    """Time an engine alone and inside the estimator; compare it with `wanted`."""
    from time import perf_counter
    alone = []
    for _ in range(WARM_UP + frames):
        start = perf_counter()
        outputs = engine.run(**feed)
        alone.append(1e3 * (perf_counter() - start))
    estimator = Estimator(spec, size=(engine.height, engine.width))
    estimator.engine = engine
    image, sparse = picture(), line()
    whole = [sum(estimator.estimate(image, camera(), sparse=sparse).timings_ms.values())
             for _ in range(WARM_UP + frames)]
    found = parity.compare(wanted, outputs, precision).record() if wanted else None
    return {'model': spec.name, 'runner': engine.name, 'precision': precision,
            'engine': engine.describe(), 'input': [engine.height, engine.width],
            'latency_ms': spread(alone[WARM_UP:]), 'estimator_ms': spread(whole[WARM_UP:]),
            'parity': found, 'note': getattr(engine, 'note', '') or ''}


def table(report):
    """Return the Markdown table of a report."""
    heads = ['model', 'runner', 'precision', 'engine ms (p99)', 'estimator ms (p99)',
             'median, largest difference', 'multiply-adds', 'MB', 'floor ms', 'note']
    lines = ['| ' + ' | '.join(heads) + ' |', '|' + '---|' * len(heads)]
    for row in report['rows']:
        found, cost, floor = row.get('parity'), row.get('work'), row.get('floor_ms')
        cells = [row['model'], row['runner'], row['precision'],
                 _spread(row.get('latency_ms')), _spread(row.get('estimator_ms')),
                 f'{found["median_rel"]:.1e}, {found["max_rel"]:.1e}' if found else '',
                 ' + '.join(f'{count / 1e6:.0f} M {kind}' for kind, count
                            in cost['operations'].items()) if cost else '',
                 f'{cost["once"] / 1e6:.1f} to {cost["layers"] / 1e6:.1f}' if cost else '',
                 _floor(floor) if floor else '', row['note']]
        lines.append('| ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines)


def _spread(values):
    return f'{values["median"]:.2f} ({values["p99"]:.2f})' if values else ''


def _floor(floor):
    least = max(np.nan_to_num(floor['operations'] or 0), floor['once'])
    return f'{least:.3f} ({floor["layers"]:.3f} unfused)'
