# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training defence-card`: what the defence of an exported model costs."""
from pathlib import Path

HELP = 'write the card of a defended model: cost in accuracy and time, and whether it holds'


def add_arguments(parser):
    """Add the files."""
    parser.add_argument('model', type=Path, help='exported `defence` run; the card lies beside it')
    parser.add_argument('--plain', type=Path, required=True, metavar='FILE.onnx',
                        help='the same depth network without the mask')
    parser.add_argument('--config', type=Path, required=True, metavar='FILE',
                        help='config.yaml of the run, whose validation frames are measured')
    parser.add_argument('--saliency', type=Path, metavar='FILE.onnx',
                        help='the depth network with an output saliency, to be timed too')
    parser.add_argument('--attacks', type=Path, metavar='report.json',
                        help='of `python -m training attack`')
    parser.add_argument('--protocol', default='image_rmse')


def run(args):
    """Measure and write."""
    from training.attack.card import card
    names = [f'--{name} {getattr(args, name).name}' for name in
             ('plain', 'saliency', 'config', 'attacks') if getattr(args, name)]
    command = ' '.join(['python -m training defence-card', args.model.name, *names])
    text = card(args.model, args.plain, args.config, args.saliency, args.attacks, command,
                args.protocol)
    path = args.model.with_suffix('.md')
    path.write_text(text)
    print(path)
    return 0
