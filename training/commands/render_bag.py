# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training render-bag`: the demo recording."""
from training.memory import keep_freed_memory

HELP = 'render the demo recording'


def add_arguments(parser):
    """Add folder and length."""
    parser.add_argument('--out', required=True, help='folder to make')
    parser.add_argument('--frames', type=int, default=120)
    parser.add_argument('--rate', type=float, default=10.0, help='frames a second (default 10)')
    parser.add_argument('--tour', action='store_true',
                        help='drive up and down the aisle, for recordings of any length')
    parser.add_argument('--scale', type=int, default=2,
                        help='samples a pixel in each direction (default 2; 1 is faster)')


def run(args):
    """Render the recording."""
    from training.datasets.procedural.bag import render_bag
    keep_freed_memory()
    render_bag(args.out, args.frames, args.rate, args.tour, args.scale)
    return 0
