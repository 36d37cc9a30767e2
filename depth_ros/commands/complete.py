# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`depth_ros complete`: one image and one measured line to a dense depth map."""
from pathlib import Path

from depth_ros.camera import Camera
from depth_ros.commands.model_options import (
    add_anchor_option,
    add_domain_option,
    add_model_options,
)
from depth_ros.contracts import InputError, read_depth, sparse_from_depth, write_depth
from depth_ros.datasets.sample import read_image
from depth_ros.engines.progress import to_stderr
from depth_ros.estimator import Estimator
from depth_ros.pictures import colorize, depth_range, save
import numpy as np

HELP = 'one image and one measured line to dense depth files'
UNITS = ('mm', 'kitti', 'm')


def add_arguments(parser):
    """Add the options of the command."""
    parser.add_argument('--image', required=True, help='colour image file')
    parser.add_argument('--sparse', help='measured depth at the size of the image, 0 = none: '
                                         '16-bit .png or .npy in metres (not for monocular)')
    parser.add_argument('--sparse-unit', default='mm', choices=('mm', 'kitti'),
                        help='unit of a .png in --sparse: millimetres or 1/256 m')
    parser.add_argument('--camera', required=True, metavar='K.yaml',
                        help='camera calibration: ROS YAML, or width height fx fy cx cy')
    add_model_options(parser, 'completion')
    parser.add_argument('--out', required=True, type=Path,
                        help='depth file to write: 16-bit .png, or .npy in metres')
    parser.add_argument('--unit', choices=UNITS,
                        help='unit of the depth file: mm or kitti (1/256 m) for .png, m for '
                             '.npy; default mm for .png')
    add_anchor_option(parser)
    add_domain_option(parser)


def run(args):
    """Estimate the depth, write it and a colour picture, and say what was written."""
    unit = output_unit(args.out, args.unit)
    estimator = Estimator(args.model, args.engine, anchor=not args.no_anchor,
                          domain=args.domain, report=to_stderr)
    image, camera = read_image(args.image), Camera.from_yaml(args.camera)
    sparse = read_sparse(args, estimator.spec.task)
    frame = estimator.estimate(image, camera, sparse=sparse)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    write_depth(args.out, frame.depth, unit)
    colour = args.out.with_name(f'{args.out.stem}_color.png')
    save(colour, colorize(frame.depth, depth_range(frame.depth)[1]))
    known = np.isfinite(frame.depth)
    print(f'wrote {args.out} ({unit}) and {colour}')
    print(f'depth known at {100 * known.mean():.1f} % of the pixels'
          + (f', median {np.median(frame.depth[known]):.2f} m' if known.any() else ''))
    if estimator.spec.domains:
        print('domain ' + domain_text(estimator.spec.domains, frame))
    if frame.residual:
        print(f'on the line ({frame.residual.count} points) before anchoring: median error '
              f'{frame.residual.median_abs:.3f} m, {100 * frame.residual.median_rel:.1f} %')
    if not frame.metric:
        print('no measurement was given: the depth is relative, not in metres')
    return 0


def domain_text(domains, frame):
    """Return which domain answered, and the distances of all."""
    away = ', '.join(f'{domain.name} {distance:.3g} (its own images {domain.distance_99:.3g})'
                     for domain, distance in zip(domains, frame.domain_distances))
    unlike = '' if frame.domain_unlikeness is None else '; unlike (1: as 1 % of its own): ' + \
        ', '.join(f'{domain.name} {value:.3g}'
                  for domain, value in zip(domains, frame.domain_unlikeness))
    return f'{domains[frame.domain].name}; distances: {away}{unlike}'


def read_sparse(args, task):
    """Read the measured line as (H, W) metres, 0 none; None when the model takes no line."""
    if task != 'completion':
        return None
    if not args.sparse:
        raise InputError('a completion model needs --sparse with the measured line; for an '
                         'image alone choose a monocular model')
    return sparse_from_depth(read_depth(args.sparse, args.sparse_unit))


def output_unit(out, unit):
    """Return the unit for the file ``out``; a unit that the file cannot hold is an error."""
    if out.suffix not in ('.png', '.npy'):
        raise InputError(f'{out} must end in .png (16-bit) or .npy (float32 metres)')
    if unit is None:
        return 'm' if out.suffix == '.npy' else 'mm'
    if (unit == 'm') != (out.suffix == '.npy'):
        raise InputError(f'--unit {unit} does not fit {out.name}: .npy holds metres (m), .png '
                         'holds whole numbers (mm or kitti)')
    return unit
