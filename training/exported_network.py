# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Model files that `export` wrote, back as networks of torch.

A file does not say which network it is, but its convolutions are named and shaped as the
network's are. What was read is compared with what ONNX Runtime makes of the file.
"""
from __future__ import annotations

from collections.abc import Callable
from functools import partial

from depth_ros.contracts import InputError
import numpy as np
import onnx
import torch
from torch import nn
from training.networks.completion_students import STUDENTS
from training.networks.encoders import ENCODERS
from training.networks.from_onnx import CONVOLUTIONS, image_and_line, load_onnx, module_path
from training.networks.metric import NETWORKS
from training.networks.student import StudentNet
from training.wrappers import CompletedGraph, first, MonocularGraph

LIMIT = 1e-2  # relative difference of depth on any pixel; a wrong network is off by far more


def read_network(spec):
    """
    Make the network of a model file, in eval mode on the CPU.

    :param spec: ModelSpec of the file.
    :returns: the network, and for completion its `completion_students.Student`, else None.
    :raises InputError: the file is of a network that is not built here, or that cannot be read
        back (such as one with converted precision).
    """
    shapes = _shapes(spec.file)
    for make, student in _candidates(spec.task):
        with torch.device('meta'):
            if not _fits(make, shapes):
                continue
        graph = make()
        load_onnx(graph, spec.file, image_and_line if student else _image_only)
        graph.eval()
        _check(graph, spec, student)
        return getattr(graph, 'net', graph), student
    raise InputError(f'{spec.file} is not of a network that is built here, so its gradients '
                     'cannot be had: give the last.ckpt of its run')


def _image_only(net, size):
    net(torch.zeros(1, *size, 3, dtype=torch.uint8))


def _candidates(task):
    """Yield (function that makes a graph of the contract, student or None)."""
    if task == 'completion':
        for name, student in STUDENTS.items():
            bare = name == 'completion'
            yield student.build if bare else partial(_wrapped, student), student
    elif task == 'monocular':
        yield StudentNet, None  # exported as it is, the others within a wrapper
        for build in NETWORKS.values():
            for encoder in ENCODERS:
                yield partial(_metric, build, encoder), None


def _wrapped(student) -> nn.Module:
    return CompletedGraph(student.build(), student.answer)


def _metric(build: Callable, encoder) -> nn.Module:
    return MonocularGraph(build(encoder, weights=None))


def _shapes(path) -> dict:
    """Return {layer: shape of its weights} of the convolutions of a file."""
    try:
        graph = onnx.load(str(path)).graph
    except Exception as error:
        raise InputError(f'{path} cannot be read as an ONNX model: {error}') from error
    sizes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    return {module_path(node.name): sizes.get(node.input[1])
            for node in graph.node if node.op_type in ('Conv', 'ConvTranspose')}


def _fits(make, shapes) -> bool:
    try:
        net = make()
    except (InputError, NotImplementedError):  # an encoder that this network does not take
        return False
    return shapes == {name: tuple(layer.weight.shape) for name, layer in net.named_modules()
                      if isinstance(layer, CONVOLUTIONS)}


@torch.no_grad()
def _check(graph, spec, student):
    """Compare network and file on one image of noise."""
    import onnxruntime
    session = onnxruntime.InferenceSession(str(spec.file), providers=['CPUExecutionProvider'])
    size = (spec.input_height, spec.input_width)
    rng = np.random.default_rng(0)
    feeds = {'image': rng.integers(0, 255, (1, *size, 3), dtype=np.uint8)}
    if student:
        feeds['sparse_depth'] = np.zeros((1, *size), np.float32)
        feeds['sparse_depth'][0, size[0] // 2, ::2] = 2.0
    depth = first(graph(*map(torch.from_numpy, feeds.values()))).numpy()
    error = np.abs(session.run(['depth'], feeds)[0] / depth - 1.0).max()
    if not error <= LIMIT:
        raise InputError(f'{spec.file} cannot be read back into its network (depth differs by '
                         f'{error:.1%}): give the last.ckpt of its run, or the file as `export` '
                         'writes it without --precision')
