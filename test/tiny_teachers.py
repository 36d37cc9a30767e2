# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Small ONNX files that take an image and give a map, for tests of teachers."""


def write_onnx(path, shape=(1, 3, 32, 48), gain=1.0, kind='FLOAT', names=('map',), own=False,
               inputs=1):
    """Write a file whose map is gain times the mean over the colours (as floats), plus 4."""
    import onnx
    helper = onnx.helper
    planar = shape[3] != 3
    takes = [helper.make_tensor_value_info(f'image{k}', getattr(onnx.TensorProto, kind), shape)
             for k in range(inputs)]
    gives = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names]
    constants = [helper.make_node('Constant', [], [name], value_float=value)
                 for name, value in (('gain', gain), ('four', 4.0))]
    nodes = [helper.make_node('Cast', ['image0'], ['x'], to=onnx.TensorProto.FLOAT),
             helper.make_node('ReduceMean', ['x'], ['m'], axes=[1 if planar else 3], keepdims=0),
             *constants, helper.make_node('Mul', ['m', 'gain'], ['g'])]
    nodes += [helper.make_node('Add', ['g', 'four'], [name]) for name in names]
    graph = helper.make_graph(nodes, 'teacher', takes, gives)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)], ir_version=8)
    if own:
        entry = model.metadata_props.add()
        entry.key, entry.value = 'depth_ros.contract', '1'
    onnx.save(model, path)
    return path
