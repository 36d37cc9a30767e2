# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
TensorRT without a GPU: refuses what the real one refuses, and ONNX Runtime computes the numbers.

`fake_trt(version, kind, cuda)` makes a module with what that version has and no more.
"""

from enum import IntEnum
import json
from types import SimpleNamespace

from depth_ros.engines.cuda_calls import Cuda
from depth_ros.engines.trt_libraries import Libraries
from fake_cuda import FakeCuda
from fake_trt_runtime import MAGIC, ONNX_TYPES, Runtime
import onnx

# Flags of the builder that came and went, by the first digits of the version.
GONE = {'8': (), '10': (), '11': ('FP16', 'BF16', 'INT8', 'OBEY_PRECISION_CONSTRAINTS'),
        'rtx': ('FP16', 'BF16', 'INT8', 'OBEY_PRECISION_CONSTRAINTS')}


def fake_libraries(version='10.3.0', kind='tensorrt', **cuda):
    """Return Libraries of fakes; the keywords are those of FakeCuda."""
    runtime = FakeCuda(**cuda)
    return Libraries(fake_trt(version, kind, runtime), Cuda(runtime), kind, version)


def _enum(name, *members):
    return IntEnum(name, {member: index for index, member in enumerate(members)})


def fake_trt(version, kind, cuda):
    """Make the module; `module.seen` tells what it was asked for."""
    generation = 'rtx' if kind == 'tensorrt_rtx' else version.split('.')[0]
    flags = [flag for flag in ('FP16', 'BF16', 'INT8', 'OBEY_PRECISION_CONSTRAINTS', 'TF32',
                               'GPU_FALLBACK') if flag not in GONE[generation]]
    if generation == '8':
        flags.remove('BF16')
    creation = {'8': ['EXPLICIT_BATCH'], '10': ['EXPLICIT_BATCH', 'STRONGLY_TYPED']}.get(
        generation, ['STRONGLY_TYPED'])
    trt = SimpleNamespace(
        __version__=version, generation=generation, cuda=cuda, seen={'builds': 0, 'runs': 0},
        BuilderFlag=_enum('BuilderFlag', *flags),
        NetworkDefinitionCreationFlag=_enum('NetworkDefinitionCreationFlag', *creation),
        MemoryPoolType=_enum('MemoryPoolType', 'WORKSPACE'),
        DataType=_enum('DataType', *ONNX_TYPES.values()),
        TensorIOMode=_enum('TensorIOMode', 'NONE', 'INPUT', 'OUTPUT'),
        DeviceType=_enum('DeviceType', 'GPU', 'DLA'),
        LayerType=_enum('LayerType', 'CONSTANT', 'CAST', 'CONVOLUTION'), ILogger=FakeLogger)
    if generation != '8':
        trt.IProgressMonitor = type('IProgressMonitor', (), {})
    for name, made in (('Builder', Builder), ('OnnxParser', Parser), ('Runtime', Runtime)):
        setattr(trt, name, lambda *arguments, made=made: made(trt, *arguments))
    return trt


class FakeLogger:
    """What a logger is derived from."""

    Severity = _enum('Severity', 'INTERNAL_ERROR', 'ERROR', 'WARNING', 'INFO', 'VERBOSE')

    def error(self, text):
        """Log an error, as the library does."""
        self.log(self.Severity.ERROR, text)


class Builder:
    """Builds an "engine": a header and the ONNX file."""

    num_DLA_cores = 2

    def __init__(self, trt, log):
        self.trt, self.log = trt, log

    def create_network(self, flags):
        wanted = {flag.name for flag in self.trt.NetworkDefinitionCreationFlag
                  if flags >> int(flag) & 1}
        assert flags < 1 << len(self.trt.NetworkDefinitionCreationFlag), 'unknown flags'
        assert self.trt.generation != '8' or 'EXPLICIT_BATCH' in wanted, 'implicit batch'
        return SimpleNamespace(model=None, flags=wanted)

    def create_builder_config(self):
        return Config(self.trt)

    def create_optimization_profile(self):
        shapes = {}
        return SimpleNamespace(shapes=shapes, set_shape=lambda name, low, usual, high:
                               shapes.__setitem__(name, (low, usual, high)))

    def build_serialized_network(self, network, config):
        self.trt.seen.update(config=config, network=network,
                             builds=self.trt.seen['builds'] + 1)
        inputs = {value.name for value in network.model.graph.input}
        if len(config.profiles) != 1 or set(config.profiles[0].shapes) != inputs:
            return self.log.error('Network has dynamic or shape inputs, but no profile')
        types = {tensor.data_type for tensor in network.model.graph.initializer}
        quantised = any(node.op_type == 'QuantizeLinear' for node in network.model.graph.node)
        for needed, flag in ((10 in types, 'FP16'), (16 in types, 'BF16'), (quantised, 'INT8')):
            if needed and 'STRONGLY_TYPED' not in network.flags and flag not in config.named:
                return self.log.error(f'the network needs the flag {flag}')
        monitor = getattr(config, 'progress_monitor', None)
        if monitor is not None:
            monitor.phase_start('tactics', None, 2)
            assert monitor.step_complete('tactics', 0)
            monitor.phase_finish('tactics')
        header = {'version': self.trt.__version__, 'gpu': self.trt.cuda.gpu,
                  'shapes': {name: low for name, (low, _, _) in config.profiles[0].shapes.items()}}
        head, body = json.dumps(header).encode(), network.model.SerializeToString()
        sizes = len(head).to_bytes(4, 'little') + len(body).to_bytes(8, 'little')
        return memoryview(MAGIC + sizes + head + body)


class Config:
    """What a build is told; attributes that a version lacks cannot be set."""

    __slots__ = ('trt', 'profiles', 'named', 'pools', 'cache', 'default_device_type', 'DLA_core',
                 'progress_monitor')

    def __init__(self, trt):
        self.trt, self.profiles, self.pools, self.cache = trt, [], {}, None
        self.named = {'TF32'}
        if trt.generation != '8':
            self.progress_monitor = None

    def add_optimization_profile(self, profile):
        for low, usual, high in profile.shapes.values():
            assert low == usual == high and min(low) > 0
        self.profiles.append(profile)
        return len(self.profiles) - 1

    def set_flag(self, flag):
        self.named.add(self.trt.BuilderFlag(flag).name)

    def clear_flag(self, flag):
        self.named.discard(self.trt.BuilderFlag(flag).name)

    def set_memory_pool_limit(self, pool, size):
        self.pools[pool.name] = size

    def create_timing_cache(self, content):
        if content and not content.startswith(b'timings'):
            return None
        return SimpleNamespace(serialize=lambda: b'timings ' + content)

    def set_timing_cache(self, cache, ignore_mismatch):
        assert self.trt.generation != 'rtx', 'RTX takes no timing cache'
        self.cache = cache
        return True

    def get_timing_cache(self):
        return self.cache


class Parser:
    """Reads ONNX files as the real parser does where our models came to its limits."""

    def __init__(self, trt, network, log):
        self.trt, self.network, self.log, self.errors = trt, network, log, []

    @property
    def num_errors(self):
        return len(self.errors)

    def get_error(self, index):
        return self.errors[index]

    def parse_from_file(self, path):
        try:
            model = onnx.load(path)
            graph = model.graph
        except Exception as error:
            self.errors.append(f'cannot read: {error}')
            return False
        if self.trt.generation == '8' and model.opset_import[0].version > 17:
            self.errors.append('the operators of this model are newer than 17')
            return False
        images = {value.name for value in graph.input if value.type.tensor_type.elem_type == 2}
        for node in graph.node:
            if images & set(node.input) and node.op_type != 'Cast':
                self.errors.append(f'{node.name}: first input has type UInt8')
                return False
        self.network.model = model
        self.network.num_inputs = len(graph.input)
        self.network.get_input = lambda index: graph.input[index]
        layers = [self._layer(node) for node in graph.node]
        self.network.layers, self.network.num_layers = layers, len(layers)
        self.network.get_layer = layers.__getitem__
        return True

    def _layer(self, node):
        kinds = self.trt.LayerType
        known = {'Constant': kinds.CONSTANT, 'Cast': kinds.CAST}
        kind = known.get(node.op_type, kinds.CONVOLUTION)
        low = all(name.endswith('_low') for name in node.output)
        dtype = self.trt.DataType.HALF if low else self.trt.DataType.FLOAT
        return SimpleNamespace(type=kind, name=node.name, num_outputs=len(node.output),
                               precision=None, outputs=list(node.output),
                               get_output=lambda index: SimpleNamespace(dtype=dtype))
