# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime engine: the reference, and the one that needs no GPU."""

import os

from depth_ros.engines import EngineError
import numpy as np


def load(spec, height, width, threads=0, providers=()):
    """
    Load `spec` for `height` x `width` inputs.

    :param threads: intra-op threads; 0 takes one per core this process may use.
    :param providers: ONNX Runtime execution providers in order of preference; CPU when empty.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise EngineError('the onnxruntime engine needs ONNX Runtime: '
                          'pip install onnxruntime') from error
    wanted = list(providers) or ['CPUExecutionProvider']
    missing = set(wanted) - set(onnxruntime.get_available_providers())
    if missing:
        raise EngineError(f'ONNX Runtime here has no {", ".join(sorted(missing))}: choose from '
                          f'{", ".join(onnxruntime.get_available_providers())}')
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or len(os.sched_getaffinity(0))
    options.inter_op_num_threads = 1
    # Spinning worker threads take the cores from DDS between two frames.
    options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(spec.file), options, wanted)
    except Exception as error:
        raise EngineError(f'ONNX Runtime cannot load {spec.file}: '
                          f'{str(error).splitlines()[0]}') from error
    return OnnxRuntimeEngine(session, spec, height, width)


class OnnxRuntimeEngine:
    """A session bound to one input size."""

    name = 'onnxruntime'
    note = ''

    def __init__(self, session, spec, height, width):
        """Wrap a session; `height` and `width` are what `run` will be given."""
        self.session, self.spec = session, spec
        self.height, self.width = height, width

    def resized(self, height, width):
        """Return the same session for another input size, of a model with a free one."""
        return OnnxRuntimeEngine(self.session, self.spec, height, width)

    def describe(self):
        """Short text for diagnostics: engine, version and provider."""
        import onnxruntime
        return f'onnxruntime {onnxruntime.__version__} {self.session.get_providers()[0]}'

    def run(self, image, sparse_depth=None):
        """
        One frame through the network.

        :param image: `(H, W, 3) uint8` RGB.
        :param sparse_depth: `(H, W) float32` metres, 0 = none; completion models only.
        :return: outputs by name without the batch axis, `depth` in metres.
        """
        feed = {'image': np.ascontiguousarray(image)[None]}
        if 'sparse_depth' in self.spec.inputs:
            feed['sparse_depth'] = np.ascontiguousarray(sparse_depth, np.float32)[None]
        try:
            outputs = self.session.run(None, feed)
        except Exception as error:
            raise EngineError(f'{self.spec.name} failed on a {image.shape[1]}x{image.shape[0]} '
                              f'image: {str(error).splitlines()[0]}') from error
        return {name: value[0] for name, value in zip(self.spec.outputs, outputs)}
