# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Engines: the choice among them, errors that say what to install, and the numbers they give."""

from dataclasses import replace
import subprocess
import sys

from depth_ros import engines
from depth_ros.contracts import InputError
from depth_ros.engines import EngineError, onnxruntime, UnavailableError, upgrade
from depth_ros.engines.calibration import Calibration
from depth_ros.engines.parity import Parity
from depth_ros.model import available, find, read_spec
import numpy as np
import onnxruntime as library
import pytest
from tiny_models import make_tiny_model


@pytest.fixture
def spec(tmp_path):
    """Completion model: depth is 2 m + brightness, measured pixels keep their value."""
    return read_spec(make_tiny_model(tmp_path / 'tiny.onnx', depth=2.0, image_gain=10.0, fill=True,
                                     confidence=0.5))


def test_outputs_lose_only_the_batch_axis(spec):
    engine = engines.load('auto', spec, 64, 96)
    image = np.zeros((64, 96, 3), np.uint8)
    image[:, 50:] = 255
    sparse = np.zeros((64, 96))
    sparse[10, 20] = 7.5
    outputs = engine.run(image, sparse)
    assert set(outputs) == {'depth', 'confidence'}
    assert outputs['depth'].shape == (64, 96) and outputs['depth'].dtype == np.float32
    assert outputs['depth'][10, 20] == 7.5 and outputs['depth'][0, 0] == 2.0
    assert outputs['depth'][0, 95] == pytest.approx(12.0)
    assert 'onnxruntime' in engine.describe()


def test_views_and_other_float_types_are_taken(spec):
    engine = engines.load('onnxruntime', spec, 64, 96, threads=1)
    image = np.random.default_rng(0).integers(0, 255, (128, 192, 3), np.uint8)
    view, copy = image[::2, ::-2], np.ascontiguousarray(image[::2, ::-2])
    sparse = np.zeros((64, 192), np.float64)
    assert np.array_equal(engine.run(view, sparse[:, ::2])['depth'],
                          engine.run(copy, np.zeros((64, 96), np.float32))['depth'])


def test_a_wrong_size_is_an_error_with_both_names(tmp_path):
    spec = read_spec(make_tiny_model(tmp_path / 'tiny.onnx', size_multiple=0))
    engine = engines.load('onnxruntime', spec, 64, 96)
    with pytest.raises(EngineError, match='tiny failed on a 30x20 image'):
        engine.run(np.zeros((20, 30, 3), np.uint8), np.zeros((20, 30)))


def test_unknown_names_list_the_choices(spec):
    with pytest.raises(InputError, match="unknown engine 'warp': choose one of .*onnxruntime"):
        engines.load('warp', spec, 64, 96)
    with pytest.raises(EngineError, match='no WarpProvider: choose from .*CPU'):
        engines.load('onnxruntime', spec, 64, 96, providers=['WarpProvider'])


def test_a_file_that_vanished(spec, tmp_path):
    gone = replace(spec, file=tmp_path / 'gone.onnx')
    with pytest.raises(EngineError, match='cannot load .*gone.onnx'):
        engines.load('onnxruntime', gone, 64, 96)


def test_a_missing_library_names_its_install_command():
    code = ('import sys; sys.modules["onnxruntime"] = None\n'
            'from depth_ros import engines\n'
            'try:\n    engines.load("onnxruntime", None, 64, 96)\n'
            'except engines.EngineError as error:\n    print(error)\n')
    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert 'pip install onnxruntime' in result.stdout, result.stderr


def test_the_core_imports_without_ros_torch_and_engines():
    code = ('import sys\n'
            'for name in ("torch", "rclpy", "sensor_msgs", "onnxruntime", "tensorrt",\n'
            '             "openvino", "training"):\n    sys.modules[name] = None\n'
            'import depth_ros.estimator, depth_ros.matching, depth_ros.config, depth_ros.cli\n')
    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_providers_by_name(spec):
    """The package of the index has one beside the CPU's, which computes nothing itself."""
    here = onnxruntime.provider_names(['CPU'])
    assert here == ['CPUExecutionProvider'] == onnxruntime.provider_names('')
    assert onnxruntime.provider_names('cpu, CPUExecutionProvider') == here
    other = [name for name in library.get_available_providers() if name not in here]
    if other:
        name = other[-1].removesuffix('ExecutionProvider').lower()
        engine = engines.load('onnxruntime', spec, 64, 96, providers=f'{name}, cpu')
        assert engine.session.get_providers()[0] == other[-1]
        assert engine.record['check']['parity']['passed'] and engine.resized is None
    with pytest.raises(UnavailableError, match='no CUDA_, Warp: choose from .*CPUExecution'):
        upgrade.load('onnxruntime', spec, 64, 96, providers='CPU,CUDA_,Warp')


@pytest.mark.parametrize('name', [spec.name for spec in available()])
@pytest.mark.parametrize('precision', ['fp16', 'int8'])
def test_shipped_models_in_other_precisions(name, precision, tmp_path_factory):
    spec, folder = find(name), tmp_path_factory.getbasetemp() / 'ort_precisions'
    for height, width in ((spec.input_height, spec.input_width), (96, 320)):
        engine = engines.load_only('onnxruntime', spec, height, width, precision=precision,
                                   cache=folder, calibration=Calibration(frames=2))
        found = Parity.from_record(engine.record['check']['parity'])
        assert found.passed and found.precision == precision
        # Not the float32 file.
        assert found.median_rel > 1e-5
        assert f' {precision} CPU' in engine.describe()


def test_a_precision_that_an_engine_lacks_is_an_error(spec):
    for load in (engines.load, upgrade.load):
        with pytest.raises(EngineError, match='has no bf16: choose from fp32, fp16, int8, or'):
            load('onnxruntime', spec, 64, 96, precision='bf16')
        with pytest.raises(InputError, match="unknown precision 'fp64': choose one of auto, bf16"):
            load('onnxruntime', spec, 64, 96, precision='fp64')
