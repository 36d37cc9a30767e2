# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Engines of a node, over DDS: made or timed while it works, refused, missing, built only."""

import json
from pathlib import Path
import signal
import subprocess
import sys

from depth_ros import messages
import numpy as np
import pytest
from tiny_models import make_tiny_model

pytest.importorskip('rclpy', reason='ROS 2 is not installed: make venv')
from node_bench import Bench, POSE  # noqa: E402, I100

pytestmark = pytest.mark.ros
SCRIPT = Path(__file__).parents[1] / 'node_with_tensorrt.py'
OK, WARN, ERROR = b'\x00', b'\x01', b'\x02'


@pytest.fixture
def bench(tmp_path):
    """Return a function that makes a Bench of a completion node with the fake of TensorRT."""
    def make(how, **parameters):
        model = make_tiny_model(tmp_path / 'tiny.onnx', depth=2.6, image_gain=1.0)
        parameters = {'engine': 'tensorrt', 'engine_cache': str(tmp_path / 'engines'),
                      'model': str(model), 'max_residual': 10.0, 'watchdog_period': 3600.0, **POSE,
                      **parameters}
        return Bench('completion', folder=tmp_path,
                     script=(SCRIPT, 'completion', how, tmp_path / 'go'), **parameters)
    return make


def depth_of(node):
    """Depth image of a good frame."""
    return messages.image_to_depth(node.good_frame())


def wait_for_engine(node, name):
    node.wait(lambda: node.values.get('engine', '').startswith(name), f'engine {name}',
              every=node.send_good)


def test_the_node_works_and_answers_while_an_engine_is_built(bench, tmp_path):
    with bench('slow') as node:
        node.wait(lambda: node.values.get('state') == 'active', 'active')
        before = depth_of(node)
        status = node.expect('until the TensorRT engine is ready', every=node.send_good)
        assert status.level == WARN and 'building tiny' in node.log
        values = {value.key: value.value for value in status.values}
        assert values['engine'].startswith('onnxruntime')
        assert node.state == 'active'
        assert node.set_parameter('cloud_stride', 2) == (True, '')
        assert not node.set_parameter('engine', 'auto')[0]
        depth_of(node)
        (tmp_path / 'go').touch()
        wait_for_engine(node, 'tensorrt 10.3.0 fp16 Orin')
        after = depth_of(node)
        assert np.allclose(before, after, rtol=2e-3, equal_nan=True)
        assert 'limit 0.5 %' in node.values['engine_parity']
        assert float(node.values['engine_latency_ms']) > 0
        node.wait(lambda: node.statuses[-1].level == OK, 'no more warnings', every=node.send_good)
        assert 'now runs in tensorrt' in node.log
    assert node.status_at_exit == 0


def test_an_engine_with_wrong_numbers_is_refused_and_the_node_says_so(bench):
    with bench('wrong') as node:
        node.wait(lambda: node.values.get('state') == 'active', 'active')
        status = node.expect('ONNX Runtime instead of TensorRT: the fp16 engine of tiny differs '
                             'from ONNX Runtime: median 40 % (limit 0.5 %)', every=node.send_good)
        assert status.level == WARN
        assert depth_of(node).shape == (48, 64)
        assert node.values['engine'].startswith('onnxruntime')
        assert node.log.count('differs from ONNX Runtime') == 1
    with bench('good') as node:
        # Remembered: nothing is built, and it is still said.
        node.expect('median 40 % (limit 0.5 %)', every=node.send_good)
        assert 'building tiny' not in node.log


def test_a_node_ends_while_it_builds(bench):
    with bench('slow') as node:
        node.expect('until the TensorRT engine is ready', every=node.send_good)
        assert node.stop(signal.SIGINT) == 0
        assert 'Traceback' not in node.log and 'terminate' not in node.log


def test_openvino_in_a_node(tmp_path):
    openvino = pytest.importorskip('openvino', reason='pip install openvino')
    model = str(make_tiny_model(tmp_path / 'tiny.onnx', depth=2.6, image_gain=1.0))
    with Bench('completion', folder=tmp_path, model=model, engine='openvino', max_residual=10.0,
               watchdog_period=3600.0, **POSE) as node:
        wait_for_engine(node, f'openvino {openvino.__version__.split("-")[0]} fp32 CPU')
        assert depth_of(node).shape == (48, 64)
        assert 'limit 0.1 %' in node.values['engine_parity']
        node.wait(lambda: node.statuses[-1].level == OK, 'no more warnings', every=node.send_good)


