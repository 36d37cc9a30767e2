# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`depth_ros convert`: a model file in fp16, bf16 or int8, and what that costs in accuracy."""
import json
from pathlib import Path
import shutil
import sys
import tempfile

from depth_ros.engines import EngineError, ENGINES, load_only, RefusedError
from depth_ros.engines.calibration import Calibration, DEMO_BAG
from depth_ros.engines.precision import emulated, typed
from depth_ros.estimator import Estimator
from depth_ros.evaluation.precisions import compare, frame_sets
from depth_ros.evaluation.protocols import find_protocol
from depth_ros.model import find, read_spec

HELP = 'make a model file of another precision and compare it with the float32 one'
PRECISIONS = ('fp32', 'fp16', 'bf16', 'int8')


def add_arguments(parser):
    """Add the options of the command."""
    parser.add_argument('model', help='name of a model (see `depth_ros models`) or an .onnx file')
    parser.add_argument('--precision', nargs='+', choices=PRECISIONS, default=['fp16'])
    parser.add_argument('--engine', nargs='+', choices=ENGINES, default=[],
                        help='compare these engines as they run here, each in every precision '
                             'that it has, and not the files in ONNX Runtime')
    parser.add_argument('--out', type=Path, metavar='DIR',
                        help='folder for MODEL_PRECISION.onnx (default: compare only)')
    parser.add_argument('--calibration', type=Path, metavar='BAG',
                        help='recording that the ranges of int8 are measured on (default: the '
                             'demo recording)')
    parser.add_argument('--float-layers', metavar='PATTERN',
                        help='int8: convolutions whose names match stay float, in place of the '
                             'rule of docs/precision.md')
    parser.add_argument('--tensorrt-8', action='store_true',
                        help='operators that TensorRT 8 knows, and float32 beside int8')
    parser.add_argument('--data', type=Path, metavar='DATA',
                        help='compare on the sets of docs/evaluation.md in this folder too')
    parser.add_argument('--frames', type=int, default=8, metavar='N',
                        help='compare on at most this many frames of each set; 0: no comparison')
    parser.add_argument('--json', type=Path, metavar='OUT', help='file for the figures')


def run(args):
    """Convert, compare on the CPU, print a table."""
    spec = find(args.model)
    calibration = Calibration(args.calibration or DEMO_BAG, keep=args.float_layers)
    report = {'model': spec.summary(), 'precisions': {}}
    with tempfile.TemporaryDirectory(prefix='depth_ros_') as folder:
        others = _engines(spec, args, calibration, folder) if args.engine else {}
        for precision in [] if args.engine and not args.out else args.precision:
            file = typed(spec, precision, folder, calibration, _say, old=args.tensorrt_8)
            report['precisions'][precision] = {'bytes': file.stat().st_size}
            if args.out:
                args.out.mkdir(parents=True, exist_ok=True)
                target = args.out / f'{spec.name}_{precision}.onnx'
                shutil.copyfile(file, target)
                print(f'{target} ({file.stat().st_size / 2**20:.1f} MiB)')
            # ONNX Runtime has no bf16 kernels: float32 with every tensor rounded stands for it.
            if not args.engine:
                runnable = emulated(spec, precision, folder) if precision == 'bf16' else file
                others[precision] = Estimator(read_spec(runnable), 'onnxruntime')
        if args.frames > 0 and others:
            report['sets'] = compare(frame_sets(args.data, args.frames),
                                     Estimator(spec, 'onnxruntime'), others,
                                     find_protocol('image_rmse'))
            print(table(report['sets'], list(others)))
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(report, indent=1) + '\n')
    return 0


def _engines(spec, args, calibration, folder):
    """Return {'bf16 openvino': Estimator} of the engines that can be loaded here."""
    found = {}
    for precision in args.precision:
        for name in args.engine:
            options = {'precision': precision, 'calibration': calibration, 'cache': folder}
            try:
                load_only(name, spec, spec.input_height, spec.input_width, **options)
            except RefusedError as error:
                _say(f'{name} {precision}: {error}')
            except EngineError as error:
                _say(f'{name} {precision}: {error}')
                continue
            if name != 'onnxruntime' or precision != 'fp32':
                found[f'{precision} {name}'] = Estimator(spec, name, loader=_unchecked, **options)
    return found


def _unchecked(name, spec, height, width, **options):
    """Load whatever the comparison says: the figures are what is asked for here."""
    check = {} if name == 'tensorrt' else {'check': False}
    return load_only(name, spec, height, width, **check, **options)


def _say(line):
    print(line, file=sys.stderr)


def table(rows, names):
    """Return the Markdown table of a comparison."""
    heads = ['set', 'frames', 'REL fp32']
    for name in names:
        heads += [f'{name}: REL', 'median', 'p99', 'largest']
    lines = ['| ' + ' | '.join(heads) + ' |', '|' + '---|' * len(heads)]
    for row in rows:
        cells = [row['set'], str(row['frames']), _rel(row['rel'])]
        for name in names:
            one = row[name]
            cells += [_rel(one['rel']), *(f'{one[key]:.1e}' for key in
                                          ('median', 'p99', 'largest'))]
        lines.append('| ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines)


def _rel(value):
    return '-' if value is None else f'{value:.4f}'
