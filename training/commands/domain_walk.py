# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training domain-walk`: out of one domain into another through the node."""
import json
from pathlib import Path
import shutil

HELP = ('play walks out of one domain into another through the monocular node over DDS, and tell '
        'which domain answers each image, with and without hysteresis')


def add_arguments(parser):
    """Add model, frames and length."""
    parser.add_argument('--model', required=True, help='.onnx file of several domains')
    parser.add_argument('--frames', type=Path, nargs=2, required=True, metavar=('FIRST', 'SECOND'),
                        help='stored frames of the first and the second domain of the model')
    parser.add_argument('--out', type=Path, required=True, metavar='DIR',
                        help='folder for recordings, report.json and walk_SEED.svg')
    parser.add_argument('--plain', type=int, default=50, metavar='N',
                        help='images of one domain alone, at either end (default 50)')
    parser.add_argument('--border', type=int, default=30, metavar='N',
                        help='images between them, of both (default 30)')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0], metavar='SEED')


def run(args):
    """Walk, print the table, write report and plots."""
    from training.domain_walk import measure, plot, table
    args.out.mkdir(parents=True, exist_ok=True)
    for seed in args.seeds:
        shutil.rmtree(args.out / f'walk_{seed}', ignore_errors=True)
    report = measure(args.model, args.frames, args.out, args.plain, args.border, args.seeds)
    (args.out / 'report.json').write_text(json.dumps(report, indent=1) + '\n')
    for seed in args.seeds:
        (args.out / f'walk_{seed}.svg').write_text(plot(report, seed))
    print(table(report))
    return 0
