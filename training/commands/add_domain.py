# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training add-domain`: teach a model that is in use a new domain."""
import json
from pathlib import Path

from training.commands import at_least_one

HELP = 'teach a lifelong model a new domain, without the data of those that it knows'


def add_arguments(parser):
    """Add the model, the data and the length of training."""
    parser.epilog = ('The same command goes on where it was stopped. The folder then holds the '
                     'new run (last.ckpt, domains/), report.html and report.json.')
    parser.add_argument('--model', type=Path, required=True, metavar='RUN',
                        help='folder or last.ckpt of the run that knows the other domains')
    parser.add_argument('--data', required=True, metavar='FILE.yaml|DATASET:PATH',
                        help='train, validation (and steps ...) of the new domain as in the data '
                             'section of a config; or a data set, whose last third validates')
    parser.add_argument('--name', required=True, help='of the new domain')
    parser.add_argument('--out', type=Path, required=True, metavar='FOLDER',
                        help='new run; the old one stays as it is')
    length = parser.add_mutually_exclusive_group()
    length.add_argument('--steps', type=int, help='of training (default: as the run before)')
    length.add_argument('--epochs', type=int)
    parser.add_argument('--set', nargs='*', default=[], metavar='KEY=VALUE',
                        help='overrides of the config, for example model.weight_consistency=30')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the report there too')


def run(args):
    """Train, measure, and say what came out."""
    from training.files import write_text
    from training.lifelong.add import add_domain, Asked
    from training.memory import keep_freed_memory
    at_least_one(args, 'steps', 'epochs')
    keep_freed_memory()
    result = add_domain(Asked(args.model, args.data, args.name, args.out, args.steps, args.epochs,
                              tuple(args.set)))
    for sentence in result['sentences']:
        print(sentence)
    print(f'{args.out}: last.ckpt after {result["steps"]} steps, report.html')
    if args.json:
        write_text(args.json, json.dumps(result, indent=1) + '\n')
    return 0
