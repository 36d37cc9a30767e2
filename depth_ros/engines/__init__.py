# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Engines run a model file: `load(name, spec, height, width) -> engine`, `engine.run(...)`.

Each engine module imports its library only when it is asked for, so that the package works on
a machine without TensorRT or a GPU.
"""

from importlib import import_module
from inspect import signature

from depth_ros.contracts import choose, InputError

# ONNX Runtime is the reference, and what answers where another engine cannot.
ENGINES = {'onnxruntime': 'depth_ros.engines.onnxruntime',
           'openvino': 'depth_ros.engines.openvino',
           'tensorrt': 'depth_ros.engines.tensorrt'}
TITLES = {'onnxruntime': 'ONNX Runtime', 'openvino': 'OpenVINO', 'tensorrt': 'TensorRT'}
PRECISIONS = ('fp32', 'fp16', 'bf16', 'int8')
# Leaves the precision to the engine.
DEFAULT_PRECISION = 'auto'


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

    :param name: a key of ENGINES, or 'auto': the fastest that passed parity here, without building
        one, since that takes minutes.
    :param options: of all engines; each gets its own.
    :return: an object with `name`, `height`, `width`, `note` ('' or what is not as it was asked
        for) and `run(image, sparse_depth=None) -> {'depth': (H, W) float32, ...}`. An engine that
        fails to load, or is refused, is replaced by ONNX Runtime with a note.
    :raises EngineError: the library is missing or the model does not run in it.
    """
    try:
        if name != 'auto':
            return load_only(name, spec, height, width, **options)
        engine = load_only('tensorrt', spec, height, width,
                           **{**options, 'build': False, 'force': False})
    except UnavailableError:
        if name != 'auto':
            raise
        return load_only('onnxruntime', spec, height, width, **options)
    except NotBuiltError:
        if name != 'auto':
            raise
        note = ''
    except EngineError as error:
        if name == 'onnxruntime':
            raise
        note = instead(name, error)
    else:
        if faster(engine):
            return engine
        close(engine)
        note = ''
    engine = load_only('onnxruntime', spec, height, width, **options)
    if note and options.get('report'):
        options['report'](note)
    # Another size may have an engine: it must not be served by this session.
    engine.note, engine.resized = note, None
    return engine


def load_only(name, spec, height, width, **options):
    """Load in this engine or raise an EngineError; see `load`."""
    module = import_module(choose(ENGINES, name, 'engine'))
    known = {engine: set(signature(import_module(path).load).parameters)
             for engine, path in ENGINES.items()}
    unknown = set(options) - set().union(*known.values())
    if unknown:
        raise TypeError(f'no engine has the option {", ".join(sorted(unknown))}')
    return module.load(spec, height, width, **{
        option: value for option, value in options.items() if option in known[name]})


def instead(name, error):
    """Return the sentence that says why ONNX Runtime answers and not what was asked for."""
    return f'ONNX Runtime instead of {TITLES.get(name, "TensorRT")}: {error}'


def resolved(precision, auto):
    """Return a precision, `auto` replaced by what suits an engine; unknown ones are an error."""
    choose(dict.fromkeys((DEFAULT_PRECISION, *PRECISIONS), True), precision, 'precision')
    return auto if precision == DEFAULT_PRECISION else precision


def faster(engine):
    """Whether an engine was faster than ONNX Runtime when both were timed after its build."""
    check = engine.record.get('check', {})
    return (check['latency_ms']['median'] <= check['reference_latency_ms']['median']
            if 'latency_ms' in check else True)


def close(engine):
    """Give back what an engine holds outside of Python, such as memory of a GPU."""
    try:
        getattr(engine, 'close', lambda: None)()
    except EngineError:
        pass  # A device that has failed takes nothing back; the process' end does.
