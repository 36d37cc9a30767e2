# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training export`: a run's checkpoint to a model file."""
import json
from pathlib import Path

HELP = 'checkpoint -> ONNX by the model contract'


def add_arguments(parser):
    """Add checkpoint, file and what is said in the metadata."""
    parser.add_argument('--checkpoint', required=True)
    parser.add_argument('--out', required=True, help='ONNX file')
    parser.add_argument('--name', help='model name (default: the file name)')
    parser.add_argument('--figures', type=Path, help='JSON file of figures for the metadata')
    parser.add_argument('--norm-batches', type=int, default=0,
                        help='training batches to recompute BatchNorm statistics on')


def run(args):
    """Export and say how well the file agrees with the network."""
    from training.export import export
    figures = json.loads(args.figures.read_text()) if args.figures else None
    error = export(args.checkpoint, args.out, args.name, figures, args.norm_batches)
    print(f'{args.out}: agrees with the network within {error:.1e} (relative)')
    return 0
