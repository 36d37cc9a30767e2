# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training attack`: attack trained networks; figures, curves and sheets."""
from pathlib import Path

from depth_ros.contracts import InputError

HELP = 'attack depth networks with and without defence: figures, curves, pictures'
NETWORKS = {'N': 'the depth network: last.ckpt, model file or shipped name; it is attacked',
            'G': 'last.ckpt of a `saliency` run', 'G_adv': 'last.ckpt of a `defence` run',
            'N_adv': 'last.ckpt of an `adversarial` run'}


def add_arguments(parser):
    """Add networks, frames, attack and outputs."""
    parser.add_argument('networks', nargs='+', metavar='NAME=PATH', help='; '.join(
        f'{name}: {what}' for name, what in NETWORKS.items()) + '. N is needed, the others open '
        'the configurations they are part of')
    parser.add_argument('--out', type=Path, required=True, metavar='FOLDER',
                        help='gets report.json, report.md, report.html and pictures')
    parser.add_argument('--config', type=Path, metavar='FILE',
                        help='config whose validation frames are attacked (default: the one '
                             'beside the first last.ckpt)')
    parser.add_argument('--set', nargs='*', default=[], metavar='KEY=VALUE',
                        help='changes of it, such as data.batch_size=16')
    parser.add_argument('--eps', type=float, nargs='+', metavar='EPS',
                        help='default 0 0.05 0.1 0.15 0.2 (pixel space: 0 2 4 8 of 255)')
    parser.add_argument('--steps', type=int, default=10, help='1 is FGSM (default 10: IFGSM)')
    parser.add_argument('--space', choices=('normalised', 'pixel'), default='normalised')
    parser.add_argument('--loss', choices=('l1', 'l_dif'), default='l1',
                        help='what the attack raises, against ground truth')
    parser.add_argument('--author-step', action='store_true',
                        help="steps of size 1, as in the authors' code")
    parser.add_argument('--strong', type=int, nargs=2, default=(40, 3),
                        metavar=('STEPS', 'STARTS'),
                        help='of the second adaptive attack (default 40 3; 0 0 leaves it out)')
    parser.add_argument('--strong-frames', type=int, default=12, metavar='N',
                        help='it takes so many frames, evenly spread (default 12)')
    parser.add_argument('--no-natural', action='store_true',
                        help='leave the natural corruptions out')
    parser.add_argument('--sheet', nargs='*', default=(), metavar='IMAGE',
                        help='draw these frames of --config by a part of their names instead of '
                             'evenly spread ones')
    parser.add_argument('--protocol', default='image_mse')


def run(args):
    """Attack, write the report and say where it is."""
    from training.attack.report import attack_report, write_report
    from training.memory import keep_freed_memory
    paths = {}
    for word in args.networks:
        name, sign, path = word.partition('=')
        if not sign or name not in NETWORKS:
            raise InputError(f'{word!r}: give {", ".join(f"{n}=PATH" for n in NETWORKS)}')
        paths[name] = path
    if 'N' not in paths:
        raise InputError('give the depth network that is attacked: N=PATH')
    keep_freed_memory()
    report, pictures = attack_report(paths, args)
    for path in write_report(report, pictures, args.out):
        print(path)
    return 0
