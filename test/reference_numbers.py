# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Reference numbers of the optional folder ../shared/goldens, and their rule for weights."""
import json

import numpy as np
import pytest
import torch
from torch import nn


class Goldens:
    """Reference inputs and outputs by id, e.g. `wacv/sobel`."""

    def __init__(self, folder):
        """Read the index; arrays are loaded when asked for."""
        self.folder = folder
        entries = json.loads((folder / 'goldens.json').read_text())['goldens']
        self.entries = {entry['id']: entry for entry in entries}

    def load(self, name):
        """Return (inputs, outputs, rtol); values are arrays, numbers or lists by their name."""
        if name not in self.entries:
            pytest.skip(f'the golden {name} is not in {self.folder}')
        entry = self.entries[name]
        with np.load(self.folder / entry['file']) as arrays:
            inputs, outputs = (
                {key: arrays[value['key']] if 'key' in value else value['value']
                 for key, value in entry[part].items()} for part in ('inputs', 'outputs'))
        return inputs, outputs, entry['rtol']


def built(make):
    """Make a network without memory for weights, on the meta device."""
    with torch.device('meta'):
        return make()


def assert_golden(actual, expected, rtol, what=''):
    """Compare as the goldens say: |a - b| <= rtol * max(1, max|b|), shapes alike."""
    actual = actual.detach().numpy() if torch.is_tensor(actual) else np.asarray(actual)
    expected = np.asarray(expected)
    assert actual.shape == expected.shape, what
    bound = rtol * max(1.0, np.abs(expected).max())
    difference = np.abs(actual.astype(float) - expected.astype(float)).max()
    assert difference <= bound, f'{what}: differs by {difference:.3g}, allowed {bound:.3g}'


def _normal(shape, kind):
    seed = (sum(size * 31 ** place for place, size in enumerate(shape)) + 7919 * kind) % 2 ** 31
    return np.random.RandomState(seed).standard_normal(tuple(shape))


def _values(layer, name, shape):
    if isinstance(layer, nn.BatchNorm2d):
        kind = ('weight', 'bias', 'running_mean', 'running_var').index(name) + 1
        n = 0.1 * _normal(shape, kind)
        return {1: 1 + n, 4: 1 + np.abs(n)}.get(kind, n)
    if len(shape) > 1:
        return _normal(shape, 0) / np.sqrt(np.prod(shape[1:]))
    return 0.1 * _normal(shape, 5) if name == 'bias' else 1 + 0.1 * _normal(shape, 6)


@torch.no_grad()
def fill(net, single=True):
    """
    Give every tensor values that follow from its shape alone; float64, eval mode.

    :param single: round the values to float32 first.
    """
    net.double().eval()
    for layer in net.modules():
        tensors = dict(layer.named_parameters(recurse=False))
        tensors.update(layer.named_buffers(recurse=False))
        for name, tensor in tensors.items():
            if tensor.ndim:
                values = _values(layer, name, tensor.shape)
                tensor.copy_(torch.from_numpy(values.astype('f4') if single else values))
    return net
