# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What TensorRT says while it works: its log, and a line every few seconds of a build."""

from threading import Event, Thread
from time import perf_counter

PERIOD_S = 5.0
KEPT = 20


def logger(trt):
    """Return a TensorRT logger that keeps its last warnings and errors in `messages`."""
    severity = trt.ILogger.Severity

    class Log(trt.ILogger):

        def __init__(self):
            trt.ILogger.__init__(self)
            self.messages = []

        def log(self, level, message):
            if level in (severity.INTERNAL_ERROR, severity.ERROR):
                self.messages = [*self.messages, message][-KEPT:]

        def first(self):
            """Return the first error as one line."""
            # The first cause stands first; what follows from it comes later.
            return ' '.join((self.messages or ['no reason given'])[0].split())[:300]

    return Log()


class Progress:
    """
    Report `building ..., N s` every few seconds until the block is left.

    :param report: called with each line; None for silence.
    """

    def __init__(self, what, report=None, period_s=PERIOD_S):
        """Start nothing yet."""
        self.what, self.report, self.period_s = what, report, period_s
        self.phases = {}
        self._done, self._thread = Event(), None

    def __enter__(self):
        """Start the clock."""
        self.start = perf_counter()
        if self.report:
            self.report(f'{self.what} ...')
            self._thread = Thread(target=self._speak, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *error):
        """Stop the clock and the lines."""
        self.seconds = perf_counter() - self.start
        self._done.set()
        if self._thread:
            self._thread.join()
        if self.report and error[0] is None:
            self.report(f'{self.what}: done in {self.seconds:.1f} s')

    def _speak(self):
        while not self._done.wait(self.period_s):
            phases = list(self.phases.items())
            state = ', '.join(f'{name} {step}/{steps}' for name, (step, steps) in phases[-2:])
            seconds = perf_counter() - self.start
            self.report(f'{self.what}: {seconds:.0f} s{": " + state if state else ""}')

    def monitor(self, trt):
        """Return a TensorRT progress monitor that feeds the lines; None before TensorRT 10."""
        if not hasattr(trt, 'IProgressMonitor'):
            return None
        phases = self.phases

        class Monitor(trt.IProgressMonitor):

            def __init__(self):
                trt.IProgressMonitor.__init__(self)

            def phase_start(self, phase_name, parent_phase, num_steps):
                phases[phase_name] = (0, num_steps)

            def step_complete(self, phase_name, step):
                if phase_name in phases:
                    phases[phase_name] = (step + 1, phases[phase_name][1])
                return True

            def phase_finish(self, phase_name):
                phases.pop(phase_name, None)

        return Monitor()
