# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training distill-sheet`: what a student without the teacher's data is shown."""
from pathlib import Path

from depth_ros.contracts import InputError

HELP = 'images of a data-free run, mixed and transformed, side by side'


def add_arguments(parser):
    """Add the run and the picture."""
    parser.add_argument('run', type=Path, help='folder of a run of data_free')
    parser.add_argument('--frames', type=int, default=4, metavar='N')
    parser.add_argument('--seed', type=int, default=1, help='of the mixing')
    parser.add_argument('--out', type=Path, required=True, help='picture, PNG or JPEG')


def run(args):
    """Draw the sheet."""
    from depth_ros.pictures import save
    from training.data_free.sheet import sheet
    if args.frames < 2:
        raise InputError(f'--frames {args.frames}: mixing needs at least 2')
    picture, figures = sheet(args.run, args.frames, args.seed)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    save(args.out, picture)
    print(f'{args.out}: ' + ', '.join(f'{name} {value:.3g}' for name, value in figures.items()))
    return 0
