# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""YAML and JSON files of people and programs: plain values, or one error that names the file."""

import json
from pathlib import Path
import re

from depth_ros.contracts import InputError

LARGEST_BYTES = 64 << 20
# Values when every alias is written out: nine lines of YAML may say a billion.
MOST_VALUES = 1_000_000
DEEPEST = 100  # brackets within brackets
_LONGEST = 300  # signs of what a library says
_BRACKETS = re.compile(r'[][{}]')


def read_yaml(path):
    """
    Return what a YAML file says.

    :raises InputError: it is missing, unreadable, not YAML, nested without end, or far larger
        than it looks.
    """
    text = read_text(path)
    return parse_yaml(text, path)


def parse_yaml(text, name):
    """Return what YAML says; `name` is what an error calls it. See `read_yaml`."""
    import yaml
    check_nesting(text, name)
    try:
        content = yaml.safe_load(text)
        _count(content, {}, set())
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError, TypeError,
            AttributeError, LookupError) as error:
        raise InputError(f'{name} is not YAML: {words(error)}') from error
    return content


def read_json(path):
    """Return what a JSON file says; errors as of `read_yaml`."""
    try:
        return json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise InputError(f'{path} is not JSON: {words(error)}') from error


def check_nesting(text, name):
    """Raise an InputError for brackets within brackets within..., which a parser is lost in."""
    depth = 0
    for bracket in _BRACKETS.findall(text):
        depth = depth + 1 if bracket in '[{' else max(depth - 1, 0)
        if depth > DEEPEST:
            raise InputError(f'{name} is not YAML: more than {DEEPEST} brackets are open')


def inside(folder, name):
    """
    Return the path of a file that a document in a folder names.

    :raises InputError: the name leads out of the folder.
    """
    folder = Path(folder).resolve()
    try:
        path = (folder / str(name)).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f'{str(name)[:100]!r} is no name of a file: {words(error)}') from error
    if folder not in path.parents:
        raise InputError(f'{str(name)[:100]!r} leads out of {folder}: it is not read')
    return path


def read_text(path, largest=LARGEST_BYTES):
    """Return the text of a file of at most so many bytes; an InputError else."""
    path = Path(path)
    try:
        if path.stat().st_size > largest or not path.is_file():
            raise InputError(f'cannot read {path}: it is no file of at most {largest} bytes')
        return path.read_text(encoding='utf-8')
    except OSError as error:
        raise InputError(f'cannot read {path}: {error.strerror}') from error
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f'{path} is no text: {words(error)}') from error


def _count(value, known, above):
    """Return how many values there are, aliases written out."""
    if not isinstance(value, (dict, list, tuple, set)):
        return 1
    if id(value) in above:
        raise ValueError('it contains itself')
    if id(value) not in known:
        above.add(id(value))
        inside = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_count(item, known, above) for item in inside)
        above.discard(id(value))
    if known[id(value)] > MOST_VALUES:
        raise ValueError(f'it holds more than {MOST_VALUES} values')
    return known[id(value)]


def printable(text):
    """Return a text without what moves a terminal's cursor or changes its colours."""
    return ''.join(sign if sign.isprintable() else '?' for sign in text)


def words(error):
    """Return what a library says as one printable line of bounded length."""
    text = printable(' '.join(str(error).split()).rstrip('.'))
    return text[:_LONGEST] + ' ...' * (len(text) > _LONGEST) or type(error).__name__
