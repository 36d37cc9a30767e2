# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Command line: `python -m training fit|validate|export|render-pool|render-bag|preview`."""
from __future__ import annotations

import argparse
import sys

from training.memory import keep_freed_memory


def _fit(args):
    from training.experiment import fit, load_config
    fit(load_config(args.config, args.set), args.run, not args.fresh)


def _render_pool(args):
    from training.datasets.procedural.pool import write_pool
    for shape, count in (('normal', args.normal), ('wide', args.wide)):
        write_pool(args.out, args.seed, shape, count, args.first)


def parser() -> argparse.ArgumentParser:
    """Describe the commands."""
    top = argparse.ArgumentParser(prog='python -m training', description=__doc__)
    commands = top.add_subparsers(dest='command', required=True)
    fit = commands.add_parser('fit', help='train what a config file describes')
    fit.add_argument('--config', required=True)
    fit.add_argument('--run', required=True, help='folder of the run (resumed where it exists)')
    fit.add_argument('--fresh', action='store_true', help='do not resume')
    fit.add_argument('--set', nargs='*', default=[], metavar='KEY=VALUE',
                     help='overrides, for example model.lr=0.001 data.pool=null')
    fit.set_defaults(run_command=_fit)
    pool = commands.add_parser('render-pool', help='render frames to disk for CPU training')
    pool.add_argument('--out', required=True)
    pool.add_argument('--seed', type=int, default=100)
    pool.add_argument('--normal', type=int, default=8960, help='frames of 192 x 256')
    pool.add_argument('--wide', type=int, default=3840, help='frames of 128 x 384')
    pool.add_argument('--first', type=int, default=0, help='number of the first frame')
    pool.set_defaults(run_command=_render_pool)
    return top


def main(words=None) -> int:
    """Run one command; bad input gives one line and exit code 2."""
    args = parser().parse_args(words)
    keep_freed_memory()
    try:
        args.run_command(args)
    except (ValueError, FileNotFoundError) as error:
        print(f'training: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
