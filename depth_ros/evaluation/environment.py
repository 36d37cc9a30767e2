# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Where and with what a result was measured."""
from datetime import datetime, timezone
from importlib import metadata
import os
from pathlib import Path
import platform
import shlex
import subprocess
import sys

PACKAGES = ('depth_ros', 'numpy', 'opencv-python-headless', 'onnxruntime')


def environment():
    """Return versions, machine, git revision (None outside a checkout) and the command line."""
    return {
        'command': shlex.join([*_program(), *sys.argv[1:]]),
        'date': datetime.now(timezone.utc).isoformat(timespec='seconds'),
        'revision': _revision(),
        'python': platform.python_version(),
        'machine': platform.machine(),
        'cores': len(os.sched_getaffinity(0)),
        'packages': {name: _version(name) for name in PACKAGES},
    }


def _program():
    """Return the words that started this process, without its arguments."""
    spec = getattr(sys.modules.get('__main__'), '__spec__', None)
    if spec is None:
        return [Path(sys.argv[0]).name]
    return ['python', '-m', spec.name.removesuffix('.__main__')]


def _version(package):
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _revision():
    """Return the commit of the checkout this file runs from, with a + for local changes."""
    folder = Path(__file__).parent
    try:
        commit = subprocess.run(
            ['git', 'describe', '--always', '--dirty=+', '--exclude=*', '--abbrev=12'],
            cwd=folder, capture_output=True, text=True, timeout=10, check=True)
        tracked = subprocess.run(['git', 'ls-files', '--error-unmatch', Path(__file__).name],
                                 cwd=folder, capture_output=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return commit.stdout.strip() if tracked.returncode == 0 else None
