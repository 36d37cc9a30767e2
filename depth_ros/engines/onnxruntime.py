# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime engine: the reference on a CPU; other precisions and providers by name."""

import os

from depth_ros.domains import NEAREST
from depth_ros.engines import (
    content_of,
    DEFAULT_PRECISION,
    EngineError,
    feed_of,
    PrecisionError,
    resolved,
    UnavailableError,
    unbatched,
)

AUTO_PRECISION = 'fp32'
PRECISIONS = ('fp32', 'fp16', 'int8')
SUFFIX = 'ExecutionProvider'
CPU = 'CPU' + SUFFIX


def load(spec, height, width, precision=DEFAULT_PRECISION, threads=0, providers='', cache=None,
         calibration=None, report=None, check=True):
    """
    Load `spec` for `height` x `width` inputs.

    What is not float32 on the CPU is compared with that.

    :param precision: fp32, fp16 (of use with a GPU) or int8; auto is fp32.
    :param threads: intra-op threads; 0 takes one per core this process may use.
    :param providers: execution providers in order of preference, names or a text with commas,
        `CUDA` for CUDAExecutionProvider; CPU when empty.
    :param cache: folder of the engines, or a cache.EngineCache, for converted files.
    :param calibration: calibration.Calibration of int8; None takes the demo recording.
    :param report: called with lines of progress.
    :param check: False leaves out the comparison.
    :raises UnavailableError: a provider is not here.
    :raises PrecisionError: ONNX Runtime has no such precision.
    :raises RefusedError: the numbers differ from those of float32 by more than parity allows.
    :raises EngineError: ONNX Runtime is missing or cannot load the model.
    """
    precision = resolved(precision, AUTO_PRECISION)
    wanted, onnxruntime = probe(precision, providers), library()
    plain = wanted == [CPU]
    if precision != 'fp32':
        from depth_ros.engines.cache import models_folder
        from depth_ros.engines.precision import typed
        file = typed(spec, precision, models_folder(cache), calibration, report, beside='fp32')
        content = content_of(file)
    else:
        # The bytes that were looked at, not whatever the path leads to now.
        file, content = spec.file, content_of(spec.file, spec.sha256)
    options = _options(onnxruntime, threads or len(os.sched_getaffinity(0)))
    if not plain:
        # Most of them want to know all sizes.
        options.add_free_dimension_override_by_name('height', height)
        options.add_free_dimension_override_by_name('width', width)
    try:
        session = onnxruntime.InferenceSession(content, options, _with_options(
            wanted, options.intra_op_num_threads))
    except Exception as error:
        raise EngineError(f'ONNX Runtime cannot load {file}: {_first_line(error)}') from error
    started = session.get_providers()
    for name in wanted:
        if name not in started:
            raise UnavailableError(f'ONNX Runtime cannot start {name} here: are its device and '
                                   'its libraries there?')
    engine = OnnxRuntimeEngine(session, spec, height, width, precision)
    if not plain:
        engine.resized = None
    if check and not (plain and precision == 'fp32'):
        from depth_ros.engines import parity
        engine.record = {'check': parity.check(engine, spec, height, width, precision)}
    return engine


def probe(precision=DEFAULT_PRECISION, providers=''):
    """
    Return the names of the providers, see provider_names; loads no model.

    :raises UnavailableError: a provider is not here.
    :raises PrecisionError: ONNX Runtime has no such precision.
    """
    if resolved(precision, AUTO_PRECISION) not in PRECISIONS:
        raise PrecisionError(f'ONNX Runtime has no {precision}: choose from '
                             f'{", ".join(PRECISIONS)}, or the engine openvino or tensorrt')
    return provider_names(providers)


def library():
    """Return the module onnxruntime, or raise an EngineError that says how to install it."""
    try:
        import onnxruntime
    except ImportError as error:
        raise EngineError('the onnxruntime engine needs ONNX Runtime: '
                          'pip install onnxruntime') from error
    return onnxruntime


def provider_names(providers):
    """
    Return the full names of providers, in order; CPU when none are asked for.

    :param providers: names with or without `ExecutionProvider`, or a text with commas.
    :raises UnavailableError: one of them is not in this ONNX Runtime.
    """
    if isinstance(providers, str):
        providers = providers.split(',')
    asked = [name.strip() for name in providers if name.strip()]
    here = library().get_available_providers()
    short = {name.lower().removesuffix(SUFFIX.lower()): name for name in here}
    keys = [name.lower().removesuffix(SUFFIX.lower()) for name in asked]
    absent = [name for name, key in zip(asked, keys) if key not in short]
    if absent:
        raise UnavailableError(f'ONNX Runtime here has no {", ".join(absent)}: choose from '
                               f'{", ".join(here)}, or install the package that has it')
    return list(dict.fromkeys(short[key] for key in keys)) or [CPU]


def _options(onnxruntime, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    # Threads that spin take the cores from DDS and from each other: docs/engines.md has figures.
    options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    return options


def _with_options(providers, threads):
    """Return what a session takes: XNNPACK has threads of its own."""
    return [(name, {'intra_op_num_threads': str(threads)}) if name.startswith('Xnnpack') else name
            for name in providers]


def _first_line(error):
    return (str(error).splitlines() or [type(error).__name__])[0]


class OnnxRuntimeEngine:
    """A session bound to one input size."""

    name = 'onnxruntime'
    note = ''

    def __init__(self, session, spec, height, width, precision='fp32'):
        """Wrap a session; `height` and `width` are what `run` will be given."""
        self.session, self.spec, self.precision = session, spec, precision
        self.height, self.width = height, width
        self.record = {}

    def resized(self, height, width):
        """Return the same session for another input size, of a model with a free one."""
        return OnnxRuntimeEngine(self.session, self.spec, height, width, self.precision)

    def describe(self):
        """Short text for diagnostics: engine, version, precision and provider."""
        import onnxruntime
        return (f'onnxruntime {onnxruntime.__version__} {self.precision} '
                f'{self.session.get_providers()[0].removesuffix(SUFFIX)}')

    def run(self, image, sparse_depth=None, domain=NEAREST):
        """
        One frame through the network.

        :param image: `(H, W, 3) uint8` RGB.
        :param sparse_depth: `(H, W) float32` metres, 0 = none; completion models only.
        :param domain: number of the domain that must answer; models with several only.
        :return: outputs by name without the batch axis, `depth` in metres.
        """
        feed = feed_of(self.spec, image, sparse_depth, domain)
        try:
            outputs = self.session.run(None, feed)
        except Exception as error:
            raise EngineError(f'{self.spec.name} failed on a {image.shape[1]}x{image.shape[0]} '
                              f'image: {_first_line(error)}') from error
        return unbatched(self.spec, dict(zip(self.spec.outputs, outputs)))
