# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The few CUDA runtime calls that an engine needs, through cuda-python, each one checked."""

import ctypes

from depth_ros.engines import EngineError
import numpy as np


class Cuda:
    """
    Checked calls of the CUDA runtime.

    :param module: `cuda.bindings.runtime`, or the older `cuda.cudart`. Their functions return
        `(error, values...)`.
    """

    def __init__(self, module):
        """Wrap the module."""
        self.module = module

    def call(self, name, *arguments):
        """
        Call a function; return its one value, None, or the tuple of its values.

        :raises EngineError: CUDA reports an error; the message has its name.
        """
        error, *values = getattr(self.module, name)(*arguments)
        if int(error):
            raise EngineError(f'{name} failed: {self._name(error)}')
        return values[0] if len(values) == 1 else tuple(values) or None

    def _name(self, error):
        name = getattr(error, 'name', None) or f'CUDA error {int(error)}'
        text = self.module.cudaGetErrorString(error)[-1]
        text = text.decode() if isinstance(text, bytes) else str(text)
        return f'{name} ({text})' if text else name

    def stream(self):
        """Create a stream that does not wait for the default one."""
        return self.call('cudaStreamCreateWithFlags', self.module.cudaStreamNonBlocking)

    def to_device(self, buffer, stream):
        """Start the copy of a Buffer's host memory to the device."""
        kind = self.module.cudaMemcpyKind.cudaMemcpyHostToDevice
        self.call('cudaMemcpyAsync', buffer.device, buffer.pinned, buffer.size, kind, stream)

    def to_host(self, buffer, stream):
        """Start the copy of a Buffer's device memory to the host."""
        kind = self.module.cudaMemcpyKind.cudaMemcpyDeviceToHost
        self.call('cudaMemcpyAsync', buffer.pinned, buffer.device, buffer.size, kind, stream)

    def begin_capture(self, stream):
        """Record what follows on the stream; other threads may go on using CUDA."""
        mode = self.module.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        self.call('cudaStreamBeginCapture', stream, mode)

    def instantiate(self, graph):
        """Make a recorded graph executable."""
        # The plain cudaGraphInstantiate took other arguments before CUDA 12.
        name = 'cudaGraphInstantiateWithFlags'
        return self.call(name if hasattr(self.module, name) else 'cudaGraphInstantiate', graph, 0)

    def forget_error(self):
        """Clear the error that a failed capture leaves behind."""
        self.module.cudaGetLastError()


class Buffer:
    """
    One tensor's memory: pinned on the host as the array `host`, and `device`, an address.

    :raises EngineError: no memory is left.
    """

    def __init__(self, cuda, shape, dtype):
        """Allocate both."""
        self.cuda, self.device, self.pinned = cuda, None, None
        self.size = max(int(np.prod(shape)) * np.dtype(dtype).itemsize, 1)
        try:
            self.device = cuda.call('cudaMalloc', self.size)
            self.pinned = cuda.call('cudaMallocHost', self.size)
        except EngineError:
            self.free()
            raise
        memory = (ctypes.c_byte * self.size).from_address(int(self.pinned))
        self.host = np.frombuffer(memory, dtype, int(np.prod(shape))).reshape(shape)

    def free(self):
        """Give both back; `host` must not be touched any more."""
        self.host = None
        if self.device is not None:
            device, self.device = self.device, None
            self.cuda.call('cudaFree', device)
        if self.pinned is not None:
            pinned, self.pinned = self.pinned, None
            self.cuda.call('cudaFreeHost', pinned)
