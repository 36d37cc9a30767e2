# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a bag holds: its topics by type, their stamps, and which of them play which part."""
from bisect import bisect_left
from dataclasses import dataclass, field
from types import SimpleNamespace

from depth_ros import bags
from depth_ros.contracts import InputError
from depth_ros.messages import stamp_ns
from depth_ros.poses import FrameTree
import numpy as np
from tqdm import tqdm

IMAGE, COMPRESSED = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'
CAMERA_INFO, SCAN = 'sensor_msgs/msg/CameraInfo', 'sensor_msgs/msg/LaserScan'
CLOUD, TRANSFORMS = 'sensor_msgs/msg/PointCloud2', 'tf2_msgs/msg/TFMessage'
PARTS = (IMAGE, COMPRESSED, CAMERA_INFO, SCAN, CLOUD)
DEPTH_ENCODINGS = ('16UC1', 'mono16', '32FC1')
TRUTH_TOPIC = 'ground_truth/depth'


# Transforms of /tf whose numbers differ by no more than this are fixed.
FIXED = 1e-3


@dataclass
class Topic:
    """
    One topic: message type, header stamps (ns), first message and whether it is depth.

    recorded: header stamp to the time of recording, by which a bag is searched.
    """

    name: str
    kind: str
    first: object
    stamps: list = field(default_factory=list)
    recorded: dict = field(default_factory=dict)
    _ordered: list = field(default_factory=list, repr=False)

    @property
    def is_depth(self):
        """Whether the images are depth and not colour."""
        text = getattr(self.first, 'encoding', getattr(self.first, 'format', ''))
        return (text.startswith(DEPTH_ENCODINGS) or 'compressedDepth' in text
                or TRUTH_TOPIC in self.name)

    def nearest(self, stamp, largest_gap_ns):
        """Return the stamp nearest to ``stamp``, or None when it is farther than the gap."""
        if len(self._ordered) != len(self.stamps):
            self._ordered = sorted(self.stamps)
        at = bisect_left(self._ordered, stamp)
        best = min(self._ordered[max(at - 1, 0):at + 1], key=lambda other: abs(other - stamp))
        return best if abs(best - stamp) <= largest_gap_ns else None


def inventory(path, bag=None):
    """
    Read a bag once, or what ``bag`` (an open ``bags.Bag`` or its like) hands out of it.

    Returns {topic name: Topic} of the topics with images, calibrations, scans and clouds, and
    the ``FrameTree`` of its static transforms and of those on /tf that never change: some
    drivers publish a mounting there.
    """
    if bag is None:
        with bags.Bag(path) as opened:
            return inventory(path, opened)
    recorded = bag.topics
    used = [name for name, topic in recorded.items() if topic.msgtype in (*PARTS, TRANSFORMS)]
    topics, tree, links = {}, FrameTree(), {}
    for name, now, msg in tqdm(
            bag.messages(used), desc='recording', unit='message', disable=None,
            total=sum(recorded[name].count for name in used), leave=False):
        kind = recorded[name].msgtype
        if kind != TRANSFORMS:
            topic = topics.setdefault(name, Topic(name, kind, msg))
            topic.stamps.append(stamp_ns(msg.header))
            topic.recorded.setdefault(topic.stamps[-1], now)
        elif name.endswith('tf_static'):
            tree.add(msg)
        else:
            _watch(links, msg)
    tree.add(SimpleNamespace(transforms=[
        link for link, moved in links.values() if not moved and not tree.knows(
            link.child_frame_id)]))
    return topics, tree


def _watch(links, msg):
    """Keep in {child: (first transform, whether a later one differs)} what /tf says."""
    for link in msg.transforms:
        first, moved = links.get(link.child_frame_id, (link, False))
        same = np.abs(_numbers(first) - _numbers(link)).max() <= FIXED
        links[link.child_frame_id] = first, moved or not same or (
            first.header.frame_id != link.header.frame_id)


def _numbers(link):
    t, q = link.transform.translation, link.transform.rotation
    return np.array([t.x, t.y, t.z, q.x, q.y, q.z, q.w])


@dataclass(frozen=True)
class Parts:
    """
    The topics that play each part.

    The line comes from scan, or from cloud where scan is None; ground truth from truth, or from
    cloud where truth is None. Without both there is no ground truth. camera_info is None where
    the options give the camera and none is recorded.
    """

    image: Topic
    camera_info: Topic
    scan: Topic
    cloud: Topic
    truth: Topic


def choose_parts(topics, options, path):
    """
    Find the topic of every part by type, or take the one that the options name.

    Raises InputError when a needed part is missing or several topics could play it.
    """
    def pick(part, kinds, named, accept=lambda topic: True, needed=True):
        if named is not None:
            topic = topics.get(named) or topics.get('/' + named)
            if topic is None or topic.kind not in kinds:
                raise InputError(f'{path} has no {part} topic {named!r}: {_listing(topics)}')
            return topic
        found = [t for t in topics.values() if t.kind in kinds and accept(t)]
        if len(found) > 1:
            raise InputError(f'{path} has several {part} topics ('
                             f'{", ".join(t.name for t in found)}): choose one with '
                             f'--{part.replace("_", "-")}-topic, or in a training config with '
                             f'topics: {{{part}: NAME}}')
        if needed and not found:
            raise InputError(f'{path} has no {part} topic. Expected layout: {LAYOUT}. '
                             f'{_listing(topics)}')
        return found[0] if found else None

    image = pick('image', (IMAGE, COMPRESSED), options.image_topic,
                 lambda topic: not topic.is_depth)
    info = pick('camera_info', (CAMERA_INFO,), options.camera_info_topic,
                lambda topic: _same_camera(topic, image, topics), options.camera is None)
    truth = pick('depth', (IMAGE, COMPRESSED), options.depth_topic,
                 lambda topic: TRUTH_TOPIC in topic.name, needed=False)
    scan = pick('scan', (SCAN,), options.scan_topic, needed=False)
    if scan is None and not any(topic.kind == CLOUD for topic in topics.values()):
        raise InputError(f'{path} has no scan topic. Expected layout: {LAYOUT}. '
                         f'{_listing(topics)}')
    cloud = None
    if scan is None or truth is None or options.cloud_topic:
        cloud = pick('cloud', (CLOUD,), options.cloud_topic,
                     needed=scan is None or not options.unlabelled)
    return Parts(image, info, scan, cloud, truth)


LAYOUT = ('a rosbag2 recording (folder with metadata.yaml, .mcap or .db3) with one colour Image '
          '(raw or compressed), its CameraInfo, one LaserScan (or a PointCloud2, of which a ring '
          'is the line), the fixed transforms on /tf_static or /tf, and as ground truth a depth '
          f'Image on {TRUTH_TOPIC} or a PointCloud2')


def _same_camera(info, image, topics):
    """Accept the CameraInfo beside the image, or any when none is beside it."""
    def folder(name):
        return name.rsplit('/', 1)[0]
    base = folder(image.name.removesuffix('/compressed'))
    beside = [t for t in topics.values() if t.kind == CAMERA_INFO and folder(t.name) == base]
    return info in beside if beside else True


def _listing(topics):
    return 'It holds: ' + (', '.join(f'{t.name} ({t.kind})' for t in topics.values())
                           or 'no image, scan or cloud')
