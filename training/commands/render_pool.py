# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training render-pool`: procedural frames on disk, for training on a CPU."""
from training.memory import keep_freed_memory

HELP = 'render frames to disk for CPU training'


def add_arguments(parser):
    """Add folder, seed and numbers of frames."""
    parser.add_argument('--out', required=True)
    parser.add_argument('--seed', type=int, default=100)
    parser.add_argument('--normal', type=int, default=8960, help='frames of 192 x 256')
    parser.add_argument('--wide', type=int, default=3840, help='frames of 128 x 384')
    parser.add_argument('--first', type=int, default=0, help='number of the first frame')


def run(args):
    """Render both shapes."""
    from training.datasets.procedural.pool import write_pool
    keep_freed_memory()
    for shape, count in (('normal', args.normal), ('wide', args.wide)):
        write_pool(args.out, args.seed, shape, count, args.first)
    return 0
