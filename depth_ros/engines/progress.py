# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Signs of life while something takes minutes."""

from contextlib import contextmanager
import sys
import threading
import time

EVERY_SECONDS = 3.0


def to_stderr(line):
    """Report to the user of a command."""
    print(line, file=sys.stderr, flush=True)


@contextmanager
def ticking(report, text, every=EVERY_SECONDS):
    """
    Call `report('<text>, 6 s')` every few seconds until the block ends.

    :param report: called with one line from a thread of its own; None is silent.
    """
    if report is None:
        yield
        return
    ended, start = threading.Event(), time.monotonic()

    def tick():
        while not ended.wait(every):
            report(f'{text}, {time.monotonic() - start:.0f} s')

    thread = threading.Thread(target=tick, name='progress', daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
