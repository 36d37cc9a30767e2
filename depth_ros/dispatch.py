# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A command of subcommands, each a module that is imported when it is asked for."""
import argparse
from collections.abc import Mapping
from dataclasses import dataclass
import errno
from importlib import import_module
import os
import sys

from depth_ros.contracts import InputError
from depth_ros.version import VERSION

# A disk that is full or only read, and folders of others.
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM,
              errno.ENOTDIR, errno.EISDIR)


@dataclass(frozen=True)
class Program:
    """
    A table of subcommands.

    :param name: what messages begin with; call: how the user calls it.
    :param commands: name to (module, what it is for). A module has HELP, add_arguments(parser) and
        run(args) -> int, and TAKES_MORE where it reads unknown options itself, from args.rest.
    :param unusable: errors that input is to blame for: one line and exit code 2.
    :param own: packages whose failed import is a fault, not a missing dependency.
    """

    name: str
    call: str
    commands: Mapping
    unusable: tuple = (InputError,)
    own: tuple = ('depth_ros',)

    def parser_for(self, name):
        """Return the argument parser of a subcommand and its module."""
        command = import_module(self.commands[name][0])
        parser = argparse.ArgumentParser(prog=f'{self.call} {name}', description=command.HELP)
        command.add_arguments(parser)
        return parser, command

    def usage(self):
        """Text that lists the subcommands."""
        width = max(map(len, self.commands))
        lines = [f'  {name:<{width}}  {purpose}'
                 for name, (_, purpose) in self.commands.items()]
        return '\n'.join([f'usage: {self.call} COMMAND [options]', '', *lines, '',
                          f'{self.call} COMMAND --help says more.'])

    def main(self, words=None):
        """Run one subcommand; return the exit code (2: input that cannot be used)."""
        words = sys.argv[1:] if words is None else list(words)
        if not words or words[0] in ('-h', '--help', 'help'):
            print(self.usage())
            return 0 if words else 2
        if words[0] == '--version':
            print(f'{self.name} {VERSION}')
            return 0
        name, *rest = words
        if name not in self.commands:
            print(f'{self.name}: unknown command {name!r}\n{self.usage()}', file=sys.stderr)
            return 2
        try:
            return self._run(name, rest)
        except (*self.unusable, ImportError) as error:
            if isinstance(error, ImportError) and (error.name or '').startswith(self.own):
                raise
            print(f'{self.name} {name}: {error}', file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            print(f'{self.name} {name}: stopped', file=sys.stderr)
            return 130
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 141
        except OSError as error:
            if error.errno not in UNWRITABLE:
                raise
            where = f'{error.filename}: ' if error.filename else ''
            print(f'{self.name} {name}: {where}{error.strerror}. Make space, or name another '
                  'folder', file=sys.stderr)
            return 2

    def _run(self, name, words):
        parser, command = self.parser_for(name)
        args, args.rest = parser.parse_known_args(words)
        if args.rest and not getattr(command, 'TAKES_MORE', False):
            parser.error(f'unrecognized arguments: {" ".join(args.rest)}')
        return command.run(args) or 0
