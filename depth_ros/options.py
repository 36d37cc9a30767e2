# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Typed options: one description of each setting, from which everything else is made.

A configuration is a frozen dataclass whose fields are made by `option`.  ROS parameters with
descriptors and ranges, the YAML files in `config/`, and the tables of the documentation all come
from these fields.
"""

from dataclasses import field, fields
import math

from depth_ros.contracts import InputError


def option(default, description, minimum=None, maximum=None, choices=None, read_only=False):
    """
    Field of a configuration.

    :param minimum, maximum: inclusive limits of a number.
    :param choices: allowed strings.
    :param read_only: fixed once the node has started.
    """
    metadata = {'description': description, 'minimum': minimum, 'maximum': maximum,
                'choices': choices, 'read_only': read_only}
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata=metadata, hash=False)
    return field(default=default, metadata=metadata)


def default_of(item):
    """Return the default value of a dataclass field made by `option`."""
    return item.default_factory() if callable(item.default_factory) else item.default


def build(cls, values):
    """
    Make a configuration from `{name: value}`; missing names take their defaults.

    :raises InputError: an unknown name, a wrong type, or a value outside its limits or choices.
    """
    known = {item.name: item for item in fields(cls)}
    for name in values:
        if name not in known:
            raise InputError(f'unknown option {name!r}: choose from {", ".join(sorted(known))}')
    return cls(**{name: _checked(known[name], value) for name, value in values.items()})


def _checked(item, value):
    name, limits, default = item.name, item.metadata, default_of(item)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if isinstance(default, list):
        try:
            value = [float(number) for number in value]
        except (TypeError, ValueError):
            value = []
        if len(value) != len(default) or not all(map(math.isfinite, value)):
            raise InputError(f'{name} must hold {len(default)} finite numbers')
    elif not isinstance(value, type(default)) or (isinstance(value, bool)
                                                  is not isinstance(default, bool)):
        raise InputError(f'{name} must be {type(default).__name__}, not {value!r}')
    if limits['choices'] is not None and value not in limits['choices']:
        raise InputError(f'{name} is {value!r}: choose one of {", ".join(limits["choices"])}')
    low, high = limits['minimum'], limits['maximum']
    if (low is not None and not value >= low) or (high is not None and not value <= high):
        raise InputError(f'{name} is {value!r}: it must be from {low} to {high}')
    return value


def to_yaml(cls, overrides=None):
    """Text of a ROS parameter file with every option, its description and its limits."""
    lines = ['/**:', '  ros__parameters:']
    for item in fields(cls):
        value = (overrides or {}).get(item.name, default_of(item))
        lines += [f'    # {_wrapped(item)}', f'    {item.name}: {_yaml_value(value)}']
    return '\n'.join(lines) + '\n'


def _yaml_value(value):
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, str):
        return f"'{value}'"
    return repr(value)


def _wrapped(item):
    import textwrap
    text = item.metadata['description']
    if item.metadata['choices']:
        text += f' One of: {", ".join(item.metadata["choices"])}.'
    elif item.metadata['minimum'] is not None or item.metadata['maximum'] is not None:
        text += f' From {item.metadata["minimum"]} to {item.metadata["maximum"]}.'
    if item.metadata['read_only']:
        text += ' Read-only.'
    return '\n    # '.join(textwrap.wrap(text, 90))


def to_markdown(cls):
    """Markdown table of the options for the documentation."""
    lines = ['| parameter | default | what it does | limits | read-only |',
             '|---|---|---|---|---|']
    for item in fields(cls):
        data = item.metadata
        limits = (', '.join(f'`{choice}`' for choice in data['choices']) if data['choices']
                  else '' if data['minimum'] is None and data['maximum'] is None
                  else f'{data["minimum"]} to {data["maximum"]}')
        lines.append(f'| `{item.name}` | `{_yaml_value(default_of(item))}` | '
                     f'{data["description"]} | {limits} | {"yes" if data["read_only"] else ""} |')
    return '\n'.join(lines) + '\n'
