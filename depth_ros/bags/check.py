# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Is a recording fit for training? Topics, clocks, overlap, extrinsics, motion, light."""
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from depth_ros.bags.findings import (
    Finding,
    of_calibration,
    of_exposure,
    of_line,
    of_motion,
    of_pairing,
    of_topics,
    sort_findings,
)
from depth_ros.bags.salvage import open_bag, salvage
from depth_ros.bags.survey import survey
from depth_ros.contracts import InputError, NANOSECONDS
from depth_ros.datasets import Options
from depth_ros.datasets.bag import camera_of, LARGEST_SKEW_NS, partners, pose_in_camera
from depth_ros.datasets.bag_topics import (
    CAMERA_INFO,
    choose_parts,
    CLOUD,
    COMPRESSED,
    IMAGE,
    inventory,
    SCAN,
)
from depth_ros.poses import pose_from, quaternion_from, roll_pitch_yaw
import numpy as np

FRAMES = 60
# Axes x forward, y left, z up of what looks where the camera looks, from its optical axes.
FORWARD = np.array([[0, 0, 1], [-1, 0, 0], [0, -1, 0]])
LEAST_PAIRS = 10


@dataclass(frozen=True)
class TopicReport:
    """
    One recorded topic.

    role: image, camera_info, scan, cloud, truth, or None. The rest is None where stamps were not
    looked at: rate_hz (of the median period), largest_gap_s, gaps (longer than three periods),
    backwards (how often stamps fall).
    """

    name: str
    kind: str
    count: int
    role: str | None = None
    rate_hz: float | None = None
    largest_gap_s: float | None = None
    gaps: int | None = None
    backwards: int | None = None


@dataclass(frozen=True)
class BagReport:
    """
    What ``check_bag`` found; sections that could not be looked at are None.

    pairing: images, usable (with all partners in time), largest_skew_s, skew_median_s and
    skew_p99_s (image to nearest scan), clock_offset_s (scan minus image stamps of what was
    recorded together). extrinsics: source, translation (metres) and rotation (x y z w) of the
    LiDAR in the camera; turned_deg: its roll, pitch, yaw against one that looks where the camera
    looks. line: frames, beams_in_image, row_median,
    row_p05, row_p95, image_height, invalid_share, overlap_share, misses. calibration:
    see ``calibration``. motion: displacement_px (median, at the image's size), per_s (between
    images so far apart), standing_share. exposure: shares of images. damage: what could not be
    read. findings: gravest first.
    """

    path: str
    duration_s: float
    topics: tuple
    findings: tuple
    damage: str | None = None
    pairing: dict | None = None
    extrinsics: dict | None = None
    line: dict | None = None
    calibration: dict | None = None
    motion: dict | None = None
    exposure: dict | None = None
    pictures: tuple = ()

    @property
    def errors(self):
        """Return the findings that make training pointless."""
        return tuple(finding for finding in self.findings if finding.level == 'error')

    @property
    def warnings(self):
        """Return the findings that will make a model worse."""
        return tuple(finding for finding in self.findings if finding.level == 'warning')

    def as_json(self):
        """Return everything but the pictures as a dictionary for JSON."""
        return {key: value for key, value in asdict(self).items() if key != 'pictures'}


def check_bag(path, options=None, frames=FRAMES, least_pairs=LEAST_PAIRS, pictures=0):
    """
    Look at a recording before time is spent on it; return a ``BagReport``.

    :param path: rosbag2 folder, .mcap, .db3 or ROS 1 .bag file; a damaged one is read as far as
        possible.
    :param options: ``datasets.Options``: topics, camera, extrinsics.
    :param frames: how many images are looked at, evenly spread.
    :param least_pairs: fewer usable images are an error.
    :param pictures: how many (caption, image with the line, uint8 RGB) to keep in ``pictures``.
    :raises InputError: there is no recording at ``path``, nothing of it can be read, or the
        extrinsics of the options are no pose.
    """
    options = replace(options or Options(), unlabelled=True)
    if options.extrinsics is not None:
        pose_from(options.extrinsics)
    bag = open_bag(path)
    try:
        topics, tree = inventory(path, bag)
    except InputError as error:
        # The index of a cut-off .db3 file opens; its rows then fail.
        bag.close()
        bag = salvage(path, error)
        topics, tree = inventory(path, bag)
    with bag:
        state = _State(Path(path), bag, topics, tree, options)
        state.damage(least_pairs)
        if state.choose():
            state.pair(least_pairs)
            state.look(frames, pictures)
        return state.report()


