# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The engine as a whole, on fakes: built once, compared, kept, used, closed."""

from depth_ros.engines import EngineError, NotBuiltError, onnxruntime, RefusedError, tensorrt
from depth_ros.engines.cache import EngineCache
from depth_ros.model import find, read_spec
from fake_tensorrt import fake_libraries
import numpy as np
import pytest
from tiny_networks import make_tiny_network

SIZE = (64, 96)


@pytest.fixture
def spec(tmp_path):
    return read_spec(make_tiny_network(tmp_path / 'tiny.onnx'))


@pytest.fixture
def libraries():
    return fake_libraries()


def frame():
    rng = np.random.default_rng(3)
    sparse = np.where(rng.random(SIZE) < 0.05, rng.uniform(1, 9, SIZE), 0)
    return rng.integers(0, 255, (*SIZE, 3), np.uint8), sparse


def test_it_is_built_once_and_gives_the_numbers_of_onnx_runtime(spec, tmp_path, libraries):
    for number in range(2):
        engine = tensorrt.load(spec, *SIZE, 'fp32', cache=tmp_path / 'cache', libraries=libraries)
        found, expected = engine.run(*frame()), onnxruntime.load(spec, *SIZE).run(*frame())
        assert found['depth'].shape == SIZE and found['depth'].dtype == np.float32
        np.testing.assert_allclose(found['depth'], expected['depth'], rtol=1e-5)
        assert engine.parity.passed and engine.parity.median_rel < 1e-6
        assert engine.latency_ms['median'] > 0
        assert engine.describe() == 'tensorrt 10.3.0 fp32 Orin'
        assert libraries.trt.seen['builds'] == 1
        engine.close()
        assert libraries.cuda.module.left() == {}
    tensorrt.load(spec, *SIZE, 'fp32', cache=tmp_path / 'cache', libraries=libraries, force=True)
    assert libraries.trt.seen['builds'] == 2


def test_the_shipped_model_in_half_precision(tmp_path, libraries):
    spec = find('student')
    lines = []
    engine = tensorrt.load(spec, spec.input_height, spec.input_width, 'fp16', tmp_path,
                           libraries=libraries, report=lines.append)
    assert 1e-6 < engine.parity.median_rel < 5e-3 and 'fp16' in engine.describe()
    assert any(line.startswith('building student 160x128 fp16') for line in lines)


def test_every_choice_is_another_engine(spec, tmp_path, libraries):
    def count(**options):
        choice = {'precision': 'fp32', 'libraries': libraries, **options}
        tensorrt.load(spec, *choice.pop('size', SIZE), cache=tmp_path / 'cache', **choice).close()
        return len(list((tmp_path / 'cache').glob('*.engine')))
    assert count() == 1
    assert count(precision='fp16') == 2
    assert count(size=(96, 96)) == 3
    assert count(workspace_mib=512) == 4
    assert count(precision='fp16', dla_core=0) == 5
    assert count(libraries=fake_libraries('10.4.0')) == 6
    assert count(libraries=fake_libraries(gpu='Thor')) == 7
    assert count(libraries=fake_libraries('1.7', 'tensorrt_rtx')) == 8
    assert count(libraries=fake_libraries('8.6.1'), precision='int8') == 9
    assert count() == 9


def test_a_kept_engine_that_the_library_cannot_read_is_built_anew(spec, tmp_path, libraries):
    cache = EngineCache(tmp_path / 'cache')
    tensorrt.load(spec, *SIZE, 'fp32', cache=cache, libraries=libraries).close()
    other = fake_libraries()
    # Whole as the cache sees it, but of a library that changed without a new version.
    real = other.trt.Runtime

    def runtime(log):
        made = real(log)
        if not other.trt.seen['builds']:
            made.deserialize_cuda_engine = lambda content: log.error('plan of another build')
        return made
    other.trt.Runtime = runtime
    lines = []
    engine = tensorrt.load(spec, *SIZE, 'fp32', cache=cache, libraries=other, report=lines.append)
    assert other.trt.seen['builds'] == 1 and engine.run(*frame())['depth'].shape == SIZE
    assert any('plan of another build: built anew' in line for line in lines)


def test_wrong_numbers_are_refused_and_nothing_stays_on_the_gpu(spec, tmp_path, libraries):
    real = libraries.trt.OnnxParser

    class Wrong:
        def __init__(self, network, log):
            self.parser, self.network = real(network, log), network

        def parse_from_file(self, path):
            read = self.parser.parse_from_file(path)
            for tensor in self.network.model.graph.initializer:
                if tensor.name == 'last':
                    tensor.raw_data = np.full((1, 8, 1, 1), 0.3, np.float32).tobytes()
            return read
    libraries.trt.OnnxParser = Wrong
    # As long as the error is held, so is all that its frames hold.
    with pytest.raises(RefusedError, match='differs from ONNX Runtime: median') as caught:
        tensorrt.load(spec, *SIZE, 'fp32', cache=tmp_path / 'cache', libraries=libraries)
    assert caught.value.figures['parity']['median_rel'] > 0.01
    assert libraries.cuda.module.left() == {}


def test_what_cannot_be(spec, tmp_path, libraries):
    with pytest.raises(NotBuiltError):
        tensorrt.load(spec, *SIZE, 'fp32', tmp_path, libraries=libraries, build=False)
    with pytest.raises(EngineError, match='Xavier has no bf16: use fp16'):
        tensorrt.load(spec, *SIZE, 'bf16', tmp_path, libraries=fake_libraries(
            gpu='Xavier', capability=(7, 2)))
    with pytest.raises(ValueError, match='choose one of auto, bf16, fp16, fp32, int8'):
        tensorrt.load(spec, *SIZE, 'fp8', tmp_path, libraries=libraries)
