# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training engines`: the shipped models in TensorRT, torch and ONNX Runtime."""
import json
from pathlib import Path
import sys

from depth_ros.engines import PRECISIONS
from depth_ros.evaluation.environment import environment
from depth_ros.model import available, find

HELP = ('build and time models in TensorRT and torch on a GPU, beside ONNX Runtime and the floor '
        'by operations and bytes; without a GPU the last two alone')


def add_arguments(parser):
    """Add the options of the command."""
    parser.add_argument('--model', action='append', metavar='MODEL',
                        help='shipped name or .onnx file; may be repeated (default: all shipped)')
    parser.add_argument('--precision', nargs='+', choices=PRECISIONS, default=list(PRECISIONS))
    parser.add_argument('--frames', type=int, default=200, metavar='N',
                        help='timed frames (default 200)')
    parser.add_argument('--torch', default='cuda', metavar='DEVICE',
                        help="device of the torch rows (default cuda; '' for none)")
    parser.add_argument('--cache', type=Path, metavar='DIR', help='folder of the engines')
    parser.add_argument('--json', type=Path, metavar='OUT', help='file for the figures')


def run(args):
    """Measure, print the table, write the figures."""
    from training.engine_table import measure, table
    specs = [find(name) for name in args.model] if args.model else available()

    def say(text):
        print(text, file=sys.stderr)
    report = {'environment': environment(),
              **measure(specs, args.frames, args.precision, args.torch, args.cache, say)}
    if report['missing']:
        say(f'TensorRT was not run: {report["missing"]}')
    print(table(report))
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(report, indent=1) + '\n')
    return 0
