# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Small rosbag2 recordings of a camera and a scan in front of a wall, for tests."""

import cv2
import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import get_typestore, Stores

HEIGHT, WIDTH, FOCAL = 48, 64, 50.0
TYPES = get_typestore(Stores.ROS2_JAZZY)
# LiDAR (x forward, y left, z up) to camera (x right, y down, z forward), as x y z w.
TURN = (0.5, -0.5, 0.5, -0.5)


def make(kind, **fields):
    """Build a message of the type ``package/msg/Name``."""
    return TYPES.types[kind](**fields)


def header(stamp_ns, frame):
    """Build a std_msgs/Header."""
    stamp = make('builtin_interfaces/msg/Time', sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9)
    return make('std_msgs/msg/Header', stamp=stamp, frame_id=frame)


def image_message(stamp_ns, pixels, encoding):
    """Build a sensor_msgs/Image."""
    pixels = np.ascontiguousarray(pixels)
    return make('sensor_msgs/msg/Image', header=header(stamp_ns, 'camera'),
                height=pixels.shape[0], width=pixels.shape[1], encoding=encoding,
                is_bigendian=0, step=pixels.strides[0],
                data=np.frombuffer(pixels.tobytes(), np.uint8))


def compressed_message(stamp_ns, pixels, text):
    """Build a sensor_msgs/CompressedImage holding a PNG."""
    return make('sensor_msgs/msg/CompressedImage', header=header(stamp_ns, 'camera'),
                format=text, data=cv2.imencode('.png', pixels)[1].ravel())


def info_message(stamp_ns):
    """Build the sensor_msgs/CameraInfo of the tiny camera."""
    roi = make('sensor_msgs/msg/RegionOfInterest', x_offset=0, y_offset=0, height=0, width=0,
               do_rectify=False)
    k = np.array([FOCAL, 0, 31.5, 0, FOCAL, 23.5, 0, 0, 1])
    p = np.insert(k, (3, 6, 9), 0.0)
    return make('sensor_msgs/msg/CameraInfo', header=header(stamp_ns, 'camera'), height=HEIGHT,
                width=WIDTH, distortion_model='plumb_bob', d=np.zeros(5), k=k,
                r=np.eye(3).ravel(), p=p, binning_x=0, binning_y=0, roi=roi)


def scan_message(stamp_ns, distance):
    """Build a scan of a flat wall ``distance`` metres ahead."""
    angles = np.linspace(-0.5, 0.5, 101)
    return make('sensor_msgs/msg/LaserScan', header=header(stamp_ns, 'laser'), angle_min=-0.5,
                angle_max=0.5, angle_increment=0.01, time_increment=0.0, scan_time=0.1,
                range_min=0.1, range_max=30.0,
                ranges=(distance / np.cos(angles)).astype(np.float32),
                intensities=np.zeros(0, np.float32))


def cloud_message(stamp_ns, distance):
    """Build a cloud of the wall: rings at 0 (the scan's), +5 and -5 degrees."""
    points = [(distance, distance * np.tan(a), distance / np.cos(a) * np.tan(np.radians(e)))
              for e in (5, 0, -5) for a in np.linspace(-0.5, 0.5, 101)]
    data = np.array(points, np.float32)
    fields = [make('sensor_msgs/msg/PointField', name=n, offset=4 * i, datatype=7, count=1)
              for i, n in enumerate('xyz')]
    return make('sensor_msgs/msg/PointCloud2', header=header(stamp_ns, 'laser'), height=1,
                width=len(data), fields=fields, is_bigendian=False, point_step=12,
                row_step=12 * len(data), data=np.frombuffer(data.tobytes(), np.uint8),
                is_dense=True)


def transform_message():
    """Build /tf_static: the LiDAR in the base, the camera 0.1 m below the LiDAR."""
    def link(parent, child, z, q):
        transform = make(
            'geometry_msgs/msg/Transform',
            translation=make('geometry_msgs/msg/Vector3', x=0.0, y=0.0, z=z),
            rotation=make('geometry_msgs/msg/Quaternion', x=q[0], y=q[1], z=q[2], w=q[3]))
        return make('geometry_msgs/msg/TransformStamped', header=header(0, parent),
                    child_frame_id=child, transform=transform)
    links = [link('base', 'laser', 0.5, (0.0, 0.0, 0.0, 1.0)), link('base', 'camera', 0.4, TURN)]
    return make('tf2_msgs/msg/TFMessage', transforms=links)


def make_tiny_bag(path, frames=4, truth='depth', distance=4.0, compressed=False, skip_scan=(),
                  extra_image=False, static=True):
    """
    Write a recording at 10 Hz and return its path.

    truth: depth (32FC1 image), png (16-bit compressed), cloud, or none. skip_scan: frames whose
    scan is missing. extra_image: a second camera. static: write /tf_static.
    """
    messages = [(0, '/tf_static', transform_message())] if static else []
    grey = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    depth = np.full((HEIGHT, WIDTH), distance, np.float32)
    depth[0, 0] = np.nan
    for index in range(frames):
        stamp = 10**9 + index * 10**8
        messages.append((stamp, '/camera/camera_info', info_message(stamp)))
        if compressed:
            messages.append((stamp, '/camera/image/compressed',
                             compressed_message(stamp, grey, 'rgb8; png compressed bgr8')))
        else:
            messages.append((stamp, '/camera/image', image_message(stamp, grey, 'rgb8')))
        if extra_image:
            messages.append((stamp, '/rear/image', image_message(stamp, grey, 'rgb8')))
        if index not in skip_scan:
            messages.append((stamp, '/scan', scan_message(stamp + 10**7, distance)))
        if truth == 'depth':
            messages.append((stamp, '/ground_truth/depth', image_message(stamp, depth, '32FC1')))
        elif truth == 'png':
            raw = np.nan_to_num(depth * 1000).astype(np.uint16)
            messages.append((stamp, '/ground_truth/depth/compressed',
                             compressed_message(stamp, raw, '16UC1; png compressed')))
        elif truth == 'cloud':
            messages.append((stamp, '/points', cloud_message(stamp + 2 * 10**7, distance)))
    with Writer(path, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connections = {}
        for stamp, topic, msg in messages:
            if topic not in connections:
                connections[topic] = writer.add_connection(
                    topic, msg.__msgtype__, typestore=TYPES)
            writer.write(connections[topic], stamp,
                         TYPES.serialize_cdr(msg, msg.__msgtype__))
    return path
