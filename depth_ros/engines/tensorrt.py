# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""TensorRT engine: built for this GPU from the model file, kept, compared, then used."""

from dataclasses import replace
import hashlib
from pathlib import Path

from depth_ros.domains import NEAREST
from depth_ros.engines import (
    DEFAULT_PRECISION,
    feed_of,
    input_shapes,
    parity,
    PrecisionError,
    resolved,
    unbatched,
)
from depth_ros.engines.cache import engine_key, EngineCache, MODELS
from depth_ros.engines.precision import typed
from depth_ros.engines.trt_build import build as build_engine
from depth_ros.engines.trt_build import BuildOptions
from depth_ros.engines.trt_libraries import libraries as find_libraries
from depth_ros.engines.trt_runtime import Runner, UnreadableError

# bf16 came with this generation of GPUs.
BF16_CAPABILITY = (8, 0)
AUTO_PRECISION = 'fp16'


def load(spec, height, width, precision=DEFAULT_PRECISION, cache=None, workspace_mib=1024,
         dla_core=-1, timing_cache=True, cuda_graph=True, calibration=None, build=True,
         force=False, report=None, libraries=None):
    """
    Load `spec` for `height` x `width` inputs: from the cache, else built, compared and kept.

    :param precision: fp32, fp16, bf16 or int8; auto is fp16.
    :param cache: folder of the engines, or a cache.EngineCache; None takes the user's.
    :param workspace_mib: most memory that the build may try tactics with.
    :param dla_core: -1 for the GPU, else the number of a deep-learning accelerator.
    :param timing_cache: keep the timings of tactics, so that the next build is shorter.
    :param calibration: calibration.Calibration of int8; None takes the demo recording.
    :param build: False takes what the cache has or raises NotBuiltError.
    :param force: build again whatever the cache holds.
    :param report: called with lines of progress.
    :param libraries: modules to use instead of those installed.
    :raises UnavailableError: a library or the GPU is missing.
    :raises PrecisionError: the GPU has no such precision.
    :raises RefusedError: the numbers differ from ONNX Runtime's by more than parity allows.
    :raises EngineError: the build fails.
    """
    precision = resolved(precision, AUTO_PRECISION)
    libraries, device = probe(precision, libraries)
    cache = cache if isinstance(cache, EngineCache) else EngineCache(cache)
    if build:
        cache.prepare()
    # Without strong types it is TensorRT 8.
    old = not hasattr(libraries.trt.NetworkDefinitionCreationFlag, 'STRONGLY_TYPED')
    file = typed(spec, precision, cache.folder / MODELS, calibration, report, build, old)
    shapes = input_shapes(spec, height, width)
    options = BuildOptions(precision, workspace_mib, dla_core)
    key = engine_key(
        onnx_sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        library=libraries.kind, version=libraries.version, gpu=device.name,
        compute_capability=device.compute_capability, precision=precision, shapes=shapes,
        options={'workspace_mib': workspace_mib, 'dla_core': dla_core, 'gate': parity.VERSION})
    if timing_cache:
        options = replace(options, timing_cache=cache.folder / _timing_name(libraries, device))
    opened = []

    def start(content):
        runner = Runner(libraries, content, shapes, cuda_graph)
        opened.append(TensorRtEngine(runner, spec, height, width, precision, device))
        return opened[-1]

    def make():
        return build_engine(libraries, file, spec, height, width, options, report)

    def check(content):
        return parity.gate(start(content), spec, height, width, precision)

    def obtain(force):
        about = {'model': spec.name, 'device': device.name}
        return cache.obtain(key, make if build else None, check, force, about, report)

    try:
        entry = obtain(force)
        if not opened:
            entry = _open(entry, start, obtain if build else None, report)
    except BaseException:
        for engine in opened:
            engine.close()
        raise
    engine = opened[-1]
    engine.record, engine.built, engine.note = entry.record, entry.built, entry.warning
    engine.file = cache.path(key)
    return engine


def probe(precision=DEFAULT_PRECISION, libraries=None):
    """
    Find TensorRT and a GPU, which is quick.

    :return: the Libraries and the Device.
    :raises UnavailableError: one of them is not here.
    :raises PrecisionError: the GPU has no such precision.
    """
    precision = resolved(precision, AUTO_PRECISION)
    libraries = libraries or find_libraries()
    device = libraries.device()
    if precision == 'bf16' and _numbers(device.compute_capability) < BF16_CAPABILITY:
        raise PrecisionError(f'{device.name} has no bf16: use fp16')
    return libraries, device


def _open(entry, start, obtain, report):
    """Start a kept engine; build it anew where TensorRT cannot read what was kept."""
    try:
        start(entry.content)
        return entry
    except UnreadableError as error:
        if obtain is None:
            raise
        if report:
            report(f'{error}: built anew')
    return obtain(True)


def _numbers(version):
    return tuple(int(part) for part in version.split('.'))


def _timing_name(libraries, device):
    words = f'{libraries.kind} {libraries.version} {device.name} {device.compute_capability}'
    return Path('_'.join(''.join(c if c.isalnum() or c in '.-' else ' ' for c in words).split())
                + '.timing')


class TensorRtEngine:
    """An engine of one input size; same use as the one of ONNX Runtime."""

    name = 'tensorrt'
    note = ''
    built = False
    """It was built just now, and not taken from the cache."""
    file = None
    """Where the cache keeps it."""

    def __init__(self, runner, spec, height, width, precision, device, record=None):
        """Take a Runner; `record` is the sidecar of the cache."""
        self.runner, self.spec, self.height, self.width = runner, spec, height, width
        self.precision, self.device, self.record = precision, device, record or {}

    @property
    def parity(self):
        """Parity against ONNX Runtime at build; None when it was not compared."""
        found = self.record.get('check', {}).get('parity')
        return parity.Parity.from_record(found) if found else None

    @property
    def latency_ms(self):
        """Median and 99th percentile of a frame at build, as the sidecar has them."""
        return self.record.get('check', {}).get('latency_ms')

    def describe(self):
        """Short text for diagnostics: library, version, precision, GPU."""
        kind, note = self.runner.libraries, self.runner.note
        return (f'{kind.kind} {kind.version} {self.precision} {self.device.name}'
                + (f', {note}' if note else ''))

    def run(self, image, sparse_depth=None, domain=NEAREST):
        """One frame through the network; see engines.onnxruntime.OnnxRuntimeEngine.run."""
        outputs = self.runner.run(feed_of(self.spec, image, sparse_depth, domain))
        return unbatched(self.spec, {name: outputs[name] for name in self.spec.outputs})

    def close(self):
        """Give the memory on the GPU back."""
        self.runner.close()
