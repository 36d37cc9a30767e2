# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Where a run comes from: revision, command, versions, machine."""
from __future__ import annotations

from importlib import metadata
import os
from pathlib import Path
import platform
import subprocess
import sys

import torch

# What computes or reads data; those that are not installed are left out.
PACKAGES = ('torch', 'lightning', 'jsonargparse', 'numpy', 'opencv-python-headless', 'onnx',
            'onnxscript', 'onnxruntime', 'onnxruntime-gpu', 'tensorboard', 'kornia')


def git(*words) -> str:
    """Run git in the folder of this code; nothing where that is no checkout."""
    root = Path(__file__).resolve().parent.parent
    try:
        done = subprocess.run(['git', '-C', root, *words], capture_output=True, text=True)
    except OSError:
        return ''
    return done.stdout.rstrip()


def versions() -> dict:
    """Version of each of PACKAGES that is installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def cpu() -> str:
    """Name the CPU."""
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(':')[2].strip() for line in lines if line.startswith('model name')]
    return names[0] if names else platform.machine()


def provenance(config: dict, resolved: dict | None = None) -> dict:
    """
    Tell what a run is made from.

    :param config: as the user gave it; `resolved`: with all defaults.
    """
    gpus = [torch.cuda.get_device_name(k) for k in range(torch.cuda.device_count())]
    return {
        'seed': config.get('seed', 1), 'revision': git('rev-parse', 'HEAD') or 'unknown',
        'changed_files': git('status', '--porcelain', '--untracked-files=no').splitlines(),
        'command': ' '.join(['python -m training', *sys.argv[1:]]),
        'environment': {
            'python': platform.python_version(), 'platform': platform.platform(),
            'cpu': cpu(), 'cores': os.cpu_count(), 'threads': torch.get_num_threads(),
            'gpus': gpus, 'cuda': torch.version.cuda, 'packages': versions()},
        'config': resolved or config}
