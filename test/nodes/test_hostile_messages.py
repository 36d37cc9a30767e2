# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Hostile messages through real nodes in this process: no crash, no hang, every image one fate.

DEPTH_ROS_FUZZ=10000 python -m pytest test/nodes/test_hostile_messages.py -s    # the full number
"""

from array import array
from collections import Counter
import os
import resource
import time

import pytest
from tiny_models import make_tiny_model

pytest.importorskip('rclpy', reason='ROS 2 is not installed: make venv')
from depth_ros.benchmark import memory  # noqa: E402, I100
from depth_ros.benchmark.ros.accounts import counts, unaccounted  # noqa: E402
from depth_ros.nodes.completion import CompletionNode  # noqa: E402
from depth_ros.nodes.evaluation import EvaluationNode  # noqa: E402
from depth_ros.nodes.outputs import TOPICS  # noqa: E402
from hostile_messages import Hostile  # noqa: E402
from node_bench import Bench, POSE  # noqa: E402
import rclpy  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402

pytestmark = pytest.mark.ros
COUNT = int(os.environ.get('DEPTH_ROS_FUZZ', 600))
REASONS = ('image size', 'image data', 'encoding', 'compressed image', 'camera_info',
           'sizes differ', 'scan', 'cloud')
HANG_SECONDS, MOST_MIB = 5.0, 600
METHODS = {'camera_info': 'info'}
# LiDAR, transport of the image, and what an image without a scan becomes.
SETS = (('scan', 'raw', 'drop'), ('cloud', 'raw', 'drop'), ('scan', 'compressed', 'drop'),
        ('scan', 'raw', 'monocular'))
POSE_WORDS = ['lidar_translation:=[0.0, 0.1, 0.0]', 'lidar_rotation:=[0.5, -0.5, 0.5, 0.5]']


@pytest.fixture
def node_for(tmp_path):
    """Return a function that starts a node whose topics are all subscribed."""
    opened = []

    def make(lidar, transport, missing):
        model = make_tiny_model(tmp_path / 'tiny.onnx', depth=2.6, confidence=0.5)
        alone = make_tiny_model(tmp_path / 'alone.onnx', 'monocular', confidence=0.5)
        parameters = [f'model:={model}', 'threads:=1', 'engine:=onnxruntime', f'lidar:={lidar}',
                      f'image_transport:={transport}', 'max_wait:=0.005', *POSE_WORDS,
                      f'on_missing_scan:={missing}', f'monocular_model:={alone}']
        rclpy.init(args=['--ros-args', *(word for p in parameters for word in ('-p', p))])
        node = CompletionNode()
        listener = rclpy.create_node('listener', use_global_arguments=False)
        opened.extend([node, listener])
        for topic, kind in {**TOPICS, 'overlay': Image}.items():
            listener.create_subscription(kind, topic, lambda msg: None, 1)
        node.start()
        limit = time.monotonic() + 30
        while len(node.outputs.wanted()) < 7:
            assert time.monotonic() < limit, node.outputs.wanted()
            time.sleep(0.01)
        return node
    yield make
    for node in opened:
        if isinstance(node, CompletionNode):
            node.close()
        node.destroy_node()
    rclpy.try_shutdown()


def worked_off(node):
    """Wait until the node has done with all images; longer than 5 s is a hang."""
    limit = time.monotonic() + HANG_SECONDS
    while True:
        found = counts({**node.tracker.summary(), **node.extra_values()})
        if not unaccounted(found):
            return found
        assert time.monotonic() < limit, f'{unaccounted(found)} images ended nowhere: {found}'
        time.sleep(0.0005)


@pytest.mark.parametrize('lidar,transport,missing', SETS)
def test_hostile_messages_in_the_node(node_for, lidar, transport, missing):
    node = node_for(lidar, transport, missing)
    hostile, good = Hostile(7), Hostile(8, spoil=False)
    before, slowest, failed = memory.anonymous_mib(), 0.0, Counter()
    for index in range(COUNT // 12):
        stamp, begin = (1000 + index) * 10 ** 9, time.monotonic()
        # One of the three is hostile, or all; else a broken one would hide the others.
        bad = index % 4
        node._on_info((hostile if bad in (0, 3) else good).info(stamp))
        node._on_lidar(getattr(hostile if bad in (1, 3) else good, lidar)(stamp))
        kind = 'compressed' if transport == 'compressed' else 'image'
        node._on_image(getattr(hostile if bad in (2, 3) else good, kind)(stamp))
        worked_off(node)
        slowest = max(slowest, time.monotonic() - begin)
        failed.update(message for _, message in node.tracker.problems() if 'failed' in message)
        node.tracker.solved('failure')
    values = {**node.tracker.summary(), **node.extra_values()}
    found = worked_off(node)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
    print(f'\n{lidar} {transport} {missing}: {found}, slowest {slowest:.2f} s, memory at most '
          f'{grown:+.0f} MiB')
    reasons = {name: int(value) for name, value in values.items() if name.startswith('rejected')}
    print(reasons)
    assert found['in'] == COUNT // 12 and found['out'] > COUNT // 120
    assert sum(reasons.values()) == found['dropped']['rejected']
    assert set(reasons) <= {f'rejected: {reason}' for reason in REASONS}
    assert not failed
    assert grown < MOST_MIB


@pytest.mark.parametrize('executable,lidar', [
    ('completion', 'scan'), ('monocular', 'scan'),
    *([('completion', 'cloud')] if COUNT > 1000 else [])])
def test_hostile_messages_over_dds(tmp_path, executable, lidar):
    """What is good between them is answered, and the process stays as large as it was."""
    task = 'completion' if executable == 'completion' else 'monocular'
    model = make_tiny_model(tmp_path / 'tiny.onnx', task, depth=2.6)
    more = {'lidar': lidar, **POSE} if executable == 'completion' else {}
    inputs = 'image', 'camera_info', *((lidar,) if more else ())
    reliable = {f'qos_overrides.NAMESPACE/{topic}.subscription.{policy}': value
                for topic in inputs for policy, value in (('reliability', 'reliable'),
                                                          ('depth', 50))}
    hostile, good = Hostile(21), Hostile(22, spoil=False)
    with Bench(executable, reliable=True, folder=tmp_path, model=str(model), max_wait=0.005,
               watchdog_period=60.0, **more, **reliable) as node:
        def send(source):
            stamp = node.next_stamp()
            for topic in reversed(inputs):
                node.send(**{topic: getattr(source, METHODS.get(topic, topic))(stamp)})
        node.wait(lambda: node.received['depth/image'], 'depth', every=lambda: send(good))
        held = memory.anonymous_mib(node.process.pid)
        for index in range(COUNT // 20):
            send(hostile)
            if index % 10 == 0:
                node.refresh()
                node.wait(lambda: node.count('images_in') == node.sent['image'], 'all images')
        node.received['depth/image'].clear()
        node.wait(lambda: node.received['depth/image'], 'depth', every=lambda: send(good))
        node.refresh()
        node.wait(lambda: node.count('images_in') == node.sent['image']
                  and not unaccounted(counts(node.values)), 'one fate for every image')
        assert counts(node.values)['dropped'].get('failed', 0) == 0, node.log
        grown = memory.anonymous_mib(node.process.pid) - held
        print(f'{executable} {lidar}: {dict(node.sent)} sent, {counts(node.values)}, '
              f'{grown:+.0f} MiB')
        assert grown < 200
    assert node.status_at_exit == 0 and 'Traceback' not in node.log
    assert max(map(len, node.log.splitlines())) < 1000


def test_hostile_depth_and_clouds_in_the_evaluation_node():
    """Its pairs are compared in the thread of the executor, where an error would end it."""
    words = ['truth:=cloud', 'max_skew:=0.1', *POSE_WORDS]
    rclpy.init(args=['--ros-args', *(word for p in words for word in ('-p', p))])
    node = EvaluationNode()
    hostile, good = Hostile(31), Hostile(32, spoil=False)
    try:
        node.start()
        for index in range(COUNT // 6):
            stamp, bad = (1000 + index) * 10 ** 9, index % 3
            depth = (hostile if bad == 0 else good).image(stamp)
            if depth.encoding == 'rgb8':
                depth.encoding, depth.step = '32FC1', 4 * 64
                depth.data = array('B', bytes(4 * 64 * 48))
            node._on_message('depth camera_info', None,
                             (hostile if bad == 1 else good).info(stamp))
            node._on_message('depth', node.pairs.add_prediction, depth)
            node._on_message('cloud', node.pairs.add_truth,
                             (hostile if bad == 2 else good).cloud(stamp))
        node._compare(node.pairs.finish(), final=True)
        counted, pairs = node.tracker.counts, node.pairs.counts
        compared = node.session.average.images
        reasons = sum(count for name, count in counts_of(counted).items())
        print(dict(counted), dict(pairs), compared)
        assert pairs['predictions'] == COUNT // 6 == pairs['pairs'] + pairs[
            'unmatched_predictions']
        assert pairs['pairs'] == compared + counted['rejected'] and counted['failed'] == 0
        assert reasons == counted['rejected'] > COUNT // 60 and compared > COUNT // 60
    finally:
        node.close()
        node.destroy_node()
        rclpy.try_shutdown()


def counts_of(counted):
    """Return the counters of rejections by reason."""
    return {name: count for name, count in counted.items() if name.startswith('rejected: ')}
