# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Commands in the documentation: found, held against what the project has, and run.

A block of shell commands without a mark is run as it stands. One with `<!-- needs: KIND, ... -->`
on the line before it is not, and neither are commands inside sentences and tables; all of them
are held against their own parsers, and files, configs, tables and parameters that they name must
be there.
"""
import ast
from contextlib import redirect_stderr
from dataclasses import dataclass, fields
from importlib import import_module, util
import io
from pathlib import Path
import re
import shlex

from depth_ros.cli import PROGRAM as ROBOT
from depth_ros.config import NODES
from depth_ros.contracts import InputError

# What a mark may say that a block needs, which the tests do not have.
NEEDS = {
    'ros': 'a sourced ROS 2 installation', 'robot': 'a robot or its sensors',
    'gpu': 'an NVIDIA GPU', 'jetson': 'a Jetson', 'data': 'data sets or weights of others',
    'own': 'what an earlier command or the reader has made: a run, a model, a recording',
    'minutes': 'minutes of computing', 'hours': 'hours of computing',
    'network': 'a package registry', 'root': 'rights to install system packages',
    'make': 'the whole of what make installs, runs or tests'}
MARK = re.compile(r'^<!-- needs: ([\w, ]+?) -->$', re.MULTILINE)
SHELL = ('bash', 'sh', 'shell', 'console', '')
# Programs of others: known to be commands, nothing is checked of them.
OTHERS = ('cd', 'git', 'rosdep', 'colcon', 'source', '.', 'export', 'sudo', 'pip', 'nvidia-smi',
          'tegrastats', 'split', 'pip-audit', 'tensorboard', 'cat', 'ls', 'mkdir', 'cp')
OWN = ('depth_ros', 'python', 'make', 'ros2')
ROS2_OTHERS = ('bag', 'topic', 'param', 'lifecycle', 'pkg', 'security', 'node', 'service')
PLACEHOLDER = re.compile(r'[A-Z][A-Z0-9_.]*|\.\.\.|…|<.*>')


@dataclass(frozen=True)
class Command:
    """One command: where it stands, its words, and what its block needs (None: in a sentence)."""

    page: str
    line: int
    words: tuple
    needs: tuple | None

    def __str__(self):
        """Return where and what, for messages."""
        return f'{self.page}:{self.line}: {" ".join(self.words)}'


def pages(repository):
    """Return the Markdown files that people read."""
    return [*sorted(repository.glob('*.md')), *sorted((repository / 'docs').rglob('*.md'))]


def blocks(text):
    """Yield (line number, language, needs or (), lines) of every fenced block."""
    lines = text.splitlines()
    start = None
    for number, line in enumerate(lines):
        if not line.lstrip().startswith('```'):
            continue
        if start is None:
            start, language = number, line.strip().strip('`')
            before = next((x for x in reversed(lines[:number]) if x.strip()), '')
            mark = MARK.match(before)
            needs = tuple(x.strip() for x in mark[1].split(',')) if mark else ()
        else:
            yield start + 1, language, needs, lines[start + 1:number]
            start = None


def commands(page, text):
    """Return the `Command`s of a page, of its blocks and of its sentences."""
    found = []
    for first, language, needs, lines in blocks(text):
        if language not in SHELL:
            continue
        for number, line in logical(lines, first + 1):
            if language or line.split()[0] in OWN:
                found += [Command(page, number, words, needs) for words in split(line)]
    outside = re.sub(r'^ *```.*?^ *```', lambda block: '\n' * block[0].count('\n'), text,
                     flags=re.DOTALL | re.MULTILINE)
    for match in re.finditer(r'(?<!`)`([^`\n]+)`(?!`)', outside):
        code = match[1].replace('\\|', '|')
        first = code.split()[0] if code.split() else ''
        if first in OWN and ' ' in code.strip():
            number = outside[:match.start()].count('\n') + 1
            found += [Command(page, number, words, None) for words in split(code)]
    return found


def logical(lines, first):
    """Yield (number, line) with continued lines joined."""
    joined, start = '', None
    for number, line in enumerate(lines, first):
        start = number if start is None else start
        if line.rstrip().endswith('\\'):
            joined += line.rstrip()[:-1] + ' '
            continue
        if (joined + line).strip():
            yield start, joined + line
        joined, start = '', None


def split(line):
    """Split a line into commands, each a tuple of words: no comments, no variables before it."""
    # What may be left out stands in brackets, and dots for what is left out here.
    line = re.sub(r'(?<=\s)\[(-[^\]]*)\]', r'\1', line)
    words, found = [], []
    try:
        parts = shlex.split(line, comments=True)
    except ValueError:
        return [(line,)]  # No command that is known.
    for word in [*parts, ';']:
        if word in ('&&', '||', ';', '|'):
            while words and re.fullmatch(r'[A-Z_]+=.*', words[0]):
                words.pop(0)
            if words:
                words[0] = words[0].replace('python3', 'python')
                found.append(tuple(words))
            words = []
        elif word not in ('...', '…'):
            words.append(word.removeprefix('.venv/bin/'))
    return found


def problem(command, repository):
    """Return what is wrong with a command, or ''."""
    for need in command.needs or ():
        if need not in NEEDS:
            return f'unknown mark {need!r}: choose of {", ".join(NEEDS)}'
    program, *rest = command.words
    if program in OTHERS:
        return ''
    check = {'depth_ros': _robot, 'python': _python, 'make': _make, 'ros2': _ros2}.get(program)
    if check is None:
        return f'{program!r} is no command that is known here: see OTHERS in test/docs_commands.py'
    try:
        return check(rest, repository, command.needs is None)
    except InputError as error:
        return str(error)


def _robot(words, repository, sentence):
    return _subcommand(ROBOT, words, repository, sentence)


def _python(words, repository, sentence):
    if words[:1] != ['-m']:
        return 'say python -m MODULE'
    module, rest = words[1], words[2:]
    if module == 'training':
        from training.__main__ import PROGRAM
        return _subcommand(PROGRAM, rest, repository, sentence)
    if module == 'pytest':
        absent = [x for x in rest if x.startswith('test/') and not (repository / x).exists()]
        return f'{absent} are not there' if absent else ''
    if module in ('venv', 'pip', 'colcon') or util.find_spec(module):
        return ''
    return f'there is no module {module}'


def python_or_robot(words):
    """Return (Program, words behind it) of a command of ours, else None."""
    if words[0] == 'depth_ros':
        return ROBOT, words[1:]
    if tuple(words[:3]) == ('python', '-m', 'training'):
        from training.__main__ import PROGRAM
        return PROGRAM, words[3:]
    return None


def _subcommand(program, words, repository, sentence):
    if not words or words[0] in ('COMMAND', '--version', '--help'):
        return ''
    name, *rest = words
    if name not in program.commands:
        return f'{program.call} has no command {name}: it has {", ".join(program.commands)}'
    if '--help' in rest:
        return ''
    parser, module = program.parser_for(name)
    for action in parser._actions if sentence else ():
        # A sentence leaves out what it is not about.
        action.required = False
        if not action.option_strings:
            action.nargs = {None: '?', '+': '*'}.get(action.nargs, action.nargs)
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            args, more = parser.parse_known_args(rest)
    except SystemExit:
        text = said.getvalue().strip().splitlines()[-1]
        value = re.search(r": '([^']+)'", text) or re.search(r"value: '?([^' ]+)", text)
        short = sentence and ('required' in text or 'expected' in text)
        return '' if short or (value and PLACEHOLDER.fullmatch(value[1])) else text
    if more and not getattr(module, 'TAKES_MORE', False):
        return f'{program.call} {name} does not take {" ".join(more)}'
    return _named(program, name, args, more, repository)


def _named(program, name, args, more, repository):
    """Check files, keys of configs and rows of tables that a command of ours names."""
    config = getattr(args, 'config', None)
    if config and str(config).startswith('config/') and not (repository / config).is_file():
        return f'{config} is not there'
    if program is ROBOT:
        return ''
    if config and (repository / config).is_file():
        from training.__main__ import PROGRAM
        from training.experiment import load_config, resolve
        words = getattr(args, 'set', None) or []
        if name == 'fit':
            words = [*words, *PROGRAM.parser_for(name)[1].overrides(more)]
        words = [word for word in words if '...' not in word]
        if words:
            resolve(load_config(repository / config, words))
    if name == 'table' and args.name and not PLACEHOLDER.fullmatch(args.name):
        from training.tables import find_table
        rows = {row.name for row in find_table(args.name).rows}
        absent = set(args.rows or ()) - rows
        return f'the table {args.name} has no rows {sorted(absent)}' if absent else ''
    return ''


def _make(words, repository, sentence):
    text = (repository / 'Makefile').read_text()
    targets = [word for word in words if not word.startswith('-') and '=' not in word]
    absent = [name for name in targets if not re.search(rf'^{name}:', text, re.M)]
    return f'the Makefile has no {", ".join(absent)}' if absent else ''


def _ros2(words, repository, sentence):
    verb, *rest = words
    if verb in ROS2_OTHERS or (sentence and not rest):
        return ''
    if verb not in ('run', 'launch') or not rest:
        return f'ros2 {verb} is not known here'
    if rest[0] != 'depth_ros':
        return ''
    name, *options = rest[1:]
    return (_run if verb == 'run' else _launch)(name, options, repository)


def _run(name, options, repository):
    if not (repository / 'resource' / 'executables' / name).is_file():
        return f'there is no executable {name}'
    known = {item.name for item in fields(NODES[name])} | {'use_sim_time'}
    given = [options[k + 1].partition(':=')[0] for k, word in enumerate(options) if word == '-p']
    absent = [name for name in given if name not in known]
    return f'the node {name} has no parameter {", ".join(absent)}' if absent else ''


def _launch(name, options, repository):
    file = repository / 'launch' / name
    if not file.is_file():
        return f'there is no launch/{name}'
    known = launch_arguments(file)
    given = [word.partition(':=')[0] for word in options if ':=' in word]
    absent = [name for name in given if name not in known]
    return f'{file.name} has no argument {", ".join(absent)}' if absent else ''


def launch_arguments(file):
    """Return the names that a launch file declares, without the libraries of launch."""
    tree = ast.parse(Path(file).read_text())
    tables = {node.targets[0].id: [key.value for key in node.value.keys]
              for node in tree.body
              if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)}
    names = set()
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and getattr(call.func, 'attr', '') == 'declare':
            for table in call.args:
                table = table.value if isinstance(table, ast.Starred) else table
                if isinstance(table, ast.Attribute):
                    module = import_module(f'depth_ros.{table.value.id}')
                    names.update(getattr(module, table.attr))
                else:
                    names.update(tables[table.id])
    return names
