# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The runtime of TensorRT engines, on a strict fake whose numbers ONNX Runtime computes."""

import gc

from depth_ros.engines import EngineError
from depth_ros.engines.cuda_calls import Buffer
from depth_ros.engines.precision import typed
from depth_ros.engines.trt_build import build, input_shapes
from depth_ros.engines.trt_runtime import Runner
from depth_ros.model import read_spec
from fake_tensorrt import fake_libraries
import numpy as np
import pytest
from tiny_models import make_tiny_model

HEIGHT, WIDTH = 64, 96
SHAPES = {'image': (1, HEIGHT, WIDTH, 3), 'sparse_depth': (1, HEIGHT, WIDTH)}
ALLOCATING = ('cudaMalloc', 'cudaMallocHost', 'cudaStreamCreateWithFlags')


@pytest.fixture
def spec(tmp_path):
    """Depth is 2 m + brightness, measured pixels keep their value."""
    return read_spec(make_tiny_model(tmp_path / 'tiny.onnx', fill=True, image_gain=10.0,
                                     confidence=0.5))


def engine_for(libraries, spec, folder):
    file = typed(spec, 'fp32', folder)
    return build(libraries, file, spec, HEIGHT, WIDTH)


def frame(seed=0):
    rng = np.random.default_rng(seed)
    sparse = np.where(rng.random((1, HEIGHT, WIDTH)) < 0.02, 7.0, 0.0).astype(np.float32)
    return {'image': rng.integers(0, 255, (1, HEIGHT, WIDTH, 3), np.uint8),
            'sparse_depth': sparse}


def expected(feed):
    depth = 2.0 + 10.0 * feed['image'].mean(-1) / 255.0
    return np.where(feed['sparse_depth'] > 0, feed['sparse_depth'], depth)


@pytest.fixture
def libraries():
    return fake_libraries()


@pytest.mark.parametrize('cuda_graph', [True, False])
def test_every_frame_gives_its_own_numbers(spec, tmp_path, libraries, cuda_graph):
    content = engine_for(libraries, spec, tmp_path)
    with Runner(libraries, content, SHAPES, cuda_graph) as runner:
        results = [(seed, runner.run(frame(seed))) for seed in range(3)]
        for seed, outputs in results:
            assert outputs['depth'].shape == (1, HEIGHT, WIDTH)
            np.testing.assert_allclose(outputs['depth'], expected(frame(seed)), rtol=1e-5)
            assert (outputs['confidence'] == 0.5).all()
    assert libraries.cuda.module.left() == {}


def test_a_graph_is_recorded_once_and_replayed(spec, tmp_path, libraries):
    runner = Runner(libraries, engine_for(libraries, spec, tmp_path), SHAPES)
    calls = libraries.cuda.module.calls
    assert runner.note == '' and libraries.trt.seen['runs'] == 2
    before = calls['cudaMemcpyAsync']
    for seed in range(3):
        runner.run(frame(seed))
    # Nothing is enqueued again, and nothing is allocated per frame.
    assert libraries.trt.seen['runs'] == 2 and calls['cudaMemcpyAsync'] == before
    assert calls['cudaGraphLaunch'] == 4 and calls['cudaMalloc'] == 4
    runner.close()


@pytest.mark.parametrize('function', ['cudaStreamBeginCapture', 'cudaStreamEndCapture',
                                      'cudaGraphInstantiateWithFlags', 'cudaGraphLaunch'])
def test_without_a_graph_each_frame_is_enqueued(spec, tmp_path, function):
    libraries = fake_libraries(fail={function: ('cudaErrorStreamCaptureUnsupported', 1)})
    runner = Runner(libraries, engine_for(libraries, spec, tmp_path), SHAPES)
    assert runner.note.startswith('no CUDA graph: ') and 'CaptureUnsupported' in runner.note
    if function == 'cudaStreamEndCapture':
        # A stream left recording would refuse everything after.
        libraries.cuda.module.fail.clear()
        libraries.cuda.call(function, runner.stream)
    outputs = runner.run(frame(5))
    np.testing.assert_allclose(outputs['depth'], expected(frame(5)), rtol=1e-5)


