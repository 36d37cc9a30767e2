# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A model file of a few bytes with several domains, told apart by brightness, for tests."""

import json

import numpy as np
import onnx
from onnx import helper, numpy_helper, TensorProto
from tiny_models import make_tiny_model

NAMES, LEVELS, DEPTHS = ('room', 'street'), (60.0, 180.0), (2.0, 20.0)


def make_tiny_domains(path, task='monocular', names=NAMES, levels=LEVELS, depths=DEPTHS,
                      distance_99=0.01, depth_max=(10.0, 80.0), domain=None, distance=None,
                      unlikeness=False, **metadata):
    """
    Write a model with a domain per name and return its path.

    levels: grey of each domain's mean; the distance is the squared difference from the mean grey
    of the image, in units of 100. depths: metres that each domain answers everywhere. domain,
    distance: constants that the model answers instead, whatever it computes. unlikeness: also give
    it, the distance in units of distance_99. Other keywords
    replace metadata entries, None leaves one out; see make_tiny_model.
    """
    facts = [{'name': name, 'distance_99': distance_99, 'depth_max': far}
             for name, far in zip(names, depth_max)]
    make_tiny_model(path, task, depth=0.0, **{'domains': json.dumps(facts), **metadata})
    model, node = onnx.load(str(path)), helper.make_node
    graph = model.graph
    last = next(each for each in graph.node if 'depth' in each.output)
    last.output[0] = 'plain'
    constants = {'every': np.array([1, 2]), 'levels': np.float32([levels]) / 100,
                 'unit': np.float32(100), 'depths': np.float32(depths), 'zero_at': np.int64(0),
                 'most': np.int64([len(names) - 1])}
    nodes = [
        node('ReduceMean', ['grey', 'every'], ['level'], keepdims=0),
        node('Div', ['level', 'unit'], ['level_share']),
        node('Sub', ['level_share', 'levels'], ['gap']),
        node('Mul', ['gap', 'gap'], ['measured_distances']),
        node('ArgMin', ['measured_distances'], ['nearest'], axis=1, keepdims=0),
        node('Min', ['domain_request', 'most'], ['asked']),
        node('GreaterOrEqual', ['domain_request', 'zero_at'], ['told']),
        node('Where', ['told', 'asked', 'nearest'], ['used']),
        node('Gather', ['depths', 'used'], ['metres']),
        node('Add', ['plain', 'metres'], ['depth'])]
    for name, source, value in (('domain', 'used', domain),
                                ('domain_distances', 'measured_distances', distance)):
        if value is None:
            nodes.append(node('Identity', [source], [name]))
            continue
        kind = np.int64 if name == 'domain' else np.float32
        constants[f'{name}_value'] = np.asarray(value, kind)
        nodes.append(node('Identity', [f'{name}_value'], [name]))
    if unlikeness:
        constants['limit'] = np.float32(distance_99)
        nodes.append(node('Div', ['measured_distances', 'limit'], ['domain_unlikeness']))
        graph.output.append(helper.make_tensor_value_info('domain_unlikeness', TensorProto.FLOAT,
                                                          (1, len(names))))
    graph.node.extend(nodes)
    graph.initializer.extend(numpy_helper.from_array(np.asarray(value), name)
                             for name, value in constants.items())
    graph.input.append(helper.make_tensor_value_info('domain_request', TensorProto.INT64, (1,)))
    graph.output.extend([
        helper.make_tensor_value_info('domain', TensorProto.INT64, (1,)),
        helper.make_tensor_value_info('domain_distances', TensorProto.FLOAT, (1, len(names)))])
    if domain is None and distance is None:
        onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path
