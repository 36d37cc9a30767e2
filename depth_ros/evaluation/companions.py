# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Compared frames wait a little for what else came of their time: image, confidence."""


class Companions:
    """
    Joins items of equal stamps, with bounded memory; what never comes is done without.

    :param kinds: names of what belongs to a frame.
    :param patience: frames that wait; with one more, the oldest goes as it is.
    :param kept: items of each kind that are kept for frames that are still to come.
    """

    def __init__(self, kinds, patience=5, kept=40):
        """Begin empty."""
        self._items = {kind: {} for kind in kinds}
        self._waiting, self._patience, self._kept = {}, patience, kept

    def add(self, kind, stamp, item):
        """Take what belongs to a frame; return [(stamp, frame, {kind: item})] of the ready."""
        items = self._items[kind]
        items[stamp] = item
        while len(items) > self._kept:
            del items[next(iter(items))]
        return self._ready()

    def frame(self, stamp, frame):
        """Take a compared frame; return those that are ready, as ``add`` does."""
        self._waiting[stamp] = frame
        return self._ready()

    def finish(self):
        """Return what still waits, with what is there."""
        return self._ready(final=True)

    def _ready(self, final=False):
        ready = []
        for stamp in list(self._waiting):
            whole = all(stamp in items for items in self._items.values())
            if whole or final or len(self._waiting) > self._patience:
                found = {kind: items.pop(stamp) for kind, items in self._items.items()
                         if stamp in items}
                ready.append((stamp, self._waiting.pop(stamp), found))
        return ready
