# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A made recording: a camera and a scan that look at a wall."""
from depth_ros import bags
from depth_ros.benchmark.scene import beams, camera, HEIGHT, LIDAR_TO_CAMERA, picture, WIDTH
import numpy as np


def write_recording(path, frames, period_s):
    """Write a camera and a scan that sees a wall, both at the same stamps."""
    pixels = [picture(index).ravel() for index in range(3)]
    angles, ranges = beams()
    with bags.Writer(path, compress=False) as writer:
        writer.write('/tf_static', 0, _transform())
        for index in range(frames):
            now = int((1 + index * period_s) * 1e9)
            header = {'stamp': bags.stamp(now), 'frame_id': 'camera'}
            writer.write('/camera_info', now, _calibration(header))
            writer.write('/scan', now + 1, bags.message(
                'sensor_msgs/msg/LaserScan', header={**header, 'frame_id': 'laser'},
                angle_min=float(angles[0]), angle_max=float(angles[-1]),
                angle_increment=float(angles[1] - angles[0]), range_min=0.05, range_max=30.0,
                ranges=ranges))
            # The image last: its latency starts when all that it needs is there.
            writer.write('/image', now + 2, bags.message(
                'sensor_msgs/msg/Image', header=header, height=HEIGHT, width=WIDTH,
                encoding='rgb8', step=3 * WIDTH, data=pixels[index % len(pixels)]))
            writer.write('/ground_truth/depth', now + 3, bags.message(
                'sensor_msgs/msg/Image', header=header, height=1, width=1, encoding='32FC1',
                step=4, data=[0, 0, 128, 63]))


def _calibration(header):
    view = camera()
    return bags.message(
        'sensor_msgs/msg/CameraInfo', header=header, height=HEIGHT, width=WIDTH,
        distortion_model='plumb_bob', d=[0.0] * 5, r=np.eye(3).ravel(),
        k=[view.fx, 0, view.cx, 0, view.fy, view.cy, 0, 0, 1],
        p=[view.fx, 0, view.cx, 0, 0, view.fy, view.cy, 0, 0, 0, 1, 0])


def _transform():
    return bags.message('tf2_msgs/msg/TFMessage', transforms=[bags.message(
        'geometry_msgs/msg/TransformStamped', header={'frame_id': 'camera'},
        child_frame_id='laser',
        transform={'rotation': dict(zip('xyzw', LIDAR_TO_CAMERA))})])