def test_an_engine_that_cannot_be_captured_says_so(spec, tmp_path, libraries, monkeypatch):
    content = engine_for(libraries, spec, tmp_path)
    monkeypatch.setattr('fake_trt_runtime.Context.is_stream_capturable',
                        lambda self, stream: False, raising=False)
    runner = Runner(libraries, content, SHAPES)
    assert 'cannot be captured' in runner.note and runner.graph is None
    np.testing.assert_allclose(runner.run(frame())['depth'], expected(frame()), rtol=1e-5)


def test_an_address_that_is_refused_leaves_nothing_behind(spec, tmp_path, libraries, monkeypatch):
    content = engine_for(libraries, spec, tmp_path)
    monkeypatch.setattr('fake_trt_runtime.Context.set_tensor_address',
                        lambda self, name, address: name != 'depth')
    with pytest.raises(EngineError, match='takes no address for depth') as caught:
        Runner(libraries, content, SHAPES)
    assert caught.tb is not None and libraries.cuda.module.left() == {}


@pytest.mark.parametrize('function', [*ALLOCATING, 'cudaMemcpyAsync', 'cudaStreamSynchronize'])
@pytest.mark.parametrize('call', [1, 2])
def test_an_error_of_cuda_has_its_name_and_nothing_leaks(spec, tmp_path, function, call):
    libraries = fake_libraries(fail={function: ('cudaErrorMemoryAllocation', call)})
    content = engine_for(libraries, spec, tmp_path)
    try:
        runner = Runner(libraries, content, SHAPES, cuda_graph=False)
    except EngineError as error:
        assert f'{function} failed: cudaErrorMemoryAllocation (text of' in str(error)
    else:
        # Only what happens once per frame, or once at all, gets as far as a frame.
        assert function not in ALLOCATING[:2]
        if function != 'cudaStreamCreateWithFlags':
            with pytest.raises(EngineError, match=f'{function} failed: cudaErrorMemory'):
                runner.run(frame())
        libraries.cuda.module.fail.clear()
        runner.close()
    left = libraries.cuda.module.left()
    assert not {'device', 'host', 'graph'} & set(left), left


def test_closing_gives_all_back_and_twice_does_no_harm(spec, tmp_path, libraries):
    content = engine_for(libraries, spec, tmp_path)
    runner = Runner(libraries, content, SHAPES)
    outputs = runner.run(frame())
    assert libraries.cuda.module.left() == {'device': 4, 'host': 4, 'stream': 1, 'graph': 2}
    runner.close()
    runner.close()
    assert libraries.cuda.module.left() == {}
    # What was handed out is a copy.
    np.testing.assert_allclose(outputs['depth'], expected(frame()), rtol=1e-5)
    with pytest.raises(EngineError, match='was closed'):
        runner.run(frame())
    Runner(libraries, content, SHAPES)
    gc.collect()
    assert libraries.cuda.module.left() == {}, 'a forgotten engine keeps the memory of the GPU'


@pytest.mark.parametrize('change, text', [
    ({'image': np.zeros((1, 32, 96, 3), np.uint8)}, r'image uint8 \(1, 64, 96, 3\)'),
    ({'image': np.zeros((1, 64, 96, 3), np.float32)}, 'not float32'),
    ({'sparse_depth': np.zeros((1, 64, 96))}, 'sparse_depth float32 .* not float64'),
    ({'other': np.zeros(1)}, "takes .'image', 'sparse_depth'.")])
def test_a_wrong_frame_is_refused(spec, tmp_path, libraries, change, text):
    runner = Runner(libraries, engine_for(libraries, spec, tmp_path), SHAPES)
    with pytest.raises(EngineError, match=text):
        runner.run({**frame(), **change})


