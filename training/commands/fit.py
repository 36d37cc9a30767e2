# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training fit`: train what a config file describes."""
from depth_ros.contracts import InputError
from training.memory import keep_freed_memory

HELP = 'train what a config file describes'
TAKES_MORE = True  # options that are keys of the config


def add_arguments(parser):
    """Add config, folder and overrides."""
    parser.epilog = ('Any value of the config can be given as an option too: --model.lr=1e-3 '
                     '--trainer.precision=bf16-mixed --data.steps.crop=[228,304]')
    parser.add_argument('--config', required=True, help='YAML file, see config/training')
    parser.add_argument('--run', help='folder of the run (resumed where it exists)')
    parser.add_argument('--fresh', action='store_true', help='do not resume')
    parser.add_argument('--set', nargs='*', default=[], metavar='KEY=VALUE',
                        help='overrides, for example model.lr=0.001 data.pool=null')
    parser.add_argument('--print_config', action='store_true',
                        help='print the config with all defaults, and do nothing')


def overrides(words) -> list:
    """KEY=VALUE of options `--KEY=VALUE` and `--KEY VALUE`; InputError for anything else."""
    found, words = [], list(words)
    while words:
        word = words.pop(0)
        if not word.startswith('--'):
            raise InputError(f'{word!r} is not an option: --KEY=VALUE, as --model.lr=0.001')
        if '=' not in word:
            if not words:
                raise InputError(f'{word} needs a value')
            word += '=' + words.pop(0)
        found.append(word[2:])
    return found


def run(args):
    """Train, and say where the run is."""
    from training.experiment import fit, load_config, resolve
    keep_freed_memory()
    config = load_config(args.config, [*args.set, *overrides(args.rest)])
    if args.print_config:
        print(resolve(config), end='')
        return 0
    if not args.run:
        raise InputError('where to? Give --run FOLDER')
    trainer = fit(config, args.run, not args.fresh)
    if trainer.is_global_zero:
        print(f'{args.run}: {trainer.global_step} steps, last.ckpt; '
              f'tensorboard --logdir {args.run}')
    return 0
