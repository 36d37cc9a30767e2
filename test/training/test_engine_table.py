# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The table of engines: counts by hand, rows on fakes, the networks in torch."""
import json

from depth_ros.engines import floor, load_only, parity
from depth_ros.engines.calibration import Calibration
from depth_ros.engines.precision import typed
from depth_ros.model import find, read_spec
from fake_tensorrt import fake_libraries
import numpy as np
import pytest
from tiny_networks import make_tiny_network

onnx = pytest.importorskip('onnx')
torch = pytest.importorskip('torch')
from training.__main__ import main  # noqa: E402
from training.engine_table import measure, table  # noqa: E402
from training.engine_table_torch import network, TorchEngine  # noqa: E402

HEIGHT, WIDTH = 64, 96


@pytest.fixture
def spec(tmp_path):
    return read_spec(make_tiny_network(tmp_path / 'tiny.onnx'))


def test_operations_and_bytes_by_hand(spec, tmp_path):
    half, quarter = 32 * 48, 16 * 24
    convolutions = {'first': 8 * 4 * 9 * half, 'depthwise': 8 * 9 * quarter,
                    'mix': 64 * 9 * quarter, 'last': 8 * quarter}
    maps = 4 * HEIGHT * WIDTH + (8 + 8) * half + (8 + 8 + 8 + 8 + 1) * quarter
    # Image, line and depth.
    ends = HEIGHT * WIDTH * (3 + 4 + 4)
    weights = 8 * 4 * 9 + 8 * 9 + 64 * 9 + 8
    for precision, size in (('fp32', 4), ('fp16', 2)):
        model = onnx.load(str(typed(spec, precision, tmp_path)))
        cost = floor.work(model, HEIGHT, WIDTH)
        assert cost.operations == {precision: sum(convolutions.values())}
        assert cost.layers - cost.once == size * maps
        assert 0 <= cost.once - ends - size * weights < 200, 'constants of the rest'
    model = onnx.load(str(typed(spec, 'int8', tmp_path, Calibration(frames=1))))
    cost = floor.work(model, HEIGHT, WIDTH)
    assert cost.operations == {'int8': convolutions['mix'], 'fp16': sum(
        count for name, count in convolutions.items() if name != 'mix')}
    assert cost.layers - cost.once == 2 * maps - 8 * quarter


def test_the_floor_of_a_gpu(monkeypatch):
    monkeypatch.setattr(floor, 'COPIED', 1 << 16)
    libraries = fake_libraries(gpu='Orin', capability=(8, 7))
    peak = floor.peak_of(libraries.cuda, libraries.device())
    assert libraries.cuda.module.left() == {} and peak.bytes_per_s > 0
    assert peak.multiply_adds_per_s['fp32'] == 128 * 16e9
    assert peak.multiply_adds_per_s['int8'] == 2 * peak.multiply_adds_per_s['fp16']
    cost = floor.Work({'fp32': 2 * 16e9 * 128, 'int8': 0}, 1000, 3000)
    least = floor.floor_ms(cost, floor.Peak(1e6, peak.multiply_adds_per_s))
    assert least == pytest.approx({'operations': 2000, 'once': 1.0, 'layers': 3.0})
    unknown = fake_libraries(capability=(99, 0))
    peak = floor.peak_of(unknown.cuda, unknown.device())
    assert floor.floor_ms(cost, peak)['operations'] is None


def test_rows_on_a_gpu(spec, tmp_path, monkeypatch):
    monkeypatch.setattr(floor, 'COPIED', 1 << 16)
    libraries, lines = fake_libraries(), []
    report = measure([spec], 2, ('fp32', 'fp16'), '', tmp_path / 'cache', lines.append,
                     here=(libraries, libraries.device(), ''))
    reference, exact, half = report['rows']
    assert [row['runner'] for row in report['rows']] == ['onnxruntime', 'tensorrt', 'tensorrt']
    assert exact['parity']['max_rel'] < 1e-5 < half['parity']['median_rel'] < 5e-3
    for row in report['rows']:
        assert row['latency_ms']['median'] > 0 and row['estimator_ms']['median'] > 0
    assert half['floor_ms']['once'] < exact['floor_ms']['once']
    assert libraries.cuda.module.left() == {}
    text = table(json.loads(json.dumps(report)))
    assert len(text.splitlines()) == 5 and '| tiny | tensorrt | fp16 |' in text
    assert any(line.startswith('building tiny') for line in lines)
    # A build that fails is a row with its reason.
    failing = fake_libraries(fail={'cudaMalloc': ('cudaErrorMemoryAllocation', 3)})
    report = measure([spec], 1, ('fp32',), '', tmp_path / 'other', lines.append,
                     here=(failing, failing.device(), ''))
    assert 'cudaMalloc failed' in report['rows'][1]['note']


def test_without_a_gpu_what_needs_none_is_there(spec, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr('training.engine_table.gpu', lambda: (None, None, 'no NVIDIA GPU here'))
    assert main(['engines', '--model', str(spec.file), '--precision', 'fp16', '--frames', '1',
                 '--torch', '', '--json', str(tmp_path / 'out.json')]) == 0
    said = capsys.readouterr()
    assert said.err.splitlines() == ['TensorRT was not run: no NVIDIA GPU here']
    assert 'not run: no GPU' in said.out
    report = json.loads((tmp_path / 'out.json').read_text())
    assert report['rows'][0]['latency_ms']['median'] > 0
    assert report['rows'][1]['work']['operations']['fp16'] > 0
    assert report['gpu'] is None


@pytest.mark.parametrize('name', ['completion', 'student'])
def test_the_networks_in_torch_give_the_numbers_of_the_files(name):
    spec = find(name)
    feed = parity.stored_input(spec, HEIGHT, WIDTH)
    engine = TorchEngine(torch, network(torch, spec), spec, HEIGHT, WIDTH, 'cpu', 'fp32', 'eager')
    expected = load_only('onnxruntime', spec, HEIGHT, WIDTH).run(**feed)
    found = engine.run(**feed)
    assert set(found) == set(expected)
    for output, value in expected.items():
        np.testing.assert_allclose(found[output], value, rtol=2e-3, atol=1e-4)
