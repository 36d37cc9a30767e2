# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training preview`: what training sees, as one picture."""
HELP = 'sheet of random frames with depth and line'


def add_arguments(parser):
    """Add file, seed and number of frames."""
    parser.add_argument('--out', required=True, help='PNG or JPEG file')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--count', type=int, default=40)


def run(args):
    """Draw the sheet."""
    from training.datasets.procedural.preview import write_sheet
    write_sheet(args.out, args.seed, args.count)
    return 0
