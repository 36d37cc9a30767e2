# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Where a frame's time and memory go: named functions measured from outside, none changed."""

from functools import wraps
from importlib import import_module
import resource
import threading
import time
import tracemalloc

import numpy as np

# RUSAGE_THREAD is Linux only.
_WHO = getattr(resource, 'RUSAGE_THREAD', resource.RUSAGE_SELF)


class Profiler:
    """
    Measures calls of chosen functions, each without what measured functions inside it take.

    :param memory: measure new memory instead of time; both at once would time the measuring.
    """

    def __init__(self, memory=False):
        """Nothing is measured before `watch`."""
        self.memory = memory
        self._local, self._lock, self._calls = threading.local(), threading.Lock(), {}
        if memory:
            tracemalloc.start()

    def watch(self, stage, place):
        """
        Measure a function under the name of a stage.

        :param place: 'module:function' or 'module:Class.method'.
        """
        module, _, path = place.partition(':')
        *owners, name = path.split('.')
        owner = import_module(module)
        for part in owners:
            owner = getattr(owner, part)
        setattr(owner, name, self.measured(stage, getattr(owner, name)))

    def measured(self, stage, function):
        """Return the function, measured; `stage` may be a function of its arguments."""
        @wraps(function)
        def wrapper(*arguments, **options):
            call = self._enter()
            try:
                return function(*arguments, **options)
            finally:
                self._leave(call, stage(*arguments) if callable(stage) else stage)
        return wrapper

    def _enter(self):
        stack = self._local.__dict__.setdefault('stack', [])
        if self.memory:
            if stack:
                stack[-1].see_peak()
            tracemalloc.reset_peak()
        stack.append(_Call(self.memory))
        return stack[-1]

    def _leave(self, call, stage):
        stack = self._local.stack
        stack.pop()
        call.end()
        if stack:
            stack[-1].add(call)
        if self.memory:
            tracemalloc.reset_peak()
        with self._lock:
            self._calls.setdefault(stage, []).append(call.figures())

    def reset(self):
        """Forget the calls so far, e.g. those of the warm-up."""
        with self._lock:
            self._calls = {}

    def stages(self, frames):
        """
        Return the figures of every stage, for JSON.

        :param frames: number of frames that were answered.
        :return: {stage: {calls_per_frame, ms: {median, p99}, ms_per_frame, page_faults_per_frame}}
            or, of memory, {calls_per_frame, new_bytes: {median, p99}}; bytes are the most that a
            call held beyond what was there before.
        """
        with self._lock:
            calls = {stage: np.array(figures, float) for stage, figures in self._calls.items()}
        result = {}
        for stage, figures in calls.items():
            values, faults = figures.T
            spread = {'median': float(np.median(values)), 'p99': float(np.percentile(values, 99))}
            row = {'calls_per_frame': len(values) / frames}
            if self.memory:
                row['new_bytes'] = spread
            else:
                row.update(ms=spread, ms_per_frame=float(values.sum()) / frames,
                           page_faults_per_frame=float(faults.sum()) / frames)
            result[stage] = row
        return result


class _Call:
    """One call in hand: its own time and page faults, or its peak of new memory."""

    def __init__(self, memory):
        self.inner_ns = self.inner_faults = self.peak = 0
        self.memory = memory
        self.faults = resource.getrusage(_WHO).ru_minflt
        self.before = tracemalloc.get_traced_memory()[0] if memory else 0
        self.start = time.perf_counter_ns()

    def see_peak(self):
        self.peak = max(self.peak, tracemalloc.get_traced_memory()[1])

    def end(self):
        self.ns = time.perf_counter_ns() - self.start
        self.faults = resource.getrusage(_WHO).ru_minflt - self.faults
        if self.memory:
            self.see_peak()

    def add(self, inner):
        self.inner_ns += inner.ns
        self.inner_faults += inner.faults
        self.peak = max(self.peak, inner.peak)

    def figures(self):
        if self.memory:
            return max(self.peak - self.before, 0), 0
        return (self.ns - self.inner_ns) / 1e6, self.faults - self.inner_faults
