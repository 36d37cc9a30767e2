# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Faults of TF over DDS: missing, late, changing, broken; see test_faults. Needs tf2_ros."""

import signal
import time

from depth_ros import messages
import numpy as np
import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not installed: make venv')
pytest.importorskip('tf2_ros', reason='tf2_ros is not installed (it comes with ROS 2)')
from fault_rules import RELIABLE, SECOND, settle, stream  # noqa: E402, I100
from geometry_msgs.msg import TransformStamped  # noqa: E402
from made_messages import camera_info, image, nanoseconds, scan, seconds  # noqa: E402
from node_bench import Bench, POSE  # noqa: E402
from rclpy.qos import DurabilityPolicy, QoSProfile  # noqa: E402
from tf2_msgs.msg import TFMessage  # noqa: E402

pytestmark = pytest.mark.ros
STANDING = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]
BOLTED = {'camera_optical': STANDING,
          'laser': (POSE['lidar_translation'], POSE['lidar_rotation'])}
TIMEOUT_S = 0.3


def transform(parent, child, pose, stamp_ns=0):
    """Return a transform of a TFMessage."""
    made = TransformStamped(child_frame_id=child)
    made.header.frame_id, made.header.stamp = parent, seconds(stamp_ns)
    place, turn = made.transform.translation, made.transform.rotation
    place.x, place.y, place.z = pose[0]
    turn.x, turn.y, turn.z, turn.w = pose[1]
    return made


class RobotBench(Bench):
    """A bench that publishes TF too; `late_s`: how long after the images (None: never)."""

    late_s = 0.0

    def __enter__(self):
        """Advertise TF, bolt the sensors on and start the node."""
        super().__enter__()
        latched = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.static = self.node.create_publisher(TFMessage, '/tf_static', latched)
        self.tf = self.node.create_publisher(TFMessage, '/tf', 100)
        return self

    def bolt(self, **poses):
        """Publish where the sensors sit."""
        self.static.publish(TFMessage(transforms=[
            transform('base_link', child, pose) for child, pose in poses.items()]))

    def drive(self, stamp_ns):
        """Publish where the robot stands, around a stamp."""
        self.tf.publish(TFMessage(transforms=[
            transform('odom', 'base_link', STANDING, at)
            for at in range(stamp_ns - SECOND // 5, stamp_ns + SECOND // 5, SECOND // 20)]))

    def send(self, **sent):
        """Publish messages, and TF for the time of an image."""
        super().send(**sent)
        if 'image' in sent and self.late_s is not None:
            end = time.monotonic() + self.late_s
            while time.monotonic() < end:
                self.executor.spin_once(timeout_sec=0.01)
            self.drive(nanoseconds(sent['image']))


@pytest.fixture(scope='module')
def running(model, tmp_path_factory):
    """One node on a robot that stands, for all faults; at first nobody publishes TF."""
    with RobotBench('completion', reliable=True, folder=tmp_path_factory.mktemp('bench'),
                    model=model, max_residual=10.0, max_wait=0.05, fixed_frame='odom',
                    tf_timeout=TIMEOUT_S, watchdog_period=3600.0, **RELIABLE) as node:
        node.late_s = None
        yield node
    assert node.status_at_exit == 0 and 'Traceback' not in node.log


def row_of(image):
    """Return the row of a depth image that holds the distance of the wall."""
    return int(np.abs(messages.image_to_depth(image)[:, 32] - 2.0).argmin())


def row_below(metres):
    """Return the row of the wall for a LiDAR so far below the camera."""
    return round(23.5 + 64 / 1.2 * metres / 2)


def test_tf_is_missing_at_the_start(fault):
    """First nothing, then the sensors alone, then the robot too."""
    node, recovered = fault
    status = node.expect("no transform from 'laser' to 'camera_optical'", every=node.send_good)
    assert status.level == b'\x02' and 'tf_timeout' in status.message
    node.bolt(**BOLTED)
    node.expect('"odom"', every=node.send_good)
    assert not node.received['depth/image']
    node.late_s = 0.0
    found = recovered()
    assert found['dropped']['rejected'] >= 2 and found['out'] >= 1
    assert node.count('rejected: transform') == found['dropped']['rejected']
    node.wait(lambda: node.message == 'ok', 'an end of the error', every=node.send_good)


def test_tf_dies_and_returns(fault):
    node, recovered = fault
    node.late_s = None
    # Of what TF knew already, one more image may come out.
    node.expect('extrapolation into the future', every=node.send_good)
    node.late_s = 0.0
    found = recovered()
    assert found['dropped']['rejected'] >= 1 and found['out'] >= 1


@pytest.mark.parametrize('late_s', [0.1 * TIMEOUT_S, 3 * TIMEOUT_S],
                         ids=['within tf_timeout', 'beyond it'])
def test_tf_is_late(fault, late_s):
    """Waited for up to tf_timeout; later than that every image is refused, and named."""
    node, recovered = fault
    node.late_s, count = late_s, len(node.received['depth/image'])
    # A second between two stamps: TF of one image says nothing about the next.
    for _ in range(3):
        node.send_good(node.next_stamp(SECOND))
    settle(node)
    node.late_s = 0.0
    found = recovered()
    if late_s < TIMEOUT_S:
        assert not found['dropped'] and len(node.received['depth/image']) >= count + 3
    else:
        assert found['dropped']['rejected'] >= 2


def test_the_sensors_are_moved(fault):
    """Static transforms that change count from the next image on."""
    node, recovered = fault
    assert row_of(node.good_frame()) == row_below(0.1)
    node.bolt(laser=([0.0, 0.25, 0.0], POSE['lidar_rotation']))
    node.wait(lambda: row_of(node.good_frame()) == row_below(0.25), 'the new place')
    node.bolt(**BOLTED)
    node.wait(lambda: row_of(node.good_frame()) == row_below(0.1), 'the old place')
    assert set(recovered()['dropped']) <= {'a newer image was ready first'}


def test_transforms_that_are_none(fault):
    """TF refuses most of them itself; none of them comes out as depth in a wrong place."""
    node, recovered = fault
    node.received['depth/image'].clear()
    nothing = float('nan')
    bad = {'no number': ([nothing, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]),
           'no rotation': ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]),
           'half a rotation': ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.5]),
           'far away': ([1e30, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0])}
    for pose in bad.values():
        node.bolt(laser=pose)
        stamp = node.next_stamp()
        node.tf.publish(TFMessage(transforms=[
            transform('base_link', 'base_link', STANDING, stamp), transform('', '', pose, stamp),
            transform('laser', 'base_link', STANDING, stamp)]))
        node.send_good()
        settle(node)
    assert {row_of(image) for image in node.received['depth/image']} <= {row_below(0.1)}
    node.bolt(**BOLTED)
    # Two parents of the robot, and a tree that bites its tail, end with the transforms' age.
    node.stamp += 60 * SECOND
    found = recovered()
    assert found['out'] >= 1 and node.count('images_failed') == 0
    assert node.process.poll() is None


