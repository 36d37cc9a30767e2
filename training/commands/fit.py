# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training fit`: train what a config file describes."""
from training.memory import keep_freed_memory

HELP = 'train what a config file describes'


def add_arguments(parser):
    """Add config, folder and overrides."""
    parser.add_argument('--config', required=True)
    parser.add_argument('--run', required=True,
                        help='folder of the run (resumed where it exists)')
    parser.add_argument('--fresh', action='store_true', help='do not resume')
    parser.add_argument('--set', nargs='*', default=[], metavar='KEY=VALUE',
                        help='overrides, for example model.lr=0.001 data.pool=null')


def run(args):
    """Train."""
    from training.experiment import fit, load_config
    keep_freed_memory()
    fit(load_config(args.config, args.set), args.run, not args.fresh)
    return 0
