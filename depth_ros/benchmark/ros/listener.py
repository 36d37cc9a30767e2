# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Helper: subscribes outputs of a node and notes when each message came."""
import time

from depth_ros.benchmark.ros.helper import serve
from depth_ros.demo.graph import stamp_of
import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image, PointCloud2

QUEUE = 10
# So long without a message means that no more will come.
DRAIN_SECONDS = 0.2


class Listener:
    """Subscriptions of one process; messages are taken as they come, without decoding them."""

    def __init__(self, namespace, topics):
        """Subscribe `topics` below `namespace`."""
        rclpy.init(args=[])
        self.arrivals = {topic: [] for topic in topics}
        self._node = rclpy.create_node('listener', namespace=namespace)
        for topic, arrivals in self.arrivals.items():
            self._node.create_subscription(
                PointCloud2 if topic.endswith('points') else Image, topic,
                lambda data, arrivals=arrivals: arrivals.append((stamp_of(data),
                                                                 time.monotonic_ns())),
                QoSProfile(depth=QUEUE), raw=True)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)

    def listen(self, stopped, heard_all):
        """Take messages until `stopped()`; call `heard_all` once, after one on each topic."""
        told = False
        while not stopped():
            self._executor.spin_once(timeout_sec=0.05)
            if not told and all(self.arrivals.values()):
                told = True
                heard_all()
        self._drain()

    def _drain(self):
        """Take what is still on its way."""
        last = None
        while (count := sum(map(len, self.arrivals.values()))) != last:
            last = count
            end = time.monotonic() + DRAIN_SECONDS
            while time.monotonic() < end:
                self._executor.spin_once(timeout_sec=DRAIN_SECONDS / 4)

    def close(self):
        """Leave the graph."""
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.try_shutdown()


def main(options, commands, say):
    """Listen until the input ends; say when all topics were heard, and at last all arrivals."""
    listener = Listener(options['namespace'], options['topics'])
    try:
        listener.listen(lambda: not commands.empty(), lambda: say('heard'))
    except ExternalShutdownException:
        pass
    say(listener.arrivals)
    listener.close()


if __name__ == '__main__':
    serve(main)
