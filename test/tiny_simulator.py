# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Frames whose colour tells which thing is where, and a teacher of others."""
from depth_ros.camera import Camera
from depth_ros.datasets.sample import Sample
import numpy as np


def drawn(number):
    """Make a frame whose red is the id of the thing there, and its ids."""
    ids = np.kron(np.arange(1, 13).reshape(3, 4) + 12 * number, np.ones((10, 10), int))
    image = np.repeat((5 * ids)[..., None], 3, 2).astype(np.uint8)
    depth = np.full(ids.shape, 2.0, np.float32)
    return Sample(f'f{number}', image, depth, np.zeros_like(depth),
                  Camera(40, 30, 40.0, 40.0, 19.5, 14.5)), ids


def foreign_file(path, spoilt=False):
    """Write an ONNX file: depth of an image is its brightness / 100 + 1, of dark ones -1."""
    import onnx
    from onnx import helper, TensorProto
    nodes = [helper.make_node('Cast', ['image'], ['grey'], to=TensorProto.FLOAT),
             helper.make_node('ReduceMean', ['grey'], ['mean'], axes=[3], keepdims=0),
             helper.make_node('Div', ['mean', 'hundred'], ['part']),
             helper.make_node('Add', ['part', 'one'], ['depth'])]
    shape = [1, 'height', 'width']
    graph = helper.make_graph(
        nodes, 'foreign', [helper.make_tensor_value_info('image', TensorProto.UINT8, [*shape, 3])],
        [helper.make_tensor_value_info('depth', TensorProto.FLOAT, shape)],
        [helper.make_tensor('hundred', TensorProto.FLOAT, [], [100.0]),
         helper.make_tensor('one', TensorProto.FLOAT, [], [-9.0 if spoilt else 1.0])])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)], ir_version=8),
              path)
