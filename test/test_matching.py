# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The matcher against hand-made streams."""


from depth_ros.matching import Drop, ScanMatcher
import pytest

MS = 1_000_000
SECOND = 1000 * MS


def matcher(**changes):
    return ScanMatcher(**{'max_skew_ns': 60 * MS, 'max_wait_ns': 100 * MS, **changes})


def fed_scans(m, period=100, count=10, start=0):
    for index in range(count):
        m.add_scan((start + index * period) * MS, start + index * period)


def test_the_nearest_scan_wins_whatever_came_last():
    m = matcher()
    for stamp in (100, 140, 180):
        m.add_scan(stamp * MS, stamp)
    for image, scan in ((119, 100), (121, 140), (161, 180), (165, 180)):
        m.add_image(image * MS, image, 0)
        match = m.take(0)
        assert (match.image, match.scan) == (image, scan)
        assert match.skew_ns == (scan - image) * MS and match.stamp_ns == image * MS


def test_nothing_in_nothing_out():
    m = matcher()
    assert m.take(0) is None and m.deadline_ns() is None and m.scan_period_ns is None


def test_a_scan_at_or_after_the_image_decides_at_once():
    m = matcher()
    m.add_scan(0, 'old')
    m.add_image(50 * MS, 'image', 0)
    assert m.take(0) is None
    m.add_scan(50 * MS, 'same')
    assert m.take(0).scan == 'same'


def test_the_scan_period_says_that_waiting_is_useless():
    m = matcher()
    fed_scans(m)  # every 100 ms, the last at 900 ms
    m.add_image(930 * MS, 'near', 0)
    assert m.take(0).scan == 900
    m.add_image(951 * MS, 'nearer to the next', 0)
    assert m.take(0) is None
    m.add_scan(1000 * MS, 1000)
    assert m.take(0).scan == 1000


def test_an_image_waits_no_longer_than_max_wait():
    m = matcher()
    m.add_scan(0, 'old')
    m.add_image(50 * MS, 'image', now_ns=7 * SECOND)
    assert m.deadline_ns() == 7 * SECOND + 100 * MS
    assert m.take(m.deadline_ns() - 1) is None
    assert m.take(m.deadline_ns()).scan == 'old'
    assert m.deadline_ns() is None and not m.drops


def test_no_scan_is_a_drop_or_an_unmatched_image():
    for keep in (False, True):
        m = matcher()
        m.add_scan(0, 'too old')
        m.add_image(61 * MS, 'image', 0)
        assert m.take(99 * MS, keep) is None
        match = m.take(100 * MS, keep)
        if keep:
            assert (match.image, match.scan, match.skew_ns) == ('image', None, None)
            assert not m.drops
        else:
            assert match is None and m.drops == {Drop.NO_SCAN: 1}


def test_skew_at_the_limit_still_matches():
    m = matcher()
    m.add_image(1000 * MS, 'image', 0)
    m.add_scan(1060 * MS, 'edge')
    assert m.take(0).skew_ns == 60 * MS
    m.add_image(1500 * MS, 'image', 0)
    m.add_scan(1560 * MS + 1, 'over the edge')
    assert m.take(0) is None and m.drops == {Drop.NO_SCAN: 1}


def test_the_newest_image_wins_and_the_others_are_counted():
    m = matcher()
    fed_scans(m)
    for stamp in (100, 200, 300):
        m.add_image(stamp * MS, stamp, 0)
    assert m.take(0).image == 300
    assert m.drops == {Drop.SUPERSEDED: 2}


def test_an_older_image_is_out_of_order():
    m = matcher()
    fed_scans(m)
    m.add_image(300 * MS, 'new', 0)
    m.add_image(200 * MS, 'old', 0)
    assert m.take(0).image == 'new' and m.take(0) is None
    assert m.drops == {Drop.OUT_OF_ORDER: 1} and m.time_jumps == 0


def test_two_cameras_with_one_stamp_are_not_out_of_order():
    m = matcher()
    fed_scans(m)
    m.add_image(300 * MS, 'left', 0)
    m.add_image(300 * MS, 'right', 0)
    assert m.take(0).image == 'right'
    assert m.drops == {Drop.SUPERSEDED: 1}


def test_scans_out_of_order_are_sorted():
    m = matcher()
    for stamp in (0, 100, 300, 200, 400, 350):
        m.add_scan(stamp * MS, stamp)
    m.add_image(215 * MS, 'image', 0)
    assert m.take(0).scan == 200
    assert m.scan_period_ns == 100 * MS and m.time_jumps == 0


def test_a_full_queue_drops_the_oldest():
    m = matcher(queue_size=3)
    for stamp in range(5):
        m.add_image(stamp * MS, stamp, 0)
    assert m.drops == {Drop.QUEUE_FULL: 2}
    m.add_scan(2 * MS, 'scan')
    m.add_scan(9 * MS, 'later')
    assert m.take(0).image == 4 and m.drops == {Drop.QUEUE_FULL: 2, Drop.SUPERSEDED: 2}


