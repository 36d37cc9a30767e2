# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`depth_ros benchmark`."""
import json

from depth_ros.cli import main
import pytest
from tiny_models import make_tiny_model

STAGES = ('preprocess_ms', 'inference_ms', 'postprocess_ms', 'total_ms')


@pytest.fixture
def completion(tmp_path):
    """Path of a tiny completion model."""
    return make_tiny_model(tmp_path / 'tiny.onnx', depth=3.0)


def test_models_are_timed(tmp_path, completion, capsys):
    out = tmp_path / 'figures' / 'benchmark.json'
    assert main(['benchmark', '--model', str(completion), '--frames', '4', '--no-node',
                 '--json', str(out)]) == 0
    (row,) = json.loads(out.read_text())['models']
    assert (row['model'], row['task'], row['frames']) == ('tiny', 'completion', 4)
    assert 'onnxruntime' in row['engine']
    for stage in STAGES:
        assert 0 < row[stage]['median'] <= row[stage]['p99']
    assert row['load_s'] > 0 and row['images_per_second'] > 0
    # A process with NumPy, OpenCV and ONNX Runtime; a figure in another unit falls outside.
    assert 30 < row['peak_memory_mib'] < 2000
    assert 'tiny' in capsys.readouterr().out


@pytest.mark.ros
def test_the_node_is_timed_over_dds(tmp_path, completion, capsys):
    pytest.importorskip('rclpy')
    from depth_ros.demo.benchmark import time_node, WARM_UP
    node = time_node(str(completion), 8, 0.25, bar=False)
    images = node['images']
    assert images['sent'] == images['in'] == 8 + WARM_UP
    # On a busy machine an image may be overtaken by the next; none may vanish.
    assert images['arrived'] + sum(images['dropped'].values()) == images['sent']
    assert node['latency_ms']['median'] > node['inference_ms']['median'] > 0
    assert node['overhead_ms']['median'] == pytest.approx(
        node['latency_ms']['median'] - node['inference_ms']['median'])


def test_models_can_be_compared_at_one_size(tmp_path, capsys):
    model = make_tiny_model(tmp_path / 'free.onnx', size_multiple=32)
    out = tmp_path / 'benchmark.json'
    assert main(['benchmark', '--model', str(model), '--frames', '1', '--no-node',
                 '--input-size', '64', '128', '--json', str(out)]) == 0
    assert json.loads(out.read_text())['models'][0]['input'] == {'height': 64, 'width': 128}
    assert main(['benchmark', '--model', str(model), '--input-size', '50', '128']) == 2
    assert 'multiples of 32' in capsys.readouterr().err


def test_bad_input_is_one_line(tmp_path, completion, capsys):
    assert main(['benchmark', '--model', str(tmp_path / 'none.onnx')]) == 2
    assert main(['benchmark', '--model', str(completion), '--frames', '0']) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert 'no model file' in lines[0] and 'at least 1' in lines[1]
