# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The life of the nodes as processes: transitions, subscribers, every image's fate, the end."""

import signal
import time

from depth_ros.benchmark.ros.accounts import counts, unaccounted
import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not installed: make venv')
from made_messages import camera_info, image, nanoseconds, scan  # noqa: E402, I100

pytestmark = pytest.mark.ros


def quiet(node):
    """Wait until the node has worked off everything and says so."""
    settled = time.time_ns() + 10 ** 9
    node.wait(lambda: node.told_ns > settled and not unaccounted(counts(node.values)),
              'one fate for every image')


@pytest.mark.slow
def test_one_output_per_matched_image(bench):
    """
    600 images of 15 Hz, scans of 10 Hz: each image has one fate, each output one image.

    They are sent three times as fast as their stamps say.
    """
    overrides = {f'qos_overrides.NAMESPACE/{topic}.subscription.{policy}': value
                 for topic in ('image', 'scan', 'camera_info')
                 for policy, value in (('reliability', 'reliable'), ('depth', 50))}
    events = sorted([(i / 15, 'image') for i in range(600)]
                    + [(i / 10, 'scan') for i in range(400)])
    # A busy machine may hold a scan back: let its images wait.
    with bench(reliable=True, max_wait=5.0, **overrides) as node:
        node.good_frame()
        quiet(node)
        before, base, sent = node.count('images_in'), node.stamp + 10 ** 9, []
        node.received['depth/image'].clear()
        start = time.monotonic()
        for at, kind in events:
            due = start + at / 3
            while time.monotonic() < due:
                node.executor.spin_once(timeout_sec=max(due - time.monotonic(), 0))
            stamp = base + round(at * 1e9)
            if kind == 'scan':
                node.send(scan=scan(stamp))
            else:
                sent.append(stamp)
                node.send(camera_info=camera_info(stamp), image=image(stamp))
        quiet(node)
        values = node.values
    assert node.count('images_in') - before == 600
    stamps = [nanoseconds(message) for message in node.received['depth/image']]
    assert stamps == sorted(set(stamps)) and set(stamps) <= set(sent)
    dropped = {name: int(value) for name, value in values.items() if name.startswith('dropped: ')}
    # A stall of a busy machine makes the newest image win; nothing else may happen.
    assert set(dropped) <= {'dropped: a newer image was ready first'}
    assert len(stamps) + sum(dropped.values()) == 600
    assert len(stamps) > 300, values


def test_nothing_is_computed_without_a_subscriber(bench):
    with bench(listen=()) as node:
        sent = []
        node.wait(lambda: node.count('images_in') >= 10, 'ten images',
                  every=lambda: sent.extend(node.send_good() for _ in range(4)))
        assert node.count('images_unwanted') == node.count('images_in')
        assert not [k for k in node.values if k.startswith('inference_ms')]
        assert node.count('images_out') == 0
        node.subscribe('depth/camera_info')
        node.wait(lambda: node.received['depth/camera_info'], 'camera_info', every=node.send_good)
        node.wait(lambda: node.count('images_out') >= 1, 'the count of outputs')
        node.unsubscribe('depth/camera_info')
        unwanted = node.count('images_unwanted')
        node.wait(lambda: node.count('images_unwanted') > unwanted + 5, 'unwanted images again',
                  every=lambda: [node.send_good() for _ in range(4)])


def test_lifecycle(bench):
    with bench(autostart=False) as node:
        assert node.state == 'unconfigured' and node.message == 'node is unconfigured'
        # A transition that is not allowed now must be refused, and not end the node.
        assert not node.change_state('activate') and node.state == 'unconfigured'
        assert 'is refused' in node.log
        for turn in range(2):
            assert node.change_state('configure') and node.state == 'inactive'
            node.refresh()
            assert node.values['state'] == 'inactive'
            before = node.count('images_in')
            assert node.change_state('activate') and node.state == 'active'
            node.good_frame()
            assert node.change_state('deactivate') and node.state == 'inactive'
            node.refresh()
            assert 'node is inactive' in node.message
            after = node.count('images_in')
            assert after > before
            ignored = {node.send_good() for _ in range(5)}
            node.refresh()
            assert node.count('images_in') == after
            assert not ignored & {nanoseconds(m) for m in node.received['depth/image']}
            if turn == 0:
                assert node.change_state('cleanup') and node.state == 'unconfigured'
        assert node.change_state('activate')
        node.good_frame()
        for _ in range(5):
            node.send_good(width=640, height=480)
        assert node.change_state('shutdown active') and node.state == 'finalized'
        node.refresh()
        assert not unaccounted(counts(node.values)) and node.count('images_in') > 2, node.values
    assert node.status_at_exit == 0, node.log
    assert 'Traceback' not in node.log


@pytest.mark.parametrize('stop', [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize('executable', ['completion', 'monocular'])
def test_the_node_ends_cleanly_in_mid_work(bench, executable, stop):
    with bench(executable=executable) as node:
        node.good_frame(width=640, height=480)
        for _ in range(10):
            node.send_good(width=640, height=480)
        assert node.stop(stop) == 0, node.log
    assert 'Traceback' not in node.log and 'terminate' not in node.log
