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
from depth_ros.domains import NEAREST
from depth_ros.model_file import ModelError, read_model
import numpy as np

# ONNX Runtime is the reference, and what answers where another engine cannot.
ENGINES = {'onnxruntime': 'depth_ros.engines.onnxruntime',
           'openvino': 'depth_ros.engines.openvino',
           'tensorrt': 'depth_ros.engines.tensorrt'}
TITLES = {'onnxruntime': 'ONNX Runtime', 'openvino': 'OpenVINO', 'tensorrt': 'TensorRT'}
PRECISIONS = ('fp32', 'fp16', 'bf16', 'int8')
# Leaves the precision to the engine.
DEFAULT_PRECISION = 'auto'


def title(name):
    """Return what people call an engine; its name where TITLES does not say."""
    return TITLES.get(name, name)


class EngineError(InputError):
    """An engine that cannot be loaded or run here; the message names what to install or do."""


class UnavailableError(EngineError):
    """The library or the device of an engine is not here."""


class PrecisionError(EngineError):
    """An engine, or its device, that does not compute in the precision that was asked for."""


class NotBuiltError(EngineError):
    """No built engine is kept for this model, and building was not allowed."""


class RefusedError(EngineError):
    """An engine that was built but must not be used; `figures` says by how much it is wrong."""

    def __init__(self, message, figures=None):
        """Keep the figures beside the message."""
        super().__init__(message)
        self.figures = dict(figures or {})


def content_of(file, sha256=None, title=TITLES['onnxruntime']):
    """
    Return the bytes of a model file for an engine of that title.

    :param sha256: of the file when it was looked at; it must not have been changed since.
    :raises EngineError: as `model_file.read_model`.
    """
    try:
        return read_model(file, sha256)[0]
    except ModelError as error:
        raise EngineError(f'{title} cannot load {file}: {error}') from error


def load(name, spec, height, width, **options):
    """
    Load `spec` in the engine `name` for inputs of `height` x `width` pixels.

    :param name: a key of ENGINES, or 'auto': the fastest that passed parity here. TensorRT is
        taken when a built engine is kept, and never built, since that takes minutes; the others
        are timed once on this machine, which takes seconds, and remembered (choice.py).
    :param options: of all engines; each gets its own.
    :return: an object with `name`, `height`, `width`, `note` ('' or what is not as it was asked
        for) and `run(image, sparse_depth=None, domain=NEAREST) -> {'depth': (H, W) float32, ...}`.
        An engine that fails to load, or is refused, is replaced by ONNX Runtime with a note.
    :raises EngineError: the library or the precision is missing, or the model does not run in it.
    """
    if name == 'auto':
        return _load_auto(spec, height, width, options)
    try:
        return load_only(name, spec, height, width, **options)
    except (UnavailableError, PrecisionError):
        raise
    except EngineError as error:
        if name == 'onnxruntime' and is_reference(options):
            raise
        return load_reference(spec, height, width, instead(name, error), options)


def _load_auto(spec, height, width, options):
    from depth_ros.engines import choice
    note, kept_elsewhere = '', True
    try:
        engine = load_only('tensorrt', spec, height, width,
                           **{**options, 'build': False, 'force': False})
    except (UnavailableError, PrecisionError):
        kept_elsewhere = False
    except NotBuiltError:
        pass
    except EngineError as error:
        note = instead('tensorrt', error)
    else:
        if faster(engine):
            return engine
        close(engine)
    if note and options.get('report'):
        options['report'](note)
    engine = choice.load(spec, height, width, **options)
    engine.note = note or engine.note
    if kept_elsewhere:
        # Another size may have an engine: it must not be served by this session.
        engine.resized = None
    return engine


def load_reference(spec, height, width, note='', options=()):
    """Load ONNX Runtime in float32 on the CPU, which serves no other size when there is a note."""
    options = {**dict(options), 'precision': 'fp32', 'providers': ''}
    engine = load_only('onnxruntime', spec, height, width, **options)
    if note:
        if options.get('report'):
            options['report'](note)
        engine.note, engine.resized = note, None
    return engine


def is_reference(options):
    """Whether ONNX Runtime with these options is float32 on the CPU."""
    return (options.get('precision', DEFAULT_PRECISION) in (DEFAULT_PRECISION, 'fp32')
            and not options.get('providers'))


def input_shapes(spec, height, width):
    """Return {name: shape} of a model's inputs for one size."""
    shapes = {'image': (1, height, width, 3), 'sparse_depth': (1, height, width),
              'domain_request': (1,)}
    return {name: shapes[name] for name in spec.inputs}


def feed_of(spec, image, sparse_depth=None, domain=NEAREST):
    """
    Return what the graph of a model takes for one frame, `{name: array}`.

    :param image: `(H, W, 3) uint8` RGB.
    :param sparse_depth: `(H, W)` metres, 0 = none; for a model that takes none it is left out.
    :param domain: number of the domain that must answer, for a model with several.
    """
    feed = {'image': np.ascontiguousarray(image)[None]}
    if 'sparse_depth' in spec.inputs:
        feed['sparse_depth'] = np.ascontiguousarray(sparse_depth, np.float32)[None]
    if 'domain_request' in spec.inputs:
        feed['domain_request'] = np.array([domain], np.int64)
    return feed


def unbatched(spec, values):
    """
    Return outputs without their axis of the batch, of `values`, {name: array}.

    :raises EngineError: an output has no such axis, or not of 1.
    """
    for name, value in values.items():
        if np.shape(value)[:1] != (1,):
            raise EngineError(f'{spec.name} gives {name} of shape {np.shape(value)}, which breaks '
                              'the model contract: export it again')
    return {name: value[0] for name, value in values.items()}


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
    if name == 'onnxruntime':
        return f'ONNX Runtime in fp32 on the CPU instead: {error}'
    what = f'instead of {title(name)}' if name in ENGINES else 'stays'
    return f'ONNX Runtime {what}: {error}'


def resolved(precision, auto):
    """Return a precision, `auto` replaced by what suits an engine; unknown ones are an error."""
    choose(dict.fromkeys((DEFAULT_PRECISION, *PRECISIONS), True), precision, 'precision')
    return auto if precision == DEFAULT_PRECISION else precision


def faster(engine, before=None):
    """
    Whether an engine was faster than ONNX Runtime when both were timed after its build.

    :param before: another engine that was timed and must not be faster either.
    """
    check = engine.record.get('check', {})
    if 'latency_ms' not in check:
        return True
    others = [check['reference_latency_ms']]
    timed = getattr(before, 'record', {}).get('check', {}).get('latency_ms')
    others += [timed] if timed else []
    return check['latency_ms']['median'] <= min(other['median'] for other in others)


def close(engine):
    """Give back what an engine holds outside of Python, such as memory of a GPU."""
    try:
        getattr(engine, 'close', lambda: None)()
    except EngineError:
        pass  # A device that has failed takes nothing back; the process' end does.
