# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Turns the middle of a float32 ONNX model into fp16 or bf16; the ends stay float32."""

from depth_ros.engines.onnx_graph import (
    BFLOAT16,
    constant,
    FLOAT,
    FLOAT16,
    float_tensors,
    is_constant,
    middle,
)
import numpy as np

# Sums and steep functions keep float32 also in the middle: their inputs may be large, and they
# are few.
KEPT = frozenset({'Cast', 'CumSum', 'Div', 'Exp', 'Log', 'Pow', 'Reciprocal', 'ReduceMean',
                  'ReduceSum', 'Shape', 'Size', 'Softmax', 'Sqrt'})
# The first versions of the ONNX operators whose convolutions take bf16, and whose quantise nodes
# take fp16, with the version of the file format.
BF16_OPSET, QUANTISE_OPSET = (22, 10), (19, 9)


def to_half(model, name, emulate=False):
    """
    Return `model` with fp16 or bf16 between its first and last convolutions (changes it).

    :param model: float32 ModelProto; types of inputs and outputs and the metadata stay.
    :param name: 'FLOAT16' or 'BFLOAT16'.
    :param emulate: round every tensor of the middle to the type but compute in float32: what the
        type costs, where a runtime has no kernels for it (ONNX Runtime and bf16).
    """
    from onnx import helper
    graph, kind = model.graph, {'FLOAT16': FLOAT16, 'BFLOAT16': BFLOAT16}[name]
    floats = float_tensors(model)
    stored = _stored(graph)
    inside = middle(model) & floats
    inside |= {node.output[0] for node in graph.node if node.op_type == 'DequantizeLinear'}
    made = {output for node in graph.node if node.op_type not in KEPT
            and set(node.output) <= inside for output in node.output}

    def lowered(node):
        return bool(set(node.output) & made
                    or node.op_type == 'QuantizeLinear' and node.input[0] in made)

    needed = {item for node in graph.node if not lowered(node) for item in node.input}
    needed |= {output.name for output in graph.output}
    nodes, known = [], {}

    def low(tensor):
        """Name of a tensor in the type, cast or stored where it first is needed."""
        if tensor in known or tensor in made:
            return known.get(tensor, f'{tensor}_low')
        known[tensor] = f'{tensor}_low'
        if tensor in stored:
            graph.initializer.append(_rounded(stored[tensor], known[tensor], kind, emulate))
        else:
            nodes.extend(_cast(tensor, known[tensor], kind, emulate))
        return known[tensor]

    for node in graph.node:
        if not lowered(node):
            nodes.append(node)
            continue
        for index, tensor in enumerate(node.input):
            # The sizes and scales of a Resize are float32 by its definition.
            if tensor in floats and not (node.op_type == 'Resize' and index):
                node.input[index] = low(tensor)
        outputs = list(node.output)
        nodes.append(node)
        for index, tensor in enumerate(outputs):
            if tensor not in made:
                continue
            node.output[index] = f'{tensor}_low'
            if emulate:
                node.output[index] = f'{tensor}_exact'
                nodes.extend(_cast(node.output[index], f'{tensor}_low', kind, emulate))
            if tensor in needed:
                nodes.append(helper.make_node('Cast', [f'{tensor}_low'], [tensor],
                                              to=FLOAT))
    del graph.node[:], graph.value_info[:]
    graph.node.extend(nodes)
    _drop_unused(graph)
    if name == 'BFLOAT16' and not emulate:
        _raise_versions(model, *BF16_OPSET)
    elif any(node.op_type == 'QuantizeLinear' for node in nodes):
        _raise_versions(model, *QUANTISE_OPSET)
    return model


def _raise_versions(model, opset, file_format):
    for item in model.opset_import:
        if not item.domain:
            item.version = max(item.version, opset)
    model.ir_version = max(model.ir_version, file_format)


def _stored(graph):
    stored = {tensor.name: tensor for tensor in graph.initializer}
    stored.update((node.output[0], constant(node)) for node in graph.node
                  if is_constant(node))
    return stored


def _cast(source, target, kind, emulate):
    from onnx import helper
    if not emulate:
        return [helper.make_node('Cast', [source], [target], to=kind)]
    return [helper.make_node('Cast', [source], [f'{target}_rounded'], to=kind),
            helper.make_node('Cast', [f'{target}_rounded'], [target], to=FLOAT)]


def _rounded(tensor, name, kind, emulate):
    """Return a stored tensor rounded to the type."""
    from onnx import helper, numpy_helper
    values = np.array(numpy_helper.to_array(tensor), np.float32)
    if kind == FLOAT16:
        limit = float(np.finfo(np.float16).max)
        low = np.clip(values, -limit, limit).astype(np.float16)
        rounded, raw = low.astype(np.float32), low.tobytes()
    else:
        bits = values.view(np.uint32)
        # To the nearest, ties to even: bf16 is the upper half of a float32.
        top = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
        rounded, raw = (top << 16).astype(np.uint32).view(np.float32), top.astype('<u2').tobytes()
    if emulate:
        return numpy_helper.from_array(rounded.reshape(values.shape), name)
    return helper.make_tensor(name, kind, values.shape, raw, raw=True)


def _drop_unused(graph):
    used = {item for node in graph.node for item in node.input}
    used |= {output.name for output in graph.output}
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in used]:
        graph.initializer.remove(tensor)
    for node in [node for node in graph.node
                 if node.op_type == 'Constant' and node.output[0] not in used]:
        graph.node.remove(node)
