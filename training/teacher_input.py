# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
What an ONNX file of others wants as its image, normalised by the caller or raw, and what may come.

A network that gets the wrong one still answers, only worse. So a file is asked by its graph, and
what the graph does not tell the user must.
"""
from __future__ import annotations

from depth_ros.contracts import choose, InputError
import numpy as np

# Name to (mean, std) of RGB in 0..1.
INPUTS = {'imagenet': ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
          'symmetric': ((0.5,) * 3, (0.5,) * 3),
          'unit': ((0.0,) * 3, (1.0,) * 3),
          'bytes': ((0.0,) * 3, (1 / 255,) * 3)}
RAW = 'unit', 'bytes'
# Operators that hand the image on, and such as give a constant of a constant.
_PASSES = {'Cast', 'Identity', 'Transpose', 'Resize', 'Upsample', 'Slice', 'Split', 'Gather',
           'Unsqueeze', 'Squeeze', 'Pad', 'Reshape', 'Concat', 'Clip', 'Dropout'}
_SAME = {'Cast', 'Identity', 'Unsqueeze', 'Squeeze', 'Reshape', 'Expand'}
LARGEST = 3.0  # a mean or a divisor above this is one of bytes


def own_normalisation(path) -> tuple[str, str] | None:
    """
    Look for a normalisation at the beginning of an ONNX graph.

    :returns: 'unit' or 'bytes', what goes in, and the operation in words; None: the first thing
        that is done to the image is something else.
    """
    import onnx
    graph = onnx.load(str(path), load_external_data=False).graph
    made = {name: node for node in graph.node for name in node.output}
    kept = {tensor.name: tensor for tensor in graph.initializer}
    names, seen = [graph.input[0].name], set()
    for entry in graph.input:  # old files list their weights as inputs, too
        if entry.name not in kept:
            names = [entry.name]
            break
    while names:
        name = names.pop(0)
        for node in graph.node:
            if name not in node.input or id(node) in seen:
                continue
            seen.add(id(node))
            if node.op_type in _PASSES:
                names += node.output
            elif node.op_type in ('Sub', 'Add', 'Mul', 'Div') and len(node.input) == 2:
                other = node.input[1] if node.input[0] == name else node.input[0]
                value = _constant(other, kept, made)
                if value is not None and value.size <= 3:
                    return _raw(node.op_type, value), f'{node.op_type} {_words(value)}'
                return None
            elif node.op_type != 'Shape':
                return None
    return None


def _constant(name, kept, made):
    """Return the values of a constant tensor, 1-D, or None."""
    from onnx import numpy_helper
    if name in kept:
        tensor = kept[name]
        # 0: the values are in this file and not beside it.
        return np.ravel(numpy_helper.to_array(tensor)) if tensor.data_location == 0 else None
    node = made.get(name)
    if node is None:
        return None
    if node.op_type == 'Constant':
        given = node.attribute[0]
        if given.name == 'value':
            return np.ravel(numpy_helper.to_array(given.t))
        return np.ravel(given.f if given.name == 'value_float' else given.floats)
    return _constant(node.input[0], kept, made) if node.op_type in _SAME else None


def _raw(operation, value):
    typical = float(np.median(np.abs(value)))
    if operation == 'Mul':
        return 'bytes' if typical * LARGEST < 1 else 'unit'
    return 'bytes' if typical > LARGEST else 'unit'


def _words(value):
    return ' '.join(f'{number:.3g}' for number in value)


def normalisation(path, layout) -> tuple:
    """
    Return (mean, std) of RGB in 0..1 for a file that takes floats.

    :param layout: `teacher_depth.Layout`; mean and std, where given, are taken as they are.
    :raises InputError: neither graph nor layout tells, or they contradict.
    """
    if layout.mean is not None or layout.std is not None:
        zero, one = INPUTS['unit']
        return layout.mean or zero, layout.std or one
    found, stated = own_normalisation(path), layout.takes
    if stated is not None:
        choose(INPUTS, stated, 'input of a teacher')
    if found is None and stated is None:
        raise InputError(
            f'{path} takes floats and does not say how they are normalised: set `takes` '
            '(--teacher-input) to imagenet (mean 0.485 0.456 0.406, std 0.229 0.224 0.225: most '
            'files of MiDaS v2 and Depth Anything), symmetric (-1..1: DPT), unit (0..1) or bytes '
            '(0..255)')
    if found and stated and stated not in RAW:
        raise InputError(f'{path} normalises its image itself (it begins with {found[1]}): set '
                         f'`takes` (--teacher-input) to {found[0]}, not {stated}')
    return INPUTS[stated or found[0]]


def checked(depth, name) -> np.ndarray:
    """Return positive finite depth as float32; anything else is an InputError."""
    if not (np.isfinite(depth).all() and (depth > 0).all()):
        raise InputError(f'{name} gives depth that is not finite and positive: are its weights '
                         'damaged, or is it made for other images?')
    return depth.astype(np.float32)
