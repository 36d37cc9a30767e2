# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The findings of `depth_ros doctor` in one screen: what to do, what runs, what is missing."""
import os
import platform
import textwrap

from depth_ros.contracts import InputError

ROWS, COLUMNS = 24, 100
ALL = 'depth_ros doctor --all'
# A camera that many have, to say at which size and in which engine a model will run.
CAMERA = 640, 480
# Title: findings that stand there when they are well; their names stand before what was found.
READY = {'depth': ('numpy', 'opencv', 'onnxruntime', 'openvino', 'tensorrt', 'gpu'),
         'nodes': ('rclpy', 'middleware', '/dev/shm', 'DDS profile'),
         'files': ('rosbags', 'engine cache'),
         'training': ('training',)}
ABSENT = 'not installed (for '


def screen(checks, rows=ROWS, columns=COLUMNS):
    """Return the lines, at most `rows` of `columns` characters; what does not fit is counted."""
    lines = [_first(checks), *_to_do(checks, columns), *_ready(checks, columns),
             *_engines(columns), *_missing(checks, columns)]
    if len(lines) > rows:
        lines[rows - 1:] = [f'{len(lines) - rows + 1} more lines; all of it: {ALL}']
    return lines


def _wrapped(title, text, columns, mark=''):
    """Break a text behind its title; the lines after the first are indented like it."""
    head = f'  {mark}{title:<10}  '
    return textwrap.wrap(text, columns, initial_indent=head, subsequent_indent=' ' * len(head),
                         break_long_words=False, break_on_hyphens=False)


def _first(checks):
    from depth_ros.version import VERSION
    count = {level: sum(check.level == level for check in checks) for level in ('error', 'warn')}
    state = ', '.join(f'{number} {name}{"s" * (number > 1)}' for name, number in (
        ('error', count['error']), ('warning', count['warn'])) if number) or 'all is well'
    return (f'depth_ros {VERSION}, Python {platform.python_version()}, {platform.machine()}, '
            f'{len(os.sched_getaffinity(0))} cores: {state}')


def _to_do(checks, columns):
    """Errors first, each with what to do."""
    order = ('error', 'warn')
    for check in sorted((check for check in checks if check.level in order),
                        key=lambda check: order.index(check.level)):
        yield from _wrapped(check.name, f'{check.found} -> {check.advice}', columns,
                            f'{check.level:<5} ')


def _ready(checks, columns):
    here = {check.name: check for check in checks
            if check.level == 'ok' and not check.found.startswith(ABSENT)}
    lines = []
    for title, names in READY.items():
        found = [_short(here[name]) for name in names if name in here]
        if found:
            lines += _wrapped(title, ', '.join(found), columns)
    good = [check.name.removeprefix('model ') for check in checks
            if check.name.startswith('model ') and check.level == 'ok']
    if good:
        lines += _wrapped('models', ', '.join(good) + ', each as its card says', columns)
    return ['Here', *lines]


def _short(check):
    """Say what is here in a few words."""
    words = check.found.split()
    if check.name == 'DDS profile':
        return 'shared-memory profile set'
    if check.name in ('rclpy', 'rosbags', 'opencv', 'numpy'):
        return f'{check.name} {words[0]}'
    if check.name == 'openvino':
        return f'openvino {words[0].partition("-")[0]}'
    if check.name == '/dev/shm':
        return f'{words[0]} {words[1]} of shared memory'
    plain = ('tensorrt', 'training', 'middleware', 'gpu')
    return check.found if check.name in plain else f'{check.name} {check.found}'


def _engines(columns):
    """Which engine `auto` will take for each shipped model."""
    from depth_ros.camera import Camera
    from depth_ros.engines import choice
    from depth_ros.model import available
    from depth_ros.resizing import input_size
    width, height = CAMERA
    camera = Camera(width, height, width, width, width / 2, height / 2)
    lines = []
    try:
        for spec in available():
            size = input_size(spec, camera)
            text, settled = choice.known(spec, *size)
            again = '' if settled else ', a second or two, once'
            lines += _wrapped(spec.name, f'at {size[1]}x{size[0]}: {text}{again}', columns)
    except (InputError, ImportError) as error:
        lines += _wrapped('', str(error), columns)
    return [f'Engine that `auto` takes for a camera of {width}x{height}', *lines]


def _missing(checks, columns):
    """List what is not here, what it is for and the command, those of one command together."""
    by_command = {}
    for check in checks:
        if check.level == 'ok' and check.found.startswith(ABSENT):
            by_command.setdefault(check.get, []).append(check)
    lines = []
    for command, found in _joined(by_command).items():
        purposes = '; '.join(f'{check.name}: ' * (len(found) > 1)
                             + check.found.removeprefix(ABSENT).removesuffix(')').split(';')[0]
                             for check in found)
        title = found[0].name if len(found) == 1 else 'ROS'
        lines += _wrapped(title, f'{purposes} -> {command}', columns)
    return ['Not here, and only needed for', *lines] if lines else []


def _joined(by_command):
    """Make one command of several that install packages by apt."""
    apt = 'sudo apt install '
    packages = [command.removeprefix(apt) for command in by_command if command.startswith(apt)]
    joined, result = apt + ' '.join(packages), {}
    for command, found in by_command.items():
        result.setdefault(joined if command.startswith(apt) else command, []).extend(found)
    return result
