# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Problems on their way to the log and to /diagnostics."""
from depth_ros.config import NodeConfig
import pytest

rclpy = pytest.importorskip('rclpy', reason='ROS 2 is not installed: make venv')
from depth_ros.nodes.base import BaseNode  # noqa: E402, I100
from depth_ros.nodes.diagnostics import ERROR, Tracker, WARN  # noqa: E402

pytestmark = pytest.mark.ros


def test_warnings_and_errors_in_any_order():
    """ROS refuses two severities from one line of code, with a ValueError."""
    rclpy.init()
    node = BaseNode('told', NodeConfig)
    try:
        for level in (WARN, ERROR, WARN, ERROR):
            node.report('key', f'problem of level {level}', level)
            node.report('key', 'another', level)
        assert [message for _, message in node.tracker.problems()] == ['another']
    finally:
        node.destroy_node()
        rclpy.shutdown()


def test_only_other_words_are_news():
    tracker = Tracker()
    assert tracker.problem('line', 'they differ by 25 % at 1.5 s')
    assert not tracker.problem('line', 'they differ by 7 % at 11.25 s')
    assert tracker.problems() == [(ERROR, 'they differ by 7 % at 11.25 s')]
    assert tracker.problem('line', 'they differ by nothing')
