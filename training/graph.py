# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Rewrites of an exported ONNX graph that leave its answers as they are and save time."""
from __future__ import annotations

import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

# What the exporter computes amounts of padding with.
SHAPING = {'Cast', 'Concat', 'ConstantOfShape', 'Reshape', 'Slice', 'Transpose'}


def fuse_pads(model: onnx.ModelProto) -> int:
    """
    Let convolutions pad for themselves: Pad -> Conv becomes Conv with wider `pads`.

    torch pads evenly only, so an uneven padding (stride 2 on even sizes) becomes a node of its
    own, which copies its input. In ONNX a convolution may pad unevenly.

    :param model: changed in place; zero padding of the spatial axes alone is moved.
    :returns: the number of Pad nodes that are gone.
    """
    graph = model.graph
    constants = _constants(graph)
    users = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    kept = {value.name for value in graph.output}
    gone = []
    for pad in graph.node:
        amounts = _spatial(pad, constants)
        followers = users.get(pad.output[0], []) if pad.output else []
        if amounts is None or pad.output[0] in kept or not followers or not all(
                _takes(node, pad.output[0]) for node in followers):
            continue
        for conv in followers:
            _widen(conv, amounts)
            conv.input[0] = pad.input[0]
        gone.append(pad)
    for pad in gone:
        graph.node.remove(pad)
    _drop_unused(graph)
    return len(gone)


def _constants(graph):
    """All values that do not depend on the input, by name, the exporter's arithmetic done."""
    known = {value.name: numpy_helper.to_array(value) for value in graph.initializer}
    for node in graph.node:
        if node.op_type == 'Constant' and node.attribute[0].name == 'value':
            known[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
        elif node.op_type in SHAPING and all(name in known for name in node.input if name):
            values = ReferenceEvaluator(node).run(
                None, {name: known[name] for name in node.input if name})
            known[node.output[0]] = values[0]
    return known


def _spatial(node, constants):
    """Amounts (begins then ends, without batch and channels) of a zero padding, or None."""
    if node.op_type != 'Pad' or len(node.input) < 2 or len(node.input) > 3:
        return None
    if any(a.name == 'mode' and a.s not in (b'', b'constant') for a in node.attribute):
        return None
    amounts = constants.get(node.input[1])
    filling = constants.get(node.input[2], 1.0) if len(node.input) == 3 and node.input[2] else 0.0
    if amounts is None or len(amounts) < 6 or filling != 0.0:
        return None
    begins, ends = amounts[:len(amounts) // 2], amounts[len(amounts) // 2:]
    if any(begins[:2]) or any(ends[:2]) or min(amounts) < 0:
        return None
    return [int(x) for x in (*begins[2:], *ends[2:])]


def _takes(node, name):
    padded = any(a.name == 'auto_pad' and a.s != b'NOTSET' for a in node.attribute)
    return node.op_type == 'Conv' and list(node.input).count(name) == 1 \
        and node.input[0] == name and not padded


def _widen(conv, amounts):
    for attribute in conv.attribute:
        if attribute.name == 'pads':
            total = [a + b for a, b in zip(attribute.ints, amounts)]
            del attribute.ints[:]
            attribute.ints.extend(total)
            return
    conv.attribute.append(helper.make_attribute('pads', amounts))


def _drop_unused(graph):
    """Remove what computes and holds constants that nothing reads any more."""
    while True:
        used = {name for node in graph.node for name in node.input}
        used |= {value.name for value in graph.output}
        idle = [node for node in graph.node if not used.intersection(node.output)]
        if not idle:
            break
        for node in idle:
            graph.node.remove(node)
    for value in [v for v in graph.initializer if v.name not in used]:
        graph.initializer.remove(value)
