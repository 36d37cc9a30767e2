# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
A CUDA runtime without a GPU, as cuda-python shows it, that forgives nothing.

Work on a stream waits until the stream is synchronised, memory that was not written holds 0xFF
(NaN), and every address is checked against what was allocated.
"""

from collections import Counter
import ctypes
from enum import IntEnum
from types import SimpleNamespace

Error = IntEnum('cudaError_t', {
    'cudaSuccess': 0, 'cudaErrorInvalidValue': 1, 'cudaErrorMemoryAllocation': 2,
    'cudaErrorInsufficientDriver': 35, 'cudaErrorNoDevice': 100,
    'cudaErrorInvalidResourceHandle': 400, 'cudaErrorIllegalAddress': 700,
    'cudaErrorStreamCaptureUnsupported': 900, 'cudaErrorStreamCaptureInvalidated': 901})
Copy = IntEnum('cudaMemcpyKind', {'cudaMemcpyHostToDevice': 1, 'cudaMemcpyDeviceToHost': 2,
                                  'cudaMemcpyDeviceToDevice': 3})
Attribute = IntEnum('cudaDeviceAttr', {'cudaDevAttrClockRate': 13,
                                       'cudaDevAttrMultiProcessorCount': 16})
Mode = IntEnum('cudaStreamCaptureMode', {'cudaStreamCaptureModeThreadLocal': 1})
DEVICE_BASE = 0x7000_0000_0000


class Failure(Exception):
    """A call that CUDA would answer with this error."""

    def __init__(self, error):
        """Keep the error."""
        super().__init__(error.name)
        self.error = error


def answered(function):
    """Give a method the shape of cuda-python: `(error, values...)`."""
    name = function.__name__

    def call(self, *arguments):
        self.calls[name] += 1
        try:
            wanted = self.fail.get(name)
            if wanted is not None and self.calls[name] >= wanted[1]:
                raise Failure(Error[wanted[0]])
            values = function(self, *arguments)
        except Failure as failure:
            return (failure.error, None) if name in self.GIVING else (failure.error,)
        return (Error.cudaSuccess, *(() if values is None else (values,)))
    return call


class FakeCuda:
    """
    Stands for the module `cuda.bindings.runtime`.

    :param fail: {function: (error name, from which call on)} to inject errors.
    """

    cudaMemcpyKind, cudaStreamCaptureMode, cudaError_t = Copy, Mode, Error
    cudaDeviceAttr = Attribute
    cudaStreamNonBlocking = 1
    GIVING = ('cudaGetDeviceCount', 'cudaGetDeviceProperties', 'cudaDeviceGetAttribute',
              'cudaMalloc', 'cudaMallocHost',
              'cudaStreamCreateWithFlags', 'cudaStreamEndCapture',
              'cudaGraphInstantiateWithFlags')

    def __init__(self, gpu='Orin', capability=(8, 7), devices=1, fail=None):
        """Start with nothing allocated."""
        self.gpu, self.capability, self.devices = gpu, capability, devices
        self.fail, self.calls = dict(fail or {}), Counter()
        self.device, self.host, self.streams, self.graphs = {}, {}, {}, {}
        self.next = DEVICE_BASE

    def left(self):
        """Return how many things were not given back, by kind."""
        return {name: len(held) for name, held in (
            ('device', self.device), ('host', self.host), ('stream', self.streams),
            ('graph', self.graphs)) if held}

    def _number(self, size=1):
        number, self.next = self.next, self.next + size + 4096
        return number

    def cudaGetErrorString(self, error):
        """Return the text of an error."""
        return Error.cudaSuccess, f'text of {Error(error).name}'.encode()

    def cudaGetLastError(self):
        """Clear the last error."""
        return (Error.cudaSuccess,)

    @answered
    def cudaGetDeviceCount(self):
        """Count the GPUs."""
        return self.devices

    @answered
    def cudaGetDeviceProperties(self, number):
        """Return name and compute capability."""
        if number >= self.devices:
            raise Failure(Error.cudaErrorNoDevice)
        return SimpleNamespace(name=self.gpu.encode() + bytes(8), major=self.capability[0],
                               minor=self.capability[1])

    @answered
    def cudaDeviceGetAttribute(self, attribute, number):
        """Return 1 GHz and 16 multiprocessors."""
        return {Attribute.cudaDevAttrClockRate: 1_000_000,
                Attribute.cudaDevAttrMultiProcessorCount: 16}[attribute]

    @answered
    def cudaMalloc(self, size):
        """Allocate on the device."""
        self._outside_capture()
        address = self._number(size)
        self.device[address] = bytearray(b'\xff' * size)
        return address

    @answered
    def cudaMallocHost(self, size):
        """Allocate pinned memory."""
        self._outside_capture()
        memory = ctypes.create_string_buffer(b'\xff' * size, size)
        self.host[ctypes.addressof(memory)] = memory
        return ctypes.addressof(memory)

    @answered
    def cudaFree(self, address):
        """Give device memory back."""
        if self.device.pop(address, None) is None:
            raise Failure(Error.cudaErrorInvalidValue)

    @answered
    def cudaFreeHost(self, address):
        """Give pinned memory back."""
        if self.host.pop(address, None) is None:
            raise Failure(Error.cudaErrorInvalidValue)

    @answered
    def cudaStreamCreateWithFlags(self, flags):
        """Create a stream."""
        number = self._number()
        self.streams[number] = SimpleNamespace(waiting=[], captured=None)
        return number

    @answered
    def cudaStreamDestroy(self, stream):
        """Destroy a stream."""
        if self.stream(stream).waiting:
            raise Failure(Error.cudaErrorInvalidResourceHandle)
        del self.streams[stream]

    @answered
    def cudaStreamSynchronize(self, stream):
        """Do the work that waits."""
        found = self.stream(stream)
        if found.captured is not None:
            raise Failure(Error.cudaErrorStreamCaptureUnsupported)
        work, found.waiting = found.waiting, []
        for step in work:
            step()

    @answered
    def cudaMemcpyAsync(self, target, source, size, kind, stream):
        """Copy between pinned and device memory; the target holds nonsense until it is done."""
        if kind == Copy.cudaMemcpyDeviceToDevice:
            self.enqueue(stream, lambda: self.memory(target, size).__setitem__(
                slice(size), self.memory(source, size)[:size]))
            return
        device, host = (target, source) if kind == Copy.cudaMemcpyHostToDevice else (source,
                                                                                     target)
        if (len(self.device.get(device, b'')) < size
                or len(self.host.get(host, b'')) < size):
            raise Failure(Error.cudaErrorInvalidValue)
        if target is host:
            ctypes.memset(host, 0xFF, size)

        def copy():
            memory = self.memory(device, size)
            if host not in self.host:
                raise Failure(Error.cudaErrorIllegalAddress)
            if target is host:
                ctypes.memmove(host, bytes(memory[:size]), size)
            else:
                memory[:size] = ctypes.string_at(host, size)
        self.enqueue(stream, copy)

    def stream(self, number):
        """Return a living stream."""
        if int(number) not in self.streams:
            raise Failure(Error.cudaErrorInvalidResourceHandle)
        return self.streams[int(number)]

    def memory(self, address, size):
        """Return living device memory of at least this size."""
        found = self.device.get(address)
        if found is None or len(found) < size:
            raise Failure(Error.cudaErrorIllegalAddress)
        return found

    def enqueue(self, stream, step):
        """Put work on a stream, or into the graph that it is recording."""
        found = self.stream(stream)
        (found.waiting if found.captured is None else found.captured).append(step)

    def _outside_capture(self):
        if any(stream.captured is not None for stream in self.streams.values()):
            raise Failure(Error.cudaErrorStreamCaptureUnsupported)

    @answered
    def cudaStreamBeginCapture(self, stream, mode):
        """Record from here on."""
        found = self.stream(stream)
        if found.captured is not None or found.waiting:
            raise Failure(Error.cudaErrorStreamCaptureUnsupported)
        found.captured = []

    @answered
    def cudaStreamEndCapture(self, stream):
        """Return what was recorded as a graph."""
        found = self.stream(stream)
        if found.captured is None:
            raise Failure(Error.cudaErrorStreamCaptureInvalidated)
        number = self._number()
        self.graphs[number], found.captured = found.captured, None
        return number

    @answered
    def cudaGraphInstantiateWithFlags(self, graph, flags):
        """Make a graph executable."""
        number = self._number()
        self.graphs[number] = list(self.graphs[graph])
        return number

    @answered
    def cudaGraphLaunch(self, graph, stream):
        """Put the recorded work on a stream."""
        for step in self.graphs[graph]:
            self.enqueue(stream, step)

    @answered
    def cudaGraphExecDestroy(self, graph):
        """Destroy an executable graph."""
        del self.graphs[graph]

    @answered
    def cudaGraphDestroy(self, graph):
        """Destroy a graph."""
        del self.graphs[graph]
