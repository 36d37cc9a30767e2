# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training domain-strangers`: what a model calls unlike all of its domains."""
import json
from pathlib import Path

from depth_ros.contracts import InputError

HELP = ('tell which images a model of several domains calls unlike all of them: frames of its '
        'domains, the same spoiled, and images of other places')


def add_arguments(parser):
    """Add model and images."""
    parser.add_argument('--model', required=True, help='.onnx file of several domains')
    parser.add_argument('--frames', nargs='+', required=True, metavar='NAME=DIR',
                        help='stored frames, or images, of its domains; also looked at spoiled')
    parser.add_argument('--strangers', nargs='+', default=(), metavar='NAME=DIR',
                        help='stored frames, or images, of other places')
    parser.add_argument('--most', type=int, default=60, metavar='N',
                        help='frames of a folder at most (default 60)')
    parser.add_argument('--unknown', type=float, default=1.0, metavar='U',
                        help="the nodes' domain_unknown (default 1)")
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the figures there')


def run(args):
    """Print the table."""
    from training.domain_strangers import measure, table
    if args.most < 1:
        raise InputError(f'--most {args.most}: give at least 1')
    report = measure(args.model, _named(args.frames), _named(args.strangers), args.most,
                     args.unknown)
    print(table(report))
    if args.json:
        args.json.write_text(json.dumps(report, indent=1) + '\n')
    return 0


def _named(words):
    found = {}
    for word in words:
        name, sign, folder = word.partition('=')
        if not sign or not name:
            raise InputError(f'{word} is no NAME=DIR')
        found[name] = Path(folder)
    return found
