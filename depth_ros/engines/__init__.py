# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Engines run a model file: `load(name, spec, height, width) -> engine`, `engine.run(...)`.

Each engine module imports its library only when it is asked for, so that the package works on
a machine without TensorRT or a GPU.
"""

from importlib import import_module

from depth_ros.contracts import choose, InputError

ENGINES = {'onnxruntime': 'depth_ros.engines.onnxruntime'}


class EngineError(InputError):
    """An engine that cannot be loaded or run here; the message names what to install or do."""


class UnavailableError(EngineError):
    """The library or the device of an engine is not here."""


class NotBuiltError(EngineError):
    """No built engine is kept for this model, and building was not allowed."""


class RefusedError(EngineError):
    """An engine that was built but must not be used; `figures` says by how much it is wrong."""

    def __init__(self, message, figures=None):
        """Keep the figures beside the message."""
        super().__init__(message)
        self.figures = dict(figures or {})


def load(name, spec, height, width, **options):
    """
    Load `spec` in the engine `name` for inputs of `height` x `width` pixels.

    :param name: a key of ENGINES, or 'auto' for the best engine that is installed.
    :return: an object with `name`, `height`, `width` and
        `run(image, sparse_depth=None) -> {'depth': (H, W) float32, ...}`.
    :raises EngineError: the library is missing or the model does not run in it.
    """
    if name == 'auto':
        name = 'onnxruntime'
    return import_module(choose(ENGINES, name, 'engine')).load(spec, height, width, **options)
