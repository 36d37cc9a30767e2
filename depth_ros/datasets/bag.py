# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Recordings of a camera and a LiDAR: the scan is the line, the rest is ground truth."""
from pathlib import Path

from depth_ros import bags
from depth_ros.contracts import InputError, millimetres_to_metres, NANOSECONDS
from depth_ros.datasets import lines
from depth_ros.datasets.bag_topics import choose_parts, COMPRESSED, inventory, LAYOUT
from depth_ros.datasets.sample import Dataset, Sample
from depth_ros.lidar import elevation, scan_points, sparse_depth, transform
from depth_ros.messages import (
    camera_from_info,
    cloud_points,
    compressed_to_array,
    image_to_depth,
    image_to_rgb,
    scan_from_message,
    stamp_ns,
)
from depth_ros.poses import pose_from
import numpy as np

LARGEST_SKEW_NS = 60_000_000
LARGEST_TRUTH_SKEW_NS = 1_000_000
# Cloud points this near to the plane of the scan are the ring that the scan was.
RING_MARGIN_DEG = 0.4


def open_dataset(path, options):
    """
    Open a rosbag2 recording.

    The line is the LaserScan nearest in time to each image; without a scan it is the ring of the
    nearest cloud at ``options.elevation``. Ground truth is a depth image of the same stamp if
    there is one, else the points of the nearest cloud that lie more than ``RING_MARGIN_DEG``
    above or below the plane of the line; ``options.unlabelled`` does without. Fixed transforms
    come from /tf_static, and from /tf where they never change; ``options.extrinsics`` replaces
    the one from the LiDAR of the line to the camera. Images without a partner in time are left
    out and counted in the description of the line.
    """
    path = Path(path)
    if not path.exists() or (path.is_dir() and not (path / 'metadata.yaml').is_file()):
        raise InputError(f'{path} is no recording. Expected layout: {LAYOUT}')
    lines.refuse(options.row, '--line-row', 'bag', 'the scan of the bag')
    if options.extrinsics is not None:
        pose_from(options.extrinsics)
    topics, tree = inventory(path)
    parts = choose_parts(topics, options, path)
    if parts.scan is not None:
        lines.refuse(options.elevation, '--line-elevation', 'bag', 'the scan of the bag')
    matched = (partners(parts, stamp) for stamp in parts.image.stamps)
    frames = [frame for frame in matched if frame is not None]
    if not frames:
        raise InputError(f'{path}: no image of {parts.image.name} has a scan and ground truth '
                         'near it in time; are the clocks of the sensors the same?')
    reader = Reader(path, parts, tree, options)
    truth = parts.truth or parts.cloud
    line = (f'{"scan" if parts.scan else "ring of"} {(parts.scan or parts.cloud).name}, '
            f'{f"truth {truth.name}" if truth else "no ground truth"}; {len(frames)} of '
            f'{len(parts.image.stamps)} images have {"both" if truth else "it"}')
    names = tuple(f'{frame[parts.image.name] / NANOSECONDS:.3f}' for frame in frames)
    return Dataset(names, line, lambda indices: reader.read(
        [(index, names[index], frames[index]) for index in indices]), truth is not None)


def partners(parts, stamp):
    """Return {topic: stamp} of what belongs to an image, or None when something is missing."""
    frame = {parts.image.name: stamp}
    for topic, largest in ((parts.scan, LARGEST_SKEW_NS), (parts.truth, LARGEST_TRUTH_SKEW_NS),
                           (parts.cloud, LARGEST_SKEW_NS)):
        if topic is not None and not (topic is parts.cloud and parts.truth and parts.scan):
            frame[topic.name] = topic.nearest(stamp, largest)
    return None if None in frame.values() else frame


def camera_of(parts, options):
    """Return the intrinsics of a recording, or those that the options name."""
    return options.camera or camera_from_info(parts.camera_info.first)


def camera_frame(parts):
    """Return the name of the optical frame of the camera."""
    info = parts.camera_info
    return (info.first.header.frame_id if info else '') or parts.image.first.header.frame_id


def pose_in_camera(parts, tree, options, frame):
    """
    Return camera <- frame, ``(4, 4)``, by the recorded transforms and ``options.extrinsics``.

    Raises InputError when the frames are not joined.
    """
    if options.extrinsics is None:
        return tree.lookup(camera_frame(parts), frame)
    line = (parts.scan or parts.cloud).first.header.frame_id
    return pose_from(options.extrinsics) @ tree.lookup(line, frame)


