# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Runs an engine: named tensors, fixed memory, one stream, and a CUDA graph where it can be."""

from depth_ros.engines import EngineError
from depth_ros.engines.cuda_calls import Buffer
from depth_ros.engines.trt_progress import logger
import numpy as np

# NumPy types by the names of TensorRT's; BF16 has none, and no contract has it outside.
TYPES = {'FLOAT': np.float32, 'HALF': np.float16, 'INT8': np.int8, 'INT32': np.int32,
         'INT64': np.int64, 'BOOL': np.bool_, 'UINT8': np.uint8}


class UnreadableError(EngineError):
    """Bytes that this TensorRT does not take for an engine of its own: building anew helps."""


class Runner:
    """
    An engine ready to run, with all memory that it will ever need.

    :param libraries: as of trt_libraries.
    :param content: bytes of the engine.
    :param shapes: {name: shape} of the inputs, as it was built for.
    :param cuda_graph: record the work of a frame once and replay it; where that fails, `note`
        says why and each frame is enqueued anew.
    :raises UnreadableError: it is of another version or GPU, or damaged.
    :raises EngineError: it cannot be started.
    """

    def __init__(self, libraries, content, shapes, cuda_graph=True):
        """Read the engine and allocate."""
        self.libraries = libraries
        self.trt, self.cuda = libraries.trt, libraries.cuda
        self.stream = self.graph = self.captured = None
        self.context = self.engine = self.runtime = None
        self.inputs, self.outputs = {}, {}
        self.note = '' if cuda_graph else 'CUDA graph off'
        self.closed = False
        try:
            self._open(content, shapes)
            self._warm_up()
            if cuda_graph:
                self._capture()
        except BaseException:
            self.close()
            raise

    def _open(self, content, shapes):
        log = logger(self.trt)
        try:
            self.runtime = self.trt.Runtime(log)
        except (RuntimeError, TypeError) as error:
            raise EngineError(f'TensorRT cannot start: {log.first()}') from error
        self.engine = self.runtime.deserialize_cuda_engine(content)
        if self.engine is None:
            raise UnreadableError(f'TensorRT cannot read the engine: {log.first()}')
        self.context = self.engine.create_execution_context()
        if self.context is None:
            raise EngineError(f'TensorRT cannot start the engine (is memory left on the GPU?): '
                              f'{log.first()}')
        self.log, self.stream = log, self.cuda.stream()
        names = [self.engine.get_tensor_name(index)
                 for index in range(self.engine.num_io_tensors)]
        mode = self.trt.TensorIOMode.INPUT
        inputs = [name for name in names if self.engine.get_tensor_mode(name) == mode]
        if set(inputs) != set(shapes):
            raise EngineError(f'the engine takes {sorted(inputs)}, not {sorted(shapes)}')
        for name in inputs:
            if not self.context.set_input_shape(name, tuple(shapes[name])):
                raise EngineError(f'the engine was not built for {name} of {shapes[name]}: '
                                  f'{log.first()}')
            self.inputs[name] = self._buffer(name, shapes[name])
        for name in names:
            if name not in self.inputs:
                self.outputs[name] = self._buffer(name, self.context.get_tensor_shape(name))

    def _buffer(self, name, shape):
        """Allocate a tensor's memory and tell the context where it is."""
        shape = tuple(int(size) for size in shape)
        kind = self.engine.get_tensor_dtype(name)
        kind = getattr(kind, 'name', str(kind)).split('.')[-1]
        if min(shape, default=0) < 0 or kind not in TYPES:
            raise EngineError(f'the engine gives {name} as {kind} {shape}, which the model '
                              'contract does not know')
        buffer = Buffer(self.cuda, shape, TYPES[kind])
        if not self.context.set_tensor_address(name, buffer.device):
            buffer.free()
            raise EngineError(f'TensorRT takes no address for {name}: {self.log.first()}')
        return buffer

    def _enqueue(self):
        """Put one frame's work on the stream: copy in, compute, copy out."""
        for buffer in self.inputs.values():
            self.cuda.to_device(buffer, self.stream)
        self.log.messages = []
        if not self.context.execute_async_v3(int(self.stream)):
            raise EngineError(f'TensorRT cannot run the engine: {self.log.first()}')
        for buffer in self.outputs.values():
            self.cuda.to_host(buffer, self.stream)

    def _synchronise(self):
        self.cuda.call('cudaStreamSynchronize', self.stream)

    def _warm_up(self):
        """Run once on zeros: what is made at the first run must not fall into a capture."""
        for buffer in self.inputs.values():
            buffer.host[...] = 0
        self._enqueue()
        self._synchronise()

    def _capture(self):
        ready = getattr(self.context, 'is_stream_capturable', None)
        if ready is not None and not ready(int(self.stream)):
            self.note = 'no CUDA graph: this engine cannot be captured'
            return
        try:
            self.cuda.begin_capture(self.stream)
            try:
                self._enqueue()
            finally:
                self.captured = self.cuda.call('cudaStreamEndCapture', self.stream)
            self.graph = self.cuda.instantiate(self.captured)
            # A graph that records but does not run must not wait for the first frame.
            self.cuda.call('cudaGraphLaunch', self.graph, self.stream)
            self._synchronise()
        except EngineError as error:
            self.note = f'no CUDA graph: {error}'
            self.cuda.forget_error()
            self._drop_graph()

    def run(self, feed):
        """
        One frame.

        :param feed: {name: array} of the shapes that the engine was built for.
        :return: {name: array}, copies that the next frame leaves alone.
        :raises EngineError: a wrong feed, or an error of CUDA or TensorRT.
        """
        if self.closed:
            raise EngineError('the engine was closed')
        if set(feed) != set(self.inputs):
            raise EngineError(f'the engine takes {sorted(self.inputs)}, not {sorted(feed)}')
        for name, buffer in self.inputs.items():
            value = np.asarray(feed[name])
            if value.dtype == np.int64 and buffer.host.dtype == np.int32:
                value = value.astype(np.int32)  # TensorRT 8 has no wider integers.
            if value.shape != buffer.host.shape or value.dtype != buffer.host.dtype:
                raise EngineError(f'the engine was built for {name} {buffer.host.dtype} '
                                  f'{buffer.host.shape}, not {value.dtype} {value.shape}')
            np.copyto(buffer.host, value)
        if self.graph is not None:
            self.cuda.call('cudaGraphLaunch', self.graph, self.stream)
        else:
            self._enqueue()
        self._synchronise()
        return {name: buffer.host.copy() for name, buffer in self.outputs.items()}

    def _drop_graph(self):
        for name, function in (('graph', 'cudaGraphExecDestroy'), ('captured',
                                                                   'cudaGraphDestroy')):
            value = getattr(self, name)
            if value is not None:
                setattr(self, name, None)
                self.cuda.call(function, value)

    def close(self):
        """Give everything back, in the order that CUDA asks for; twice does no harm."""
        if self.closed:
            return
        self.closed = True
        steps = [self._synchronise] if self.stream is not None else []
        steps += [self._drop_graph, self._drop_context]
        steps += [buffer.free for buffer in (*self.inputs.values(), *self.outputs.values())]
        if self.stream is not None:
            steps.append(lambda: self.cuda.call('cudaStreamDestroy', self.stream))
        problem = None
        for step in steps:
            try:
                step()
            except EngineError as error:
                # What remains must be given back all the same.
                problem = problem or error
        self.inputs, self.outputs, self.stream = {}, {}, None
        if problem:
            raise problem

    def _drop_context(self):
        # A context must go before its engine, and that before its runtime.
        self.context = None
        self.engine = None
        self.runtime = None

    def __enter__(self):
        """Use as a block that closes the engine."""
        return self

    def __exit__(self, *error):
        """Close."""
        self.close()

    def __del__(self):
        """Close what nobody closed, without an error at the interpreter's end."""
        try:
            self.close()
        except Exception:
            pass
