# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`depth_ros benchmark`: engines, precisions and models in turns; nodes over DDS; load."""
import json
from pathlib import Path
import re

from depth_ros.commands import write_into
from depth_ros.contracts import InputError
from depth_ros.engines import ENGINES, PRECISIONS
from depth_ros.evaluation.environment import environment
from depth_ros.model import available, DEFAULTS, find

HELP = ('time engines and precisions in turns, alone and in the estimator at 640x480, and what '
        'the nodes add over DDS; with --load nodes that get more than they can answer, with '
        '--minutes one node for long')
LOADS = ('completion', 'monocular', 'cameras', 'flood', 'subscribers')
SIZED = re.compile(r'(.+)@(\d+)x(\d+)')


def add_arguments(parser):
    """Add the options of the command."""
    parser.add_argument('--model', action='append', metavar='NAME[@HxW]',
                        help='shipped model or .onnx file, and the height and width to run it at; '
                        'may be given again (default: all shipped, at what suits 640x480)')
    parser.add_argument('--peer', action='append', default=[], metavar='FILE[@HxW]',
                        help='.onnx file of the contract to compare with the models; may be given '
                        'again')
    parser.add_argument('--engine', action='append', choices=['auto', *sorted(ENGINES)],
                        help='inference engine; may be given again (default: all installed)')
    parser.add_argument('--precision', action='append', metavar='PRECISION',
                        choices=[name for name in PRECISIONS if name != 'auto'],
                        help='fp32, fp16, bf16 or int8; may be given again (default: all that an '
                        'engine can do)')
    parser.add_argument('--providers', metavar='NAMES',
                        help='ONNX Runtime with these execution providers, e.g. CUDA, beside that '
                        'on the CPU')
    parser.add_argument('--device', metavar='NAME',
                        help='OpenVINO on this device, e.g. GPU, beside that on the CPU')
    parser.add_argument('--frames', type=int, default=100, metavar='N',
                        help='images per measurement (default 100)')
    parser.add_argument('--threads', type=int, default=0, metavar='N',
                        help='CPU threads of the engine (default: one per core)')
    parser.add_argument('--input-size', type=int, nargs=2, metavar=('HEIGHT', 'WIDTH'),
                        help='run all models at this size')
    parser.add_argument('--no-node', action='store_true', help='leave out the nodes over DDS')
    parser.add_argument('--load', nargs='*', choices=LOADS, metavar='SCENARIO',
                        help='instead of all that, nodes under load: `completion` or `monocular` '
                        'with 60 Hz in, the completion node for two `cameras`, with 60 Hz in and '
                        'slow inference (`flood`), with four `subscribers` (default: all)')
    parser.add_argument('--seconds', type=float, default=15.0, metavar='S',
                        help='length of each scenario of --load (default 15)')
    parser.add_argument('--minutes', type=float, metavar='M',
                        help='instead of all that: the completion node for so long, with its '
                        'memory')
    parser.add_argument('--bag', type=Path, metavar='PATH',
                        help='with --minutes: this recording in a loop at its own pace instead of '
                        'a made camera; also open files, threads and latency over time')
    parser.add_argument('--json', type=Path, metavar='OUT', help='file for the figures')
    parser.add_argument('--markdown', type=Path, metavar='OUT', help='file for the tables')


def run(args):
    """Measure, print tables and write them and the figures."""
    from depth_ros.benchmark.energy import find_meter, idle_watts, power_mode
    from depth_ros.benchmark.tables import report
    _check(args)
    mode, meter = power_mode(), find_meter()
    try:
        result = {'environment': environment(), 'power': {
            'mode': mode, 'source': meter.source, 'reason': meter.reason,
            'idle_watts': idle_watts(meter)}, **_measure(args, meter)}
    finally:
        meter.close()
    print(report(result), end='')
    for path, text in ((args.json, json.dumps(result, indent=1) + '\n'),
                       (args.markdown, report(result))):
        if path:
            write_into(path, lambda path=path, text=text: path.write_text(text))
    return 0


