# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Nodes as processes of their own, without `launch`."""
from contextlib import contextmanager
from pathlib import Path
import signal
import subprocess
import sys

STOP_SECONDS = 10


def command(node, parameters=None, remaps=None):
    """Return the command line of a node of this package with parameters and remappings."""
    words = [sys.executable, '-c', f'import sys; from depth_ros.nodes.{node} import main; '
             'sys.exit(main())', '--ros-args']
    for source, target in (remaps or {}).items():
        words += ['-r', f'{source}:={target}']
    for name, value in (parameters or {}).items():
        words += ['-p', f'{name}:={_yaml(value)}']
    return words


@contextmanager
def node(name, log, environment, parameters=None, remaps=None):
    """
    Run a node as a process; its output goes to the file `log`.

    The process is interrupted at the end of the block, and killed when it does not listen.
    """
    root = str(Path(__file__).resolve().parents[2])
    path = ':'.join(filter(None, (root, environment.get('PYTHONPATH'))))
    with open(log, 'w') as output:
        process = subprocess.Popen(
            command(name, parameters, remaps), stdout=output, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, env={**environment, 'PYTHONPATH': path},
            # Ctrl-C reaches this process alone, which then ends the others in order.
            start_new_session=True)
        try:
            yield process
        finally:
            stop(process)


def stop(process):
    """Interrupt a process; kill it after some seconds."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def last_words(log, lines=8):
    """Return the end of a log file."""
    return '\n'.join(Path(log).read_text(errors='replace').splitlines()[-lines:])


def _yaml(value):
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, (list, tuple)):
        return '[' + ', '.join(repr(float(item)) for item in value) + ']'
    return f"'{value}'" if isinstance(value, str) else repr(value)
