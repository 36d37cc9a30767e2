# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`depth_ros benchmark`."""
import json

from depth_ros.cli import main
from depth_ros.commands.benchmark import for_nodes, sized
import pytest
from tiny_models import make_tiny_model

STAGES = ('preprocess_ms', 'inference_ms', 'postprocess_ms', 'total_ms')
FAST = ('--engine', 'onnxruntime', '--precision', 'fp32', '--no-node')


@pytest.fixture
def completion(tmp_path):
    """Path of a tiny completion model."""
    return make_tiny_model(tmp_path / 'tiny.onnx', depth=3.0)


def test_models_are_timed(tmp_path, completion, capsys):
    out, text = tmp_path / 'figures' / 'benchmark.json', tmp_path / 'tables' / 'benchmark.md'
    assert main(['benchmark', '--model', str(completion), '--frames', '12', *FAST,
                 '--json', str(out), '--markdown', str(text)]) == 0
    result = json.loads(out.read_text())
    assert set(result) == {'environment', 'power', 'models', 'left_out'}
    assert set(result['power']) == {'mode', 'source', 'reason', 'idle_watts'}
    assert bool(result['power']['source']) != bool(result['power']['reason'])
    (row,) = result['models']
    assert (row['model'], row['task'], row['frames']) == ('tiny', 'completion', 12)
    assert (row['runner'], row['precision'], row['peer']) == ('onnxruntime', 'fp32', False)
    assert row['engine'].startswith('onnxruntime ')
    for stage in ('bare_ms', *STAGES):
        assert 0 < row[stage]['median'] <= row[stage]['p99'] <= row[stage]['max']
    assert row['load_s'] > 0 and row['images_per_second'] > 0
    # The reference in proportion to itself.
    assert row['vs_reference'] == 1.0 and row['difference'] is None
    # A process with NumPy, OpenCV and ONNX Runtime; a figure in another unit falls outside.
    assert 30 < row['memory_before_load_mib'] < row['peak_memory_mib'] < 2000
    tables = text.read_text()
    assert tables in capsys.readouterr().out
    assert '| tiny  | 64 x 96 | onnxruntime | fp32' in tables
    assert tables.count('\n###') == 2 and 'Energy: ' in tables


def test_peers_are_compared_in_the_same_run(tmp_path, completion, capsys):
    fast = make_tiny_model(tmp_path / 'fast.onnx', 'monocular', name='fast')
    peer = make_tiny_model(tmp_path / 'peer.onnx', 'relative', name='peer')
    out = tmp_path / 'benchmark.json'
    assert main(['benchmark', '--model', str(completion), '--model', str(fast), '--peer',
                 f'{peer}@128x160', '--frames', '3', *FAST, '--json', str(out)]) == 0
    rows = {row['model']: row for row in json.loads(out.read_text())['models']}
    assert rows['peer']['input'] == {'height': 128, 'width': 160} and rows['peer']['peer']
    # A network that is given no line is no peer of one that is.
    (found,) = rows['peer']['vs']
    assert (found['model'], found['input']) == ('fast', {'height': 64, 'width': 96})
    assert found['ratio'] > 0 and rows['fast']['vs'] == rows['tiny']['vs'] == []
    assert 'total_ms' in rows['fast'] and 'total_ms' not in rows['peer']
    assert 'peer / ours' in capsys.readouterr().out


def test_models_can_be_compared_at_one_size(tmp_path, capsys):
    model = make_tiny_model(tmp_path / 'free.onnx', size_multiple=32)
    out = tmp_path / 'benchmark.json'
    assert main(['benchmark', '--model', str(model), '--model', f'{model}@96x64', '--frames', '1',
                 *FAST, '--input-size', '64', '128', '--json', str(out)]) == 0
    assert [row['input'] for row in json.loads(out.read_text())['models']] == [
        {'height': 64, 'width': 128}, {'height': 96, 'width': 64}]
    assert main(['benchmark', '--model', str(model), *FAST, '--input-size', '50', '128']) == 2
    assert 'multiples of 32' in capsys.readouterr().err


def test_other_providers_are_rows_of_their_own(tmp_path, completion):
    out = tmp_path / 'benchmark.json'
    assert main(['benchmark', '--model', str(completion), '--frames', '2', *FAST, '--providers',
                 'CPU', '--json', str(out)]) == 0
    rows = json.loads(out.read_text())['models']
    assert [row['runner'] for row in rows] == ['onnxruntime', 'onnxruntime CPU']
    assert rows[1]['options'] == {'providers': 'CPU'}
    # Both are held against the one on the CPU that every machine has.
    assert rows[0]['difference'] is None and rows[1]['difference']['passed']
    assert rows[1]['vs_reference'] > 0


def test_names_with_a_size():
    assert sized('a@b/c.onnx@96x64') == ('a@b/c.onnx', (96, 64))
    assert sized('a@b/c.onnx') == ('a@b/c.onnx', None)


def test_nodes_run_the_reference_and_the_fastest_that_is_right():
    def row(runner, precision, median, passed=None, **other):
        difference = None if passed is None else {'passed': passed}
        return {'task': 'completion', 'model': 'm', 'input': {'height': 1, 'width': 2},
                'peer': False, 'runner': runner, 'precision': precision, 'vs_reference': 1.0,
                'bare_ms': {'median': median}, 'difference': difference, **other}
    reference, right = row('onnxruntime', 'fp32', 9), row('openvino', 'bf16', 5, True)
    wrong, peer = row('openvino', 'int8', 3, False), row('onnxruntime', 'fp32', 1, peer=True)
    plain = row('openvino', 'fp32', 7, True)
    assert for_nodes([reference, wrong, right, peer]) == [reference, right]
    assert for_nodes([right, reference, plain, wrong]) == [reference, plain, right]
    assert for_nodes([reference, wrong]) == [reference]
    alone = {**right, 'vs_reference': None, 'difference': None}
    assert for_nodes([alone]) == [alone]


def test_bad_input_is_one_line(tmp_path, completion, capsys):
    assert main(['benchmark', '--model', str(tmp_path / 'none.onnx')]) == 2
    assert main(['benchmark', '--model', str(completion), '--frames', '0']) == 2
    assert main(['benchmark', '--minutes', '-1']) == 2
    make_tiny_model(tmp_path / 'mono.onnx', 'monocular')
    assert main(['benchmark', '--load', '--model', str(tmp_path / 'mono.onnx')]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert 'no model file' in lines[0] and 'at least 1' in lines[1]
    assert 'must be positive' in lines[2] and 'does monocular' in lines[3]
