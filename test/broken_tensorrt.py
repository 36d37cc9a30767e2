# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The strict fake of TensorRT with one thing wrong: its kernels, its speed, or its memory."""

from pathlib import Path
import time

from fake_tensorrt import Builder, fake_libraries
import numpy as np
from onnx import numpy_helper


class WrongKernels(Builder):
    """Builds engines whose weights are 40 % off, as a faulty release does."""

    def build_serialized_network(self, network, config):
        """Change the weights, then build."""
        for tensor in network.model.graph.initializer:
            values = numpy_helper.to_array(tensor)
            if values.dtype.kind == 'f':
                tensor.CopyFrom(numpy_helper.from_array(
                    (values * 1.4).astype(values.dtype), tensor.name))
        return super().build_serialized_network(network, config)


class Slow(Builder):
    """Builds when the file `go` is there."""

    go = None

    def build_serialized_network(self, network, config):
        """Wait."""
        while not Path(self.go).exists():
            time.sleep(0.02)
        return super().build_serialized_network(network, config)


class NoMemory(Builder):
    """Cannot build."""

    def build_serialized_network(self, network, config):
        """Fail as the library does: an error in its log, and nothing."""
        return self.log.error('Tactic Device request: 143MB Available: 112MB')


BUILDERS = {'wrong': WrongKernels, 'slow': Slow, 'no memory': NoMemory}


def broken_libraries(how='good', go=None, **options):
    """Return Libraries of fakes: good, wrong, slow (until the file `go` is there), no memory."""
    libraries = fake_libraries(**options)
    if how != 'good':
        kind = BUILDERS[how]
        if how == 'slow':
            kind = type('SlowUntil', (Slow,), {'go': go})
        libraries.trt.Builder = lambda log: kind(libraries.trt, log)
    return libraries


def no_gpu():
    """Return Libraries on a machine without a GPU."""
    return fake_libraries(devices=0)


def same(first, second):
    """Whether two frames are the same to within float16."""
    return np.allclose(first['depth'], second['depth'], rtol=2e-3)
