# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
A model cut to some of its outputs, so that what nobody wants costs nothing.

ONNX Runtime runs every node of a file, whichever outputs it is asked for. So a file is cut before
it is opened. That is done on its bytes, since the robot has no `onnx` package: a protobuf message
is a row of fields, and the fields of nodes that are not needed are left out.
"""
from depth_ros.protobuf import bytes_field, fields

# Numbers of the fields of onnx.proto that are read here.
MODEL_GRAPH = 7
GRAPH_NODE, GRAPH_INITIALIZER, GRAPH_OUTPUT = 1, 5, 12
NODE_INPUT, NODE_OUTPUT, NODE_TYPE, NODE_ATTRIBUTE = 1, 2, 4, 5
ATTRIBUTE_GRAPH, ATTRIBUTE_GRAPHS = 6, 11
VALUE_NAME, TENSOR_NAME = 1, 8
# What takes no time worth a file of its own.
CHEAP = {'Cast', 'Constant', 'Gather', 'Identity', 'Reshape', 'Slice', 'Squeeze', 'Unsqueeze'}


def cut(content, outputs):
    """
    Return the bytes of the ONNX file that computes only some outputs.

    :param content: bytes of a file; outputs: names of those to keep, in the file's order.
    :return: a file with the same inputs and metadata; `content` itself where nothing but CHEAP
        nodes can be left out.
    :raises ValueError: an output is not there, or the bytes are no such file.
    """
    wanted = set(outputs)
    whole = list(fields(memoryview(content)))
    graph = next((value for number, _, value in whole if number == MODEL_GRAPH), None)
    if graph is None:
        raise ValueError('these bytes hold no ONNX graph')
    smaller = _cut_graph(graph, wanted)
    if smaller is None:
        return content
    parts = [bytes_field(MODEL_GRAPH, smaller) if number == MODEL_GRAPH else raw
             for number, raw, _ in whole]
    return b''.join(bytes(part) for part in parts)


def _cut_graph(graph, wanted):
    """Return the graph without what the wanted outputs do not need, None where all is needed."""
    inside = list(fields(graph))
    names = {_text(value, VALUE_NAME) for number, _, value in inside if number == GRAPH_OUTPUT}
    if not wanted <= names:
        raise ValueError(f'the model has no output {", ".join(sorted(wanted - names))}')
    needed, kept, dropped = set(wanted), set(), 0
    # Nodes are sorted: whatever a node needs comes before it.
    for place in range(len(inside) - 1, -1, -1):
        number, _, value = inside[place]
        if number != GRAPH_NODE:
            continue
        made, read = _ends(value)
        if needed & made:
            needed |= read
            kept.add(place)
        elif _text(value, NODE_TYPE) not in CHEAP:
            dropped += 1
    if not dropped:
        return None
    parts = []
    for place, (number, raw, value) in enumerate(inside):
        unneeded = (number == GRAPH_NODE and place not in kept
                    or number == GRAPH_OUTPUT and _text(value, VALUE_NAME) not in wanted
                    or number == GRAPH_INITIALIZER and _text(value, TENSOR_NAME) not in needed)
        if not unneeded:
            parts.append(bytes(raw))
    return b''.join(parts)


def _ends(node):
    """Return the names that a node makes, and those that it reads, inside of branches too."""
    made, read = set(), set()
    for number, _, value in fields(node):
        if number == NODE_OUTPUT:
            made.add(bytes(value).decode())
        elif number == NODE_INPUT:
            read.add(bytes(value).decode())
        elif number == NODE_ATTRIBUTE:
            for inner, _, graph in fields(value):
                if inner in (ATTRIBUTE_GRAPH, ATTRIBUTE_GRAPHS):
                    read |= _read_inside(graph)
    return made - {''}, read


def _read_inside(graph):
    read = set()
    for number, _, value in fields(graph):
        if number == GRAPH_NODE:
            read |= _ends(value)[1]
        elif number == GRAPH_OUTPUT:  # a branch may answer with a name from outside
            read.add(_text(value, VALUE_NAME))
    return read


def _text(message, wanted):
    """Return the first field of this number as text."""
    return next((bytes(value).decode() for number, _, value in fields(message)
                 if number == wanted), '')