def test_engines_that_are_not_for_here(spec, tmp_path, libraries):
    content = engine_for(libraries, spec, tmp_path)
    for damaged in (b'', b'nonsense', content[:-7], content[:10]):
        with pytest.raises(EngineError, match='cannot read the engine'):
            Runner(libraries, damaged, SHAPES)
    for other in (fake_libraries('10.4.0'), fake_libraries(gpu='Thor')):
        with pytest.raises(EngineError, match='cannot read the engine: engine plan of 10.3.0'):
            Runner(other, content, SHAPES)
    with pytest.raises(EngineError, match='was not built for image'):
        Runner(libraries, content, input_shapes(spec, 96, 96))
    with pytest.raises(EngineError, match='takes .*sparse_depth'):
        Runner(libraries, content, {'image': SHAPES['image']})
    assert libraries.cuda.module.left() == {}


class TestTheFakeIsStrict:
    """What a careless runner would do, refused: else the tests above would prove little."""

    @pytest.fixture
    def parts(self, spec, tmp_path, libraries):
        content = engine_for(libraries, spec, tmp_path)
        log = type('Log', (libraries.trt.ILogger,), {'log': lambda self, *text: None})()
        engine = libraries.trt.Runtime(log).deserialize_cuda_engine(content)
        return libraries.cuda, engine.create_execution_context(), libraries.cuda.stream()

    @staticmethod
    def prepare(cuda, context, shapes=SHAPES):
        for name, shape in shapes.items():
            assert context.set_input_shape(name, shape)
        buffers = {}
        for name in ('image', 'sparse_depth', 'depth', 'confidence'):
            kind = np.uint8 if name == 'image' else np.float32
            buffers[name] = Buffer(cuda, context.get_tensor_shape(name), kind)
            assert context.set_tensor_address(name, buffers[name].device)
        return buffers

    def test_shapes_and_addresses_come_first(self, parts):
        cuda, context, stream = parts
        assert not context.execute_async_v3(stream)
        assert min(context.get_tensor_shape('depth')) == -1
        buffers = self.prepare(cuda, context)
        assert context.execute_async_v3(stream)
        assert not context.set_tensor_address('depth', 0)
        assert not context.set_tensor_address('unknown', buffers['depth'].device)
        assert not context.set_input_shape('image', (1, 32, 32, 3))

    def test_memory_of_the_wrong_size_or_freed(self, parts):
        cuda, context, stream = parts
        buffers = self.prepare(cuda, context)
        small = Buffer(cuda, (1, 2, 3), np.float32)
        assert context.set_tensor_address('depth', small.device)
        assert not context.execute_async_v3(stream)
        context.set_tensor_address('depth', buffers['depth'].device)
        buffers['depth'].free()
        assert not context.execute_async_v3(stream)

    def test_reading_before_synchronising(self, parts):
        cuda, context, stream = parts
        buffers = self.prepare(cuda, context)
        for name, value in frame().items():
            buffers[name].host[...] = value
            cuda.to_device(buffers[name], stream)
        assert context.execute_async_v3(stream)
        cuda.to_host(buffers['depth'], stream)
        assert np.isnan(buffers['depth'].host).all()
        cuda.call('cudaStreamSynchronize', stream)
        np.testing.assert_allclose(buffers['depth'].host, expected(frame()), rtol=1e-5)

    def test_memory_that_is_not_pinned_or_freed_while_in_use(self, parts):
        cuda, context, stream = parts
        buffer = Buffer(cuda, (4,), np.float32)
        buffer.pinned, pinned = buffer.pinned + 1, buffer.pinned
        with pytest.raises(EngineError, match='cudaErrorInvalidValue'):
            cuda.to_device(buffer, stream)
        buffer.pinned = pinned
        cuda.to_device(buffer, stream)
        buffer.free()
        with pytest.raises(EngineError, match='cudaErrorIllegalAddress'):
            cuda.call('cudaStreamSynchronize', stream)
