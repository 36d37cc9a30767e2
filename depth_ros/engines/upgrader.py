# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The thread that builds, compiles or chooses engines while ONNX Runtime answers."""

import threading
import time

from depth_ros import engines
from depth_ros.engines import choice, EngineError
import numpy as np

# Two builds at once would share the memory of one GPU, and two timings the cores.
_one_build = threading.Lock()
# Takes the fastest that needs no build, see choice.py.
CHOICE = 'choice'


class Upgrader:
    """Loads engines for the sizes that are wanted, one after the other, in a thread."""

    def __init__(self, targets, base, report, options):
        """
        Nothing runs before `want`.

        :param targets: what to load in turn, names of engines or CHOICE; each that is faster
            takes the place of the one before.
        :param base: engine of ONNX Runtime that answers meanwhile.
        """
        self.targets, self.base, self.spec, self.options = targets, base, base.spec, options
        self._say, self._lock = report or (lambda line: None), threading.Lock()
        self._ready, self._notes, self._choices, self._threads = {}, {}, {}, []
        self._started, self._building, self._progress, self._closed = {}, {}, '', False

    def want(self, height, width):
        """Start to load for a size, unless that was done before."""
        with self._lock:
            if (height, width) in self._started or self._closed:
                return
            self._started[height, width] = time.monotonic()
            thread = threading.Thread(target=self._work, args=(height, width), daemon=True,
                                      name='engine')
            self._threads.append(thread)
        thread.start()

    def ready(self, height, width):
        """Return the engine of a size, or None."""
        return self._ready.get((height, width))

    def note(self, height, width):
        """Return what is not as it was asked for, or ''."""
        return self._notes.get((height, width), '')

    def choice(self, height, width):
        """Return why `auto` took what it took, or ''."""
        return self._choices.get((height, width), '')

    def building(self, height, width):
        """Return what is going on for this size, or ''; a choice among what works is nothing."""
        size = height, width
        target = self._building.get(size, CHOICE)
        if target == CHOICE:
            return ''
        ready = self._ready.get(size)
        seconds = time.monotonic() - self._started[size]
        return (f'{_title(ready)} until the {engines.title(target)} engine is ready, '
                f'{seconds:.0f} s so far: {self._progress or "starting"}')

    def give_up(self, height, width, engine, error):
        """Go back to ONNX Runtime: this engine of this size fails while it runs."""
        with self._lock:
            if self._ready.get((height, width)) is not engine:
                return  # It was replaced meanwhile.
            del self._ready[height, width]
            self._notes[height, width] = engines.instead(engine.name, f'it failed: {error}')
        engines.close(engine)

    @property
    def busy(self):
        """Whether a thread still works."""
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

    def _work(self, height, width):
        try:
            for target in self.targets:
                self._step(target, height, width)
        finally:
            self._building.pop((height, width), None)

    def _step(self, target, height, width):
        size = height, width
        self._progress, self._building[size] = '', target
        if target != CHOICE:
            ready = self._ready.get(size)
            self._say(f'{self.spec.name} runs in {_title(ready)} until the '
                      f'{engines.title(target)} engine is ready')
        engine, note = None, ''
        try:
            with _one_build:
                if self._closed:
                    return
                engine = self._load(target, height, width)
            note = engine.note if engine else ''
        except EngineError as error:
            note = engines.instead(target, error)
        except Exception as error:
            note = engines.instead(target, f'it failed: {type(error).__name__}: {error}')
        self._install(size, engine, note)

    def _load(self, target, height, width):
        """Return an engine that has run, or None when the one before is the faster."""
        if target == CHOICE:
            base = self.base.resized(height, width)
            engine = choice.load(self.spec, height, width, base, report=self._report,
                                 **self.options)
            self._choices[height, width] = engine.choice
            if engine is base:
                self._notes[height, width] = engine.note
                return None
        else:
            engine = engines.load_only(target, self.spec, height, width, report=self._report,
                                       **self.options)
            before = self._ready.get((height, width))
            if len(self.targets) > 1 and not engines.faster(engine, before):
                engines.close(engine)
                self._say(f'{_title(before)} is faster here than the {engines.title(target)} '
                          'engine, and stays')
                return None
        blank = np.zeros((height, width, 3), np.uint8)
        engine.run(blank, np.zeros((height, width), np.float32))
        return engine

    def _install(self, size, engine, note):
        with self._lock:
            if note or engine is not None:
                self._notes[size] = note
            closed = self._closed
            if engine is not None and not closed:
                # A frame may still be in the one before: it goes when that frame does.
                self._ready[size] = engine
        if engine is not None and closed:
            engines.close(engine)
        elif engine is not None:
            self._say(f'{self.spec.name} now runs in {engine.describe()}')


def _title(engine):
    """Return the name for people of what answers: an engine, or None for the reference."""
    return engines.title(engine.name if engine is not None else 'onnxruntime')