class _State:
    """Collects sections and findings, step by step."""

    def __init__(self, path, bag, topics, tree, options):
        self.path, self.bag, self.topics, self.tree = path, bag, topics, tree
        self.options, self.parts = options, None
        self.findings, self.sections, self.frames = [], {}, []

    def damage(self, least_pairs):
        """Say what could not be read."""
        if self.bag.damage:
            self.sections['damage'] = self.bag.damage
            self.findings.append(Finding('warning', 'damaged', (
                f'{self.bag.damage}; what can be read was looked at. Make a whole recording of it '
                'with `depth_ros check BAG --recover NEW`, and use that')))

    def choose(self):
        """Find the topics; return whether the line and the images are there."""
        kinds = {topic.kind for topic in self.topics.values() if not topic.is_depth}
        absent = [entry for entry in _ABSENT if not kinds & set(entry[1])]
        if self.options.camera is not None:
            absent = [entry for entry in absent if entry[0] != 'no_camera_info']
        self.findings += [Finding('error', code, text) for code, _, text in absent]
        if absent:
            return False
        try:
            self.parts = choose_parts(self.topics, self.options, self.path)
            self.camera = camera_of(self.parts, self.options)
        except InputError as error:
            self.findings.append(Finding('error', 'topics', str(error)))
            return False
        self.line = self.parts.scan or self.parts.cloud
        return True

    def pair(self, least_pairs):
        """Match the images in time."""
        image = self.parts.image
        matched = [partners(self.parts, stamp) for stamp in image.stamps]
        self.frames = [frame for frame in matched if frame is not None]
        skews = np.array([abs(self.line.nearest(stamp, 1 << 62) - stamp)
                          for stamp in image.stamps]) / NANOSECONDS
        self.sections['pairing'] = pairing = {
            'images': len(image.stamps), 'usable': len(self.frames),
            'largest_skew_s': LARGEST_SKEW_NS / NANOSECONDS,
            'skew_median_s': float(np.median(skews)),
            'skew_p99_s': float(np.percentile(skews, 99)),
            'clock_offset_s': _lag(self.line) - _lag(image)}
        self.findings += of_pairing(
            pairing, (image.name, self.line.name), least_pairs)

    def look(self, frames, pictures):
        """Look at a sample of the frames themselves."""
        try:
            pose = pose_in_camera(self.parts, self.tree, self.options,
                                  self.line.first.header.frame_id)
        except InputError as error:
            self.findings.append(Finding('error', 'no_transform', (
                f'{error}: record /tf_static (start the recording after the robot description), '
                'or give the pose of the LiDAR in the camera optical frame with --extrinsics '
                'X Y Z ROLL PITCH YAW (metres, radians)')))
            return
        self.sections['extrinsics'] = _extrinsics(pose, self.options)
        if not self.frames:
            return
        try:
            self._look(frames, pictures)
        except InputError as error:
            self.findings.append(Finding('error', 'unreadable', str(error)))

    def _look(self, frames, pictures):
        found = survey(self, frames, pictures)
        self.sections.update(found)
        self.findings += of_line(found['line'])
        self.findings += of_motion(found['motion'])
        self.findings += of_exposure(found['exposure'])
        if found['calibration'] is not None:
            self.findings += of_calibration(found['calibration'])
        if self.camera.distortion and 'rect' not in self.parts.image.name:
            self.findings.append(Finding('warning', 'distorted', (
                f'{self.parts.image.name} has lens distortion: the line is drawn right, but '
                'models see straight lines bent; record the rectified image (image_proc) if the '
                'lens is wide')))

    def report(self):
        """Put everything together."""
        topics = tuple(_topic(name, topic, self.topics.get(name), self._role(name))
                       for name, topic in self.bag.topics.items())
        self.findings += of_topics(topics)
        return BagReport(str(self.path), self.bag.duration_s, topics,
                         sort_findings(self.findings), **self.sections)

    def _role(self, name):
        roles = self.parts and vars(self.parts).items()
        return next((role for role, topic in roles or () if topic and topic.name == name), None)


_ABSENT = (
    ('no_image', (IMAGE, COMPRESSED), 'the recording has no colour image: record the image topic '
     '(raw or compressed) of the camera'),
    ('no_camera_info', (CAMERA_INFO,), 'the recording has no CameraInfo: record the camera_info '
     'topic beside the image, or give the calibration with --camera K.yaml'),
    ('no_scan', (SCAN, CLOUD), 'the recording has neither a LaserScan nor a PointCloud2: record '
     'the topic of the LiDAR'),
)


def _topic(name, recorded, seen, role):
    if seen is None or len(seen.stamps) < 2:
        return TopicReport(name, recorded.msgtype, recorded.count, role)
    steps = np.diff(seen.stamps) / NANOSECONDS
    period = float(np.median(steps))
    return TopicReport(
        name, recorded.msgtype, recorded.count, role, 1 / period if period > 0 else None,
        float(steps.max()), int((steps > 3 * max(period, 1e-3)).sum()), int((steps < 0).sum()))


def _lag(topic):
    """Return the median of stamp minus time of recording, seconds."""
    return float(np.median([stamp - now for stamp, now in topic.recorded.items()])) / NANOSECONDS


def _extrinsics(pose, options):
    return {'source': 'recording' if options.extrinsics is None else 'given',
            'translation': [float(value) for value in pose[:3, 3]],
            'rotation': list(quaternion_from(pose)),
            'turned_deg': np.degrees(roll_pitch_yaw(FORWARD @ pose[:3, :3])).tolist()}
