# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A completion network of three convolutions with what precision has to treat with care."""

from depth_ros.model import CONTRACT, PREFIX
import numpy as np
import onnx
from onnx import helper, numpy_helper, TensorProto


def make_tiny_network(path, seed=0, channels=8):
    """
    Write a model with random weights and return its path.

    The image is transposed before it is cast, as exported models do; the line is divided by the
    geometric mean of its depths, and the answer multiplied by it.
    """
    rng = np.random.default_rng(seed)
    weights = {
        'first': rng.normal(0, 0.5, (channels, 4, 3, 3)),
        'depthwise': rng.normal(0, 0.5, (channels, 1, 3, 3)),
        'mix': rng.normal(0, 0.5, (channels, channels, 3, 3)),
        'last': rng.normal(0, 0.2, (1, channels, 1, 1))}
    constants = {name: value.astype(np.float32) for name, value in weights.items()}
    constants.update(zero=np.float32(0), grey=np.float32(127), range=np.float32(128),
                     tiny=np.float32(1e-3), one=np.float32(1), six=np.float32(6),
                     plane=np.array([1, 2]), channel=np.array([1]))
    node = helper.make_node
    nodes = [
        node('Transpose', ['image'], ['planes'], name='transpose', perm=[0, 3, 1, 2]),
        node('Cast', ['planes'], ['colour'], name='cast', to=TensorProto.FLOAT),
        node('Sub', ['colour', 'grey'], ['centred']),
        node('Div', ['centred', 'range'], ['normal']),
        node('Greater', ['sparse_depth', 'zero'], ['measured']),
        node('Cast', ['measured'], ['weight'], to=TensorProto.FLOAT),
        node('Max', ['sparse_depth', 'tiny'], ['positive']),
        node('Log', ['positive'], ['logarithm']),
        node('Mul', ['logarithm', 'weight'], ['counted']),
        node('ReduceSum', ['counted', 'plane'], ['total'], keepdims=1),
        node('ReduceSum', ['weight', 'plane'], ['number'], keepdims=1),
        node('Max', ['number', 'one'], ['least']),
        node('Div', ['total', 'least'], ['mean']),
        node('Exp', ['mean'], ['scale']),
        node('Div', ['sparse_depth', 'scale'], ['relative']),
        node('Unsqueeze', ['relative', 'channel'], ['line']),
        node('Concat', ['normal', 'line'], ['all'], axis=1),
        node('Conv', ['all', 'first'], ['a'], name='first', pads=[1] * 4, strides=[2, 2]),
        node('Clip', ['a', 'zero', 'six'], ['b']),
        node('Conv', ['b', 'depthwise'], ['c'], name='depthwise', pads=[1] * 4,
             strides=[2, 2], group=channels),
        node('Relu', ['c'], ['d']),
        node('Conv', ['d', 'mix'], ['e'], name='mix', pads=[1] * 4),
        node('Add', ['d', 'e'], ['f']),
        node('Conv', ['f', 'last'], ['g'], name='last'),
        node('Resize', ['g', '', 'four'], ['h'], mode='linear'),
        node('Clip', ['h', 'low', 'high'], ['i']),
        node('Exp', ['i'], ['j']),
        node('Squeeze', ['j', 'channel'], ['k']),
        node('Mul', ['k', 'scale'], ['depth'])]
    constants.update(four=np.array([1, 1, 4, 4], np.float32), low=np.float32(-3),
                     high=np.float32(3))
    tensor = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, 'tiny', [tensor('image', TensorProto.UINT8, (1, 'height', 'width', 3)),
                        tensor('sparse_depth', TensorProto.FLOAT, (1, 'height', 'width'))],
        [tensor('depth', TensorProto.FLOAT, (1, 'height', 'width'))],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 18)], ir_version=8)
    values = {'contract': CONTRACT, 'name': 'tiny', 'task': 'completion', 'input_height': 64,
              'input_width': 96, 'size_multiple': 32, 'focal': 0.0, 'depth_min': 0.0,
              'depth_max': 100.0, 'licence': 'Apache-2.0', 'lineage': 'random', 'seed': seed,
              'training': 'none', 'revision': 'test', 'figures': '{}'}
    for key, value in values.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = PREFIX + key, str(value)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path
