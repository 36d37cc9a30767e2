# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Recordings with something to see: posts before a painted wall, passed sideways."""

from depth_ros.bags import message, Writer
import numpy as np
from tiny_bags import header, image_message, transform_message, TURN

HEIGHT, WIDTH, FOCAL = 120, 160, 125.0
NEAR, FAR = 3.0, 6.0
ANGLES = np.linspace(-0.7, 0.7, 281)
# World positions (metres) where posts begin, and their width; the wall is painted in cells.
POSTS, POST_WIDTH = np.cumsum(np.random.default_rng(5).uniform(0.5, 1.1, 80)) - 8, 0.25
PAINT = np.random.default_rng(6).integers(60, 200, (40, 400))


def is_post(x):
    """Whether a post stands at the world positions x (metres)."""
    last = np.searchsorted(POSTS, x) - 1
    return (last >= 0) & (x < POSTS[last] + POST_WIDTH)


def picture(place):
    """Image (H, W, 3) uint8 seen from x = place (metres)."""
    u, v = np.meshgrid((np.arange(WIDTH) - 79.5) / FOCAL, (np.arange(HEIGHT) - 59.5) / FOCAL)
    wall = PAINT[np.floor(v * FAR * 4).astype(int) % 40, np.floor((place + u * FAR) * 4).astype(
        int) % 400]
    grain = PAINT[np.floor(v * NEAR * 12).astype(int) % 40, 7] // 8
    grey = np.where(is_post(place + u * NEAR), 15 + grain, 100 + wall // 2)
    return np.repeat(grey[..., None], 3, 2).astype(np.uint8)


def scan(stamp_ns, place):
    """Build the scan from x = place (metres); REP 103: angles grow to the left."""
    tangent = -np.tan(ANGLES)
    depth = np.where(is_post(place + NEAR * tangent), NEAR, FAR)
    return message('sensor_msgs/msg/LaserScan', header=header(stamp_ns, 'laser'),
                   angle_min=ANGLES[0], angle_max=ANGLES[-1],
                   angle_increment=ANGLES[1] - ANGLES[0], scan_time=0.1, range_min=0.1,
                   range_max=30.0, ranges=depth / np.cos(ANGLES))


def info(stamp_ns, bend=0.0):
    """Build the CameraInfo; bend: the first distortion coefficient."""
    return message('sensor_msgs/msg/CameraInfo', header=header(stamp_ns, 'camera'),
                   height=HEIGHT, width=WIDTH, distortion_model='plumb_bob',
                   d=[bend, 0.0, 0.0, 0.0, 0.0], k=[FOCAL, 0, 79.5, 0, FOCAL, 59.5, 0, 0, 1],
                   p=[FOCAL, 0, 79.5, 0, 0, FOCAL, 59.5, 0, 0, 0, 1, 0])


def turned(yaw_deg):
    """Build /tf_static whose camera is turned to the left by mistake."""
    wrong = transform_message()
    half = np.radians(yaw_deg) / 2
    w, z = np.cos(half), np.sin(half)
    x, y, c, d = TURN
    # Quaternion product (0, 0, z, w) * TURN.
    values = w * x - z * y, w * y + z * x, w * c + z * d, w * d - z * c
    camera = next(link for link in wrong.transforms if link.child_frame_id == 'camera')
    for name, value in zip('xyzw', values):
        setattr(camera.transform.rotation, name, value)
    return wrong


def make_posts_bag(path, frames=30, speed=0.5, yaw_deg=0.0, static=True, scan_delay_ns=0,
                   leave_out=(), bend=0.0, light=1.0, storage='mcap'):
    """
    Write a recording at 10 Hz and return its path.

    speed: metres per second; yaw_deg: error of the recorded extrinsics; scan_delay_ns: added to
    the stamps of scans; leave_out: topics; light: factor of the brightness.
    """
    messages = [(0, '/tf_static', turned(yaw_deg))] if static else []
    for index in range(frames):
        now, place = 10**9 + index * 10**8, speed * index * 0.1
        image = np.clip(light * picture(place), 0, 255).astype(np.uint8)
        messages += [(now, '/camera/camera_info', info(now, bend)),
                     (now, '/camera/image', image_message(now, image, 'rgb8')),
                     (now, '/scan', scan(now + scan_delay_ns, place))]
    with Writer(path, storage) as writer:
        for stamp_ns, topic, msg in messages:
            if topic not in leave_out:
                writer.write(topic, stamp_ns, msg)
    return path
