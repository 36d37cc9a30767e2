# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training`: a table of subcommands, each a module that is imported when asked for."""
import argparse
from importlib import import_module
import os
import sys

from depth_ros.contracts import InputError

# name: its module, and what it is for; a module has HELP, add_arguments(parser), run(args) -> int
COMMANDS = {
    'fit': ('training.commands.fit', 'train what a config file describes'),
    'ship': ('training.commands.ship', 'train in pieces, export, evaluate, write the card'),
    'validate': ('training.commands.validate', 'errors of a run on its validation frames'),
    'compare': ('training.compare', 'several runs on the same frames: figures and a picture'),
    'export': ('training.commands.export', 'write a run as an ONNX file of the model contract'),
    'export-teacher': ('training.teachers', 'write a relative-depth teacher as an ONNX file'),
    'table': ('training.commands.table', 'rerun a published table'),
    'throughput': ('training.commands.throughput', 'images a second of loader and training step'),
    'render-pool': ('training.commands.render_pool', 'render frames to disk for CPU training'),
    'render-bag': ('training.commands.render_bag', 'render the demo recording'),
    'preview': ('training.commands.preview', 'sheet of random frames with depth and line'),
}


def parser_for(name):
    """Return the argument parser of a subcommand and its module."""
    command = import_module(COMMANDS[name][0])
    parser = argparse.ArgumentParser(prog=f'python -m training {name}', description=command.HELP)
    command.add_arguments(parser)
    return parser, command


def usage():
    """Text that lists the subcommands."""
    width = max(map(len, COMMANDS))
    lines = [f'  {name:<{width}}  {purpose}' for name, (_, purpose) in COMMANDS.items()]
    return '\n'.join(['usage: python -m training COMMAND [options]', '', *lines, '',
                      'python -m training COMMAND --help says more.'])


def main(words=None) -> int:
    """Run one subcommand; input that cannot be used gives one line and exit code 2."""
    words = sys.argv[1:] if words is None else list(words)
    if not words or words[0] in ('-h', '--help', 'help'):
        print(usage())
        return 0 if words else 2
    name, *rest = words
    if name not in COMMANDS:
        print(f'training: unknown command {name!r}\n{usage()}', file=sys.stderr)
        return 2
    try:
        parser, command = parser_for(name)
        args, args.rest = parser.parse_known_args(rest)
        if args.rest and not getattr(command, 'TAKES_MORE', False):
            parser.error(f'unrecognized arguments: {" ".join(args.rest)}')
        return command.run(args) or 0
    except (InputError, ValueError, FileNotFoundError, ImportError) as error:
        if isinstance(error, ImportError) and (error.name or '').startswith(
                ('depth_ros', 'training')):
            raise
        print(f'training {name}: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f'training {name}: stopped', file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


if __name__ == '__main__':
    sys.exit(main())