def test_a_slow_consumer_is_not_blamed_on_the_scan():
    """Every image has its scan; only the consumer is busy."""
    m = matcher(queue_size=3)
    fed_scans(m, count=30)
    for stamp in range(0, 1500, 100):
        m.add_image(stamp * MS, stamp, stamp * MS)
    assert m.take(1500 * MS).image == 1400
    assert m.drops == {Drop.SUPERSEDED: 14}


@pytest.mark.parametrize('policy', ['drop', 'monocular'])
def test_a_silent_scan_at_a_high_image_rate(policy):
    """At 120 Hz more images arrive within max_wait than the queue holds."""
    m = matcher(queue_size=8)
    taken = 0
    for index in range(240):
        now = index * SECOND // 120
        m.add_image(now, index, now)
        taken += m.take(now, policy == 'monocular') is not None
    if policy == 'monocular':
        assert taken > 200 and not m.drops[Drop.QUEUE_FULL]
    else:
        assert m.drops[Drop.NO_SCAN] > 200 and not m.drops[Drop.QUEUE_FULL]


def test_time_jumps_back_with_a_looping_bag():
    m = matcher()
    for turn in range(3):
        matched = 0
        for index in range(20):
            stamp = index * 100
            now = (turn * 20 + index) * 100 * MS
            m.add_scan(stamp * MS, (turn, stamp))
            m.add_image(stamp * MS, (turn, stamp), now)
            match = m.take(now)
            assert match.scan == match.image == (turn, stamp)
            matched += 1
        assert matched == 20
    assert m.time_jumps == 2 and not m.drops


def test_images_that_wait_through_a_jump_are_counted():
    m = matcher()
    m.add_image(5 * SECOND, 'before', 0)
    m.add_image(1 * SECOND, 'after', 0)
    assert m.drops == {Drop.TIME_JUMP: 1} and m.time_jumps == 1
    m.add_scan(1 * SECOND, 'scan')
    assert m.take(0).image == 'after'


def test_scans_of_the_time_before_a_jump_never_match():
    m = matcher(max_skew_ns=3600 * SECOND)
    m.add_scan(10 * SECOND, 'before')
    m.add_image(10 * SECOND, 'first', 0)
    assert m.take(0).scan == 'before'
    m.add_image(1 * SECOND, 'second', 0)
    assert m.take(0) is None
    m.add_scan(1 * SECOND, 'after')
    assert m.take(0).scan == 'after'


def test_time_jumps_forward():
    m = matcher()
    fed_scans(m)
    m.add_image(900 * MS, 'before', 0)
    assert m.take(0).scan == 900
    m.add_image(3600 * SECOND, 'after', 0)
    assert m.take(0) is None
    m.add_scan(3600 * SECOND, 'later')
    assert m.take(0).scan == 'later'
    assert not m.drops


@pytest.mark.parametrize('stream', ['image', 'scan'])
@pytest.mark.parametrize('ahead', [400, 2_000, 10 ** 9])
def test_one_bogus_stamp_in_the_future_does_not_stop_the_node(stream, ahead):
    m = matcher()
    matched = []
    for index in range(40):
        now = index * 50 * MS
        stamp = now + ahead * MS if index == 10 else now
        if stream == 'image':
            m.add_scan(now, index)
            m.add_image(stamp, index, now)
        else:
            m.add_scan(stamp, index)
            m.add_image(now, index, now)
        match = m.take(now)
        if match:
            matched.append(match.image)
    lost = set(range(40)) - set(matched)
    # Within the jump limit images are out of order until the true time catches up.
    assert len(lost) <= 1 + (8 if stream == 'image' and ahead == 400 else 2), lost
    assert set(range(20, 40)) <= set(matched)


def test_sixty_images_a_second_with_a_slow_consumer():
    m = matcher()
    free_at, skews, stamps, period = 0, [], [], SECOND / 60
    for index in range(600):
        now = round(index * period)
        if index % 6 == 0:
            m.add_scan(now, index)
        m.add_image(now, index, now)
        if now >= free_at:
            match = m.take(now)
            if match:
                stamps.append(match.stamp_ns)
                skews.append(abs(match.skew_ns))
                free_at = now + 220 * MS
    assert stamps == sorted(set(stamps)) and len(stamps) > 40
    assert max(skews) <= 50 * MS + 1
    dropped = sum(m.drops.values())
    assert m.images_in == 600 and 600 - len(stamps) - dropped <= 8
    assert set(m.drops) == {Drop.SUPERSEDED}


def test_clear_forgets_everything_but_the_counts():
    m = matcher()
    m.add_scan(SECOND, 'scan')
    m.add_image(SECOND, 'image', 0)
    m.clear()
    assert m.take(10 * SECOND) is None and m.deadline_ns() is None
    assert (m.images_in, m.scans_in) == (1, 1) and m.drops == {Drop.STOPPED: 1}
