# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`depth_ros benchmark`: time every shipped model in every engine, and the node over DDS."""
import json
from pathlib import Path
import sys

from depth_ros.contracts import InputError
from depth_ros.engines import EngineError, ENGINES
from depth_ros.evaluation.environment import environment
from depth_ros.model import available, find
from tqdm import tqdm

HELP = ('time load, preprocessing, inference and postprocessing of the models at 640x480, and '
        'what the completion node adds over DDS; warmed up, median and 99th percentile')
COLUMNS = ('load_s', 'preprocess_ms', 'inference_ms', 'postprocess_ms', 'total_ms')
# The node gets images at least this slowly, and this much slower than the model runs.
SLOWEST_RATE_HZ, SLACK = 15.0, 2.0


def add_arguments(parser):
    """Add the options of the command."""
    parser.add_argument('--model', action='append', metavar='NAME',
                        help='shipped model or .onnx file; may be given again (default: all)')
    parser.add_argument('--engine', action='append', choices=sorted(ENGINES),
                        help='inference engine; may be given again (default: all installed)')
    parser.add_argument('--frames', type=int, default=50, metavar='N',
                        help='images per measurement (default 50)')
    parser.add_argument('--threads', type=int, default=0, metavar='N',
                        help='CPU threads of the engine (default: one per core)')
    parser.add_argument('--input-size', type=int, nargs=2, metavar=('HEIGHT', 'WIDTH'),
                        help='run the models at this size (default: what suits a 640x480 image)')
    parser.add_argument('--no-node', action='store_true', help='leave out the node over DDS')
    parser.add_argument('--json', type=Path, metavar='OUT', help='file for the figures')


def run(args):
    """Measure, print a table and write the figures."""
    if args.frames < 1:
        raise InputError('--frames must be at least 1')
    specs = [find(name) for name in args.model] if args.model else available()
    if not specs:
        raise InputError('no model is installed: name one with --model FILE.onnx')
    result = {'environment': environment(), 'models': _models(args, specs)}
    if not result['models']:
        raise InputError('no engine could run a model: see `depth_ros doctor`')
    print(table(result['models']))
    if not args.no_node:
        result['node'] = _node(args, specs, result['models'])
        print(node_table(result['node']))
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(result, indent=1) + '\n')
        print(f'figures: {args.json}')
    return 0


def _models(args, specs):
    from depth_ros.demo.benchmark import alone, time_model
    jobs = [(spec, engine) for spec in specs for engine in args.engine or ENGINES]
    results = []
    for spec, engine in tqdm(jobs, unit='model', desc='timing', disable=None):
        try:
            results.append(alone(time_model, spec.file, engine, args.frames, args.threads,
                                 args.input_size))
        except EngineError as error:
            # An engine that is not installed is no error, unless it was asked for.
            if args.engine:
                raise
            print(f'{spec.name} in {engine}: {error}', file=sys.stderr)
    return results


def _node(args, specs, timed):
    from depth_ros.demo.benchmark import time_node
    completion = next((spec for spec in specs if spec.task == 'completion'), None)
    if completion is None:
        return None
    slowest = max(row['total_ms']['p99'] for row in timed if row['model'] == completion.name)
    period = max(1 / SLOWEST_RATE_HZ, SLACK * slowest / 1000)
    return time_node(str(completion.file), args.frames, period)


def table(rows):
    """Table of the models for people."""
    lines = [f'{"model":<14} {"engine":<34} {"input":>9} {"load":>7} '
             f'{"preprocess":>13} {"inference":>15} {"postprocess":>13} {"total":>15} '
             f'{"per s":>6} {"peak":>8}',
             f'{"":<14} {"":<34} {"":>9} {"s":>7} {"ms (p99)":>13} {"ms (p99)":>15} '
             f'{"ms (p99)":>13} {"ms (p99)":>15} {"":>6} {"MiB":>8}']
    for row in rows:
        size = f'{row["input"]["width"]}x{row["input"]["height"]}'
        lines.append(
            f'{row["model"]:<14} {row["engine"]:<34} {size:>9} {row["load_s"]:>7.2f} '
            f'{_spread(row["preprocess_ms"]):>13} {_spread(row["inference_ms"]):>15} '
            f'{_spread(row["postprocess_ms"]):>13} {_spread(row["total_ms"]):>15} '
            f'{row["images_per_second"]:>6.1f} {row["peak_memory_mib"]:>8.0f}')
    return '\n'.join(lines)


def node_table(node):
    """Lines about the node for people."""
    if node is None:
        return 'node: not timed, there is no completion model'
    images, latency = node['images'], node['latency_ms']
    if latency['median'] is None:
        return f'node: no depth arrived ({images})'
    return (f'node over DDS, {node["model"]}, 640x480 every {node["period_ms"]:.0f} ms: '
            f'{images["arrived"]} of {images["sent"]} images answered\n'
            f'  image -> depth {_spread(latency)} ms, of that inference '
            f'{_spread(node["inference_ms"])} ms: overhead {_spread(node["overhead_ms"])} ms')


def _spread(values):
    return f'{values["median"]:.1f} ({values["p99"]:.1f})'
