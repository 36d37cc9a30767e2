# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Node: plays a recording into topics, with /clock."""
from importlib import import_module
import sys
import threading
import time

from depth_ros import bags, messages
from depth_ros.config import ReplayConfig
from depth_ros.contracts import InputError, NANOSECONDS
from depth_ros.nodes.base import BaseNode, run
from depth_ros.nodes.player import Player
import numpy as np
import rclpy
from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image
from tqdm import tqdm

IMAGES = ('sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage')
COMPRESSED = '/compressed'
DEPTH_OF_QUEUE = 10
# Time for the endpoints beside the images (scan, camera_info) to find each other.
SETTLE_SECONDS = 0.5
FLUSH_SECONDS = 2.0


class ReplayNode(BaseNode):
    """See docs/nodes/replay.md."""

    failed = False

    def __init__(self):
        """Declare parameters."""
        super().__init__('replay', ReplayConfig)
        self.bag = self.player = self._thread = self.clock_output = None
        self._outputs, self._skipped = {}, {}

    def configure(self):
        """Open the recording and advertise its topics."""
        if not self.config.bag:
            raise InputError('no recording is named: set the parameter `bag`')
        self.bag = bags.Bag(self.config.bag)
        names = [name.strip() for name in self.config.topics.split(',') if name.strip()]
        played = {bags.resolve(name, self.bag.topics) for name in names} or self.bag.topics
        for topic in sorted(played):
            self._advertise(topic, self.bag.topics[topic].msgtype)
        if not self._outputs:
            raise InputError(f'no topic of {self.config.bag} can be published: '
                             f'{"; ".join(self._skipped.values())}')
        if self.config.clock:
            self.clock_output = self.create_lifecycle_publisher(
                Clock, '/clock', QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT))

    def _advertise(self, topic, msgtype):
        package, _, name = msgtype.split('/')
        try:
            message_type = getattr(import_module(f'{package}.msg'), name)
        except (ImportError, AttributeError):
            self._skipped[topic] = f'{topic} is not played: install {package}'
            self.get_logger().warning(self._skipped[topic])
            return
        if self.config.decompress and msgtype == IMAGES[1] and topic.endswith(COMPRESSED):
            message_type = Image
        target = topic
        if message_type is Image and topic.endswith(COMPRESSED):
            target = topic[:-len(COMPRESSED)]
        qos = QoSProfile(depth=DEPTH_OF_QUEUE)
        if topic.endswith('/tf_static'):
            qos = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._outputs[topic] = self.create_lifecycle_publisher(message_type, target, qos)

    def activate(self):
        """Start to play, from the start."""
        self.player = Player(self._publish, self.config.rate)
        self._thread = threading.Thread(target=self._play, name='player', daemon=True)
        self._thread.start()

    def deactivate(self):
        """Stop to play."""
        if self._thread is not None:
            self.player.stop()
            self._thread.join()
            self._thread = None

    def cleanup(self):
        """Close the recording and withdraw the topics."""
        publishers = [*self._outputs.values(), *([self.clock_output] if self.clock_output else [])]
        for publisher in publishers:
            self.destroy_lifecycle_publisher(publisher)
        self._outputs, self._skipped, self.clock_output = {}, {}, None
        if self.bag is not None:
            self.bag.close()
            self.bag = None

    def _play(self):
        """Thread: wait for subscribers, play, say how it went, end the process."""
        try:
            self._wait_until_active()
            self._wait_for_subscribers()
            with tqdm(total=self.bag.count, unit='msg', desc='replay', disable=None) as self._bar:
                while True:
                    self._bar.reset()
                    self._play_once()
                    if self.player.stopped or not self.config.loop:
                        break
        except InputError as error:
            self.failed = type(self).failed = True
            self.report('bag', str(error))
        if not self.player.stopped:
            self._finish()

    def _play_once(self):
        start_ns = self.bag.start_ns + int(self.config.start_offset * NANOSECONDS)
        records = self.bag.raw(self._outputs, start_ns)
        self.player.play(map(self._prepared, records), start_ns)

    def _prepared(self, record):
        """Decompress an image ahead of time; everything else stays as it was recorded."""
        if self._outputs[record.topic].msg_type is not Image or record.msgtype != IMAGES[1]:
            return record
        compressed = deserialize_message(record.data, CompressedImage)
        pixels = messages.compressed_to_array(compressed)
        encoding = '16UC1' if pixels.dtype == np.uint16 else 'rgb8'
        return record._replace(data=messages.fill_image(Image(), pixels, encoding,
                                                        compressed.header))

    def _publish(self, record):
        if self.clock_output is not None:
            now = Clock()
            now.clock.sec, now.clock.nanosec = divmod(record.stamp_ns, NANOSECONDS)
            self.clock_output.publish(now)
        self._outputs[record.topic].publish(record.data)
        self.tracker.count('messages')
        self.tracker.count(f'messages {self._outputs[record.topic].topic_name}')
        self._bar.update()

    def _wait_until_active(self):
        while self.state != 'active' and not self.player.wait(0.01):
            pass

    def _wait_for_subscribers(self):
        """Wait until every image topic has its subscribers, at most `wait_for_subscribers`."""
        needed = [publisher for topic, publisher in self._outputs.items()
                  if self.bag.topics[topic].msgtype in IMAGES]
        limit = time.monotonic() + self.config.wait_for_subscribers
        missing = needed
        while missing and time.monotonic() < limit:
            missing = [p for p in needed
                       if p.get_subscription_count() < self.config.subscribers]
            if self.player.wait(0.05):
                return
        if missing and self.config.wait_for_subscribers > 0:
            names = ', '.join(publisher.topic_name for publisher in missing)
            self.get_logger().warning(f'too few subscribers of {names}: playing all the same')
        self.player.wait(min(SETTLE_SECONDS, self.config.wait_for_subscribers))

    def _finish(self):
        result = self.player.summary()
        late = result['late_ms']
        self.get_logger().info(
            f'played {result["messages"]} messages of {self.config.bag}: late by '
            f'{late["median"]:.1f} ms median, {late["p99"]:.1f} ms p99')
        for publisher in self._outputs.values():
            publisher.wait_for_all_acked(Duration(seconds=FLUSH_SECONDS))
        self.publish_diagnostics()
        rclpy.try_shutdown()

    def extra_values(self):
        """Say what is played and how late."""
        values = {'bag': self.config.bag, **self._skipped}
        if self.player is not None:
            values.update({f'late_ms.{name}': f'{value:.3g}'
                           for name, value in self.player.summary()['late_ms'].items()})
        return values


def main(args=None):
    """Entry point; the status is 1 when the recording could not be played to its end."""
    return run(ReplayNode, args) or int(ReplayNode.failed)


if __name__ == '__main__':
    sys.exit(main())
