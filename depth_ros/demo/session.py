# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""One recording through a depth node over DDS, in processes of their own."""
from contextlib import ExitStack
from dataclasses import dataclass
import json
import os
import time

from depth_ros import bags, dds
from depth_ros.contracts import InputError
from depth_ros.datasets.bag_topics import choose_parts, COMPRESSED, inventory
from depth_ros.datasets.sample import Options
from depth_ros.demo import processes
from depth_ros.poses import quaternion_from
from tqdm import tqdm

START_SECONDS = 60
# After the last message, this much silence means that nothing more will come.
SILENCE_SECONDS = 3.0
DIAGNOSTICS_PERIOD = 0.2
QUEUE = 50
# Settings of a node that is measured from inside, as JSON.
PROFILE = 'DEPTH_ROS_PROFILE'


@dataclass(frozen=True)
class Recording:
    """What a recording offers to the completion node."""

    path: str
    image: str
    camera_info: str
    scan: str
    stamps: tuple
    translation: tuple
    rotation: tuple

    @property
    def topics(self):
        """Return the names of the topics that are played, joined by commas."""
        return f'{self.image},{self.camera_info},{self.scan}'

    @property
    def rate(self):
        """Images per second."""
        span = (max(self.stamps) - min(self.stamps)) / 1e9
        return (len(self.stamps) - 1) / span if span > 0 else 0.0


def inspect(path):
    """
    Find the camera, its calibration, the scan and the extrinsics in a recording.

    :raises InputError: one of them is missing or ambiguous; the message names it.
    """
    topics, tree = inventory(path)
    parts = choose_parts(topics, Options(), path)
    camera_frame = parts.camera_info.first.header.frame_id
    pose = tree.lookup(camera_frame, parts.scan.first.header.frame_id)
    return Recording(str(path), parts.image.name, parts.camera_info.name, parts.scan.name,
                     tuple(parts.image.stamps), tuple(map(float, pose[:3, 3])),
                     quaternion_from(pose))


def play(recording, logs, keep=None, rate=1.0, domain=None, bar=True, node='completion',
         listen=(), profile=None, **parameters):
    """
    Play a recording through a depth node; return the collector with what it heard.

    :param logs: folder for the output of the nodes.
    :param keep: called with (stamp_ns, depth) for each depth image.
    :param node: 'completion' or 'monocular'.
    :param listen: topics to subscribe beside depth/image; see Collector.
    :param profile: measure the node by `nodes.profiled`: its settings as a dictionary.
    :param parameters: more parameters of the node.
    :raises InputError: a node does not start or dies; the message has its words.
    """
    from depth_ros.demo.collector import Collector
    environment = dds.environment(os.getpid() % 100 + 1 if domain is None else domain)
    os.environ.update(environment)
    played = recording.image
    with bags.Bag(recording.path) as bag:
        if bag.topics[played].msgtype == COMPRESSED:
            played = played.removesuffix('/compressed')
    with ExitStack() as stack:
        log = logs / f'{node}.log'
        pose = {} if node == 'monocular' else {
            'extrinsics': 'parameters', 'lidar_translation': recording.translation,
            'lidar_rotation': recording.rotation}
        started = environment if profile is None else {
            **environment, PROFILE: json.dumps({'node': node, **profile})}
        depth = stack.enter_context(processes.node(
            node if profile is None else 'profiled', log, started,
            {'use_sim_time': True, 'diagnostics_period': DIAGNOSTICS_PERIOD, **pose,
             **_lossless(played, recording.camera_info, recording.scan), **parameters},
            {'image': played, 'camera_info': recording.camera_info, 'scan': recording.scan}))
        collector = stack.enter_context(Collector(played, node, keep, listen))
        _wait_until_active(collector, depth, log)
        replay_log = logs / 'replay.log'
        replay = stack.enter_context(processes.node(
            'replay', replay_log, environment,
            # The node under test and the collector.
            {'bag': recording.path, 'rate': float(rate), 'topics': recording.topics,
             'subscribers': 2}))
        with tqdm(total=len(recording.stamps), unit='frame', desc='depth over DDS',
                  disable=None if bar else True) as progress:
            _follow(collector, [(depth, log), (replay, replay_log)], progress,
                    len(recording.stamps))
    return collector


def _lossless(*topics):
    """
    Override QoS, so that a busy machine loses nothing unseen on the way to the node.

    With the sensor-data QoS of the robot, what comes faster than it is taken is simply gone; here
    the node itself must drop it, and say why.
    """
    return {f'qos_overrides.{topic}.subscription.{policy}': value for topic in topics
            for policy, value in (('depth', QUEUE), ('reliability', 'reliable'))}


def _wait_until_active(collector, process, log):
    limit = time.monotonic() + START_SECONDS
    while collector.value('state') != 'active':
        if process.poll() is not None:
            raise InputError(f'the {collector.node_name} node ended:\n{processes.last_words(log)}')
        # A lifecycle node that cannot be configured stays, and says why.
        if collector.value('state') == 'unconfigured' and 'cannot' in collector.status.message:
            raise InputError(f'the {collector.node_name} node: {collector.status.message}')
        if time.monotonic() > limit:
            raise InputError(f'the {collector.node_name} node is not active after '
                             f'{START_SECONDS} s:\n{processes.last_words(log)}')
        time.sleep(0.05)


def _follow(collector, running, progress, sent):
    """Show progress until the replay has ended and the node has nothing left to do."""
    (depth, log), (replay, replay_log) = running
    last_change, seen = time.monotonic(), None
    while True:
        time.sleep(0.05)
        now = len(collector.depths), len(collector.images), counts(collector)
        progress.update(now[0] - progress.n)
        if now != seen:
            last_change, seen = time.monotonic(), now
        if depth.poll() is not None:
            raise InputError(f'the {collector.node_name} node died:\n{processes.last_words(log)}')
        if replay.poll():
            raise InputError(f'the replay failed:\n{processes.last_words(replay_log)}')
        silent = time.monotonic() - last_change
        if replay.poll() is not None and (_settled(collector, sent) or silent > SILENCE_SECONDS):
            progress.update(len(collector.depths) - progress.n)
            return
        if silent > START_SECONDS:
            raise InputError(f'nothing was heard for {START_SECONDS} s:\n'
                             f'{processes.last_words(replay_log)}')


def _settled(collector, sent):
    """Whether every image that was sent has ended somewhere."""
    found = counts(collector)
    return (found['in'] == sent == found['out'] + sum(found['dropped'].values())
            and found['out'] == len(collector.depths))


def counts(collector):
    """
    Return where the images of the node ended.

    `{in, out, dropped: {reason: count}}` with the reasons that occurred.
    """
    values = collector.values()
    dropped = {}
    for name, text in values.items():
        if name.startswith('dropped: ') and int(text):
            dropped[name.removeprefix('dropped: ')] = int(text)
        elif name in ('images_rejected', 'images_failed', 'images_unwanted') and int(text):
            dropped[name.removeprefix('images_')] = int(text)
    return {'in': int(values.get('images_in', 0)), 'out': int(values.get('images_out', 0)),
            'dropped': dropped}
