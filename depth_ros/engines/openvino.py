# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""OpenVINO engine: CPUs (Intel, AMD, Arm), and Intel's GPUs and NPUs by name."""

import functools
import os
import threading

from depth_ros.domains import NEAREST
from depth_ros.engines import (
    content_of,
    DEFAULT_PRECISION,
    EngineError,
    feed_of,
    input_shapes,
    PrecisionError,
    PRECISIONS,
    resolved,
    UnavailableError,
    unbatched,
)

DEVICE = 'CPU'
# What `auto` means here: what the device would take by itself, bf16 on newer CPUs, changes depth.
AUTO_PRECISION = 'fp32'
HINTS = {'fp32': 'f32', 'bf16': 'bf16', 'fp16': 'f16'}
NAMES = {'fp32': 'FP32', 'bf16': 'BF16', 'fp16': 'FP16', 'int8': 'INT8'}


def load(spec, height, width, precision=DEFAULT_PRECISION, threads=0, device=DEVICE, cache=None,
         calibration=None, report=None, check=True):
    """
    Load `spec` for `height` x `width` inputs, and compare its depth with ONNX Runtime's.

    :param precision: fp32, bf16, fp16 or int8, as far as the device has it; auto is fp32.
    :param threads: of a CPU; 0 takes one per core this process may use.
    :param device: as OpenVINO calls it: CPU, GPU, GPU.1, NPU.
    :param cache: folder of the engines, or a cache.EngineCache, that the int8 file is kept in.
    :param calibration: calibration.Calibration of int8; None takes the demo recording.
    :param report: called with lines of progress.
    :param check: False leaves out the comparison.
    :raises UnavailableError: OpenVINO or the device is missing.
    :raises PrecisionError: the device has no such precision.
    :raises RefusedError: the numbers differ from ONNX Runtime's by more than parity allows.
    :raises EngineError: the model does not load.
    """
    precision = resolved(precision, AUTO_PRECISION)
    openvino, core = probe(precision, device)
    file = spec.file
    content_of(file, spec.sha256, 'OpenVINO')
    if precision == 'int8':
        from depth_ros.engines.cache import models_folder
        from depth_ros.engines.precision import typed
        file = typed(spec, precision, models_folder(cache), calibration, report, beside='fp32')
    try:
        model = core.read_model(str(file))
        model.reshape({name: list(shape)
                       for name, shape in input_shapes(spec, height, width).items()})
        compiled = core.compile_model(model, device, _settings(device, precision, threads))
        request = compiled.create_infer_request()
    except RuntimeError as error:
        raise EngineError(f'OpenVINO cannot load {file}: {_cause(error)}') from error
    engine = OpenVinoEngine(request, spec, height, width, precision,
                            _text(openvino, core, device, precision))
    if check:
        from depth_ros.engines import parity
        engine.record = {'check': parity.check(engine, spec, height, width, precision)}
    return engine


def probe(precision=DEFAULT_PRECISION, device=DEVICE):
    """
    Return the module openvino and a Core that has the device; loads no model.

    :raises UnavailableError: one of them is not here.
    :raises PrecisionError: the device has no such precision.
    """
    try:
        import openvino
    except ImportError as error:
        absent = getattr(error, 'name', None) == 'openvino'
        why = '' if absent else f' (it is installed but: {_cause(error)})'
        raise UnavailableError(f'the openvino engine needs OpenVINO{why}: pip install openvino'
                               ) from error
    core = the_core(openvino)
    devices = core.available_devices
    if not any(device in (name, name.split('.')[0]) for name in devices):
        raise UnavailableError(f'OpenVINO has no device {device} here: choose from '
                               f'{", ".join(devices)}')
    precision, here = resolved(precision, AUTO_PRECISION), precisions(core, device)
    if precision not in here:
        raise PrecisionError(
            f'{core.get_property(device, "FULL_DEVICE_NAME")} has no {precision} in OpenVINO: '
            f'choose from {", ".join(here)}')
    return openvino, core


_making = threading.Lock()


def the_core(openvino):
    """
    Return the one Core of this process, which is never given back.

    The CPU plugin of a Core gives a signal stack to the thread that compiled first, and unmaps it
    with the Core, from whichever thread that is: the next signal would end the process
    (https://github.com/openvinotoolkit/openvino/pull/11894).
    """
    with _making:  # A cache alone would let two threads make one each.
        return _made(openvino)


@functools.cache
def _made(openvino):
    return openvino.Core()


def precisions(core, device=DEVICE):
    """Return the precisions that a device computes in."""
    able = core.get_property(device, 'OPTIMIZATION_CAPABILITIES')
    return [name for name in PRECISIONS if NAMES[name] in able]


def _settings(device, precision, threads):
    """Return what a model is compiled with."""
    # int8 files are float32 beside, which no hint may lower further.
    settings = {'PERFORMANCE_HINT': 'LATENCY',
                'INFERENCE_PRECISION_HINT': HINTS.get(precision, 'f32')}
    if device == 'CPU':
        # Threads that are tied to a core cannot make way for those of DDS.
        settings.update(INFERENCE_NUM_THREADS=threads or len(os.sched_getaffinity(0)),
                        ENABLE_CPU_PINNING=False)
    return settings


def _text(openvino, core, device, precision):
    version = str(openvino.__version__).split('-')[0]
    return (f'openvino {version} {precision} {device} '
            f'{core.get_property(device, "FULL_DEVICE_NAME")}').strip()


def _cause(error):
    """Return the telling line of OpenVINO's errors, which begin with places in its source."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


class OpenVinoEngine:
    """A compiled model of one input size; same use as the one of ONNX Runtime."""

    name = 'openvino'
    note = ''

    def __init__(self, request, spec, height, width, precision, text):
        """Take an inference request; `text` is what `describe` says."""
        self.request, self.spec, self.height, self.width = request, spec, height, width
        self.precision, self.text, self.record = precision, text, {}
        # A tensor may have several names, in any order.
        found = [set(output.get_names()) for output in request.model_outputs]
        self.places = {name: next((place for place, names in enumerate(found) if name in names),
                                  None) for name in spec.outputs}
        missing = [name for name, place in self.places.items() if place is None]
        if missing:
            raise EngineError(f'OpenVINO gives no {", ".join(missing)} of {spec.name}')

    def describe(self):
        """Short text for diagnostics: library, version, precision, device."""
        return self.text

    def run(self, image, sparse_depth=None, domain=NEAREST):
        """One frame through the network; see engines.onnxruntime.OnnxRuntimeEngine.run."""
        if self.request is None:
            raise EngineError('the engine was closed')
        feed = feed_of(self.spec, image, sparse_depth, domain)
        try:
            # Inputs are read where they lie; outputs are copies that the next frame leaves alone.
            found = self.request.infer(feed, share_inputs=True, share_outputs=False)
        except RuntimeError as error:
            raise EngineError(f'{self.spec.name} failed on a {image.shape[1]}x{image.shape[0]} '
                              f'image: {_cause(error)}') from error
        return unbatched(self.spec, {name: found[place] for name, place in self.places.items()})

    def close(self):
        """Give the memory back."""
        self.request = None
