# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The topics that a depth node publishes; nothing is made that nobody subscribes to."""

import copy
import math

from depth_ros import messages, pictures
from depth_ros.contracts import InputError
from depth_ros.depth_scan import Band, depth_scan
import numpy as np
from sensor_msgs.msg import CameraInfo, Image, LaserScan, PointCloud2, PointField
from std_msgs.msg import Header

TOPICS = {'depth/image': Image, 'depth/camera_info': CameraInfo, 'depth/points': PointCloud2,
          'depth/scan': LaserScan, 'depth/confidence': Image, 'depth/saliency': Image,
          'depth/image_color': Image}
OPTICAL = '_optical'


class DepthOutputs:
    """
    Publishers of one node, by topic.

    Each topic has one message whose memory is used again for every frame: publishing copies it.
    """

    def __init__(self, node, overlay=False):
        """Advertise on `node`; `overlay` adds the image with the measured line."""
        self._node = node
        topics = dict(TOPICS, overlay=Image) if overlay else TOPICS
        self._publishers = {topic: node.advertise(kind, topic) for topic, kind in topics.items()}
        self._messages = {topic: kind() for topic, kind in topics.items()}
        self.reach = math.inf
        """Metres along Z up to which every model of the node tells depths; beyond is +Inf."""

    def destroy(self):
        """Withdraw the topics."""
        for publisher in self._publishers.values():
            self._node.destroy_lifecycle_publisher(publisher)
        self._publishers, self._messages = {}, {}

    def wanted(self):
        """Topics that somebody subscribes to."""
        return {topic for topic, publisher in self._publishers.items()
                if publisher.get_subscription_count() > 0}

    def publish(self, frame, rgb, header, info, config, wanted):
        """
        Publish what is wanted of a DepthFrame, depth/image first.

        :param rgb: the image `(H, W, 3) uint8`.
        :param header: header of the image; its stamp and frame_id are copied.
        :param info: sensor_msgs/CameraInfo of the image.
        """
        depth = frame.depth
        if config.far_value == 'nan':
            depth = np.where(np.isinf(depth), np.float32(np.nan), depth)
        makers = {
            'depth/image': lambda message: messages.fill_depth(
                message, depth, config.depth_encoding, header),
            'depth/camera_info': lambda message: _info(info, header),
            'depth/points': lambda message: fill_points(message, frame, rgb, header,
                                                        config.cloud_stride),
            'depth/scan': lambda message: self._scan(message, frame, header, config),
            'depth/confidence': lambda message: _share(message, frame.confidence, header),
            'depth/saliency': lambda message: _share(message, frame.saliency, header),
            'depth/image_color': lambda message: messages.fill_image(
                message, pictures.colorize(
                    depth, config.color_max or pictures.depth_range(depth)[1]), 'rgb8', header),
            'overlay': lambda message: messages.fill_image(
                message, pictures.overlay(rgb, frame.sparse_depth), 'rgb8', header)}
        for topic, publisher in self._publishers.items():
            message = makers[topic](self._messages[topic]) if topic in wanted else None
            if message is not None:
                publisher.publish(message)

    def _scan(self, message, frame, header, config):
        """Fill with the scan of a frame; where there can be none say so and return None."""
        try:
            return fill_scan(message, frame, header, config, self.reach)
        except InputError as error:
            self._node.report('depth scan', f'no depth/scan: {error}')
            return None


def fill_scan(message, frame, header, config, reach=math.inf):
    """
    Fill a sensor_msgs/LaserScan with the level scan of a DepthFrame and return it.

    :param reach: metres up to which the model tells depths: +Inf says nothing of what is beyond.
    """
    target = scan_frame(header.frame_id, config)
    band = Band(config.depth_scan_min_height, config.depth_scan_max_height,
                config.depth_scan_camera_height, config.depth_scan_camera_tilt,
                min(config.depth_scan_range_max, reach))
    scan = depth_scan(frame.depth, frame.camera, band)
    return messages.fill_scan(message, scan, Header(stamp=header.stamp, frame_id=target))


def scan_frame(image_frame, config):
    """
    Name of the frame of depth/scan: at the camera, x forward and level, z up (REP 103).

    :raises InputError: it is not given and cannot be told from the name of the image's frame.
    """
    if config.depth_scan_frame:
        return config.depth_scan_frame
    if config.depth_scan_camera_tilt:
        raise InputError('the camera looks down, and so does its own frame: publish a level frame '
                         'at the camera and name it in depth_scan_frame', 'depth scan')
    if OPTICAL not in image_frame:
        raise InputError(f'the frame {image_frame!r} of the image is not called ..._optical..., '
                         'so its frame with x forward is not known: name that in '
                         'depth_scan_frame', 'depth scan')
    return image_frame.replace(OPTICAL, '')


def _info(info, header):
    message = copy.copy(info)
    message.header = header
    return message


def _share(message, values, header):
    """Fill with values between 0 and 1; None where the model does not give them."""
    if values is None:
        return None
    return messages.fill_image(message, values.astype(np.float32, copy=False), '32FC1', header)


def fill_points(message, frame, rgb, header, stride):
    """Fill a sensor_msgs/PointCloud2 with every `stride`-th point of a DepthFrame, coloured."""
    planes = frame.camera.point_planes(frame.depth, stride)
    if stride > 1:
        rgb = np.ascontiguousarray(rgb[::stride, ::stride])
    return messages.fill_cloud(message, PointField, planes, rgb, header)
