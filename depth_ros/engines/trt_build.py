# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Builds a TensorRT engine from an ONNX file: one code path for TensorRT 8.6 to 11 and for RTX.

What a version has is asked by name. The types of the ONNX file are the precision of the engine
(strongly typed networks, TensorRT 10 and newer); flags are set only where a version needs them.
"""

from dataclasses import dataclass
import os
from pathlib import Path
import tempfile

from depth_ros.engines import EngineError, input_shapes
from depth_ros.engines.maker import private_folder
from depth_ros.engines.trt_progress import logger, Progress

# The flag of a weakly typed network per precision; its int8 file has float32 beside it.
FLAGS = {'fp16': 'FP16', 'bf16': 'BF16', 'int8': 'INT8'}
MIB = 1 << 20


@dataclass(frozen=True)
class BuildOptions:
    """What a build can be asked for besides the network."""

    precision: str = 'fp32'
    """What the ONNX file was made for; only a weakly typed network needs to be told."""
    workspace_mib: int = 1024
    dla_core: int = -1
    """-1: the GPU; else the deep-learning accelerator of that number."""
    timing_cache: Path = None
    """File that keeps the timings of tactics between builds; None for none."""


def build(libraries, onnx, spec, height, width, options=None, report=None):
    """
    Build an engine and return its bytes.

    :param libraries: as of trt_libraries.
    :param onnx: file of the network in its types, see precision.typed.
    :param spec: ModelSpec of the model; with `height` and `width` it fixes every shape.
    :param report: called with a line every few seconds.
    :raises EngineError: TensorRT refuses the network or cannot build it; the message has the
        reason that it gave.
    """
    trt, options = libraries.trt, options or BuildOptions()
    log = logger(trt)
    what = (f'building {spec.name} {width}x{height} {options.precision} with {libraries.kind} '
            f'{libraries.version}')

    def fail(problem):
        raise EngineError(f'{libraries.kind} {libraries.version} {problem} '
                          f'{Path(onnx).name}: {log.first()}')

    with Progress(what, report) as progress:
        try:
            builder = trt.Builder(log)
        except (RuntimeError, TypeError) as error:
            # Its constructor returns nothing where CUDA does not start.
            raise EngineError(f'{libraries.kind} {libraries.version} cannot start: '
                              f'{log.first()}') from error
        strong, network = _network(trt, builder)
        flag = None if strong else FLAGS.get(options.precision)
        if flag and not hasattr(trt.BuilderFlag, flag):
            raise EngineError(f'TensorRT {trt.__version__} has no {options.precision}: choose '
                              'another precision')
        parser = trt.OnnxParser(network, log)
        if not parser.parse_from_file(str(onnx)):
            log.messages = [str(parser.get_error(0))] if parser.num_errors else log.messages
            fail('does not read')
        config = builder.create_builder_config()
        _fix_shapes(builder, config, network, input_shapes(spec, height, width), fail)
        if not strong:
            _set_flags(trt, config, network, flag)
        _set_limits(trt, builder, config, options)
        timings = _timing_cache(libraries, config, options)
        monitor = progress.monitor(trt)
        if monitor is not None and hasattr(config, 'progress_monitor'):
            config.progress_monitor = monitor
        log.messages = []
        content = builder.build_serialized_network(network, config)
        if content is None:
            fail('cannot build')
        if timings is not None:
            _keep(options.timing_cache, bytes(config.get_timing_cache().serialize()))
        return bytes(content)


def _network(trt, builder):
    """Return whether the network is strongly typed, and the empty network."""
    wanted = trt.NetworkDefinitionCreationFlag
    strong = getattr(wanted, 'STRONGLY_TYPED', None)
    batch = getattr(wanted, 'EXPLICIT_BATCH', None)
    flags = sum(1 << int(flag) for flag in (strong, batch) if flag is not None)
    return strong is not None, builder.create_network(flags)


def _fix_shapes(builder, config, network, shapes, fail):
    """Give every input the one shape that it will have."""
    profile = builder.create_optimization_profile()
    for index in range(network.num_inputs):
        name = network.get_input(index).name
        if name not in shapes:
            fail(f'finds an input {name} beyond the contract in')
        profile.set_shape(name, *[tuple(shapes[name])] * 3)
    if config.add_optimization_profile(profile) < 0:
        fail(f'takes no input of {shapes} in')


def _set_flags(trt, config, network, flag):
    """Tell a weakly typed network its precision, and to keep float32 where the file says so."""
    if flag is None:
        return
    config.set_flag(getattr(trt.BuilderFlag, flag))
    obey = getattr(trt.BuilderFlag, 'OBEY_PRECISION_CONSTRAINTS', None)
    if obey is None or flag == 'INT8':
        return
    config.set_flag(obey)
    for index in range(network.num_layers):
        layer = network.get_layer(index)
        outputs = [layer.get_output(number) for number in range(layer.num_outputs)]
        if (layer.type not in (trt.LayerType.CONSTANT, trt.LayerType.CAST)
                and all(output.dtype == trt.DataType.FLOAT for output in outputs)):
            layer.precision = trt.DataType.FLOAT


def _set_limits(trt, builder, config, options):
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, options.workspace_mib * MIB)
    tf32 = getattr(trt.BuilderFlag, 'TF32', None)
    if tf32 is not None:
        # On by default, it gives float32 layers the digits of fp16.
        config.clear_flag(tf32)
    if options.dla_core < 0:
        return
    cores = getattr(builder, 'num_DLA_cores', 0)
    if options.dla_core >= cores:
        raise EngineError(f'there is no DLA core {options.dla_core} here (it has {cores}): use '
                          '-1 for the GPU')
    if options.precision not in ('fp16', 'int8'):
        raise EngineError(f'a DLA core computes in fp16 or int8, not in {options.precision}')
    config.default_device_type = trt.DeviceType.DLA
    config.DLA_core = options.dla_core
    config.set_flag(trt.BuilderFlag.GPU_FALLBACK)


def _timing_cache(libraries, config, options):
    """Give the build the timings of earlier ones; RTX must not have any."""
    if options.timing_cache is None or libraries.kind == 'tensorrt_rtx':
        return None
    file = Path(options.timing_cache)
    cache = config.create_timing_cache(file.read_bytes() if file.is_file() else b'')
    if cache is None or not config.set_timing_cache(cache, False):
        # Of another version or GPU: start anew.
        cache = config.create_timing_cache(b'')
        config.set_timing_cache(cache, False)
    return cache


def _keep(file, content):
    """Write a file whole or not at all; a folder that takes none costs time, no engine."""
    file = Path(file)
    try:
        private_folder(file.parent)
        number, name = tempfile.mkstemp(dir=file.parent, prefix=file.name)
        with os.fdopen(number, 'wb') as stream:
            stream.write(content)
        os.replace(name, file)
    except OSError:
        pass
