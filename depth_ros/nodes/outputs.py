# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The topics that a depth node publishes; nothing is made that nobody subscribes to."""

import copy

from depth_ros import messages, pictures
import numpy as np
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, PointField

TOPICS = {'depth/image': Image, 'depth/camera_info': CameraInfo, 'depth/points': PointCloud2,
          'depth/confidence': Image, 'depth/saliency': Image, 'depth/image_color': Image}


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
            depth[np.isinf(depth)] = np.nan
        makers = {
            'depth/image': lambda message: messages.fill_depth(
                message, depth, config.depth_encoding, header),
            'depth/camera_info': lambda message: _info(info, header),
            'depth/points': lambda message: _cloud(message, frame, rgb, header,
                                                   config.cloud_stride),
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


def _info(info, header):
    message = copy.copy(info)
    message.header = header
    return message


def _share(message, values, header):
    """Fill with values between 0 and 1; None where the model does not give them."""
    if values is None:
        return None
    return messages.fill_image(message, values.astype(np.float32, copy=False), '32FC1', header)


def _cloud(message, frame, rgb, header, stride):
    planes = frame.camera.point_planes(frame.depth, stride)
    if stride > 1:
        rgb = np.ascontiguousarray(rgb[::stride, ::stride])
    return messages.fill_cloud(message, PointField, planes, rgb, header)
