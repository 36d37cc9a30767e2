# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The matcher against random streams and a slow and simple model of it."""

from collections import Counter
import random

from depth_ros.matching import ScanMatcher
import pytest

MS = 1_000_000
SECOND = 1000 * MS


def matcher(**changes):
    return ScanMatcher(**{'max_skew_ns': 60 * MS, 'max_wait_ns': 100 * MS, **changes})


def random_stream(rng):
    """Images and scans with jitter, losses, disorder, duplicates, jumps and bogus stamps."""
    stamp, events = 10 * SECOND, []
    image_period = rng.choice([8, 16, 33, 66, 200]) * MS
    scan_period = rng.choice([10, 25, 100, 500]) * MS
    for kind, period in (('image', image_period), ('scan', scan_period)):
        for index in range(4 * SECOND // period):
            jitter = rng.randint(0, 20 * MS) if rng.random() < 0.5 else 0
            stamp = 10 * SECOND + index * period - rng.choice([0, 0, 0, jitter])
            if rng.random() < 0.01:
                stamp += rng.choice([-3600, -1, 1, 3600]) * SECOND
            if rng.random() < 0.9:
                events.append((index * period + jitter, kind, stamp))
    events.sort()
    if rng.random() < 0.4:  # the bag starts again
        events += [(arrival + 5 * SECOND, kind, stamp) for arrival, kind, stamp in events]
    return events


@pytest.mark.parametrize('seed', range(60))
def test_each_image_gets_exactly_one_fate(seed):
    rng = random.Random(seed)
    queue_size, scan_count = rng.choice([1, 3, 8]), rng.choice([1, 4, 32])
    m = matcher(queue_size=queue_size, scan_count=scan_count,
                max_skew_ns=rng.choice([5, 60]) * MS, max_wait_ns=rng.choice([0, 30, 100]) * MS)
    keep, pause = rng.random() < 0.3, rng.choice([0, 0, 40, 300]) * MS
    fates, free_at, ident, now, recent = Counter(), 0, 0, 0, []
    for now, kind, stamp in random_stream(rng):
        if kind == 'image':
            m.add_image(stamp, ident, now)
            ident += 1
        else:
            jumps = m.time_jumps
            m.add_scan(stamp, stamp)
            recent = (recent if m.time_jumps == jumps else []) + [stamp]
        assert m.waiting <= queue_size and len(m._scans) <= scan_count
        if now < free_at:
            continue
        match = m.take(now, keep)
        if match is None:
            continue
        free_at = now + pause
        fates[match.image] += 1
        at_hand = [s for s, _ in m._scans]
        nearest = min((abs(s - match.stamp_ns) for s in at_hand), default=None)
        if match.scan is None:
            assert keep and (nearest is None or nearest > m.max_skew_ns)
        else:
            assert match.scan in recent and match.skew_ns == match.scan - match.stamp_ns
            assert abs(match.skew_ns) == nearest <= m.max_skew_ns
    assert set(fates.values()) <= {1}
    # No image waits for ever: after max_wait every one is decided.
    last = m.take(now + m.max_wait_ns, keep)
    taken = len(fates) + (last is not None)
    assert m.take(now + m.max_wait_ns, keep) is None and m.deadline_ns() is None
    assert m.images_in == ident == taken + sum(m.drops.values())


@pytest.mark.parametrize('seed', range(10))
def test_with_steady_clocks_the_match_is_the_nearest_of_all_scans(seed):
    """Also among the scans that arrive later: the early decision costs nothing."""
    rng = random.Random(100 + seed)
    period, delay = rng.choice([25, 50, 100]) * MS, rng.randint(0, 60) * MS
    events = [(100 * MS + i * 33 * MS, 'image', i * 33 * MS) for i in range(200)]
    scans = [i * period for i in range(8 * SECOND // period)]
    events += [(100 * MS + s + delay, 'scan', s) for s in scans]
    m, matched = matcher(max_wait_ns=200 * MS), 0
    for now, kind, stamp in sorted(events):
        if kind == 'image':
            m.add_image(stamp, stamp, now)
        else:
            m.add_scan(stamp, stamp)
        match = m.take(now)
        if match and match.stamp_ns > 3 * period:
            matched += 1
            assert abs(match.skew_ns) == min(abs(s - match.stamp_ns) for s in scans)
    assert matched > 50
