# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Small ONNX files that take an image and give a map, for tests of teachers."""


def write_onnx(path, shape=(1, 3, 32, 48), gain=1.0, kind='FLOAT', names=('map',), own=False,
               inputs=1, offset=4.0, first=(), takes='image'):
    """
    Write a file whose map is gain times the mean over the colours (as floats), plus the offset.

    first: operations on the image that come before, (name, values of the three colours).
    """
    import onnx
    helper, real = onnx.helper, onnx.TensorProto.FLOAT
    planar = shape[3] != 3
    images = [helper.make_tensor_value_info(f'{takes}{k if k or takes == "image" else ""}',
                                            getattr(onnx.TensorProto, kind), shape)
              for k in range(inputs)]
    gives = [helper.make_tensor_value_info(name, real, None) for name in names]
    nodes = [helper.make_node('Cast', [images[0].name], ['x'], to=real)]
    for number, (name, values) in enumerate(first):
        spread = [1, len(values), 1, 1] if planar else [1, 1, 1, len(values)]
        nodes += [helper.make_node('Constant', [], [f'c{number}'], value=helper.make_tensor(
                      f'v{number}', real, spread, values)),
                  helper.make_node(name, [nodes[-1].output[0], f'c{number}'], [f'y{number}'])]
    nodes += [helper.make_node('ReduceMean', [nodes[-1].output[0]], ['m'],
                               axes=[1 if planar else 3], keepdims=0)]
    nodes += [helper.make_node('Constant', [], [name], value_float=value)
              for name, value in (('gain', gain), ('offset', offset))]
    nodes += [helper.make_node('Mul', ['m', 'gain'], ['g'])]
    nodes += [helper.make_node('Add', ['g', 'offset'], [name]) for name in names]
    graph = helper.make_graph(nodes, 'teacher', images, gives)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)], ir_version=8)
    if own:
        entry = model.metadata_props.add()
        entry.key, entry.value = 'depth_ros.contract', '1'
    onnx.save(model, path)
    return path
