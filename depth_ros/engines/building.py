# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Builds the engines of several models and says what came of it, for commands and nodes."""

from depth_ros import engines
from depth_ros.camera import Camera
from depth_ros.engines import EngineError, resolved, UnavailableError
from depth_ros.engines.tensorrt import AUTO_PRECISION
from depth_ros.resizing import check_size, input_size

# The camera that engines are built for when nothing better is known.
WIDTH, HEIGHT = 640, 480


def size_for(spec, size=None, camera=None):
    """
    Return (height, width) to build for.

    :param size: (height, width) of the model's input, or
    :param camera: (width, height) of the images; 640x480 without either.
    :raises InputError: a size that the model cannot be run at.
    """
    if size is not None:
        check_size(spec, *size)
        return tuple(size)
    width, height = camera or (WIDTH, HEIGHT)
    return input_size(spec, Camera(width, height, width, width, width / 2, height / 2))


def build(spec, height, width, precision, **options):
    """
    Build one engine, or find it in the cache, and return plain figures.

    An engine that is refused or fails to build gives its reason as `problem`.

    :param options: of the engine, see engines.tensorrt.load.
    :raises UnavailableError: the library or the GPU is missing.
    """
    precision = resolved(precision, AUTO_PRECISION)
    row = {'model': spec.name, 'precision': precision, 'input': {'height': height, 'width': width},
           'problem': '', 'warning': ''}
    try:
        engine = engines.load_only('tensorrt', spec, height, width, precision=precision,
                                   **options)
    except UnavailableError:
        raise
    except EngineError as error:
        return {**row, 'problem': str(error), **getattr(error, 'figures', {})}
    record, check = engine.record, engine.record.get('check', {})
    engines.close(engine)
    return {**row, 'engine': engine.describe(), 'warning': engine.note, 'built': engine.built,
            'file': str(engine.file), 'bytes': record['engine_bytes'],
            'build_seconds': record['build_seconds'], 'created': record['created'], **check}


def table(rows):
    """Table of `build`'s figures for people, with problems and warnings below."""
    head = ('model', 'precision', 'input', 'MiB', 'build s', 'parity median', 'max', 'engine ms',
            'ONNX Runtime ms')
    body = [_cells(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *body)]
    lines = ['  '.join(cell.ljust(width) if index < 2 else cell.rjust(width)
                       for index, (cell, width) in enumerate(zip(cells, widths))).rstrip()
             for cells in (head, *body)]
    lines += sorted({row['engine'] for row in rows if 'engine' in row})
    lines += [f'{row["model"]} {row["precision"]}: {row[kind]}' for row in rows
              for kind in ('problem', 'warning') if row[kind]]
    return '\n'.join(lines)


def _cells(row):
    size = f'{row["input"]["width"]}x{row["input"]["height"]}'
    if 'bytes' in row:
        built = f'{row["build_seconds"]:.1f}' + ('' if row['built'] else ' (kept)')
        file = (f'{row["bytes"] / (1 << 20):.1f}', built)
    else:
        file = ('refused' if 'parity' in row else 'failed', '-')
    parity = row.get('parity', {})
    errors = [f'{100 * parity[name]:.2g} %' if parity.get(name) is not None else '-'
              for name in ('median_rel', 'max_rel')]
    return (row['model'], row['precision'], size, *file, *errors, _timing(row, 'latency_ms'),
            _timing(row, 'reference_latency_ms'))


def _timing(row, name):
    values = row.get(name)
    return f'{values["median"]:.2f} ({values["p99"]:.2f})' if values else '-'
