# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training domain-heads`: what the heads of several domains cost."""
import json
from pathlib import Path
import sys
import tempfile

HELP = ('export networks of several domains with random weights, each way of computing the heads, '
        'and time them in turns in ONNX Runtime and OpenVINO')


def add_arguments(parser):
    """Add the options of the command."""
    parser.add_argument('--encoder', default='efficientnet_lite0')
    parser.add_argument('--size', type=int, nargs=2, metavar=('HEIGHT', 'WIDTH'),
                        default=(128, 160))
    parser.add_argument('--domains', type=int, nargs='+', default=[1, 2, 3], metavar='N')
    parser.add_argument('--rounds', type=int, default=40, metavar='N', help='timed frames each')
    parser.add_argument('--threads', type=int, default=1, metavar='N',
                        help='CPU threads of an engine (default 1)')
    parser.add_argument('--json', type=Path, metavar='OUT', help='file for the figures')


def run(args):
    """Measure, print the table, write the figures."""
    from training.domain_heads_table import measure, table
    with tempfile.TemporaryDirectory(prefix='depth_ros_') as folder:
        report = measure(folder, args.encoder, tuple(args.size), args.domains, args.rounds,
                         args.threads, lambda text: print(text, file=sys.stderr))
    print(table(report))
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(report, indent=1) + '\n')
    return 0
