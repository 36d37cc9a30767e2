# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The running half of fake_tensorrt: engines, contexts, named tensors."""

import json

from fake_cuda import Failure
import numpy as np
import onnx

MAGIC = b'FAKE'
ONNX_TYPES = {1: 'FLOAT', 2: 'UINT8', 3: 'INT8', 6: 'INT32', 7: 'INT64', 9: 'BOOL', 10: 'HALF',
              16: 'BF16'}
NUMPY_TYPES = {'FLOAT': np.float32, 'UINT8': np.uint8, 'HALF': np.float16, 'INT64': np.int64,
               'INT32': np.int32}


class Runtime:
    """Reads engines of its own version and GPU, whole ones."""

    def __init__(self, trt, log):
        self.trt, self.log = trt, log

    def deserialize_cuda_engine(self, content):
        if content[:4] != MAGIC:
            return self.log.error('magicTag == kEXPECTED_MAGIC_TAG failed')
        head = int.from_bytes(content[4:8], 'little')
        body = int.from_bytes(content[8:16], 'little')
        if len(content) != 16 + head + body:
            return self.log.error('the engine is truncated')
        header = json.loads(content[16:16 + head])
        if (header['version'], header['gpu']) != (self.trt.__version__, self.trt.cuda.gpu):
            return self.log.error(f'engine plan of {header["version"]} on {header["gpu"]}')
        return Engine(self.trt, self.log, header['shapes'], content[16 + head:])


class Engine:
    """Names, modes and types of the tensors."""

    def __init__(self, trt, log, shapes, content):
        import onnxruntime
        self.trt, self.log, self.shapes = trt, log, shapes
        graph = onnx.load_model_from_string(content).graph
        self.inputs = {value.name: value for value in graph.input}
        self.outputs = {value.name: value for value in graph.output}
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(content, options, ['CPUExecutionProvider'])
        self.names = [*self.outputs, *self.inputs]

    @property
    def num_io_tensors(self):
        return len(self.names)

    def get_tensor_name(self, index):
        return self.names[index]

    def get_tensor_mode(self, name):
        mode = self.trt.TensorIOMode
        return mode.INPUT if name in self.inputs else mode.OUTPUT

    def get_tensor_dtype(self, name):
        value = {**self.inputs, **self.outputs}[name]
        return self.trt.DataType[ONNX_TYPES[value.type.tensor_type.elem_type]]

    def create_execution_context(self):
        return Context(self)


class Context:
    """Runs on a stream, with memory that the caller gave."""

    def __init__(self, engine):
        self.engine, self.trt, self.log = engine, engine.trt, engine.log
        self.shapes, self.addresses = {}, {}

    def set_input_shape(self, name, shape):
        if list(shape) != list(self.engine.shapes.get(name, ())):
            self.log.error(f'{name} of {shape} is outside the profile')
            return False
        self.shapes[name] = tuple(shape)
        return True

    def get_tensor_shape(self, name):
        if name in self.shapes:
            return self.shapes[name]
        rank = len({**self.engine.inputs, **self.engine.outputs}[name].type.tensor_type.shape.dim)
        if set(self.shapes) != set(self.engine.inputs):
            return (-1,) * rank
        height, width = self.shapes['image'][1:3]
        return (1, height, width)[:rank]

    def set_tensor_address(self, name, address):
        if name not in self.engine.names or not address:
            self.log.error(f'no tensor {name}, or no address')
            return False
        self.addresses[name] = address
        return True

    def execute_async_v3(self, stream):
        cuda = self.trt.cuda
        missing = set(self.engine.names) - set(self.addresses)
        if set(self.shapes) != set(self.engine.inputs) or missing:
            self.log.error(f'set input shapes and addresses first, missing {missing}')
            return False
        try:
            for name in self.engine.names:
                cuda.memory(self.addresses[name], self._bytes(name))
            cuda.enqueue(stream, self._compute)
        except Failure as failure:
            self.log.error(f'Cuda Runtime ({failure})')
            return False
        self.trt.seen['runs'] += 1
        return True

    def _bytes(self, name):
        return int(np.prod(self.get_tensor_shape(name))) * np.dtype(self._type(name)).itemsize

    def _type(self, name):
        return NUMPY_TYPES[self.engine.get_tensor_dtype(name).name]

    def _compute(self):
        cuda, feed = self.trt.cuda, {}
        for name in self.engine.inputs:
            memory = bytes(cuda.memory(self.addresses[name], self._bytes(name)))
            feed[name] = np.frombuffer(memory, self._type(name)).reshape(self.shapes[name])
        results = self.engine.session.run(list(self.engine.outputs), feed)
        for name, value in zip(self.engine.outputs, results):
            cuda.memory(self.addresses[name], value.nbytes)[:value.nbytes] = value.tobytes()
