# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The replay node, over DDS from another process."""
import subprocess
import sys
import time

import cv2
from depth_ros import bags
from depth_ros.nodes.player import KEPT, Player
import numpy as np
import pytest

rclpy = pytest.importorskip('rclpy')
pytestmark = pytest.mark.ros
MILLISECOND = 1_000_000
IMAGES, SCANS = 12, 24


@pytest.fixture(scope='module')
def recording(tmp_path_factory):
    """Record 12 JPEG images, 12 PNG depth images, 24 scans and a transform, in 0.6 s."""
    path = tmp_path_factory.mktemp('replay') / 'bag'
    with bags.Writer(path) as writer:
        writer.write('/tf_static', 0, bags.message('tf2_msgs/msg/TFMessage'))
        for index in range(SCANS):
            stamp = (index + 1) * 25 * MILLISECOND
            header = {'stamp': bags.stamp(stamp), 'frame_id': 'laser'}
            writer.write('/scan', stamp, bags.message(
                'sensor_msgs/msg/LaserScan', header=header, ranges=[index, np.inf, np.nan]))
            if index % 2:
                continue
            grey = np.full((24, 32, 3), (0, 0, 250), np.uint8)
            depth = np.full((24, 32), 1000 + index, np.uint16)
            for topic, extension, pixels in (('/camera', '.jpg', grey), ('/depth', '.png', depth)):
                writer.write(topic + '/compressed', stamp + 1, bags.message(
                    'sensor_msgs/msg/CompressedImage', header=header, format=extension[1:],
                    data=cv2.imencode(extension, pixels)[1].ravel()))
    return path


class Listener:
    """Collects messages of some topics."""

    def __init__(self, topics):
        """Subscribe {topic: type}; /clock is only offered best effort."""
        from rclpy.qos import QoSProfile, ReliabilityPolicy
        reliable = QoSProfile(depth=200)
        offered = QoSProfile(depth=200, reliability=ReliabilityPolicy.BEST_EFFORT)
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node('listener', context=self.context)
        self.got = {topic: [] for topic in topics}
        for topic, kind in topics.items():
            self.node.create_subscription(kind, topic, self.got[topic].append,
                                          offered if topic == '/clock' else reliable)
        self.executor = rclpy.executors.SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)

    def spin_while(self, process, seconds=30):
        """Listen while a process runs, and a little longer."""
        limit = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < limit:
            self.executor.spin_once(timeout_sec=0.05)
        for _ in range(50):
            self.executor.spin_once(timeout_sec=0.01)

    def close(self):
        """Leave the graph."""
        self.executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)


def start(repository, *arguments):
    """Start the node with parameters `name:=value`."""
    parameters = [word for argument in arguments for word in ('-p', argument)]
    return subprocess.Popen(
        [sys.executable, '-m', 'depth_ros.nodes.replay', '--ros-args', *parameters],
        cwd=repository, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)


def play(repository, topics, *arguments):
    """Run the node to its end; return what arrived, its words and its status."""
    listener = Listener(topics)
    process = start(repository, *arguments)
    try:
        listener.spin_while(process)
    finally:
        process.kill() if process.poll() is None else None
        words = process.communicate()[1]
        listener.close()
    return listener.got, words, process.returncode


@pytest.fixture
def kinds():
    """Return the message types."""
    from rosgraph_msgs.msg import Clock
    from sensor_msgs.msg import CompressedImage, Image, LaserScan
    return {'image': Image, 'scan': LaserScan, 'compressed': CompressedImage, 'clock': Clock}


def test_everything_arrives_in_order(repository, recording, kinds):
    topics = {'/camera': kinds['image'], '/depth': kinds['image'], '/scan': kinds['scan'],
              '/clock': kinds['clock']}
    got, words, status = play(repository, topics, f'bag:={recording}', 'rate:=0.5')
    assert status == 0, words
    assert [m.ranges[0] for m in got['/scan']] == list(range(SCANS))
    assert got['/scan'][3].ranges[1] == np.inf and np.isnan(got['/scan'][3].ranges[2])
    assert len(got['/camera']) == len(got['/depth']) == IMAGES
    assert (got['/camera'][0].encoding, got['/depth'][0].encoding) == ('rgb8', '16UC1')
    red, green, blue = np.array(got['/camera'][0].data).reshape(-1, 3).mean(0)
    assert red > 240 and green < 20 and blue < 20
    depths = [int(np.frombuffer(m.data, np.uint16)[0]) for m in got['/depth']]
    assert depths == [1000 + 2 * index for index in range(IMAGES)]
    assert got['/camera'][2].header.stamp.nanosec == 125 * MILLISECOND
    assert got['/camera'][2].header.frame_id == 'laser'
    clock = [m.clock.sec * 10**9 + m.clock.nanosec for m in got['/clock']]
    assert clock == sorted(clock) and clock[-1] == (24 * 25) * MILLISECOND
    assert 'played 48 messages' in words


def test_images_stay_compressed_when_asked(repository, recording, kinds):
    topics = {'/camera/compressed': kinds['compressed'], '/scan': kinds['scan']}
    got, words, status = play(repository, topics, f'bag:={recording}', 'decompress:=false',
                              'topics:=camera/compressed, /scan', 'start_offset:=0.301')
    assert status == 0, words
    assert [m.ranges[0] for m in got['/scan']] == list(range(12, SCANS))
    assert len(got['/camera/compressed']) == 6
    stored = [msg.data for _, _, msg in bags.read(recording, ['camera/compressed'])]
    np.testing.assert_array_equal(got['/camera/compressed'][-1].data, stored[-1])


@pytest.mark.parametrize('bag,message', [
    ('', 'set the parameter `bag`'), ('/nowhere', 'does not exist: name the folder')])
def test_without_a_recording_it_says_so_and_lives_on(repository, bag, message):
    process = start(repository, f"bag:='{bag}'")
    words = ''
    while message not in words:
        line = process.stderr.readline()
        assert line, f'the node ended without saying why: {words}'
        words += line
    assert process.poll() is None
    process.terminate()
    assert process.wait(20) in (0, -15)
    process.stderr.close()


def test_a_loop_starts_again(repository, recording, kinds):
    listener = Listener({'/scan': kinds['scan']})
    process = start(repository, f'bag:={recording}', 'topics:=scan', 'loop:=true', 'rate:=4.0',
                    'wait_for_subscribers:=1.0')
    limit = time.monotonic() + 30
    while len(listener.got['/scan']) < 2 * SCANS and time.monotonic() < limit:
        listener.executor.spin_once(timeout_sec=0.05)
    process.terminate()
    process.communicate(timeout=20)
    firsts = [m.ranges[0] for m in listener.got['/scan']]
    listener.close()
    assert firsts[-SCANS:].count(0) == 1 and len(firsts) >= 2 * SCANS


def test_player_keeps_order_and_stops():
    class Record:
        def __init__(self, stamp_ns):
            self.stamp_ns = stamp_ns

    played = []
    player = Player(played.append, rate=1000.0)
    records = [Record(stamp * MILLISECOND) for stamp in range(20)]
    player.play(records, 0)
    assert played == records and player.summary()['messages'] == 20
    for _ in range(KEPT // 10):
        player.play(records, 0)
    assert player.summary()['messages'] == 20 + 2 * KEPT and len(player._late_ms) == KEPT
    played = played[:20]
    player.stop()
    player.play(records, 0)
    assert len(played) == 20 and player.stopped
