# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Model files of a few bytes that satisfy the model contract, for tests."""

from depth_ros.model import CONTRACT, PREFIX
import numpy as np
import onnx
from onnx import helper, numpy_helper, TensorProto


def make_tiny_model(path, task='completion', depth=2.0, fill=False, confidence=None,
                    height=64, width=96, size_multiple=32, image_gain=0.0, saliency=None,
                    **metadata):
    """
    Write a model whose depth is a constant and return its path.

    depth: metres everywhere. fill (completion): measured pixels keep their measurement.
    image_gain: metres added per unit of mean brightness (0..1). confidence, saliency: constant
    0..1, or None for no such output. size_multiple: 0 fixes the input size. Other keywords
    replace metadata entries; the value None leaves the entry out.
    """
    rows, columns = ('height', 'width') if size_multiple else (height, width)
    inputs = [helper.make_tensor_value_info('image', TensorProto.UINT8, (1, rows, columns, 3))]
    outputs = [helper.make_tensor_value_info('depth', TensorProto.FLOAT, (1, rows, columns))]
    nodes = [
        helper.make_node('Cast', ['image'], ['colour'], to=TensorProto.FLOAT),
        helper.make_node('ReduceMean', ['colour', 'channel'], ['grey'], keepdims=0),
        helper.make_node('Mul', ['grey', 'gain'], ['brightness']),
    ]
    constants = {'channel': np.array([3]), 'gain': np.float32(image_gain / 255.0),
                 'constant': np.float32(depth), 'zero': np.float32(0)}
    if task == 'completion':
        inputs.append(helper.make_tensor_value_info(
            'sparse_depth', TensorProto.FLOAT, (1, rows, columns)))
        nodes += [helper.make_node('Add', ['brightness', 'constant'], ['flat']),
                  helper.make_node('Greater', ['sparse_depth', 'zero'], ['measured']),
                  helper.make_node('Where', ['measured', 'sparse_depth' if fill else 'flat',
                                             'flat'], ['depth'])]
    else:
        nodes.append(helper.make_node('Add', ['brightness', 'constant'], ['depth']))
    for name, value in (('confidence', confidence), ('saliency', saliency)):
        if value is None:
            continue
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, rows, columns)))
        constants['none'], constants[f'{name}_value'] = np.float32(0), np.float32(value)
        nodes += [helper.make_node('Mul', ['grey', 'none'], [f'{name}_blank']),
                  helper.make_node('Add', [f'{name}_blank', f'{name}_value'], [name])]
    initialisers = [numpy_helper.from_array(np.asarray(value), name)
                    for name, value in constants.items()]
    graph = helper.make_graph(nodes, 'tiny', inputs, outputs, initialisers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 18)], ir_version=9)
    values = {
        'contract': CONTRACT, 'name': 'tiny', 'task': task, 'input_height': height,
        'input_width': width, 'size_multiple': size_multiple,
        'focal': 100.0 if task == 'monocular' else 0.0, 'depth_min': 0.0, 'depth_max': 100.0,
        'licence': 'Apache-2.0', 'lineage': 'none', 'training': 'none', 'seed': 0,
        'revision': 'test', 'figures': '{}', **metadata}
    for key, value in values.items():
        if value is not None:
            entry = model.metadata_props.add()
            entry.key, entry.value = PREFIX + key, str(value)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path
