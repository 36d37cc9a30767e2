# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Small rosbag2 recordings of a camera and a scan in front of a wall, for tests."""

import cv2
from depth_ros.bags import message, stamp, Writer
import numpy as np

HEIGHT, WIDTH, FOCAL = 48, 64, 50.0
# LiDAR (x forward, y left, z up) to camera (x right, y down, z forward), as x y z w.
TURN = (0.5, -0.5, 0.5, -0.5)


def header(stamp_ns, frame):
    """Fields of a std_msgs/Header."""
    return {'stamp': stamp(stamp_ns), 'frame_id': frame}


def image_message(stamp_ns, pixels, encoding):
    """Build a sensor_msgs/Image."""
    pixels = np.ascontiguousarray(pixels)
    return message('sensor_msgs/msg/Image', header=header(stamp_ns, 'camera'),
                   height=pixels.shape[0], width=pixels.shape[1], encoding=encoding,
                   step=pixels.strides[0], data=np.frombuffer(pixels.tobytes(), np.uint8))


def compressed_message(stamp_ns, pixels, text):
    """Build a sensor_msgs/CompressedImage holding a PNG."""
    return message('sensor_msgs/msg/CompressedImage', header=header(stamp_ns, 'camera'),
                   format=text, data=cv2.imencode('.png', pixels)[1].ravel())


def info_message(stamp_ns):
    """Build the sensor_msgs/CameraInfo of the tiny camera."""
    return message('sensor_msgs/msg/CameraInfo', header=header(stamp_ns, 'camera'),
                   height=HEIGHT, width=WIDTH, distortion_model='plumb_bob', d=[0.0] * 5,
                   k=[FOCAL, 0, 31.5, 0, FOCAL, 23.5, 0, 0, 1],
                   p=[FOCAL, 0, 31.5, 0, 0, FOCAL, 23.5, 0, 0, 0, 1, 0])


def scan_message(stamp_ns, distance):
    """Build a scan of a flat wall ``distance`` metres ahead."""
    angles = np.linspace(-0.5, 0.5, 101)
    return message('sensor_msgs/msg/LaserScan', header=header(stamp_ns, 'laser'),
                   angle_min=-0.5, angle_max=0.5, angle_increment=0.01, scan_time=0.1,
                   range_min=0.1, range_max=30.0, ranges=distance / np.cos(angles))


def cloud_message(stamp_ns, distance, rings=None):
    """Build a cloud of the wall: +5, 0 (the scan's), -5 degrees; rings: their numbers."""
    points = [(distance, distance * np.tan(a), distance / np.cos(a) * np.tan(np.radians(e)))
              for e in (5, 0, -5) for a in np.linspace(-0.5, 0.5, 101)]
    data, names = np.array(points, np.float32), [*'xyz']
    if rings is not None:
        names.append('ring')
        data = np.column_stack([data, np.repeat(np.float32(rings), len(data) // 3)])
    fields = [message('sensor_msgs/msg/PointField', name=name, offset=4 * index, datatype=7,
                      count=1) for index, name in enumerate(names)]
    return message('sensor_msgs/msg/PointCloud2', header=header(stamp_ns, 'laser'), height=1,
                   width=len(data), fields=fields, point_step=4 * len(names), row_step=data.nbytes,
                   data=np.frombuffer(data.tobytes(), np.uint8), is_dense=True)


def transform_message(base=None, laser=0.5):
    """
    Build /tf_static: the LiDAR in the base, the camera 0.4 m above it, 0.1 m below the LiDAR.

    base: its height in a frame `odom`; None leaves that out.
    """
    def link(child, height, q, parent='base'):
        return message('geometry_msgs/msg/TransformStamped', header=header(0, parent),
                       child_frame_id=child, transform={
                           'translation': {'z': height},
                           'rotation': dict(zip('xyzw', q))})
    straight = (0.0, 0.0, 0.0, 1.0)
    links = [link('laser', laser, straight), link('camera', 0.4, TURN)]
    if base is not None:
        links.append(link('base', base, straight, 'odom'))
    return message('tf2_msgs/msg/TFMessage', transforms=links)


def make_tiny_bag(path, frames=4, truth='depth', distance=4.0, compressed=False, skip_scan=(),
                  extra_image=False, static=True, scan=True, names=None, moving=(), rings=None):
    """
    Write a recording at 10 Hz and return its path.

    truth: depth (32FC1 image), png (16-bit compressed), cloud, or none. skip_scan: frames whose
    scan is missing. extra_image: a second camera. static: write /tf_static. scan: write scans.
    names: {topic: another name for it}. moving: 'base' or 'laser' move on /tf, which then has all
    transforms, once a frame. rings: numbers of the cloud's.
    """
    messages = [(0, '/tf_static', transform_message())] if static else []
    grey = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    depth = np.full((HEIGHT, WIDTH), distance, np.float32)
    depth[0, 0] = np.nan
    for index in range(frames):
        now = 10**9 + index * 10**8
        messages.append((now, '/camera/camera_info', info_message(now)))
        if compressed:
            messages.append((now, '/camera/image/compressed',
                             compressed_message(now, grey, 'rgb8; png compressed bgr8')))
        else:
            messages.append((now, '/camera/image', image_message(now, grey, 'rgb8')))
        if extra_image:
            messages.append((now, '/rear/image', image_message(now, grey, 'rgb8')))
        if moving:
            step = 0.1 * index
            messages.append((now, '/tf', transform_message(
                step if 'base' in moving else 0.0, 0.5 + step * ('laser' in moving))))
        if scan and index not in skip_scan:
            messages.append((now, '/scan', scan_message(now + 10**7, distance)))
        if truth == 'depth':
            messages.append((now, '/ground_truth/depth', image_message(now, depth, '32FC1')))
        elif truth == 'png':
            raw = np.nan_to_num(depth * 1000).astype(np.uint16)
            messages.append((now, '/ground_truth/depth/compressed',
                             compressed_message(now, raw, '16UC1; png compressed')))
        elif truth == 'cloud':
            messages.append((now, '/points', cloud_message(
                now + 2 * 10**7, distance, rings)))
    with Writer(path) as writer:
        for stamp_ns, topic, msg in messages:
            writer.write((names or {}).get(topic, topic), stamp_ns, msg)
    return path
