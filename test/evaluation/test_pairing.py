# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Pairs of predictions and ground truth in time."""
from depth_ros.evaluation.pairing import Pairs


def test_equal_stamps_pair_in_either_order():
    pairs = Pairs()
    assert pairs.add_prediction(10, 'p10') == []
    assert pairs.add_truth(10, 't10') == [(10, 'p10', 't10')]
    assert pairs.add_truth(20, 't20') == []
    assert pairs.add_prediction(20, 'p20') == [(20, 'p20', 't20')]
    assert pairs.finish() == []
    assert pairs.counts['pairs'] == 2
    assert pairs.counts['unmatched_predictions'] == pairs.counts['unmatched_truths'] == 0


def test_a_lost_truth_is_noticed_when_a_later_one_arrives():
    pairs = Pairs()
    pairs.add_prediction(10, 'p')
    assert pairs.add_truth(20, 't') == []
    assert pairs.counts['unmatched_predictions'] == 1
    pairs.finish()
    assert pairs.counts['unmatched_truths'] == 1


def test_nearest_within_skew():
    pairs = Pairs(max_skew_ns=5)
    pairs.add_truth(6, 'early')
    assert pairs.add_prediction(10, 'p') == []
    assert pairs.add_truth(13, 'late') == [(10, 'p', 'late')]
    assert pairs.add_prediction(12, 'q') == [(12, 'q', 'late')]
    assert pairs.add_prediction(30, 'r') == []
    assert pairs.finish() == []
    assert pairs.counts['unmatched_predictions'] == 1
    assert pairs.counts['unmatched_truths'] == 1


def test_finish_decides_what_waits():
    pairs = Pairs(max_skew_ns=5)
    pairs.add_truth(6, 't')
    pairs.add_prediction(10, 'p')
    assert pairs.finish() == [(10, 'p', 't')]


def test_memory_is_bounded_and_every_message_counted():
    pairs = Pairs(capacity=3)
    for stamp in range(10):
        pairs.add_truth(2 * stamp, stamp)
    assert pairs.counts['unmatched_truths'] == 7
    for stamp in range(100, 110):
        pairs.add_prediction(stamp, stamp)
    assert pairs.counts['unmatched_predictions'] == 7
    pairs.finish()
    assert pairs.counts['unmatched_predictions'] == 10
    assert pairs.counts['unmatched_truths'] == 10


def test_time_jumping_back_starts_again():
    second = 10**9
    pairs = Pairs()
    pairs.add_prediction(9 * second, 'old')
    assert pairs.add_prediction(1 * second, 'new') == []
    assert pairs.add_truth(1 * second, 't') == [(second, 'new', 't')]
    assert pairs.counts['time_jumps'] == 1 and pairs.counts['unmatched_predictions'] == 1
