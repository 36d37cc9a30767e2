# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training ship`: train in pieces, export, evaluate, write the card."""
from pathlib import Path
import shlex

from depth_ros.contracts import InputError
from depth_ros.evaluation.baselines import TEACHER_VARIABLE
from training.memory import keep_freed_memory

HELP = ('train for some minutes; at the end of the schedule export, evaluate on all real sets and '
        'write the card. Call again until it says that it is ready')


def add_arguments(parser):
    """Add config, folder, time, data and what the card says."""
    parser.add_argument('--config', help='config file; a run that was begun knows its own')
    parser.add_argument('--run', required=True, type=Path, help='folder of the run')
    parser.add_argument('--minutes', type=float, default=9.0,
                        help='most minutes of training in this call (default 9)')
    parser.add_argument('--set', nargs='*', default=[], metavar='KEY=VALUE',
                        help='overrides, for example model.use_image=false')
    parser.add_argument('--now', action='store_true',
                        help='do not train: export and evaluate what there is')
    parser.add_argument('--name', default='completion', help='name of the model')
    parser.add_argument('--data', type=Path, help='folder of the real sets, see '
                                                  'docs/evaluation.md')
    parser.add_argument('--no-evaluate', action='store_true',
                        help='stop after the export: the real sets are elsewhere')
    parser.add_argument('--norm-batches', type=int, default=40,
                        help='training batches to measure BatchNorm statistics on (default 40)')
    parser.add_argument('--teacher', metavar='FILE.onnx', help=(
        f'further baseline (default: the environment variable {TEACHER_VARIABLE})'))
    parser.add_argument('--notes', type=Path, metavar='FILE.md',
                        help='text for the end of the card, for example known failures')
    parser.add_argument('--revision', help='revision of the code, where no git can tell it')


def run(args):
    """Do the next step and say how far it is."""
    from training.ship import open_run, ship
    if (args.data is None) != args.no_evaluate:
        raise InputError('name the folder of the real sets with --data, or say --no-evaluate')
    if args.data is not None and not args.data.is_dir():
        raise InputError(f'{args.data} is no folder of real sets')
    keep_freed_memory()
    config = open_run(args.config, args.run, args.set)
    print(ship(config, args.run, args.minutes, args.data, args.name, command_of(args), args.now,
               args.teacher, args.notes.read_text() if args.notes else None, args.revision,
               args.norm_batches))
    return 0


def command_of(args):
    """Return the command that repeats the training, without paths of this machine."""
    words = ['python', '-m', 'training', 'ship']
    if args.config:
        words += ['--config', _portable(args.config)]
    words += ['--run', _portable(args.run), '--name', args.name]
    if args.set:
        words += ['--set', *args.set]
    return shlex.join(words)


def _portable(path):
    return Path(path).name if Path(path).is_absolute() else str(path)
