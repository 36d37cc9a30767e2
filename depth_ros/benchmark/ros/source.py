# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Helper: a camera and a LiDAR that look at a wall, published at an even pace when it is told to.

Images, camera_info and scans are made once; what changes from one to the next is the stamp, which
is the monotonic clock of the machine.
"""
import struct
import time

from depth_ros.benchmark.ros.helper import serve
from depth_ros.benchmark.scene import beams, camera, HEIGHT, picture, WIDTH
from depth_ros.contracts import NANOSECONDS
import rclpy
from rclpy.qos import QoSProfile
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CameraInfo, Image, LaserScan
from std_msgs.msg import Header

QUEUE = 10
PICTURES = 3
START_SECONDS = 30.0
# A later image than this is left out, as a camera would have done; the pace goes on.
MOST_LATE_PERIODS = 1


def _templates():
    """Make serialized images, camera_info and scan; their stamp begins at byte 4."""
    view, (angles, ranges) = camera(), beams()
    optical, laser = Header(frame_id='camera'), Header(frame_id='laser')
    images = [Image(header=optical, height=HEIGHT, width=WIDTH, encoding='rgb8', step=3 * WIDTH,
                    data=picture(index).tobytes()) for index in range(PICTURES)]
    info = CameraInfo(header=optical, height=HEIGHT, width=WIDTH, distortion_model='plumb_bob',
                      d=[0.0] * 5, k=[view.fx, 0, view.cx, 0, view.fy, view.cy, 0, 0, 1],
                      p=[view.fx, 0, view.cx, 0, 0, view.fy, view.cy, 0, 0, 0, 1, 0],
                      r=[1.0, 0, 0, 0, 1, 0, 0, 0, 1])
    scan = LaserScan(header=laser, angle_min=float(angles[0]), angle_max=float(angles[-1]),
                     angle_increment=float(angles[1] - angles[0]), range_min=0.05,
                     range_max=30.0, ranges=ranges.tolist())
    return ([bytearray(serialize_message(image)) for image in images],
            bytearray(serialize_message(info)), bytearray(serialize_message(scan)))


def _stamped(data, stamp_ns):
    struct.pack_into('<iI', data, 4, *divmod(stamp_ns, NANOSECONDS))
    return bytes(data)


class Source:
    """The publishers of one camera and its LiDAR."""

    def __init__(self, namespace, period_s):
        """Advertise below `namespace`."""
        rclpy.init(args=[])
        self._node = rclpy.create_node('source', namespace=namespace)
        self._publishers = [self._node.create_publisher(kind, topic, QoSProfile(depth=QUEUE))
                            for kind, topic in ((Image, 'image'), (CameraInfo, 'camera_info'),
                                                (LaserScan, 'scan'))]
        self._images, self._info, self._scan = _templates()
        self._period_s = period_s

    def wait_for_subscriber(self, with_scan, stopped):
        """Wait until the node has found the inputs that it takes."""
        limit, needed = time.monotonic() + START_SECONDS, self._publishers[:2 + with_scan]
        while time.monotonic() < limit and not stopped():
            if all(publisher.get_subscription_count() for publisher in needed):
                return
            time.sleep(0.02)

    def publish(self, count, stopped):
        """Publish images at the pace; return [stamp, publication] in nanoseconds of each."""
        image, info, scan = self._publishers
        published, due = [], time.monotonic()
        while len(published) < count and not stopped():
            time.sleep(max(due - time.monotonic(), 0))
            stamp = time.monotonic_ns()
            # The image last: its latency starts when all that it needs is there.
            info.publish(_stamped(self._info, stamp))
            scan.publish(_stamped(self._scan, stamp))
            data = _stamped(self._images[len(published) % PICTURES], stamp)
            published.append([stamp, time.monotonic_ns()])
            image.publish(data)
            due = max(due + self._period_s,
                      time.monotonic() - MOST_LATE_PERIODS * self._period_s)
        return published

    def close(self):
        """Leave the graph."""
        self._node.destroy_node()
        rclpy.try_shutdown()


def main(options, commands, say):
    """Publish as many images as each command says; say when each was, after each command."""
    source = Source(options['namespace'], options['period_s'])
    source.wait_for_subscriber(options['with_scan'], lambda: not commands.empty())
    say('ready')
    while (count := commands.get()) is not None:
        say(source.publish(count, lambda: not commands.empty()))
    source.close()


if __name__ == '__main__':
    serve(main)
