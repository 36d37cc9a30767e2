# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How fast a network could be at best: its operations and bytes against what a GPU can do."""

from dataclasses import dataclass

from depth_ros.engines.onnx_graph import ELEMENT_BYTES, INT8, type_name
import numpy as np

# Multiply-adds per multiprocessor and clock, dense, from the makers' published peaks: without
# tensor cores in float32 (TF32 is off here), with them in fp16. int8 does twice as many as fp16.
FLOAT32 = {'7.2': 64, '7.5': 64, '8.0': 64, '8.6': 128, '8.7': 128, '8.9': 128, '9.0': 128,
           '12.0': 128}
FLOAT16 = {'7.2': 512, '7.5': 512, '8.0': 1024, '8.6': 512, '8.7': 1024, '8.9': 512, '9.0': 2048,
           '12.0': 512}
COPIED = 256 << 20
COPIES = 10


@dataclass(frozen=True)
class Work:
    """What one frame costs."""

    operations: dict
    """Multiply-adds of the convolutions by the type they are computed in: fp32, fp16, int8."""
    once: int
    """Bytes of the weights, the inputs and the outputs: what must be read or written at least."""
    layers: int
    """Bytes when every convolution reads its input and writes its output besides."""


@dataclass(frozen=True)
class Peak:
    """What a GPU can do at best."""

    bytes_per_s: float
    """Read and written together, as measured by a copy on the device."""
    multiply_adds_per_s: dict
    """By type; empty where the GPU is not in the tables above."""


def work(model, height, width):
    """
    Count one frame of a network.

    :param model: ModelProto in its types, as of precision.typed.
    """
    sizes, kinds = _tensors(model, height, width)
    made = {output: node for node in model.graph.node for output in node.output}
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    operations, layers = {}, 0

    def read(name):
        """Tensor that is read from memory: what a DequantizeLinear takes."""
        node = made.get(name)
        return node.input[0] if node is not None and node.op_type == 'DequantizeLinear' else name

    def size(name):
        return int(np.prod(sizes.get(name, ()))) * ELEMENT_BYTES.get(kinds.get(name), 4)

    for node in model.graph.node:
        if node.op_type != 'Conv':
            continue
        source, weight, target = read(node.input[0]), read(node.input[1]), node.output[0]
        kind = type_name(INT8 if kinds.get(source) == INT8 else kinds.get(weight))
        count = int(np.prod(stored[weight].dims)) * int(np.prod(sizes[target][2:]))
        operations[kind] = operations.get(kind, 0) + count
        layers += size(source) + size(target)
    ends = [value.name for value in (*model.graph.input, *model.graph.output)]
    once = (sum(int(np.prod(tensor.dims)) * ELEMENT_BYTES.get(tensor.data_type, 4)
                for tensor in stored.values()) + sum(map(size, ends)))
    return Work(operations, once, once + layers)


def _tensors(model, height, width):
    """Return the sizes and the types of all tensors for one input size."""
    from onnx import shape_inference
    copy = type(model)()
    copy.CopyFrom(model)
    for value in copy.graph.input:
        for axis, length in zip(value.type.tensor_type.shape.dim[1:3], (height, width)):
            axis.dim_value = length
    del copy.graph.value_info[:]
    for value in copy.graph.output:
        for axis, length in zip(value.type.tensor_type.shape.dim, (1, height, width)):
            axis.dim_value = length
    graph = shape_inference.infer_shapes(copy, data_prop=True).graph
    values = (*graph.input, *graph.output, *graph.value_info)
    sizes = {value.name: [axis.dim_value for axis in value.type.tensor_type.shape.dim]
             for value in values}
    kinds = {value.name: value.type.tensor_type.elem_type for value in values}
    kinds.update((tensor.name, tensor.data_type) for tensor in graph.initializer)
    return sizes, kinds


def floor_ms(cost, peak):
    """
    Return least milliseconds: `operations` (None when unknown), `once` and `layers` of bytes.

    No order of the work can beat the greater of `operations` and `once`; `layers` is what a run
    without fusion and without a cache that holds the maps needs.
    """
    rates = peak.multiply_adds_per_s
    known = all(kind in rates for kind in cost.operations)
    return {'operations': sum(1e3 * count / rates[kind] for kind, count
                              in cost.operations.items()) if known else None,
            'once': 1e3 * cost.once / peak.bytes_per_s,
            'layers': 1e3 * cost.layers / peak.bytes_per_s}


def peak_of(cuda, device):
    """
    Measure the bandwidth of the GPU and look up what it computes.

    :param cuda: cuda_calls.Cuda; device: trt_libraries.Device.
    """
    attributes = cuda.module.cudaDeviceAttr
    clock_khz, processors = (cuda.call('cudaDeviceGetAttribute', getattr(attributes, name), 0)
                             for name in ('cudaDevAttrClockRate',
                                          'cudaDevAttrMultiProcessorCount'))
    clocks = 1e3 * clock_khz * processors
    rates = {}
    if device.compute_capability in FLOAT32:
        half = FLOAT16[device.compute_capability] * clocks
        rates = {'fp32': FLOAT32[device.compute_capability] * clocks, 'fp16': half, 'bf16': half,
                 'int8': 2 * half}
    return Peak(_bandwidth(cuda), rates)


def _bandwidth(cuda):
    from time import perf_counter
    stream, addresses = cuda.stream(), []
    try:
        addresses += [cuda.call('cudaMalloc', COPIED) for _ in range(2)]
        kind = cuda.module.cudaMemcpyKind.cudaMemcpyDeviceToDevice
        for count in (1, COPIES):
            start = perf_counter()
            for _ in range(count):
                cuda.call('cudaMemcpyAsync', *addresses, COPIED, kind, stream)
            cuda.call('cudaStreamSynchronize', stream)
        # Each byte is read and written.
        return 2 * COPIES * COPIED / (perf_counter() - start)
    finally:
        for address in addresses:
            cuda.call('cudaFree', address)
        cuda.call('cudaStreamDestroy', stream)
