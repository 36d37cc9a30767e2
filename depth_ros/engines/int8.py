# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Turns convolutions of a float32 ONNX model into int8 by quantise and dequantise nodes.

Weights have one scale per output channel, the inputs of a convolution one per tensor, all of them
symmetric: TensorRT takes no others. The scale of an input is the one that makes the mean squared
error of rounding and clipping least over the calibration frames. Biases, sums and everything but
convolutions stay float; so do the convolutions of `kept`.
"""

from depth_ros.contracts import InputError
from depth_ros.engines.onnx_graph import around, FLOAT
import numpy as np

BINS = 2048
LEVELS = 127
# The smallest normal fp16: scales are stored as fp16 where the rest of the network is.
SMALLEST_SCALE = 2.0 ** -14
# Shares of the largest value at which clipping is tried.
CLIPS = np.linspace(0.1, 1.0, 46)


def to_int8(model, feeds, keep=None):
    """
    Return `model` with int8 convolutions (changes it).

    :param model: float32 ModelProto; inputs, outputs and metadata stay.
    :param feeds: inputs of the network, `[{name: array}]`, that the ranges are measured on.
    :param keep: names of convolutions that stay float; None takes `kept(model)`.
    """
    if not feeds:
        raise InputError('int8 needs frames to calibrate on, and there are none')
    keep = kept(model) if keep is None else keep
    graph = model.graph
    stored = {tensor.name: tensor for tensor in graph.initializer}
    chosen = {node.name for node in graph.node if node.op_type == 'Conv'
              and node.name not in keep and node.input[1] in stored}
    ranges = activation_ranges(model, feeds, sorted(
        {node.input[0] for node in graph.node if node.name in chosen}))
    nodes, quantised = [], {}
    for node in graph.node:
        if node.name in chosen:
            source, weight = node.input[0], node.input[1]
            if source not in quantised:
                quantised[source] = f'{source}_dequantised'
                nodes.extend(_pair(graph, source, fitting(ranges[source] / LEVELS)))
            node.input[0] = quantised[source]
            if weight not in quantised:
                quantised[weight] = f'{weight}_dequantised'
                nodes.append(_weights(graph, stored[weight]))
            node.input[1] = quantised[weight]
        nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    for name in set(stored) - used:
        graph.initializer.remove(stored[name])
    return model


def kept(model):
    """
    Return the names of the convolutions that stay float: where int8 costs most, see docs.

    These are the first and the last ones, the depthwise ones (a handful of products, nothing
    averages out) and all whose input or output has the resolution of the first maps (half that of
    the image): what they lose shows in every pixel of the depth.
    """
    sizes = {value.name: [axis.dim_value for axis in value.type.tensor_type.shape.dim]
             for value in _with_shapes(model).graph.value_info}
    names, (after, before) = set(), around(model)
    largest = None
    for node in model.graph.node:
        if node.op_type != 'Conv':
            continue
        maps = [sizes.get(name, [])[2:] for name in (node.input[0], node.output[0])]
        if largest is None and all(maps):
            # Of the first convolution, which halves the image.
            largest = min(maps, key=np.prod)
        groups = next((item.i for item in node.attribute if item.name == 'group'), 1)
        if groups > 1 or node.input[0] not in after or node.output[0] not in before or any(
                size and largest and np.prod(size) >= np.prod(largest) for size in maps):
            names.add(node.name)
    return names


def _with_shapes(model):
    """Return a copy whose free sizes have numbers, so that every map has a size."""
    from onnx import shape_inference
    copy = type(model)()
    copy.CopyFrom(model)
    for value in copy.graph.input:
        for axis in value.type.tensor_type.shape.dim[1:3]:
            if not axis.dim_value:
                axis.dim_value = 256
    return shape_inference.infer_shapes(copy, data_prop=True)


def activation_ranges(model, feeds, names):
    """Return {name: where to clip} of tensors, by the least squared error over the feeds."""
    from onnx import helper
    import onnxruntime
    watched = type(model)()
    watched.CopyFrom(model)
    inputs = {value.name for value in watched.graph.input}
    watched.graph.output.extend(
        helper.make_tensor_value_info(name, FLOAT, None) for name in names
        if name not in inputs and name not in {value.name for value in watched.graph.output})
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(watched.SerializeToString(), options,
                                           ['CPUExecutionProvider'])
    largest = dict.fromkeys(names, 0.0)
    for values in _values(session, feeds, names):
        for name, value in zip(names, values):
            largest[name] = max(largest[name], float(np.abs(value).max()))
    counts = {name: np.zeros(BINS) for name in names}
    for values in _values(session, feeds, names):
        for name, value in zip(names, values):
            counts[name] += np.histogram(np.abs(value), BINS, (0, largest[name] or 1))[0]
    return {name: best_clip(counts[name], largest[name] or 1.0) for name in names}


def _values(session, feeds, names):
    for feed in feeds:
        yield session.run(names, feed)


def best_clip(counts, largest):
    """Return where to clip magnitudes of this histogram over (0, largest)."""
    middles = (np.arange(len(counts)) + 0.5) * largest / len(counts)
    clips = CLIPS * largest

    def error(clip):
        step = clip / LEVELS
        rounded = np.minimum(np.round(middles / step), LEVELS) * step
        return float(np.sum(counts * (middles - rounded) ** 2))
    return float(min(clips, key=error))


def fitting(scale):
    """Return the scale (array) as float32 numbers that fp16 has as well."""
    return np.maximum(np.asarray(scale), SMALLEST_SCALE).astype(np.float16).astype(np.float32)


def _pair(graph, source, scale):
    """Return the two nodes that round a tensor to int8."""
    from onnx import helper, numpy_helper
    for name, value in ((f'{source}_scale', np.float32(scale)), (f'{source}_zero', np.int8(0))):
        graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
    extra = [f'{source}_scale', f'{source}_zero']
    return [helper.make_node('QuantizeLinear', [source, *extra], [f'{source}_quantised'],
                             name=f'{source}_quantise'),
            helper.make_node('DequantizeLinear', [f'{source}_quantised', *extra],
                             [f'{source}_dequantised'], name=f'{source}_dequantise')]


def _weights(graph, tensor):
    """Store a convolution's weights as int8; return the node that reads them."""
    from onnx import helper, numpy_helper
    values = numpy_helper.to_array(tensor)
    scales = fitting(np.abs(values).reshape(len(values), -1).max(1) / LEVELS)
    rounded = np.round(values / scales.reshape(-1, *[1] * (values.ndim - 1)))
    rounded = np.clip(rounded, -LEVELS, LEVELS).astype(np.int8)
    name = tensor.name
    graph.initializer.append(numpy_helper.from_array(rounded, f'{name}_int8'))
    graph.initializer.append(numpy_helper.from_array(scales, f'{name}_scale'))
    graph.initializer.append(numpy_helper.from_array(np.zeros(len(values), np.int8),
                                                     f'{name}_zero'))
    return helper.make_node('DequantizeLinear',
                            [f'{name}_int8', f'{name}_scale', f'{name}_zero'],
                            [f'{name}_dequantised'], name=f'{name}_dequantise', axis=0)
