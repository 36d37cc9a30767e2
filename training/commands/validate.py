# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training validate`: errors of a run on its validation frames."""
import json
from pathlib import Path

from depth_ros.contracts import InputError

HELP = 'errors of a run on its validation frames'


def add_arguments(parser):
    """Add the checkpoint and the file."""
    parser.add_argument('--checkpoint', required=True, help='last.ckpt in the folder of its run')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the figures there too')


def run(args):
    """Measure and print."""
    from training.validation import validate
    result = validate(args.checkpoint)
    print(f'data: {result["data"]}\nprotocol: {result["protocol"]}: {result["definition"]}')
    width = max(map(len, result['figures']))
    for name, value in result['figures'].items():
        print(f'{name:<{width}}  ' + ('not measured: its ground truth has unknown pixels'
                                      if value is None else f'{value:.4f}'))
    if args.json:
        try:
            args.json.write_text(json.dumps(result, indent=1) + '\n')
        except OSError as error:
            raise InputError(f'cannot write {args.json}: {error.strerror}') from error
    return 0
