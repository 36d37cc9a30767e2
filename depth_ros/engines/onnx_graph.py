# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Small questions to and changes of an ONNX graph that the converters share.

These modules import the package onnx where they need it: nothing else on the robot does.
"""

# Numbers of ONNX's TensorProto.DataType.
FLOAT, UINT8, INT8, FLOAT16, BFLOAT16 = 1, 2, 3, 10, 16
CONVOLUTIONS = ('Conv', 'ConvTranspose')
ELEMENT_BYTES = {FLOAT: 4, UINT8: 1, INT8: 1, 6: 4, 7: 8, FLOAT16: 2, BFLOAT16: 2}
_NAMES = {FLOAT: 'fp32', INT8: 'int8', FLOAT16: 'fp16', BFLOAT16: 'bf16'}


def type_name(kind):
    """Return our name of a type that convolutions are computed in."""
    return _NAMES.get(kind, f'type {kind}')


def float_tensors(model):
    """Return the names of all float32 tensors of a model."""
    from onnx import shape_inference
    graph = shape_inference.infer_shapes(model).graph
    names = {value.name for value in (*graph.input, *graph.output, *graph.value_info)
             if value.type.tensor_type.elem_type == FLOAT}
    names |= {tensor.name for tensor in graph.initializer if tensor.data_type == FLOAT}
    for node in graph.node:
        if is_constant(node) and constant(node).data_type == FLOAT:
            names.add(node.output[0])
    return names


def is_constant(node):
    """Whether a node holds a tensor, which `constant` returns."""
    return node.op_type == 'Constant' and any(item.name == 'value' for item in node.attribute)


def constant(node):
    """Return the tensor of a Constant node."""
    return next(item.t for item in node.attribute if item.name == 'value')


def around(model):
    """Return the tensors that come after a convolution, and those that one comes after."""
    nodes = [node for node in model.graph.node if node.op_type != 'Constant']

    def reach(ordered, ends, starts):
        known = set()
        for node in ordered:
            if node.op_type in CONVOLUTIONS or known & set(ends(node)):
                known |= set(starts(node))
        return known

    return (reach(nodes, lambda node: node.input, lambda node: node.output),
            reach(nodes[::-1], lambda node: node.output, lambda node: node.input))


def middle(model):
    """
    Return the outputs of the nodes between the first and the last convolutions, both included.

    What comes before (normalisation, scale of the measured line, logarithms) and after (exponent,
    scale again) needs the digits and the range of float32, and costs nothing beside the rest.
    """
    after, before = around(model)
    return {output for node in model.graph.node for output in node.output
            if node.op_type in CONVOLUTIONS or (output in after and output in before)}


def cast_first(model):
    """
    Cast uint8 images before they are transposed (in place).

    TensorRT lets nothing but a cast read uint8; the numbers stay the same.
    """
    from onnx import helper
    graph = model.graph
    images = {value.name for value in graph.input
              if value.type.tensor_type.elem_type == UINT8}
    for node in list(graph.node):
        readers = [reader for reader in graph.node
                   if set(reader.input) & set(node.output)]
        if (node.op_type == 'Transpose' and node.input[0] in images and readers
                and all(_casts_to_float(reader) for reader in readers)):
            source = node.input[0]
            node.input[0] = f'{source}_of_{node.output[0]}'
            graph.node.insert(list(graph.node).index(node), helper.make_node(
                'Cast', [source], [node.input[0]], to=FLOAT))
            for reader in readers:
                graph.node.remove(reader)
                replace_input(graph, reader.output[0], node.output[0])
            # Stored types may be wrong now.
            del graph.value_info[:]


def replace_input(graph, old, new):
    """Let every reader of the tensor `old` read `new` instead."""
    for node in graph.node:
        for index, name in enumerate(node.input):
            if name == old:
                node.input[index] = new


def _casts_to_float(node):
    return node.op_type == 'Cast' and any(item.name == 'to' and item.i == FLOAT
                                          for item in node.attribute)
