# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training lifelong-sheet`: what stages of lifelong learning say of the same frames."""
from pathlib import Path

from depth_ros.contracts import InputError

HELP = 'frames of one domain seen by several lifelong runs, side by side'


def add_arguments(parser):
    """Add runs, frames and the picture."""
    parser.add_argument('runs', nargs='+', metavar='TITLE=RUN', help='folders of lifelong runs')
    parser.add_argument('--domain', required=True, help='whose predictor is used')
    parser.add_argument('--data', required=True, metavar='DATASET:PATH', help='stored:frames/test')
    parser.add_argument('--size', type=int, nargs=2, default=(72, 96),
                        metavar=('HEIGHT', 'WIDTH'), help='that the network sees')
    parser.add_argument('--frames', type=int, default=4, metavar='N')
    parser.add_argument('--out', type=Path, required=True, help='picture, PNG or JPEG')


def run(args):
    """Draw the sheet."""
    from depth_ros.pictures import save
    from training.datasets.frames import FrameData
    from training.lifelong.sheet import sheet
    runs = {}
    for word in args.runs:
        title, sign, path = word.partition('=')
        if not sign or not (Path(path) / 'last.ckpt').is_file():
            raise InputError(f'{word}: give TITLE=RUN with the folder of a finished run')
        runs[title] = Path(path)
    dataset, _, path = args.data.partition(':')
    data = FrameData([], [{'dataset': dataset, 'path': path}],
                     {'size': list(args.size), 'crop': None}, workers=0)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    save(args.out, sheet(runs, args.domain, data.val_dataloader(), max(1, args.frames)))
    print(args.out)
    return 0