def test_a_bag_with_tf_loops(fault):
    """Forty seconds back, farther than TF remembers."""
    node, recovered = fault
    jumps, start = node.count('time_jumps'), node.next_stamp()
    for _ in range(3):
        node.stamp = start
        stream(node, 0.4, start=start)
        stream(node, 0.4, start=start + 40 * SECOND)
    found = recovered()
    assert node.count('time_jumps') >= jumps + 2 and found['out'] >= 9
    assert set(found['dropped']) <= {'time jumped back while it waited', 'no scan within max_skew',
                                     'a newer image was ready first'}


def test_frames_that_nobody_knows(fault):
    """A driver that names no frame, and one that names another robot's."""
    node, recovered = fault
    for name in ('', 'laser_of_another_robot'):
        def send(name=name):
            stamp = node.next_stamp()
            line = scan(stamp)
            line.header.frame_id = name
            node.send(camera_info=camera_info(stamp), scan=line)
            node.send(image=image(stamp))
        node.expect(f'no transform from {name!r} to', every=send)
    found = recovered()
    assert found['dropped']['rejected'] >= 2


def test_a_node_that_is_killed_hears_the_static_transforms_again(running):
    running.process.kill()
    assert running.process.wait() == -signal.SIGKILL
    begin = time.monotonic()
    running.start()
    running.received['depth/image'].clear()
    running.good_frame()
    print(f'depth {time.monotonic() - begin:.2f} s after the start')