def image_of(parts, messages):
    """Return the image ``(H, W, 3) uint8`` RGB among the messages ``{topic: message}``."""
    return _pixels(messages[parts.image.name], parts.image, image_to_rgb)


def line_of(parts, messages, options):
    """Return the points of the line ``(N, 3)``, metres, and the name of their frame."""
    if parts.scan is not None:
        scan = scan_from_message(messages[parts.scan.name])
        return scan_points(scan)[0], scan.frame_id
    cloud = messages[parts.cloud.name]
    points, _ = cloud_points(cloud)
    wanted = lines.DEFAULT_ELEVATION_DEG if options.elevation is None else options.elevation
    if len(points):
        angles = elevation(points)
        ring = angles[np.argmin(np.abs(angles - wanted))]
        points = points[np.abs(angles - ring) <= RING_MARGIN_DEG / 2]
    return points, cloud.header.frame_id


def wrong_size(parts, image, camera):
    """Return the error of an image that its calibration was not made for."""
    source = parts.camera_info.name if parts.camera_info else 'the given camera'
    return InputError(f'{parts.image.name} is {image.shape[1]}x{image.shape[0]} but {source} says '
                      f'{camera.width}x{camera.height}')


class Reader:
    """Second pass over the bag: holds only the messages that wait for their partners."""

    def __init__(self, path, parts, tree, options):
        self.path, self.parts, self.tree, self.options = path, parts, tree, options
        self.camera = camera_of(parts, options)

    def read(self, wanted):
        """Yield the samples of (index, name, {topic: stamp}) in that order."""
        wanted = list(wanted)
        uses = {}
        for _, _, frame in wanted:
            for key in frame.items():
                uses[key] = uses.get(key, 0) + 1
        topics = {topic.name: topic for topic in (
            self.parts.image, self.parts.scan, self.parts.truth, self.parts.cloud) if topic}
        start = min((topics[name].recorded[stamp] for name, stamp in uses), default=None)
        held = {}
        for topic, _, msg in bags.read(self.path, sorted({name for name, _ in uses}), start):
            key = topic, stamp_ns(msg.header)
            if key in uses:
                held[key] = msg
            while wanted and all(item in held for item in wanted[0][2].items()):
                index, name, frame = wanted.pop(0)
                yield self._sample(index, name, {item[0]: held[item] for item in frame.items()})
                for item in frame.items():
                    uses[item] -= 1
                    if not uses[item]:
                        del held[item]
            if not wanted:
                return

    def _sample(self, index, name, messages):
        parts = self.parts
        image = image_of(parts, messages)
        if image.shape[:2] != (self.camera.height, self.camera.width):
            raise wrong_size(parts, image, self.camera)
        points, frame = line_of(parts, messages, self.options)
        sparse = sparse_depth(self._to_camera(points, frame), self.camera)
        depth = self.truth(messages, points, frame, image.shape[:2])
        noisy = lines.add_noise(sparse, self.options.noise, (self.options.seed, index))
        return Sample(name, image, lines.without_line(depth, sparse), noisy, self.camera)

    def truth(self, messages, line, line_frame, shape):
        """Return the depths (H, W) in metres, NaN where there is no ground truth."""
        parts = self.parts
        if parts.truth is None:
            if parts.cloud is None:
                return np.full(shape, np.nan, np.float32)
            return self._cloud_depth(messages[parts.cloud.name], line, line_frame)
        depth = _pixels(messages[parts.truth.name], parts.truth, image_to_depth)
        if depth.shape != shape:
            raise InputError(f'{parts.truth.name} and {parts.image.name} differ in size')
        return millimetres_to_metres(depth) if depth.dtype == np.uint16 else depth

    def _cloud_depth(self, cloud, line, line_frame):
        points, _ = cloud_points(cloud)
        frame = cloud.header.frame_id
        line = transform(line, self.tree.lookup(frame, line_frame))
        if len(line):
            apart = np.abs(elevation(points) - np.median(elevation(line)))
            points = points[apart > RING_MARGIN_DEG]
        depth = sparse_depth(self._to_camera(points, frame), self.camera)
        return np.where(depth > 0, depth, np.float32(np.nan))

    def pose(self, frame):
        """Return camera <- frame, ``(4, 4)``."""
        return pose_in_camera(self.parts, self.tree, self.options, frame)

    def _to_camera(self, points, frame):
        return transform(points, self.pose(frame))


def _pixels(msg, topic, raw):
    return compressed_to_array(msg) if topic.kind == COMPRESSED else raw(msg)
