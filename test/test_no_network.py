# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Nothing here asks a network for anything: the kernel would end it."""
import os
import signal
import subprocess
import sys

import cv2
import numpy as np
from posts_bag import make_posts_bag
import pytest
from tiny_bags import make_tiny_bag
import without_network

CODES = {
    'several': """
import sys
from depth_ros.cli import main
for line in sys.argv[1].split('|'):
    code = main(line.split())
    if code:
        sys.exit(code)
""",
    'node': """
import sys
from pathlib import Path
from node_bench import Bench, POSE
with Bench('completion', folder=Path(sys.argv[1]), model=sys.argv[2], **POSE) as node:
    node.good_frame()
print('depth came')
""",
    'socket': 'import socket; socket.socket(); print("never")',
    'unix': 'import socket; socket.socket(socket.AF_UNIX); socket.socketpair(); print("fine")'}


def run(folder, how, name, *words):
    """Run one of CODES, or a module, without a network; return what it did."""
    module = name
    if name in CODES:
        (folder / f'code_{name}.py').write_text(CODES[name])
        module = f'code_{name}'
    path = os.pathsep.join([str(folder), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', without_network.__file__, how, module, *map(str, words)],
        capture_output=True, text=True, timeout=120, cwd=folder,
        env={**os.environ, 'PYTHONPATH': path, 'OMP_NUM_THREADS': '1'})
    if done.returncode == without_network.NOT_HERE:
        pytest.skip(f'the kernel does not allow {how} here')
    return done


def test_the_guard_ends_who_opens_a_socket(tmp_path):
    """Else the other tests would show nothing."""
    assert run(tmp_path, 'killed', 'socket').returncode == -signal.SIGSYS
    assert run(tmp_path, 'killed', 'unix').stdout == 'fine\n'
    gone = run(tmp_path, 'loopback', 'http.client')
    assert gone.returncode == 0


def test_commands(tmp_path):
    """List, complete, check, evaluate: with the shipped model and recordings."""
    cv2.imwrite(str(tmp_path / 'a.png'), np.full((48, 64, 3), 90, np.uint8))
    line = np.zeros((48, 64), np.uint16)
    line[24] = 4000
    cv2.imwrite(str(tmp_path / 'line.png'), line)
    (tmp_path / 'k.yaml').write_text('{width: 64, height: 48, fx: 50, fy: 50, cx: 31, cy: 23}')
    make_tiny_bag(tmp_path / 'bag', compressed=True)
    make_posts_bag(tmp_path / 'posts')
    lines = ['models --json', 'complete --image a.png --sparse line.png --camera k.yaml '
             '--out d.npy --engine onnxruntime', 'check posts --frames 4',
             'evaluate bag --dataset bag --model completion --engine onnxruntime --json e.json']
    done = run(tmp_path, 'killed', 'several', '|'.join(lines))
    assert done.returncode == 0, done.stderr
    assert 'wrote d.npy' in done.stdout and (tmp_path / 'e.json').is_file()


def test_training_also_when_it_is_killed(tmp_path):
    """
    No socket in four steps; and killed by signal 9 it ends as the run that nothing stopped.

    More kills, and those of export and r2m: `make killed`.
    """
    pytest.importorskip('lightning', reason='training needs the train extra')
    done = run(tmp_path, 'killed', 'killed_runs', '--what', 'fit', '--kills', 1, '--steps', 4)
    assert done.returncode == 0, done.stderr
    cells = done.stdout.splitlines()[-1].split('|')
    assert cells[1].strip() == 'fit' and int(cells[3]) == 1 and float(cells[5]) < 1e-4


@pytest.mark.ros
def test_a_node_needs_no_network_but_loopback(tmp_path):
    """Depth comes over DDS between two processes that have nothing but the loopback device."""
    pytest.importorskip('rclpy', reason='ROS 2 is not installed: make venv')
    from tiny_models import make_tiny_model
    model = make_tiny_model(tmp_path / 'tiny.onnx', fill=True)
    done = run(tmp_path, 'loopback', 'node', tmp_path, model)
    assert done.returncode == 0 and done.stdout.endswith('depth came\n'), done.stderr
