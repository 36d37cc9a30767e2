# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training export`: a run's checkpoint to a model file."""
import json
from pathlib import Path

from depth_ros.contracts import InputError

HELP = 'write a run as an ONNX file of the model contract'


def add_arguments(parser):
    """Add checkpoint, file and what is said in the metadata."""
    parser.add_argument('--checkpoint', required=True, help='last.ckpt in the folder of its run')
    parser.add_argument('--out', required=True, help='ONNX file')
    parser.add_argument('--name', help='model name (default: the file name)')
    parser.add_argument('--figures', type=Path, help='JSON file of figures for the metadata')
    parser.add_argument('--norm-batches', type=int, default=0,
                        help='training batches to recompute BatchNorm statistics on')
    parser.add_argument('--licence', help='of the model, where other than procedural frames or '
                        'restricted start weights are in it (default then: unknown)')
    parser.add_argument('--focal', type=float, help='pixels at the input size that the depth is '
                        'right for, where neither the run nor its data tell')
    parser.add_argument('--precision', choices=('fp32', 'fp16'), default='fp32',
                        help='fp16: layers in float16, inputs, outputs and depth in float32')
    parser.add_argument('--size', type=int, nargs=2, metavar=('HEIGHT', 'WIDTH'),
                        help='nominal input size (default: that of training)')


def run(args):
    """Export and say how well the file agrees with the network."""
    from training.export import export
    if args.focal is not None and args.focal <= 0:
        raise InputError(f'--focal is {args.focal:g}: it is a length in pixels')
    figures = None
    if args.figures:
        try:
            figures = dict(json.loads(args.figures.read_text()))
        except (OSError, TypeError, ValueError) as error:
            raise InputError(f'{args.figures} is no JSON object of figures: {error}') from error
    error = export(args.checkpoint, args.out, args.name, figures, args.norm_batches,
                   args.licence, args.focal, args.precision, args.size)
    print(f'{args.out}: agrees with the network within {error:.1e} (relative)')
    return 0
