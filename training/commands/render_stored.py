# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training render-stored`: procedural domains on disk, one kind of world each."""
from depth_ros.contracts import InputError
from training.memory import keep_freed_memory

HELP = 'render kinds of worlds (rooms, streets, corridors) as stored data sets: domains'


def add_arguments(parser):
    """Add folder, kinds, numbers of frames and their size."""
    parser.add_argument('--out', required=True, help='folder; frames go to KIND/train, '
                        'KIND/validation and KIND/test')
    parser.add_argument('--kinds', nargs='+', default=['room', 'street', 'corridor'],
                        metavar='KIND', help='room, corridor, hall, desk, street, yard '
                        '(default: room street corridor)')
    parser.add_argument('--train', type=int, default=400, help='frames of each kind')
    parser.add_argument('--test', type=int, default=60, help='frames of each kind')
    parser.add_argument('--validation', type=int, default=40, help='frames of each kind')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--size', type=int, nargs=2, default=(120, 160),
                        metavar=('HEIGHT', 'WIDTH'))
    parser.add_argument('--instances', action='store_true',
                        help='write the ids of things, too, which distill mixes images by')


def run(args):
    """Render what is not there yet, and say where it is."""
    from training.datasets.procedural.kinds import write_kinds
    counts = {'train': args.train, 'test': args.test, 'validation': args.validation}
    if min(*counts.values(), *args.size) < 1:
        raise InputError('--train, --test, --validation and --size: give at least 1')
    keep_freed_memory()
    for name, count in write_kinds(args.out, args.kinds, counts, args.seed,
                                   tuple(args.size), args.instances).items():
        print(f'{args.out}/{name}: {count} frames')
    return 0
