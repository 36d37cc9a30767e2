# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Sums of counters and arrivals."""
from depth_ros.benchmark.ros.accounts import (
    accounts,
    between,
    counts,
    latencies_of,
    unaccounted,
    whole,
)

BEFORE = {'state': 'active', 'images_in': '6', 'images_out': '4', 'images_unwanted': '2',
          'dropped: a newer image was ready first': '0', 'scan_received': '9'}
AFTER = {**BEFORE, 'images_in': '14', 'images_out': '8', 'images_failed': '1',
         'dropped: a newer image was ready first': '2'}


def test_counts_of_the_images_that_count():
    before, after = counts(BEFORE), counts(AFTER)
    assert unaccounted(before) == 0 and unaccounted(after) == 1
    assert between(before, after) == {
        'in': 8, 'out': 4, 'dropped': {'a newer image was ready first': 2, 'failed': 1}}
    # A node that has said nothing yet has got nothing.
    assert counts({}) == {'in': 0, 'out': 0, 'dropped': {}}


def test_every_loss_has_a_place():
    published = {stamp: 1_000_000 * stamp for stamp in range(1, 10)}
    depth, cloud = [1, 2, 3, 5], [1, 3, 5]
    heard = [{'depth/image': latencies_of(published, [(s, 1_000_000 * (s + 4)) for s in depth]),
              'depth/points': latencies_of(published, [(s, 1_000_000 * (s + 7)) for s in cloud])},
             {'depth/image': latencies_of(published, [(s, 1_000_000 * (s + 9)) for s in depth]),
              'depth/points': latencies_of(published, [(s, 1_000_000 * (s + 5)) for s in depth])}]
    latencies = whole(heard)
    # Image 2 was not complete: one subscriber missed its cloud.
    assert latencies == {1: 9.0, 3: 9.0, 5: 9.0}
    found = between(counts(BEFORE), counts(AFTER))
    assert accounts(published, found, latencies, heard) == {
        'sent': 9, 'lost_before': 1, **found, 'unaccounted': 1, 'arrived': 3, 'lost_after': 1}
    # Images of the warm-up do not count.
    assert latencies_of(published, [(77, 80_000_000)]) == {}
