# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Every model through the real ONNX parser and builder of TensorRT-RTX, which need no GPU."""

from depth_ros.engines import EngineError, PRECISIONS, UnavailableError
from depth_ros.engines.calibration import Calibration
from depth_ros.engines.precision import typed
from depth_ros.engines.trt_build import build, BuildOptions
from depth_ros.engines.trt_libraries import Libraries
from depth_ros.engines.trt_progress import logger
from depth_ros.engines.trt_runtime import Runner
from depth_ros.model import find, read_spec
import pytest
from tiny_networks import make_tiny_network

trt = pytest.importorskip('tensorrt_rtx_bindings', reason='TensorRT-RTX is not installed: '
                          'make test, or requirements/tensorrt_rtx.txt')
pytestmark = pytest.mark.trt


@pytest.fixture(scope='module')
def libraries():
    return Libraries(trt, None, 'tensorrt_rtx', trt.__version__)


@pytest.mark.parametrize('precision', PRECISIONS)
def test_shipped_models(shipped, precision, converted, libraries):
    spec, lines = find(shipped), []
    file = converted(shipped, precision)
    content = build(libraries, file, spec, spec.input_height, spec.input_width,
                    BuildOptions(precision), lines.append)
    # The weights are in it.
    assert len(content) > file.stat().st_size and ': done in ' in lines[-1]


@pytest.mark.parametrize('precision', PRECISIONS)
def test_a_wide_camera_gets_an_engine_of_its_shape(precision, tmp_path, libraries):
    spec = read_spec(make_tiny_network(tmp_path / 'tiny.onnx'))
    file = typed(spec, precision, tmp_path, Calibration(frames=1))
    assert build(libraries, file, spec, 96, 320, BuildOptions(precision))


def test_what_it_refuses_is_one_line_with_its_reason(tmp_path, libraries):
    spec = read_spec(make_tiny_network(tmp_path / 'tiny.onnx'))
    with pytest.raises(EngineError, match='does not read tiny.onnx: .*UInt8') as caught:
        build(libraries, spec.file, spec, 64, 96)
    assert '\n' not in str(caught.value)
    # Sizes that the network does not come back to cannot be added.
    file = typed(find('completion'), 'fp32', tmp_path)
    with pytest.raises(EngineError, match='tensorrt_rtx .* cannot build .*oncat') as caught:
        build(libraries, file, find('completion'), 150, 210)
    assert '\n' not in str(caught.value)


def test_a_damaged_engine_is_not_read(tmp_path, libraries):
    log = logger(trt)
    assert trt.Runtime(log).deserialize_cuda_engine(b'nonsense' * 9) is None
    assert 'incompatible' in log.first() or 'version' in log.first()


def test_the_driver_is_missed_in_one_line(tmp_path, libraries):
    runtime = pytest.importorskip('cuda.bindings.runtime', reason='cuda-bindings is not installed')
    from depth_ros.engines.cuda_calls import Cuda
    real = Libraries(trt, Cuda(runtime), 'tensorrt_rtx', trt.__version__)
    if int(runtime.cudaGetDeviceCount()[0]) == 0:
        pytest.skip('there is a GPU')
    with pytest.raises(UnavailableError, match='no NVIDIA GPU can be used here: cudaGetDevice'):
        real.device()
    spec = read_spec(make_tiny_network(tmp_path / 'tiny.onnx'))
    content = build(real, typed(spec, 'fp32', tmp_path), spec, 64, 96)
    with pytest.raises(EngineError, match='TensorRT cannot read the engine: .*[dD]river'):
        Runner(real, content, {'image': (1, 64, 96, 3), 'sparse_depth': (1, 64, 96)})