def test_auto_in_a_node_says_what_it_took(tmp_path):
    """The shipped model, timed while the node answers, which is no reason to warn."""
    pytest.importorskip('openvino', reason='pip install openvino')
    with Bench('completion', folder=tmp_path, max_residual=10.0, watchdog_period=3600.0,
               engine_cache=str(tmp_path / 'engines'), threads=1, **POSE) as node:
        depth_of(node)
        node.wait(lambda: 'measured 20' in node.values.get('engine_choice', ''), 'a choice',
                  every=node.send_good)
        assert 'onnxruntime fp32 ' in node.values['engine_choice']
        assert not any('until' in status.message for status in node.statuses)
    (path,) = (tmp_path / 'engines' / 'choices').glob('*.json')
    chosen = json.loads(path.read_text())['found']['chosen']['engine']
    with Bench('completion', folder=tmp_path, max_residual=10.0, watchdog_period=3600.0,
               engine_cache=str(tmp_path / 'engines'), threads=1, **POSE) as node:
        wait_for_engine(node, chosen)
        node.wait(lambda: 'engine_choice' in node.values, 'a choice', every=node.send_good)
        assert '(measured ' not in node.log


def test_a_node_ends_while_it_measures(tmp_path):
    with Bench('completion', folder=tmp_path, max_residual=10.0, watchdog_period=3600.0,
               engine_cache=str(tmp_path / 'engines'), **POSE) as node:
        depth_of(node)
        assert node.stop(signal.SIGINT) == 0
        assert 'Traceback' not in node.log and 'terminate' not in node.log


def test_a_precision_that_is_not_here(tmp_path):
    model = str(make_tiny_model(tmp_path / 'tiny.onnx', depth=2.6))
    with Bench('completion', folder=tmp_path, model=model, engine='onnxruntime',
               precision='bf16', **POSE) as node:
        status = node.expect('cannot configure: ONNX Runtime has no bf16: choose from fp32, fp16')
        assert status.level == ERROR and node.state == 'unconfigured'


def test_tensorrt_that_is_not_here(tmp_path):
    """The real libraries: asked for, the node says what is missing."""
    model = str(make_tiny_model(tmp_path / 'tiny.onnx', depth=2.6))
    with Bench('completion', folder=tmp_path, model=model, engine='tensorrt', **POSE) as node:
        try:
            status = node.expect('cannot configure: ')
        except AssertionError:
            if node.state == 'active':
                pytest.skip('TensorRT and a GPU are here')
            raise
        assert status.level == ERROR and node.state == 'unconfigured'
        assert 'needs TensorRT' in status.message or 'needs cuda-python' in status.message or (
            'no NVIDIA GPU' in status.message)


def run_node(words, **parameters):
    """Run a node's process to its end."""
    options = [word for name, value in parameters.items()
               for word in ('-p', f'{name}:={str(value).lower() if value is True else value}')]
    return subprocess.run([sys.executable, *map(str, words), '--ros-args', *options],
                          capture_output=True, text=True, timeout=120)


def test_build_only(tmp_path):
    model = make_tiny_model(tmp_path / 'tiny.onnx', depth=2.6, image_gain=1.0)
    given = {'model': model, 'engine_cache': tmp_path / 'engines', 'build_only': True}
    result = run_node([SCRIPT, 'completion', 'good', 'none'], **given)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].split()[:3] == ['model', 'precision', 'input']
    assert lines[1].split()[:3] == ['tiny', 'fp16', '96x64'] and '(kept)' not in lines[1]
    assert 'camera of 640x480' in result.stderr and 'building tiny' in result.stderr
    again = run_node([SCRIPT, 'completion', 'good', 'none'], input_height=64, input_width=96,
                     **given)
    assert again.returncode == 0 and '(kept)' in again.stdout


def test_build_only_of_the_monocular_node(tmp_path):
    model = make_tiny_model(tmp_path / 'tiny.onnx', 'monocular', depth=2.6)
    result = run_node([SCRIPT, 'monocular', 'good', 'none'], build_only=True, model=model,
                      engine_cache=tmp_path / 'engines', precision='fp32')
    assert result.returncode == 0 and result.stdout.splitlines()[1].startswith('tiny   fp32')


def test_build_only_without_a_gpu(tmp_path):
    result = run_node(['-m', 'depth_ros.nodes.completion'], build_only=True,
                      engine_cache=tmp_path / 'engines')
    if result.returncode == 0:
        pytest.skip('TensorRT and a GPU are here')
    assert result.returncode == 2 and result.stdout == ''
    (line,) = result.stderr.splitlines()
    assert 'Node: ' in line and ('TensorRT' in line or 'cuda-python' in line or 'GPU' in line)
