# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Recordings that can be calibrated with: boxes in a room, a robot that drives and turns."""
from depth_ros.bags import message, Writer
from depth_ros.poses import quaternion_from
import numpy as np
from posts_bag import FOCAL, HEIGHT, info, WIDTH
from tiny_bags import header, image_message

# Low and high corners (metres) of what stands in the room, and the room itself last.
BOXES = np.array([[(2.2, 0.5, 0), (2.8, 1.1, 1.5)], [(3.2, -1.3, 0), (3.7, -0.6, 0.7)],
                  [(4.2, -0.2, 0.0), (4.6, 0.4, 1.1)], [(2.6, -2.2, 0), (3.0, -1.7, 2.0)],
                  [(3.9, 1.5, 0), (4.4, 2.0, 0.8)], [(-1.0, -3.0, 0.0), (6.0, 3.0, 2.5)]])
ANGLES = np.linspace(-np.pi, np.pi, 360, endpoint=False)
RATE, PERIOD_S, PHASE_S = 10.0, 0.1, 0.03


def _turned(pitch):
    """Give base <- optical camera that looks down by pitch (radians)."""
    c, s = np.cos(pitch), np.sin(pitch)
    return np.array([[0, -s, c], [-1, 0, 0], [0, -c, -s]])


CAMERA, LASER = np.eye(4), np.eye(4)
CAMERA[:3, :3], CAMERA[:3, 3] = _turned(0.25), (0.0, 0.0, 0.9)
LASER[:3, 3] = 0.1, 0.02, 0.55
TRUE_POSE = np.linalg.inv(CAMERA) @ LASER


def base(seconds, speed=1.0):
    """World <- base: ahead, winding; speed 0 stands."""
    t, pose = seconds * speed, np.eye(4)
    angle = 0.45 * np.sin(1.9 * t) + 0.2 * np.sin(4.1 * t + 1)
    pose[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    pose[:2, 3] = 0.45 * t, 0.25 * np.sin(1.3 * t)
    return pose


def cast(origin, rays):
    """
    Distances (N,) in units of the rays (N, 3), and grey values (N,).

    origin: (3,), or (N, 3) for one each.
    """
    with np.errstate(divide='ignore', invalid='ignore'):
        first = (BOXES[:, 0, None] - origin) / rays
        second = (BOXES[:, 1, None] - origin) / rays
    entry = np.minimum(first, second).max(2)
    leaving = np.maximum(first, second).min(2)
    hit = np.where((entry <= leaving) & (entry > 0), entry, np.inf)
    hit[-1] = leaving[-1]  # from inside
    which = hit.argmin(0)
    distance = hit[which, np.arange(len(rays))]
    x, y, z = (origin + distance[:, None] * rays).T
    grey = 110 + 25.0 * (which % 3)
    for k, (a, b, c) in enumerate(np.random.default_rng(3).normal(size=(10, 3)) * 9):
        grey = grey + 11 * np.sin(a * x + b * y + c * z + which + k)
    return distance, grey


def picture(seconds, speed=1.0):
    """Image (H, W, 3) uint8 and depth (H, W) metres."""
    pose = base(seconds, speed) @ CAMERA
    u, v = np.meshgrid((np.arange(WIDTH) - 79.5) / FOCAL, (np.arange(HEIGHT) - 59.5) / FOCAL)
    rays = np.stack([u, v, np.ones_like(u)], -1).reshape(-1, 3) @ pose[:3, :3].T
    depth, grey = cast(pose[:3, 3], rays)
    image = np.clip(grey, 0, 255).astype(np.uint8).reshape(HEIGHT, WIDTH)
    return np.repeat(image[..., None], 3, 2), depth.reshape(HEIGHT, WIDTH).astype(np.float32)


def ranges(start, speed=1.0, noise=0.005, seed=0):
    """One turn of the LiDAR (N,) metres, each beam from where it is at its time."""
    times = start + np.arange(len(ANGLES)) * PERIOD_S / len(ANGLES)
    poses = np.stack([base(t, speed) @ LASER for t in times])
    local = np.stack([np.cos(ANGLES), np.sin(ANGLES), 1e-9 + 0 * ANGLES], 1)
    rays = np.einsum('nij,nj->ni', poses[:, :3, :3], local)
    found = cast(poses[:, :3, 3], rays)[0]
    return found + np.random.default_rng([seed, int(1000 * start)]).normal(size=len(found)) * noise


def make_boxes_bag(path, frames=34, pose=TRUE_POSE, offset=0.0, speed=1.0, depth=True):
    """
    Write a recording at 10 Hz and return its path.

    pose: camera <- laser as it is recorded; offset: seconds that must be added to the stamps of
    the scans; speed: 0 stands still; depth: record true depth.
    """
    link = message('geometry_msgs/msg/TransformStamped', header=header(0, 'camera'),
                   child_frame_id='laser', transform={
                       'translation': dict(zip('xyz', pose[:3, 3])),
                       'rotation': dict(zip('xyzw', quaternion_from(pose)))})
    with Writer(path) as writer:
        writer.write('/tf_static', 0, message('tf2_msgs/msg/TFMessage', transforms=[link]))
        for k in range(frames):
            seconds = k / RATE
            now = 10**9 + round(seconds * 1e9)
            image, truth = picture(seconds, speed)
            writer.write('/camera/camera_info', now, info(now))
            writer.write('/camera/image', now, image_message(now, image, 'rgb8'))
            if depth:
                writer.write('/ground_truth/depth', now, image_message(now, truth, '32FC1'))
            start = seconds + PHASE_S
            stamp = 10**9 + round((start - offset) * 1e9)
            writer.write('/scan', now + 5 * 10**7, message(
                'sensor_msgs/msg/LaserScan', header=header(stamp, 'laser'),
                angle_min=ANGLES[0], angle_max=ANGLES[-1],
                angle_increment=ANGLES[1] - ANGLES[0], time_increment=PERIOD_S / len(ANGLES),
                scan_time=PERIOD_S, range_min=0.1, range_max=30.0,
                ranges=ranges(start, speed)))
    return path
