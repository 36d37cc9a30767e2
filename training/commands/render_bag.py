# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training render-bag`: the demo recording."""
from training.memory import keep_freed_memory

HELP = 'render the demo recording'


def add_arguments(parser):
    """Add folder and length."""
    parser.add_argument('--out', required=True, help='folder to make')
    parser.add_argument('--frames', type=int, default=120)


def run(args):
    """Render the recording."""
    from training.datasets.procedural.bag import render_bag
    keep_freed_memory()
    render_bag(args.out, args.frames)
    return 0
