# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
An engine that answers at once, by ONNX Runtime, and changes to another one when that is ready.

Building or compiling in the configure transition would hold up the node's services and its depth.
Here a thread builds, checks and warms up; the frame after that runs in the new engine. When it
fails or is refused, ONNX Runtime stays, and `note` says why.
"""

from importlib import import_module
from inspect import signature

from depth_ros import engines
from depth_ros.contracts import choose
from depth_ros.engines import EngineError, PrecisionError, UnavailableError
from depth_ros.engines.candidates import candidates_of
from depth_ros.engines.upgrader import CHOICE, Upgrader


def load(name, spec, height, width, report=None, **options):
    """
    Load as `engines.load`, without waiting for a build, a compilation or a measurement.

    :param report: called, from another thread too, with lines of progress.
    :raises UnavailableError: what was asked for is not here: a library, a device or a provider of
        ONNX Runtime.
    :raises PrecisionError: the engine has no such precision.
    """
    if name == 'auto':
        targets = [CHOICE] if len(candidates_of(options)) > 1 else []
        try:
            probe('tensorrt', options)
            targets.append('tensorrt')
        except (PrecisionError, UnavailableError):
            pass
    else:
        probe(name, options)
        targets = [] if name == 'onnxruntime' and engines.is_reference(options) else [name]
    base = engines.load_reference(spec, height, width, options=options)
    if not targets:
        return base
    return UpgradingEngine(base, Upgrader(targets, base, report, options))


def probe(name, options):
    """Find the library and the device of an engine, which is quick; errors as of `load`."""
    found = import_module(choose(engines.ENGINES, name, 'engine')).probe
    found(**{option: options[option] for option in signature(found).parameters
             if option in options})


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
    def choice(self):
        """Return why `auto` took what it took, or ''."""
        return self.upgrader.choice(self.height, self.width)

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

    def run(self, *frame, **named):
        """One frame through the engine that answers now; one that fails is not asked again."""
        engine = self.current
        if engine is not self.base:
            try:
                return engine.run(*frame, **named)
            except EngineError as error:
                self.upgrader.give_up(self.height, self.width, engine, error)
        return self.base.run(*frame, **named)

    def close(self):
        """Free what is on the GPU; call it when no frame is running."""
        self.upgrader.close()
