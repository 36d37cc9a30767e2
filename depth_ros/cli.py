# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The `depth_ros` command: one module of depth_ros.commands per subcommand, loaded lazily."""
import argparse
from importlib import import_module
import os
import sys

from depth_ros.contracts import InputError

# name: what it is for; the module depth_ros.commands.<name> is imported when it is asked for
COMMANDS = {
    'demo': 'replay the bundled recording through the completion node and show the result',
    'complete': 'one image and one measured line to a dense depth file',
    'evaluate': 'measure a model on a data set or a recording',
    'suite': 'measure a model on all real sets',
    'models': 'list the shipped models',
    'benchmark': 'time the shipped models and the node',
    'doctor': 'say what is installed and what is missing',
}


def parser_for(name):
    """Return the argument parser of a subcommand and its module."""
    command = import_module(f'depth_ros.commands.{name}')
    parser = argparse.ArgumentParser(prog=f'depth_ros {name}', description=command.HELP)
    command.add_arguments(parser)
    return parser, command


def usage():
    """Text that lists the subcommands."""
    width = max(map(len, COMMANDS))
    lines = [f'  {name:<{width}}  {purpose}' for name, purpose in COMMANDS.items()]
    return '\n'.join(['usage: depth_ros COMMAND [options]', '', *lines, '',
                      'depth_ros COMMAND --help says more.'])


def main(arguments=None):
    """Run one subcommand; return the exit code (2: input that cannot be used)."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if not arguments or arguments[0] in ('-h', '--help', 'help'):
        print(usage())
        return 0 if arguments else 2
    name, *rest = arguments
    if name not in COMMANDS:
        print(f'depth_ros: unknown command {name!r}\n{usage()}', file=sys.stderr)
        return 2
    try:
        parser, command = parser_for(name)
        return command.run(parser.parse_args(rest)) or 0
    except (InputError, ImportError) as error:
        if isinstance(error, ImportError) and (error.name or '').startswith('depth_ros'):
            raise
        print(f'depth_ros {name}: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f'depth_ros {name}: stopped', file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


if __name__ == '__main__':
    sys.exit(main())
