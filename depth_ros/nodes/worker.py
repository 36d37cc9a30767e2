# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The thread that estimates, so that callbacks, services and diagnostics stay prompt."""

import threading
import time


class Worker:
    """
    Takes the newest work, again and again; nothing queues up here.

    :param take: called with the lock held, returns (work or None, seconds to wait or None).
    :param process: called with the work, without the lock; must not raise.
    """

    def __init__(self, take, process):
        """Nothing runs before `start`."""
        self._take, self._process = take, process
        self._condition = threading.Condition()
        self._thread = None
        self._running = False

    def start(self):
        """Start the thread."""
        self._running = True
        self._thread = threading.Thread(target=self._run, name='estimator', daemon=True)
        self._thread.start()

    def stop(self):
        """End the thread after the frame in hand; safe to call twice."""
        with self._condition:
            self._running = False
            self._condition.notify_all()
        # A daemon thread that is still inside rclpy at interpreter exit aborts the process.
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def give(self, change, *arguments):
        """Run `change(*arguments)` under the lock (it stores new input) and wake the thread."""
        with self._condition:
            change(*arguments)
            self._condition.notify()

    def locked(self, function):
        """Run `function()` under the lock and return its result."""
        with self._condition:
            return function()

    def _run(self):
        while (work := self._next()) is not None:
            self._process(work)

    def _next(self):
        """Wait for work; None at the end, before anything is taken that nobody would process."""
        with self._condition:
            while self._running:
                work, seconds = self._take()
                if work is not None:
                    return work
                self._condition.wait(seconds)
        return None


def seconds_until(deadline_ns):
    """Seconds from now to a time of `time.monotonic_ns`, at least 1 ms; None stays None."""
    if deadline_ns is None:
        return None
    return max((deadline_ns - time.monotonic_ns()) / 1e9, 0.001)
