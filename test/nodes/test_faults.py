# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Faults of the input over DDS: what the user reads, what is lost, and that depth comes back.

Inputs are reliable here, so that what is lost is lost by the node, and must be in its counters.
With DEPTH_ROS_FAULTS=FILE every fault adds a line to that file: images lost, seconds to recover.
"""

from depth_ros.benchmark.ros.accounts import counts
import numpy as np
import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not installed: make venv')
from fault_rules import RELIABLE, SECOND, settle, stream  # noqa: E402, I100
from made_messages import camera_info, image, nanoseconds, scan  # noqa: E402
from node_bench import Bench, INPUTS, POSE  # noqa: E402

pytestmark = pytest.mark.ros


@pytest.fixture(scope='module')
def running(model, tmp_path_factory):
    """One completion node for all faults."""
    with Bench('completion', reliable=True, folder=tmp_path_factory.mktemp('bench'), model=model,
               max_residual=10.0, watchdog_period=0.5, max_wait=0.05, **RELIABLE, **POSE) as node:
        node.good_frame()
        settle(node)
        yield node
    assert node.status_at_exit == 0 and 'Traceback' not in node.log


def test_every_publisher_restarts(fault):
    node, recovered = fault
    for topic in INPUTS:
        node.withdraw(topic)
    node.expect('nobody publishes it: check the remapping')
    for topic in INPUTS:
        node.publish_on(topic)
    found = recovered()
    assert found['out'] >= 1
    node.wait(lambda: 'nobody publishes' not in node.message, 'an end of the warning',
              every=node.send_good)


@pytest.mark.parametrize('topic', ['scan', 'camera_info', 'image'])
def test_a_topic_dies_and_returns(fault, topic):
    node, recovered = fault

    def others():
        stamp = node.next_stamp()
        messages = {'camera_info': camera_info(stamp), 'scan': scan(stamp), 'image': image(stamp)}
        node.send(**{name: message for name, message in messages.items() if name != topic})
    node.withdraw(topic)
    node.expect(f'no {topic} on {node.namespace}/{topic} for ', every=others)
    # The last camera_info still counts; without scans and without images nothing comes out.
    if topic == 'scan':
        node.wait(lambda: node.count('dropped: no scan within max_skew') > 2, 'drops',
                  every=others)
    node.publish_on(topic)
    found = recovered()
    assert set(found['dropped']) <= {'no scan within max_skew', 'a newer image was ready first'}
    assert bool(found['dropped'].get('no scan within max_skew')) or topic != 'scan'


def test_a_lidar_of_5_hz(fault):
    """Every image within 60 ms of a scan is answered, and the others are named."""
    node, recovered = fault
    node.received['depth/image'].clear()
    stream(node, 1.4, image_hz=30, scan_hz=5)
    settle(node)
    answered = {nanoseconds(message) for message in node.received['depth/image']}
    found = recovered()
    assert found['dropped']['no scan within max_skew'] >= 42 - 7 * 4
    assert len(answered) > 5 and found['out'] >= len(answered)


@pytest.mark.parametrize('jump', [-2, 7 * 86400])
def test_the_clock_jumps(fault, jump):
    node, recovered = fault
    jumps = node.count('time_jumps')
    stream(node, 0.5)
    node.stamp += jump * SECOND
    stream(node, 0.5)
    found = recovered()
    assert found['out'] > 2
    assert (node.count('time_jumps') > jumps) == (jump < 0)
    node.stamp += abs(jump) * SECOND


def test_a_short_bag_loops(fault):
    node, recovered = fault
    jumps, start = node.count('time_jumps'), node.next_stamp()
    for _ in range(3):
        stream(node, 0.7, start=start)
    found = recovered()
    assert node.count('time_jumps') >= jumps + 2 and found['in'] >= 30
    # What waited for its scan when time jumped, what came at once with a newer one, and images
    # between a last scan and the next.
    assert set(found['dropped']) <= {'time jumped back while it waited', 'no scan within max_skew',
                                     'a newer image was ready first'}


def test_parameters_change_while_it_works(fault):
    node, recovered = fault
    rng = np.random.default_rng(3)
    changes = {'depth_encoding': ['32FC1', '16UC1'], 'far_value': ['inf', 'nan'],
               'min_confidence': [0.0, 0.5], 'cloud_stride': [1, 3], 'max_wait': [0.0, 0.05],
               'max_skew': [0.02, 0.06], 'scan_stamp_offset': [0.0, 0.01], 'color_max': [0.0, 9.0],
               'rectified': [True, False], 'lidar_translation': [[0.0, 0.1, 0.0], [0.0, 0.2, 0.0]]}
    for _ in range(60):
        name = str(rng.choice(list(changes)))
        node.send_good()
        assert node.set_parameter(name, changes[name][rng.integers(2)]) == (True, '')
        assert not node.set_parameter(name, [1.0])[0]
    for name, (first, *_) in changes.items():
        assert node.set_parameter(name, False if name == 'rectified' else first)[0]
    assert node.set_parameter('max_wait', 0.05)[0] and node.set_parameter('max_skew', 0.06)[0]
    found = recovered()
    assert found['in'] > 60 and set(found['dropped']) <= {
        'no scan within max_skew', 'a newer image was ready first'}


def test_an_image_of_another_size_and_back(fault):
    node, recovered = fault
    for size in ((320, 240), (64, 48), (48, 64)):
        node.good_frame(width=size[0], height=size[1])
    assert recovered()['out'] >= 4


def test_a_subscriber_that_nothing_suits_is_told_to_the_user(model, tmp_path):
    """The node offers best effort and the subscriber asks for reliable."""
    override = {'qos_overrides.NAMESPACE/depth/image.publisher.reliability': 'best_effort'}
    with Bench('completion', folder=tmp_path, model=model, **override, **POSE) as node:
        node.wait(lambda: 'requesting incompatible QoS' in node.log, 'a warning in the log')
        node.wait(lambda: node.count('images_unwanted') > 2, 'images that nobody gets',
                  every=node.send_good)
        assert counts(node.values)['out'] == 0


def test_a_publisher_that_offers_too_little_is_told_to_the_user(model, tmp_path):
    """The node asks for reliable and the camera offers best effort."""
    with Bench('completion', folder=tmp_path, model=model, watchdog_period=0.5, **RELIABLE,
               **POSE) as node:
        status = node.expect(f'no image on {node.namespace}/image for ')
        node.wait(lambda: 'offers best effort sensor_msgs/msg/Image, which does not suit this '
                  'node' in node.message, 'the mismatch', every=node.send_good)
        assert status.level == b'\x01' and node.count('images_in') == 0
        node.reliable = True
        for topic in INPUTS:
            node.withdraw(topic)
            node.publish_on(topic)
        node.good_frame()
