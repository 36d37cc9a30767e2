# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A model at a size, in an engine and a precision, in the process that times it."""
from dataclasses import dataclass
from importlib import import_module
from inspect import signature
from pathlib import Path
import signal
import time

from depth_ros import engines
from depth_ros.benchmark import memory
from depth_ros.benchmark.scene import camera, HEIGHT, line, picture, WIDTH
from depth_ros.engines import EngineError, parity, UnavailableError
from depth_ros.engines.progress import to_stderr
import numpy as np

# Frames that do not count: at the start, and before those of each turn.
WARM_UP, WARM = 5, 2


@dataclass(frozen=True)
class Candidate:
    """
    One thing to time; precision None leaves it to the engine.

    options: what makes it another one in the same engine, pairs such as ('providers', 'CUDA').
    """

    model: str
    file: Path
    engine: str
    precision: str = None
    threads: int = 0
    size: tuple = None
    peer: bool = False
    options: tuple = ()


def precisions(engine, wanted=None):
    """Return the precisions to try in an engine: all that it may know, or those wanted."""
    if engine == 'auto':
        return [None]
    all_known = [name for name in engines.PRECISIONS if name != 'auto']
    if 'precision' not in options_of(engine):
        all_known = ['fp32']
    return [name for name in wanted or all_known if name in all_known]


def options_of(engine):
    """Return the names of the options that an engine takes."""
    return set(signature(import_module(engines.ENGINES[engine]).load).parameters)


class Timed:
    """A candidate inside its own process."""

    def __init__(self, candidate):
        """Load it; raises EngineError."""
        from depth_ros.estimator import Estimator
        before, start = memory.peak_mib(), time.perf_counter()
        only = candidate.engine != 'auto'
        options = dict(candidate.options)
        if candidate.precision:
            options['precision'] = candidate.precision
        if only and 'check' in options_of(candidate.engine):
            # The comparison with the reference is made here, and would take memory there.
            options['check'] = False
        self.estimator = Estimator(
            str(candidate.file), candidate.engine, size=candidate.size,
            loader=engines.load_only if only else engines.load, threads=candidate.threads,
            report=to_stderr, **options)
        self.estimator.prepare(camera())
        load_s = time.perf_counter() - start
        engine, spec = self.estimator.engine, self.estimator.spec
        self.facts = {
            'model': spec.name, 'file': str(spec.file), 'task': spec.task,
            'runner': ' '.join([engine.name, *dict(candidate.options).values()]),
            'options': dict(candidate.options),
            'engine': engine.describe(),
            'precision': getattr(engine, 'precision', None) or candidate.precision or 'fp32',
            'input': {'height': engine.height, 'width': engine.width},
            'image': {'height': HEIGHT, 'width': WIDTH}, 'load_s': load_s,
            'memory_before_load_mib': before}
        self._feed = parity.stored_input(spec, engine.height, engine.width)
        self._image, self._sparse, self._camera = picture(), line(), camera()
        self.bare(WARM_UP)

    def bare(self, frames):
        """Milliseconds of the engine; its outputs are host arrays, so it has finished then."""
        run, times = self.estimator.engine.run, []
        for _ in range(WARM + frames):
            start = time.perf_counter()
            run(**self._feed)
            times.append(1e3 * (time.perf_counter() - start))
        return times[WARM:]

    def stages(self, frames):
        """Return the estimator's timings, one dictionary a frame."""
        return [self.estimator.estimate(self._image, self._camera, sparse=self._sparse).timings_ms
                for _ in range(WARM + frames)][WARM:]

    def outputs(self):
        """Run the stored frame, to compare what comes out with the reference."""
        return {name: np.array(value) for name, value in
                self.estimator.engine.run(**self._feed).items()}

    def peak(self):
        """Most memory of the process in MiB."""
        return memory.peak_mib()


def serve(connection, candidate):
    """Answer requests until None comes; an InputError is an answer too, and the last one."""
    from depth_ros.contracts import InputError
    # Ctrl-C is for the benchmark, which ends its processes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        timed = Timed(candidate)
        connection.send(timed.facts)
        while (request := connection.recv()) is not None:
            connection.send(getattr(timed, request[0])(*request[1:]))
    except InputError as error:
        # An error of a subclass may need more than its text to be made again.
        kind = UnavailableError if isinstance(error, UnavailableError) else EngineError
        connection.send(kind(str(error)))
    except EOFError:
        pass  # The benchmark was stopped.
