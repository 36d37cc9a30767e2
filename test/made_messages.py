# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Good messages of a small camera and of a LiDAR that sees a wall."""
from array import array

from builtin_interfaces.msg import Time
import numpy as np
from sensor_msgs.msg import CameraInfo, Image, LaserScan
from std_msgs.msg import Header


def seconds(stamp_ns):
    """Make a builtin_interfaces/Time."""
    return Time(sec=stamp_ns // 10 ** 9, nanosec=stamp_ns % 10 ** 9)


def nanoseconds(message):
    """Return the stamp of a message."""
    return message.header.stamp.sec * 10 ** 9 + message.header.stamp.nanosec


def image(stamp_ns, width=64, height=48, encoding='rgb8', value=128):
    """Image of one grey."""
    channels = {'rgb8': 3, 'bgr8': 3, 'mono8': 1, 'rgba8': 4, '32FC1': 4}.get(encoding, 3)
    data = array('B', [value]) * (width * height * channels)
    return Image(header=Header(stamp=seconds(stamp_ns), frame_id='camera_optical'), width=width,
                 height=height, encoding=encoding, step=width * channels, data=data)


def camera_info(stamp_ns, width=64, height=48, focal=None):
    """Camera with a field of view of 62 degrees."""
    focal = width / 1.2 if focal is None else focal
    return CameraInfo(header=Header(stamp=seconds(stamp_ns), frame_id='camera_optical'),
                      width=width, height=height, distortion_model='plumb_bob', d=[0.0] * 5,
                      k=[focal, 0.0, (width - 1) / 2, 0.0, focal, (height - 1) / 2, 0.0, 0.0, 1.0])


def scan(stamp_ns, distance=2.0, ranges=None, angle_min=-0.75):
    """Scan of a wall at `distance` metres across the x axis, or the given ranges."""
    if ranges is None:
        angles = angle_min + 0.005 * np.arange(301)
        ranges = (distance / np.cos(angles)).astype(np.float32)
    return LaserScan(header=Header(stamp=seconds(stamp_ns), frame_id='laser'),
                     angle_min=angle_min, angle_max=angle_min + 1.5, angle_increment=0.005,
                     range_min=0.05, range_max=30.0,
                     ranges=array('f', np.asarray(ranges, np.float32).tobytes()))
