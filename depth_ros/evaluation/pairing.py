# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Pairs predicted depth with ground truth in time; bounded, and everything left over counted."""
from collections import Counter


class Pairs:
    """
    Pairs each prediction with the ground truth nearest in time.

    A prediction is decided once a ground truth of its stamp or a later one has arrived; with
    ``max_skew_ns`` 0 the stamps must be equal. At most ``capacity`` of each wait. A stamp
    that falls by more than ``jump_ns`` (a bag that loops) starts again. ``counts`` holds
    predictions, truths, pairs, unmatched_predictions, unmatched_truths and time_jumps.
    """

    def __init__(self, max_skew_ns=0, capacity=30, jump_ns=500_000_000):
        """All times are integer nanoseconds."""
        self.max_skew_ns, self.capacity, self.jump_ns = max_skew_ns, capacity, jump_ns
        self.counts = Counter(dict.fromkeys(
            ('predictions', 'truths', 'pairs', 'unmatched_predictions', 'unmatched_truths',
             'time_jumps'), 0))
        self._predictions, self._truths, self._used = {}, {}, set()

    def add_prediction(self, stamp_ns, item):
        """Take a prediction; return the decided pairs as [(stamp, prediction, truth)]."""
        self.counts['predictions'] += 1
        self._check_jump(stamp_ns, self._predictions)
        if stamp_ns in self._predictions:
            self.counts['unmatched_predictions'] += 1
        self._predictions[stamp_ns] = item
        return self._decided()

    def add_truth(self, stamp_ns, item):
        """Take a ground truth; return the decided pairs as [(stamp, prediction, truth)]."""
        self.counts['truths'] += 1
        self._check_jump(stamp_ns, self._truths)
        if stamp_ns in self._truths:
            self.counts['unmatched_truths'] += 1
        self._truths[stamp_ns] = item
        decided = self._decided()
        while len(self._truths) > self.capacity:
            self._forget_truth(min(self._truths))
        return decided

    def finish(self):
        """Decide what still waits, with what is there, and return the pairs."""
        decided = self._decided(final=True)
        for stamp in list(self._truths):
            self._forget_truth(stamp)
        return decided

    def _decided(self, final=False):
        pairs = []
        newest = max(self._truths, default=None)
        for stamp in sorted(self._predictions):
            waits = newest is None or newest < stamp
            if waits and not final and len(self._predictions) <= self.capacity:
                break
            prediction = self._predictions.pop(stamp)
            best = min(self._truths, key=lambda truth: abs(truth - stamp), default=None)
            if best is None or abs(best - stamp) > self.max_skew_ns:
                self.counts['unmatched_predictions'] += 1
                continue
            self._used.add(best)
            self.counts['pairs'] += 1
            pairs.append((stamp, prediction, self._truths[best]))
        return pairs

    def _forget_truth(self, stamp):
        del self._truths[stamp]
        if stamp in self._used:
            self._used.discard(stamp)
        else:
            self.counts['unmatched_truths'] += 1

    def _check_jump(self, stamp_ns, waiting):
        if waiting and max(waiting) - stamp_ns > self.jump_ns:
            self.counts['time_jumps'] += 1
            self.counts['unmatched_predictions'] += len(self._predictions)
            self._predictions.clear()
            for stamp in list(self._truths):
                self._forget_truth(stamp)
