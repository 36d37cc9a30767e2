# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Pairs each image with the nearest scan in time; bounded, and every drop has a name."""

from collections import Counter, deque
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np


class Drop(Enum):
    """Why an image left without an output."""

    NO_SCAN = 'no scan within max_skew'
    SUPERSEDED = 'a newer image was ready first'
    QUEUE_FULL = 'too many images waited for a scan'
    OUT_OF_ORDER = 'older than an image already taken'
    TIME_JUMP = 'time jumped back while it waited'
    STOPPED = 'the node was deactivated'


@dataclass(frozen=True)
class Match:
    """An image and its scan; `scan` and `skew_ns` (scan minus image) are None without one."""

    stamp_ns: int
    image: Any
    scan: Any = None
    skew_ns: Any = None


@dataclass
class _Pending:
    stamp_ns: int
    image: Any
    arrival_ns: int


class ScanMatcher:
    """
    Nearest-in-time matching of images and scans, for one consumer that may be slow.

    An image is decided as soon as no better scan can be expected: a scan at or after its stamp
    has arrived, or the running scan period says that the next one will be farther away, or it
    has waited `max_wait_ns`, or the queue is full.  Memory is bounded by `queue_size` images and
    `scan_count` scans.  A stamp that falls by more than `jump_ns` (a looping bag, a clock set
    back) clears everything.

    Not thread-safe: the caller holds a lock.  `now_ns` is any monotonic clock.
    """

    def __init__(self, max_skew_ns, max_wait_ns, queue_size=8, scan_count=32,
                 jump_ns=500_000_000):
        """All times are integer nanoseconds."""
        self.max_skew_ns, self.max_wait_ns = int(max_skew_ns), int(max_wait_ns)
        self.queue_size, self.jump_ns = queue_size, int(jump_ns)
        self.drops = Counter()
        self.images_in = self.scans_in = self.time_jumps = 0
        self._pending = deque()
        self._scans = deque(maxlen=scan_count)
        self._newest_image = None

    def clear(self, reason=Drop.STOPPED):
        """Forget all images (dropped for `reason`) and scans; the counters stay."""
        if self._pending:
            self.drops[reason] += len(self._pending)
        self._pending.clear()
        self._scans.clear()
        self._newest_image = None

    def add_image(self, stamp_ns, image, now_ns):
        """Take an image that arrived at `now_ns`."""
        self.images_in += 1
        if self._newest_image is not None and stamp_ns < self._newest_image:
            if self._newest_image - stamp_ns <= self.jump_ns:
                self.drops[Drop.OUT_OF_ORDER] += 1
                return
            self._jump()
        self._newest_image = stamp_ns
        if len(self._pending) >= self.queue_size:
            self.drops[self._make_room(now_ns)] += 1
        self._pending.append(_Pending(stamp_ns, image, now_ns))

    def add_scan(self, stamp_ns, scan):
        """Take a scan; scans may arrive slightly out of order."""
        self.scans_in += 1
        if self._scans and self._scans[-1][0] - stamp_ns > self.jump_ns:
            self._jump()
        self._scans.append((stamp_ns, scan))
        if len(self._scans) > 1 and self._scans[-2][0] > stamp_ns:
            ordered = sorted(self._scans, key=lambda entry: entry[0])
            self._scans.clear()
            self._scans.extend(ordered)

    def take(self, now_ns, keep_unmatched=False):
        """
        Newest decided image as a Match, or None; older decided ones are counted as dropped.

        :param keep_unmatched: return an image without a scan (scan None) rather than drop it.
        """
        newest = None
        while self._pending:
            match = self._decide(self._pending[0], now_ns)
            if match is None:
                break
            self._pending.popleft()
            if match.scan is None and not keep_unmatched:
                self.drops[Drop.NO_SCAN] += 1
                continue
            if newest is not None:
                self.drops[Drop.SUPERSEDED] += 1
            newest = match
        return newest

    def deadline_ns(self):
        """Monotonic time at which `take` should be tried again, or None."""
        return self._pending[0].arrival_ns + self.max_wait_ns if self._pending else None

    @property
    def waiting(self):
        """Return the number of images that are not decided."""
        return len(self._pending)

    @property
    def scan_period_ns(self):
        """Median time between the scans at hand, or None with fewer than three."""
        if len(self._scans) < 3:
            return None
        return int(np.median(np.diff([stamp for stamp, _ in self._scans])))

    def _jump(self):
        self.time_jumps += 1
        self.clear(Drop.TIME_JUMP)

    def _make_room(self, now_ns):
        """Give up the oldest image; a slow consumer is not to be blamed on the scan."""
        match = self._decide(self._pending.popleft(), now_ns)
        if match is None:
            return Drop.QUEUE_FULL
        return Drop.NO_SCAN if match.scan is None else Drop.SUPERSEDED

    def _decide(self, pending, now_ns):
        best = min(self._scans, key=lambda s: abs(s[0] - pending.stamp_ns), default=None)
        # A full queue cannot wait: the next image would push this one out undecided.
        expired = (now_ns - pending.arrival_ns >= self.max_wait_ns
                   or len(self._pending) >= self.queue_size)
        if best is None:
            return Match(pending.stamp_ns, pending.image) if expired else None
        skew = best[0] - pending.stamp_ns
        if not (expired or self._no_better_scan_to_come(pending.stamp_ns, abs(skew))):
            return None
        if abs(skew) > self.max_skew_ns:
            return Match(pending.stamp_ns, pending.image)
        return Match(pending.stamp_ns, pending.image, best[1], skew)

    def _no_better_scan_to_come(self, stamp_ns, skew_ns):
        newest = self._scans[-1][0]
        if newest >= stamp_ns:
            return True
        if skew_ns > self.max_skew_ns or self.scan_period_ns is None:
            return False
        return newest + self.scan_period_ns - stamp_ns >= skew_ns
