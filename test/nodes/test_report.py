# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Problems on their way to the log and to /diagnostics."""
import signal

from depth_ros.config import NodeConfig
import pytest

rclpy = pytest.importorskip('rclpy', reason='ROS 2 is not installed: make venv')
from depth_ros.nodes.base import (  # noqa: E402, I100
    BaseNode,
    MOST_LETTERS,
    MOST_LINES,
    one_line,
    run,
)
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


def test_words_of_strangers_are_one_short_line_and_few_of_them():
    """An encoding can be any text, and another with every image."""
    rclpy.init()
    node, lines = BaseNode('flooded', NodeConfig), []
    node.get_logger().error = lines.append
    try:
        for index in range(500):
            letter = chr(ord('a') + index % 26)
            node.report('input', f'image encoding {letter * 3000}\n[INFO] all is well\x1b[2J')
        (_, told), = node.tracker.problems()
    finally:
        node.destroy_node()
        rclpy.shutdown()
    assert len(told) <= MOST_LETTERS and told.endswith(' ...') and told.isprintable()
    assert 0 < len(lines) <= MOST_LINES
    assert one_line('a\nb\x1bc') == 'a b c'


def test_a_signal_while_the_node_is_made_is_a_clean_end():
    """The context is gone, whatever was being made fails, and there is no node to close."""
    def make():
        rclpy.shutdown()
        raise RuntimeError('the context is invalid')
    before = signal.getsignal(signal.SIGINT)
    try:
        assert run(make, []) == 0
    finally:
        signal.signal(signal.SIGINT, before)


def test_only_other_words_are_news():
    tracker = Tracker()
    assert tracker.problem('line', 'they differ by 25 % at 1.5 s')
    assert not tracker.problem('line', 'they differ by 7 % at 11.25 s')
    assert tracker.problems() == [(ERROR, 'they differ by 7 % at 11.25 s')]
    assert tracker.problem('line', 'they differ by nothing')
