# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`depth_ros build-engine`, with the fake of TensorRT and with none."""
import json
import os
import subprocess
import sys

from broken_tensorrt import broken_libraries, no_gpu
from depth_ros.cli import main
from depth_ros.engines import tensorrt
import pytest
from tiny_models import make_tiny_model


@pytest.fixture
def build(tmp_path, monkeypatch, capsys):
    """Return a function that runs the command where this TensorRT is installed."""
    make_tiny_model(tmp_path / 'tiny.onnx', depth=2.6, image_gain=1.0)

    def run(*words, how='good', libraries=None):
        found = libraries or broken_libraries(how)
        monkeypatch.setattr(tensorrt, 'find_libraries', lambda: found)
        status = main(['build-engine', str(tmp_path / 'tiny.onnx'), '--cache',
                       str(tmp_path / 'engines'), *words])
        return status, *capsys.readouterr()
    return run


def test_progress_then_a_table(build):
    status, out, progress = build()
    assert status == 0
    head, row, engine, folder = out.splitlines()
    assert row.split()[:3] == ['tiny', 'fp16', '96x64'] and '(kept)' not in row
    assert len(head) >= len(row) - 20 and 'parity median' in head
    assert engine == 'tensorrt 10.3.0 fp16 Orin' and folder.startswith('engines: ')
    assert 'building tiny 96x64 fp16' in progress
    assert '(kept)' in build()[1] and '(kept)' not in build('--force')[1]


def test_json(build, tmp_path):
    status, out, _ = build('--json', '--precision', 'fp32', '--precision', 'fp16',
                           '--camera', '1280', '720')
    rows = json.loads(out)['engines']
    assert status == 0 and [row['precision'] for row in rows] == ['fp32', 'fp16']
    for row in rows:
        assert row['built'] and row['bytes'] > 100 and row['build_seconds'] >= 0
        assert row['parity']['passed'] and row['parity']['median_rel'] <= 1e-3
        assert row['latency_ms']['median'] > 0 and row['reference_latency_ms']['p99'] > 0
        assert row['input'] == {'height': 64, 'width': 96} or row['input']['width'] > 96
        assert os.path.isfile(row['file'])
    assert json.loads(build('--json', '--input-size', '96', '128')[1])['engines'][0]['input'] == {
        'height': 96, 'width': 128}


def test_a_refused_engine_is_status_1_with_its_figures(build):
    status, out, _ = build(how='wrong')
    assert status == 1 and 'refused' in out.splitlines()[1]
    assert 'differs from ONNX Runtime: median 40 % (limit 0.5 %)' in out
    status, out, _ = build('--json', how='wrong')
    (row,) = json.loads(out)['engines']
    assert status == 1 and row['parity']['median_rel'] > 0.3 and 'differs' in row['problem']
    status, out, _ = build('--force', how='no memory')
    assert status == 1 and 'failed' in out and 'Available: 112MB' in out


def test_list_and_prune(build, tmp_path):
    build('--precision', 'fp32')
    build('--precision', 'fp16', how='wrong')
    listed = build('--list')[1].splitlines()
    assert listed[0].startswith('2 engines in ') and len(listed) == 3
    assert 'tiny fp32 1x64x96x3' in listed[1] and 'refused' in listed[2]
    status, out, _ = build('--precision', 'fp32', '--prune')
    assert status == 0 and 'removed 1 others' in out and '(kept)' in out
    (record,) = json.loads(build('--list', '--json')[1])['engines']
    assert record['key']['precision'] == 'fp32' and record['model'] == 'tiny'


def test_without_a_gpu_it_is_one_line(build):
    status, out, line = build(libraries=no_gpu())
    assert status == 2 and out == '' and line.count('\n') == 1
    assert line.startswith('depth_ros build-engine: no NVIDIA GPU can be used here')


def test_without_the_package_that_converts_it_is_one_line(build, monkeypatch):
    monkeypatch.setitem(sys.modules, 'onnx', None)
    status, out, text = build()
    assert status == 2 and out == '' and text.splitlines()[-1].endswith('pip install onnx')
    assert 'Traceback' not in text


@pytest.mark.parametrize('words, expected', [
    ([], 'name a model'), (['nothing'], 'unknown model'),
    (['completion', '--camera', '0', '480'], 'width and a height'),
    (['completion', '--input-size', '70', '100'], 'multiples of 32')])
def test_what_cannot_be_asked_for(capsys, words, expected):
    assert main(['build-engine', *words]) == 2
    out, line = capsys.readouterr()
    assert out == '' and line.count('\n') == 1 and expected in line


def test_what_a_user_sees_here(repository, tmp_path):
    """The real command as a process: what is missing, in one line, and status 2."""
    result = subprocess.run([sys.executable, '-m', 'depth_ros.cli', 'build-engine', 'completion',
                             '--json', '--cache', str(tmp_path / 'engines')], text=True,
                            capture_output=True, cwd=repository)
    if result.returncode == 0:
        pytest.skip('TensorRT and a GPU are here')
    assert result.returncode == 2 and result.stdout == ''
    (line,) = result.stderr.splitlines()
    assert line.startswith('depth_ros build-engine: ')
    assert any(word in line for word in ('TensorRT', 'cuda-python', 'GPU')), line
