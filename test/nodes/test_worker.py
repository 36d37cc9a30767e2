# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The worker thread: nothing lost, nothing queued, and always able to stop."""

import threading
import time

from depth_ros.nodes.worker import seconds_until, Worker
import pytest

PATIENCE = 30.0


class Slot:
    """Newest item wins, as in the nodes; counts what was replaced."""

    def __init__(self, hold=0.0):
        self.item, self.replaced, self.done, self.hold = None, 0, [], hold
        self.got = threading.Event()
        self.worker = Worker(self.take, self.process)

    def put(self, item):
        self.replaced += self.item is not None
        self.item = item

    def take(self):
        item, self.item = self.item, None
        return item, None

    def process(self, item):
        time.sleep(self.hold)
        self.done.append(item)
        self.got.set()


def test_every_item_is_processed_or_replaced():
    slot = Slot(hold=0.001)
    slot.worker.start()
    for item in range(1, 501):
        slot.worker.give(slot.put, item)
    slot.worker.stop()
    left = slot.item is not None
    assert slot.done == sorted(set(slot.done))
    assert len(slot.done) + slot.replaced + left == 500


def test_stopping_takes_nothing_that_it_does_not_process():
    for _ in range(200):
        slot = Slot()
        slot.worker.start()
        slot.worker.give(slot.put, 1)
        slot.worker.stop()
        assert len(slot.done) + (slot.item is not None) == 1


def test_it_can_be_started_again_and_stopped_twice():
    slot = Slot()
    slot.worker.stop()
    for item in (1, 2):
        slot.got.clear()
        slot.worker.start()
        slot.worker.give(slot.put, item)
        assert slot.got.wait(PATIENCE)
        slot.worker.stop()
        slot.worker.stop()
    assert slot.done == [1, 2]
    assert 'estimator' not in [thread.name for thread in threading.enumerate()]


def test_a_deadline_wakes_it_without_new_input():
    woken = threading.Event()
    due = time.monotonic_ns() + 50_000_000

    def take():
        if time.monotonic_ns() >= due:
            woken.set()
            return None, None
        return None, seconds_until(due)
    worker = Worker(take, lambda work: None)
    worker.start()
    assert woken.wait(PATIENCE)
    worker.stop()


def test_seconds_until():
    assert seconds_until(None) is None
    assert seconds_until(time.monotonic_ns() - 10 ** 9) == 0.001
    assert seconds_until(time.monotonic_ns() + 10 ** 10) == pytest.approx(10, abs=5)
