# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
An engine that answers at once, by ONNX Runtime, and changes to another one when that is ready.

Building or compiling in the configure transition would hold up the node's services and its depth.
Here a thread builds, checks and warms up; the frame after that runs in the new engine. When it
fails or is refused, ONNX Runtime stays, and `note` says why.
"""

import threading
import time

from depth_ros import engines
from depth_ros.contracts import choose
from depth_ros.engines import EngineError, UnavailableError
import numpy as np

# Two builds at once would share the memory of one GPU.
_one_build = threading.Lock()


def load(name, spec, height, width, report=None, **options):
    """
    Load as `engines.load`, without waiting for a build.

    :param report: called, from another thread too, with lines of progress.
    :raises UnavailableError: the library or GPU of an engine that was asked for is not here.
    """
    if name == 'onnxruntime':
        return engines.load(name, spec, height, width, **options)
    try:
        probe('tensorrt' if name == 'auto' else name, options)
    except UnavailableError:
        if name != 'auto':
            raise
        return engines.load('onnxruntime', spec, height, width, **options)
    base = engines.load_only('onnxruntime', spec, height, width, **options)
    return UpgradingEngine(base, Upgrader(name, spec, report, options))


def probe(name, options):
    """
    Find the library and the device of an engine, which is quick.

    :raises UnavailableError: one of them is not here.
    """
    if choose(engines.ENGINES, name, 'engine') and name == 'tensorrt':
        from depth_ros.engines.trt_libraries import libraries
        (options.get('libraries') or libraries()).device()
    elif name == 'openvino':
        from depth_ros.engines import openvino
        openvino.library(options.get('device') or openvino.DEVICE)


class Upgrader:
    """Builds engines for the sizes that are wanted, one after the other, in a thread."""

    def __init__(self, name, spec, report, options):
        """Nothing runs before `want`."""
        self.name, self.spec, self.options = name, spec, options
        # What the thread loads.
        self.target = 'tensorrt' if name == 'auto' else name
        self._say, self._lock = report or (lambda line: None), threading.Lock()
        self._ready, self._notes, self._threads = {}, {}, []
        self._started, self._progress, self._closed = {}, '', False

    def want(self, height, width):
        """Start to build for a size, unless that was done before."""
        with self._lock:
            if (height, width) in self._started or self._closed:
                return
            self._started[height, width] = time.monotonic()
            thread = threading.Thread(target=self._build, args=(height, width), daemon=True,
                                      name='engine')
            self._threads.append(thread)
        self._say(f'{self.spec.name} runs in ONNX Runtime until the '
                  f'{engines.TITLES[self.target]} engine is ready')
        thread.start()

    def ready(self, height, width):
        """Return the engine of a size, or None."""
        return self._ready.get((height, width))

    def note(self, height, width):
        """Return what is not as it was asked for, or ''."""
        return self._notes.get((height, width), '')

    def building(self, height, width):
        """Return what is going on for this size, or ''."""
        size = height, width
        if size not in self._started or size in self._notes:
            return ''
        seconds = time.monotonic() - self._started[size]
        return (f'ONNX Runtime until the {engines.TITLES[self.target]} engine is ready, '
                f'{seconds:.0f} s so far: {self._progress or "starting"}')

    def give_up(self, height, width, error):
        """Go back to ONNX Runtime: the engine of this size fails while it runs."""
        with self._lock:
            engine = self._ready.pop((height, width), None)
            self._notes[height, width] = engines.instead(self.target, f'it failed: {error}')
        if engine is not None:
            engines.close(engine)

    @property
    def busy(self):
        """Whether a thread still builds."""
        return any(thread.is_alive() for thread in self._threads)

    def close(self):
        """Free the engines; what is still being built goes to the cache only."""
        with self._lock:
            self._closed = True
            ready, self._ready = self._ready, {}
        for engine in ready.values():
            engines.close(engine)

    def _report(self, line):
        self._progress = line
        self._say(line)

    def _build(self, height, width):
        engine, note = None, ''
        try:
            with _one_build:
                if self._closed:
                    return
                engine = engines.load_only(self.target, self.spec, height, width,
                                           report=self._report, **self.options)
            if self.name == 'auto' and not engines.faster(engine):
                engines.close(engine)
                engine = None
                self._say('ONNX Runtime is faster here than the TensorRT engine, and stays')
            else:
                note = engine.note
                blank = np.zeros((height, width, 3), np.uint8)
                engine.run(blank, np.zeros((height, width), np.float32))
        except EngineError as error:
            engine, note = None, engines.instead(self.target, error)
        except Exception as error:
            engine, note = None, engines.instead(
                self.target, f'it failed: {type(error).__name__}: {error}')
        with self._lock:
            self._notes[height, width] = note
            if engine is not None and not self._closed:
                self._ready[height, width] = engine
                engine = None
        if engine is not None:
            engines.close(engine)
        elif (height, width) in self._ready:
            self._say(f'{self.spec.name} now runs in {self._ready[height, width].describe()}')


class UpgradingEngine:
    """ONNX Runtime for one size, until the Upgrader has better."""

    def __init__(self, base, upgrader):
        """Take an ONNX Runtime engine and an Upgrader of the same model."""
        self.base, self.upgrader = base, upgrader
        self.spec, self.height, self.width = base.spec, base.height, base.width

    @property
    def current(self):
        """Engine that answers now."""
        return self.upgrader.ready(self.height, self.width) or self.base

    @property
    def name(self):
        """Name of the engine that answers now."""
        return self.current.name

    @property
    def note(self):
        """Return what is not as it was asked for, or ''."""
        return self.upgrader.note(self.height, self.width)

    @property
    def building(self):
        """Return what is going on while the better engine is made, or ''."""
        return self.upgrader.building(self.height, self.width)

    @property
    def record(self):
        """Sidecar of the engine; empty for ONNX Runtime."""
        return getattr(self.current, 'record', {})

    @property
    def busy(self):
        """Whether something is still being built."""
        return self.upgrader.busy

    def expect(self, height, width):
        """Begin to build for a size that frames will have."""
        self.upgrader.want(height, width)

    def resized(self, height, width):
        """Return the engine of another size of the same model."""
        return UpgradingEngine(self.base.resized(height, width), self.upgrader)

    def describe(self):
        """Short text for diagnostics."""
        return self.current.describe()

    def run(self, image, sparse_depth=None):
        """One frame through the engine that answers now; one that fails is not asked again."""
        engine = self.current
        if engine is not self.base:
            try:
                return engine.run(image, sparse_depth)
            except EngineError as error:
                self.upgrader.give_up(self.height, self.width, error)
        return self.base.run(image, sparse_depth)

    def close(self):
        """Free what is on the GPU; call it when no frame is running."""
        self.upgrader.close()
