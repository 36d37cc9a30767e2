# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training saliency`: what masks leave of depth, and how they look."""
import json
from pathlib import Path

from depth_ros.contracts import InputError

HELP = 'runs of saliency: figures of their masks, and sheets'


def add_arguments(parser):
    """Add checkpoints, frames and outputs."""
    parser.add_argument('checkpoints', nargs='+', metavar='[NAME=]CKPT',
                        help='last.ckpt of runs of Saliency: several lambdas, several networks')
    parser.add_argument('--set', nargs='*', default=[], metavar='KEY=VALUE',
                        help="changes of the first run's config, whose validation frames count")
    parser.add_argument('--count', type=int, default=4, help='frames on the sheets (default 4)')
    parser.add_argument('--direct', type=int, default=0, metavar='STEPS',
                        help='also optimise the masks of these frames themselves (published '
                             'beside the masks of a network; 500)')
    parser.add_argument('--thresholds', type=float, nargs='+', default=(), metavar='T',
                        help='measure masks that show what is above each of these (default: that '
                             'of the run, 0.025)')
    parser.add_argument('--picture', type=Path, help='PNG or JPEG file of the sheet')
    parser.add_argument('--html', type=Path, help='file of the page')
    parser.add_argument('--json', type=Path, help='file for the figures')


def run(args) -> int:
    """Measure, print, draw."""
    from depth_ros.pictures import save
    from training.memory import keep_freed_memory
    from training.saliency.gather import gather, load_masks
    from training.saliency.sheet import page, READING, sheet, text
    if args.count < 1 or args.direct < 0:
        raise InputError('--count is at least 1 and --direct at least 0')
    if any(not 0.0 <= threshold < 1.0 for threshold in args.thresholds):
        raise InputError('--thresholds are in 0 up to below 1, as masks are')
    keep_freed_memory()
    checkpoints = [_named(word) for word in args.checkpoints]
    figures, frames = gather(load_masks(checkpoints), checkpoints[0][1], args.set, args.count,
                             args.direct, args.thresholds)
    print(f'{next(iter(figures.values()))["images"]} validation frames\n{text(figures)}\n'
          f'{READING}')
    for file in filter(None, (args.json, args.picture, args.html)):
        file.parent.mkdir(parents=True, exist_ok=True)
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + '\n')
    if args.picture:
        save(args.picture, sheet(frames))
    if args.html:
        command = ' '.join(['python -m training saliency', *args.checkpoints])
        page(figures, frames, command).write(args.html)
    return 0


def _named(word):
    """Split NAME=CKPT; a path may hold = as well, then it is taken whole."""
    if Path(word).is_file():
        return None, word
    name, sign, path = word.partition('=')
    path = path if sign else word
    if not Path(path).is_file():
        raise InputError(f'no checkpoint {path}: name the last.ckpt of a run of Saliency')
    return name if sign else None, path