def _check(args):
    if args.frames < 1:
        raise InputError('--frames must be at least 1')
    if args.seconds <= 0 or (args.minutes is not None and args.minutes <= 0):
        raise InputError('--seconds and --minutes must be positive')
    if args.bag and not args.minutes:
        raise InputError('--bag needs --minutes: how long to play it')


def _measure(args, meter):
    result = {}
    if args.load is not None or args.minutes:
        spec, parameters = _completion(args)
        if args.load is not None:
            result['load'] = _load(args, parameters)
        if args.bag:
            from depth_ros.benchmark.ros.looping import loop
            result['loop'] = loop(args.bag, args.minutes, parameters, spec.outputs, args.threads)
        elif args.minutes:
            from depth_ros.benchmark.ros.scenarios import soak
            result['soak'] = soak(args.minutes, parameters, spec.outputs, args.threads)
        return result
    result['models'], result['left_out'] = _models(args, meter)
    if not args.no_node:
        from depth_ros.benchmark.ros.scenarios import time_nodes
        result['nodes'] = time_nodes(for_nodes(result['models']), args.frames, args.threads)
    return result


def sized(text):
    """Split NAME@HEIGHTxWIDTH into name and size; the size is None where none is given."""
    found = SIZED.fullmatch(text)
    return (found[1], (int(found[2]), int(found[3]))) if found else (text, None)


def _models(args, meter):
    from depth_ros.benchmark.candidate import Candidate, precisions
    from depth_ros.benchmark.turns import time_all
    names = args.model or [spec.name for spec in available()]
    if not names:
        raise InputError('no model is installed: name one with --model FILE.onnx')
    candidates = []
    for name, peer in [*((name, False) for name in names), *((name, True) for name in args.peer)]:
        name, size = sized(name)
        spec, size = find(name), size or (tuple(args.input_size) if args.input_size else None)
        candidates += [
            Candidate(spec.name, spec.file, engine, precision, args.threads, size, peer, options)
            for engine, options in _variants(args) for precision in precisions(engine,
                                                                               args.precision)]
    rows, left_out = time_all(candidates, args.frames, meter, args.engine or ())
    if not rows:
        reasons = '; '.join(sorted({row['reason'] for row in left_out}))
        raise InputError(f'no engine could run a model ({reasons or "none has this precision"}): '
                         'see `depth_ros doctor`')
    return rows, left_out


def _variants(args):
    """Return engines with their options."""
    more = {'onnxruntime': ('providers', args.providers), 'openvino': ('device', args.device)}
    return [(engine, options) for engine in args.engine or ENGINES
            for options in ((), (more.get(engine, ('', None)),)) if not options or options[0][1]]


def for_nodes(rows):
    """
    Choose what goes through nodes.

    :return: of the first completion and the first monocular model the row of the reference, the
        fastest in float32, and the fastest that is right, each once.
    """
    chosen = []
    for task in DEFAULTS:
        own = [row for row in rows if row['task'] == task and not row['peer']]
        own = [row for row in own if (row['model'], row['input']) == (own[0]['model'],
                                                                      own[0]['input'])]
        right = [row for row in own if not row['difference'] or row['difference']['passed']]
        # The reference differs from nothing.
        found = [row for row in own if row['vs_reference'] and not row['difference']]
        for rows_of in ([row for row in right if row['precision'] == 'fp32'], right):
            found += sorted(rows_of, key=lambda row: row['bare_ms']['median'])[:1]
        chosen += [row for index, row in enumerate(found) if row not in found[:index]]
    return chosen


def _completion(args):
    """Return the model of load and soak, and the parameters that make the node run it."""
    name, size = sized((args.model or [DEFAULTS['completion']])[0])
    spec, size = find(name, 'completion'), size or args.input_size
    parameters = {'model': str(spec.file), 'engine': (args.engine or ['auto'])[0]}
    if args.precision:
        parameters['precision'] = args.precision[0]
    if size:
        parameters.update(input_height=size[0], input_width=size[1])
    return spec, parameters


def _load(args, parameters):
    from depth_ros.benchmark.ros.rig import run as run_scenario
    from depth_ros.benchmark.ros.scenarios import load_scenarios
    scenarios = load_scenarios(args.seconds, parameters, args.threads)
    return [row for name in args.load or LOADS for row in run_scenario(scenarios[name])]
