# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training distill`: from a teacher to a student without the teacher's data."""
import json
from pathlib import Path

from depth_ros.contracts import InputError
from training.commands import at_least_one

HELP = "teach a student what a teacher knows, on images of a simulator, without the teacher's data"


def add_arguments(parser):
    """Add teacher, student, images and the length of training."""
    parser.epilog = ('The same command goes on where it was stopped. The folder then holds the '
                     'run (last.ckpt) and model.onnx.')
    parser.add_argument('--teacher', required=True, metavar='RUN|FILE.onnx|NAME',
                        help='folder or last.ckpt of a run of metric depth, an ONNX file with an '
                             'image in and depth in metres out, or a shipped model')
    parser.add_argument('--student', default='mff_student', metavar='NETWORK[:ENCODER]',
                        help='fast_student, fcrn:resnet18, ... (default mff_student)')
    parser.add_argument('--images', required=True, metavar='FOLDER|DATASET:PATH|procedural[:KIND]',
                        help='images, for mixing with ids of things in instance/NAME.png beside '
                             'them; SceneNet RGB-D; or our own simulator')
    parser.add_argument('--out', type=Path, required=True, metavar='FOLDER', help='of the run')
    parser.add_argument('--number', type=int, help='of images, drawn by the seed (default: all; '
                        'procedural: 400)')
    parser.add_argument('--size', type=int, nargs=2, metavar=('HEIGHT', 'WIDTH'),
                        help="that the networks see (default: the teacher's)")
    parser.add_argument('--steps', type=int, help='of training (default: 20 epochs)')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--validation', metavar='DATASET:PATH',
                        help='frames with true depth that `validate` measures')
    parser.add_argument('--set', nargs='*', default=[], metavar='KEY=VALUE',
                        help='overrides of the config, for example model.mix_share=0')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write what came out there')


def run(args):
    """Train, export, and say what was left out."""
    from training.data_free.distill import Asked, distill
    from training.files import write_text
    from training.memory import keep_freed_memory
    at_least_one(args, 'number', 'steps')
    if args.size and min(args.size) < 32:
        raise InputError(f'--size {args.size}: at least 32 pixels')
    keep_freed_memory()
    result = distill(Asked(args.teacher, args.student, args.images, args.out, args.number,
                           args.size and tuple(args.size), args.steps, args.seed,
                           args.validation, tuple(args.set)))
    for sentence in result['remarks']:
        print(sentence)
    print(f'{args.out}: {result["steps"]} steps, last.ckpt'
          + (f', {Path(result["model"]).name}' if result['model'] else ''))
    if args.json:
        write_text(args.json, json.dumps(result, indent=1) + '\n')
    return 0
