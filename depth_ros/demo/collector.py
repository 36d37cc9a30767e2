# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Listens to a depth node from outside: arrivals, depth images, diagnostics."""
from functools import partial
import time

from depth_ros import messages
from depth_ros.demo.graph import Member, stamp_of
from diagnostic_msgs.msg import DiagnosticArray
import numpy as np
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image, PointCloud2

QUEUE = 50
CLOUD = 'depth/points'


class Collector(Member):
    """
    Counts images and depth images by stamp; a context manager.

    :param image: topic that the node under test subscribes to.
    :param node: name of the node under test, for its diagnostics.
    :param keep: called with (stamp_ns, depth `(H, W)` metres) for each depth image, or None.
    :param listen: more topics of the node to subscribe; `arrivals[topic][stamp_ns]` is when.
    """

    def __init__(self, image, node, keep=None, listen=()):
        """Join the graph; the environment must be set before."""
        super().__init__('collector')
        self.images, self.depths = {}, {}
        self.arrivals = {topic: {} for topic in listen}
        self.status = None
        self._keep, self.node_name = keep, node
        self._node.create_subscription(Image, image, self._on_image, QoSProfile(depth=QUEUE),
                                       raw=True)
        self._node.create_subscription(Image, 'depth/image', self._on_depth,
                                       QoSProfile(depth=QUEUE))
        self._node.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics,
                                       QoSProfile(depth=QUEUE))
        for topic, heard in self.arrivals.items():
            self._node.create_subscription(
                PointCloud2 if topic == CLOUD else Image, topic, partial(_note, heard),
                QoSProfile(depth=QUEUE), raw=True)

    def _on_image(self, data):
        _note(self.images, data)

    def _on_depth(self, msg):
        stamp = messages.stamp_ns(msg.header)
        self.depths[stamp] = time.monotonic_ns()
        if self._keep is not None:
            self._keep(stamp, messages.image_to_depth(msg))

    def _on_diagnostics(self, msg):
        for status in msg.status:
            if status.name.rpartition('/')[2] == self.node_name:
                self.status = status

    def value(self, name, default=None):
        """Return one of the node's diagnostics values as text."""
        values = {} if self.status is None else {v.key: v.value for v in self.status.values}
        return values.get(name, default)

    def values(self):
        """Return all diagnostics values of the node as `{name: text}`."""
        return {} if self.status is None else {v.key: v.value for v in self.status.values}

    def latencies_ms(self):
        """Milliseconds from an image's arrival here to its depth's, in the order of the stamps."""
        return np.array([(self.depths[stamp] - self.images[stamp]) / 1e6
                         for stamp in sorted(self.depths) if stamp in self.images])

    def rate(self):
        """Depth images per second, from the first to the last."""
        arrivals = sorted(self.depths.values())
        if len(arrivals) < 2:
            return 0.0
        return (len(arrivals) - 1) * 1e9 / max(arrivals[-1] - arrivals[0], 1)


def _note(heard, data):
    heard[stamp_of(data)] = time.monotonic_ns()
