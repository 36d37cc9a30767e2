# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Networks in the form of the model contract, in float32 or with half-precision layers."""
from __future__ import annotations

from collections.abc import Mapping
import copy

import torch
from torch import nn
from training.networks.blocks import resize
from training.networks.completion import CompletionNet
from training.networks.encoders import IMAGENET_MEAN, IMAGENET_STD
from training.networks.student import StudentNet

# Metres. Networks of linear output may answer less than nothing; what is left is far below any
# depth_min, so that it is published as unknown.
SMALLEST = 1e-3


class Normalisation(nn.Module):
    """ImageNet's mean and standard deviation, in pixel values."""

    def __init__(self):
        """Keep them with the graph."""
        super().__init__()
        for name, values in (('mean', IMAGENET_MEAN), ('std', IMAGENET_STD)):
            self.register_buffer(name, 255.0 * torch.tensor(values).reshape(1, 3, 1, 1))

    def forward(self, image):
        """(1, H, W, 3) uint8 RGB -> (1, 3, H, W)."""
        return (image.float().permute(0, 3, 1, 2) - self.mean) / self.std


def finished(depth, size):
    """Give depth (1, H, W) metres, full size and positive, of (1, 1, h, w)."""
    if depth.shape[2:] != size:
        depth = resize(depth, size)
    return depth[:, 0].clamp(min=SMALLEST)


class MonocularGraph(nn.Module):
    """The contract around a network of `networks.metric`: normalisation, full size, positive."""

    outputs = ('depth',)

    def __init__(self, net: nn.Module):
        """Wrap a network from ImageNet-normalised (1, 3, H, W) to metres (1, 1, h, w)."""
        super().__init__()
        self.net, self.normalised = net, Normalisation()

    def forward(self, image):
        """(1, H, W, 3) uint8 RGB -> depth (1, H, W) metres for the focal length of training."""
        return finished(self.net(self.normalised(image)), image.shape[1:3])


class CompletedGraph(nn.Module):
    """The contract around a student of `networks.completion_students`: metres, positive."""

    outputs = ('depth',)

    def __init__(self, net: nn.Module, answer):
        """Wrap a network; answer(net, image (1, H, W, 3), line (1, H, W)), see `Student`."""
        super().__init__()
        self.net, self.answer = net, answer

    def forward(self, image, sparse_depth):
        """(1, H, W, 3) uint8 RGB, (1, H, W) metres, 0 none -> depth (1, H, W) metres."""
        return self.answer(self.net, image, sparse_depth)[0][:, 0].clamp(min=SMALLEST)


class SalientGraph(nn.Module):
    """
    The contract around a frozen depth network N and a mask network G.

    Depth is N(x), or with `masked` N(x G(x)); saliency is G(x). Without `masked` the networks that
    ship keep their confidence.

    :param target: a `targets.Target`; mask: of `networks.masks`.
    """

    def __init__(self, target, mask: nn.Module, masked: bool = False):
        """Wrap both."""
        super().__init__()
        self.target, self.mask, self.masked = target, mask, masked
        self.normalised = Normalisation()
        # Not a subclass: FastStudent takes normalised images.
        self.whole = not masked and type(target.net) in (CompletionNet, StudentNet)
        self.outputs = ('depth', 'confidence', 'saliency') if self.whole else (
            'depth', 'saliency')

    @property
    def nets(self):
        """Return the networks inside."""
        return self.target.net, self.mask

    def forward(self, image, sparse_depth=None):
        """(1, H, W, 3) uint8 RGB, maybe a line (1, H, W) metres -> `outputs`, (1, H, W) each."""
        x = self.normalised(image)
        mask = self.mask(x)
        if self.whole:
            line = () if sparse_depth is None else (sparse_depth,)
            return (*self.target.net(image, *line), mask[:, 0])
        depth = self.target.depth(x * mask if self.masked else x, sparse_depth)
        return finished(depth, image.shape[1:3]), mask[:, 0]


def first(outputs):
    """Return the depth of what a graph gives: a tensor, or several with depth first."""
    return outputs if torch.is_tensor(outputs) else outputs[0]


class HalfInside(nn.Module):
    """A layer in float16 between float32 inputs and outputs."""

    def __init__(self, layer: nn.Module):
        """Convert the layer."""
        super().__init__()
        self.layer = layer.half()

    def forward(self, *inputs):
        """Convert, run, convert back."""
        return _cast(self.layer(*_cast(inputs, torch.float16)), torch.float32)


def _cast(values, dtype):
    if torch.is_tensor(values):
        return values.to(dtype) if values.is_floating_point() else values
    if isinstance(values, Mapping):
        return {key: _cast(value, dtype) for key, value in values.items()}
    if isinstance(values, (list, tuple)):
        return type(values)(_cast(value, dtype) for value in values)
    return values


def with_half_layers(graph: nn.Module) -> nn.Module:
    """
    Copy a graph with its network's parts (encoder, decoder, ...) in float16.

    What happens between them stays float32: normalisation, the line's scale, logarithm and
    exponential, the resize to full size, the depth itself.
    """
    graph = copy.deepcopy(graph)
    nets = getattr(graph, 'nets', None) or (
        [graph.net] if isinstance(graph, (MonocularGraph, CompletedGraph)) else [graph])
    for net in nets:
        for name, layer in net.named_children():
            if any(True for _ in layer.parameters()):
                setattr(net, name, HalfInside(layer))
    return graph
