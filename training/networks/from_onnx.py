# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
The weights of an exported model back into its network, to train it further.

The exporter merges each BatchNorm into the convolution before it. Here the merged weights go into
the convolution and the BatchNorm becomes an identity with a shift. Its true statistics are lost:
train with frozen normalisation (`freeze_norm`). A BatchNorm that stands elsewhere is in the file
as it is.
"""
from __future__ import annotations

from depth_ros.contracts import InputError
import torch
from torch import nn

CONVOLUTIONS = nn.Conv2d, nn.ConvTranspose2d
SIZE = (64, 96)  # of the image on which the network's wiring is looked at


def module_path(node_name: str) -> str:
    """Turn '/stem/stem.0/Conv' into 'stem.0', '/encoder/_blocks.0/conv/Conv' likewise."""
    parts = []
    for part in node_name.strip('/').split('/')[:-1]:
        # A child of a sequence repeats the sequence's name.
        if parts and part.startswith(parts[-1] + '.'):
            parts.pop()
        parts.append(part)
    return '.'.join(parts)


def image_and_line(net, size):
    """Run a completion network once on an image of (height, width)."""
    net(torch.zeros(1, *size, 3, dtype=torch.uint8), torch.zeros(1, *size))


@torch.no_grad()
def following_norms(net, run=image_and_line) -> dict:
    """
    Return {layer: the BatchNorm that takes its output}, for layers that are convolutions.

    :param run: calls the network once, from it and (height, width).
    """
    source, found, hooks = {}, {}, []
    for layer in net.modules():
        if isinstance(layer, CONVOLUTIONS):
            hooks.append(layer.register_forward_hook(
                lambda conv, given, result: source.__setitem__(id(result), (conv, result))))
        elif isinstance(layer, nn.BatchNorm2d):
            hooks.append(layer.register_forward_pre_hook(
                lambda norm, given: found.__setitem__(
                    source.get(id(given[0]), (None,))[0], norm)))
    training = net.training
    run(net.eval(), SIZE)
    net.train(training)
    for hook in hooks:
        hook.remove()
    return found


@torch.no_grad()
def load_onnx(net, path, run=image_and_line) -> None:
    """
    Load the weights of an ONNX file that `export` wrote into its network.

    :param net: of the same structure.
    :param run: calls the network once, see `following_norms`.
    :raises InputError: the file is not of this network; names the first layer that does not fit.
    """
    import onnx
    from onnx import numpy_helper
    try:
        graph = onnx.load(str(path)).graph
    except Exception as error:
        raise InputError(f'{path} cannot be read as an ONNX model: {error}') from error
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    # Of equal constants the exporter keeps one.
    values.update((node.output[0], values[node.input[0]]) for node in graph.node
                  if node.op_type == 'Identity' and node.input[0] in values)
    layers = {name: layer for name, layer in net.named_modules()
              if isinstance(layer, CONVOLUTIONS)}
    nodes = {module_path(node.name): node for node in graph.node
             if node.op_type in ('Conv', 'ConvTranspose')}
    wrong = sorted(set(layers) ^ set(nodes))
    if wrong:
        raise InputError(f'{path} does not fit {type(net).__name__}: only one of the two has '
                         f'{wrong[0]} (and {len(wrong) - 1} more)')
    norms, kept = following_norms(net, run), _kept_norms(net, graph, values)
    for name, layer in layers.items():
        weight, *bias = (torch.from_numpy(values[key].copy()) for key in nodes[name].input[1:])
        if weight.shape != layer.weight.shape:
            raise InputError(f'{path} does not fit {type(net).__name__}: {name} is '
                             f'{tuple(weight.shape)} instead of {tuple(layer.weight.shape)}')
        layer.weight.copy_(weight)
        if layer in norms and norms[layer] not in kept:
            _become_shift(norms[layer], bias[0])
        elif layer.bias is not None:
            layer.bias.copy_(bias[0])


def _kept_norms(net, graph, values):
    """Load each BatchNorm that the file has as a layer; returns them."""
    layers, kept = dict(net.named_modules()), set()
    for node in graph.node:
        if node.op_type == 'BatchNormalization':
            norm = layers[module_path(node.name)]
            for tensor, key in zip((norm.weight, norm.bias, norm.running_mean, norm.running_var),
                                   node.input[1:]):
                tensor.copy_(torch.from_numpy(values[key].copy()))
            kept.add(norm)
    return kept


def _become_shift(norm, shift):
    norm.weight.fill_(1.0)
    norm.bias.copy_(shift)
    norm.running_mean.zero_()
    norm.running_var.fill_(1.0 - norm.eps)
