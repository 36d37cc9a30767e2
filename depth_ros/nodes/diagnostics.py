# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a node tells about itself: counters, recent timings, problems; on /diagnostics."""

from collections import Counter, deque
import re
import threading
import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


class Tracker:
    """Thread-safe counters, sliding windows of numbers, and problems that fade out."""

    def __init__(self, window=200, problem_seconds=5.0):
        """Keep the last `window` numbers of each series; a problem is shown for a while."""
        self._lock = threading.Lock()
        self._series, self._window = {}, window
        self._problems, self._problem_seconds = {}, problem_seconds
        self.counts = Counter()

    def count(self, name, amount=1):
        """Add to a counter."""
        with self._lock:
            self.counts[name] += amount

    def note(self, name, value):
        """Add a number to a series."""
        with self._lock:
            self._series.setdefault(name, deque(maxlen=self._window)).append(float(value))

    def problem(self, key, message, level=ERROR):
        """
        Record a problem; True when it was not shown already (so: log it).

        A message that differs in its numbers only is no new problem.
        """
        now = time.monotonic()
        with self._lock:
            known = self._problems.get(key)
            self._problems[key] = (now, level, message)
            return (known is None or _wording(known[2]) != _wording(message)
                    or now - known[0] > self._problem_seconds)

    def solved(self, key):
        """Forget a problem."""
        with self._lock:
            self._problems.pop(key, None)

    def problems(self):
        """Return the problems of the last seconds, worst first, as (level, message)."""
        oldest = time.monotonic() - self._problem_seconds
        with self._lock:
            self._problems = {k: p for k, p in self._problems.items() if p[0] >= oldest}
            return sorted(((level, message) for _, level, message in self._problems.values()),
                          key=lambda p: -_rank(p[0]))

    def summary(self):
        """Counters, and median and p99 of every series, as ordered `{name: text}`."""
        with self._lock:
            values = {name: str(count) for name, count in self.counts.items()}
            for name, series in self._series.items():
                ordered = sorted(series)
                values[f'{name}.median'] = f'{_quantile(ordered, 0.5):.4g}'
                values[f'{name}.p99'] = f'{_quantile(ordered, 0.99):.4g}'
        return values


def _quantile(ordered, share):
    """Interpolate as np.percentile does, which takes ten times as long for so few numbers."""
    place = share * (len(ordered) - 1)
    index = int(place)
    upper = ordered[min(index + 1, len(ordered) - 1)]
    return ordered[index] + (place - index) * (upper - ordered[index])


def _wording(message):
    return re.sub(r'[\d.]+', '', message)


def _rank(level):
    return level[0] if isinstance(level, bytes) else level


def diagnostic_array(stamp, name, hardware, problems, values):
    """One-status DiagnosticArray: the worst problem gives the level and the message."""
    status = DiagnosticStatus(name=name, hardware_id=hardware)
    status.level = problems[0][0] if problems else OK
    status.message = '; '.join(message for _, message in problems) or 'ok'
    status.values = [KeyValue(key=key, value=str(value)) for key, value in values.items()]
    array = DiagnosticArray(status=[status])
    array.header.stamp = stamp
    return array
