# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Plays timed records at their pace: no ROS in here."""
from collections import deque
import threading
import time

import numpy as np

# How late the newest messages were: a recording in a loop may be played for days.
KEPT = 10_000


class Player:
    """
    Calls `publish(record)` when each record is due.

    :param rate: speed factor.
    :param publish: called with each record; a record has `stamp_ns`.
    """

    def __init__(self, publish, rate=1.0):
        """Nothing is played before `play`."""
        self._publish, self._rate = publish, rate
        self._stop = threading.Event()
        self._late_ms, self._count = deque(maxlen=KEPT), 0

    def stop(self):
        """End `play` before its next record."""
        self._stop.set()

    @property
    def stopped(self):
        """Whether `stop` was called."""
        return self._stop.is_set()

    def wait(self, seconds):
        """Sleep; True when `stop` was called meanwhile."""
        return self._stop.wait(max(seconds, 0))

    def play(self, records, start_ns):
        """
        Play records in the order of time; the record at `start_ns` is due now.

        The next record is prepared before the wait for it, so that its decoding costs no time.
        """
        begin = time.monotonic_ns()
        for record in records:
            due = begin + int((record.stamp_ns - start_ns) / self._rate)
            if self.wait((due - time.monotonic_ns()) / 1e9):
                return
            self._late_ms.append((time.monotonic_ns() - due) / 1e6)
            self._count += 1
            self._publish(record)

    def summary(self):
        """`{messages, late_ms: {median, p99, max}}`; late are the newest KEPT messages."""
        # A copy at once: another thread may be adding to it.
        late = np.array(self._late_ms.copy() or [0.0])
        return {'messages': self._count,
                'late_ms': {'median': float(np.median(late)),
                            'p99': float(np.percentile(late, 99)), 'max': float(late.max())}}
