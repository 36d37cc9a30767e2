# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training export-untrained`: a published network with random weights, to be timed."""

HELP = ('write a published network with random weights as a file of the model contract: what it '
        'takes does not depend on what it has learned (depth_ros benchmark --peer FILE)')


def add_arguments(parser):
    """Add network, file and size."""
    parser.add_argument('--network', required=True, help='mff_student (the exact student), '
                        'mff_teacher, high_resolution, fcrn, s2d_18, s2d_34, dcvan, '
                        'rt_monodepth_s or monodepth2')
    parser.add_argument('--out', required=True, help='ONNX file')
    parser.add_argument('--size', type=int, nargs=2, metavar=('HEIGHT', 'WIDTH'),
                        help='nominal input size (default: the published one)')
    parser.add_argument('--seed', type=int, default=1)


def run(args):
    """Export and say what the file is for."""
    from training.untrained import export_untrained
    export_untrained(args.network, args.out, args.size, args.seed)
    print(f'{args.out}: {args.network} with random weights, for timing only')
    return 0
