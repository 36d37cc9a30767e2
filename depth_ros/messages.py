# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
ROS messages <-> arrays; the only file that knows cv_bridge and sensor_msgs_py.

Reading is duck-typed on the message fields, so that messages decoded without ROS (from a bag)
work too.  The common encodings need neither cv_bridge nor sensor_msgs_py.
"""

from array import array

import cv2
from depth_ros import contracts
from depth_ros.camera import Camera
from depth_ros.contracts import InputError, NANOSECONDS
from depth_ros.lidar import Scan
import numpy as np

# encoding -> (NumPy type, channels)
_LAYOUTS = {'rgb8': ('u1', 3), 'bgr8': ('u1', 3), '8UC3': ('u1', 3), 'rgba8': ('u1', 4),
            'bgra8': ('u1', 4), 'mono8': ('u1', 1), '8UC1': ('u1', 1), '16UC1': ('u2', 1),
            'mono16': ('u2', 1), '32FC1': ('f4', 1)}
_TO_RGB = {'bgr8': cv2.COLOR_BGR2RGB, '8UC3': cv2.COLOR_BGR2RGB, 'rgba8': cv2.COLOR_RGBA2RGB,
           'bgra8': cv2.COLOR_BGRA2RGB, 'mono8': cv2.COLOR_GRAY2RGB, '8UC1': cv2.COLOR_GRAY2RGB}
# sensor_msgs/PointField datatypes
_FIELD_TYPES = {1: 'i1', 2: 'u1', 3: 'i2', 4: 'u2', 5: 'i4', 6: 'u4', 7: 'f4', 8: 'f8'}
_MAX_PIXELS = 1 << 26
PNG, JPEG = b'\x89PNG\r\n\x1a\n', b'\xff\xd8\xff'
# JPEG segments before the one that holds the size: any kind of frame, but no table (C4, C8, CC).
_MOST_SEGMENTS = 1000
_JPEG_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def stamp_ns(header):
    """Stamp of a std_msgs/Header in integer nanoseconds."""
    return header.stamp.sec * NANOSECONDS + header.stamp.nanosec


def image_array(msg):
    """
    Pixels of a sensor_msgs/Image as stored: `(H, W)` or `(H, W, C)`, a view where possible.

    :raises InputError: an unknown encoding, or data that do not fit the stated size.
    """
    if msg.encoding not in _LAYOUTS:
        return _with_cv_bridge(msg)
    kind, channels = _LAYOUTS[msg.encoding]
    kind = np.dtype(kind).newbyteorder('>' if msg.is_bigendian else '<')
    row = msg.width * channels * kind.itemsize
    _check_size(msg.width, msg.height)
    if msg.step < row or len(msg.data) < msg.step * (msg.height - 1) + row:
        raise InputError(f'image {msg.width}x{msg.height} {msg.encoding} with step {msg.step} '
                         f'carries {len(msg.data)} bytes: too few; check its publisher',
                         'image data')
    shape = (msg.height, msg.width, channels)
    strides = (msg.step, channels * kind.itemsize, kind.itemsize)
    pixels = np.ndarray(shape, kind, buffer=memoryview(msg.data), strides=strides)
    pixels = pixels.astype(kind.newbyteorder('='), copy=False)
    return pixels[..., 0] if channels == 1 else pixels


def _check_size(width, height):
    if not 0 < width * height <= _MAX_PIXELS:
        raise InputError(f'image is {width}x{height}: it is empty or absurdly large',
                         'image size')


def _with_cv_bridge(msg):
    _check_size(msg.width, msg.height)
    try:
        return _cv_bridge().CvBridge().imgmsg_to_cv2(msg, 'rgb8')
    except ImportError as error:
        raise InputError(
            f'image encoding {msg.encoding!r} needs cv_bridge of a ROS installation '
            f'({error}); without it these work: {", ".join(_LAYOUTS)}', 'encoding') from error
    except Exception as error:
        raise InputError(f'cv_bridge cannot convert encoding {msg.encoding!r} to rgb8: {error}',
                         'encoding') from error


def _cv_bridge():
    """Return the cv_bridge of ROS 2, not the port of ROS 1 that the Python registry carries."""
    from importlib.metadata import PackageNotFoundError, version
    try:
        if version('cv-bridge').startswith('1.'):
            raise ImportError('the cv-bridge of the Python registry is a ROS 1 port')
    except PackageNotFoundError:
        pass
    import cv_bridge
    return cv_bridge


def image_to_rgb(msg):
    """Colour or grey sensor_msgs/Image to `(H, W, 3) uint8` RGB (a view for rgb8)."""
    if msg.encoding in ('16UC1', 'mono16', '32FC1'):
        raise InputError(f'image has encoding {msg.encoding}, which is no colour image: is the '
                         'depth topic remapped to `image`?', 'encoding')
    pixels = image_array(msg)
    return cv2.cvtColor(pixels, _TO_RGB[msg.encoding]) if msg.encoding in _TO_RGB else pixels


def compressed_to_array(msg):
    """
    Pixels of a sensor_msgs/CompressedImage: RGB `(H, W, 3) uint8`, or 16-bit `(H, W)` as stored.

    Handles JPEG and PNG; a `compressedDepth` message carries a 12-byte header before its PNG.
    """
    data = np.frombuffer(memoryview(msg.data), np.uint8)
    if 'compressedDepth' in msg.format:
        data = data[12:]
    size = _compressed_size(data)
    if size is not None:
        _check_size(*size)
    pixels = None if size is None else cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise InputError(f'compressed image ({msg.format!r}, {len(msg.data)} bytes) cannot be '
                         'decoded: JPEG and PNG work', 'compressed image')
    if pixels.ndim == 3:
        return cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGB if pixels.shape[2] == 4
                            else cv2.COLOR_BGR2RGB)
    return cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB) if pixels.dtype == np.uint8 else pixels


def _compressed_size(data):
    """
    Width and height that a PNG or JPEG says in its header, or None for anything else.

    A file of some kilobytes may unpack to gigabytes: the size is looked at before that.
    """
    view = memoryview(data)
    if view[:8] == PNG and len(view) >= 24:
        return int.from_bytes(view[16:20], 'big'), int.from_bytes(view[20:24], 'big')
    at = 2 if view[:3] == JPEG else len(view)
    for _ in range(_MOST_SEGMENTS):
        if at + 9 > len(view) or view[at] != 0xFF:
            return None
        marker = view[at + 1]
        if marker in _JPEG_FRAMES:
            return (int.from_bytes(view[at + 7:at + 9], 'big'),
                    int.from_bytes(view[at + 5:at + 7], 'big'))
        # A fill byte, or a segment with its length.
        at += 1 if marker == 0xFF else 2 + int.from_bytes(view[at + 2:at + 4], 'big')
    return None


def image_to_depth(msg):
    """Depth sensor_msgs/Image (32FC1 metres or 16UC1 mm) to `(H, W) float32` metres, REP 118."""
    pixels = image_array(msg)
    if msg.encoding in ('16UC1', 'mono16'):
        return contracts.millimetres_to_metres(pixels)
    if msg.encoding != '32FC1':
        raise InputError(f'depth image has encoding {msg.encoding}: expected 32FC1 (metres) or '
                         '16UC1 (millimetres)', 'encoding')
    return np.array(pixels)


def fill_image(msg, pixels, encoding, header):
    """
    Fill a sensor_msgs/Image with `(H, W)` or `(H, W, C)` pixels and return it.

    A message that was filled before with an image of this size keeps its memory.
    """
    msg.header, msg.encoding = header, encoding
    msg.height, msg.width = pixels.shape[:2]
    msg.is_bigendian, msg.step = 0, pixels[0].size * pixels.itemsize
    np.copyto(_room(msg, pixels.nbytes).view(pixels.dtype).reshape(pixels.shape), pixels)
    return msg


def fill_depth(msg, depth, encoding, header):
    """Fill a sensor_msgs/Image with metres `(H, W)` as 32FC1 metres or 16UC1 millimetres."""
    pixels = contracts.metres_to_millimetres(depth) if encoding == '16UC1' else depth
    return fill_image(msg, pixels, encoding, header)


def _room(msg, size):
    """Bytes `(size,) uint8` that are the data of a message; they stay when the size does."""
    data = msg.data
    if not (isinstance(data, array) and data.typecode == 'B' and len(data) == size):
        # Any other type makes rclpy look at every element (500 times dearer).
        msg.data = array('B', [0]) * size
        data = msg.data  # It may be a copy.
    return np.frombuffer(data, np.uint8)


def camera_from_info(msg, rectified=False):
    """Camera of a sensor_msgs/CameraInfo; for a rectified image P counts, without distortion."""
    p = getattr(msg, 'p', None) if rectified else None
    k = msg.k if hasattr(msg, 'k') else msg.K
    d = () if rectified else (msg.d if hasattr(msg, 'd') else msg.D)
    if p is not None and p[0] > 0:
        matrix = np.reshape(p, (3, 4))
    else:
        matrix = np.reshape(k, (3, 3))
    return Camera.from_matrix(matrix, msg.width, msg.height, tuple(d),
                              'plumb_bob' if rectified else msg.distortion_model)


def scan_from_message(msg, offset_ns=0):
    """Scan of a sensor_msgs/LaserScan, its stamp moved by `offset_ns`."""
    return Scan(np.asarray(msg.ranges, np.float32), msg.angle_min, msg.angle_increment,
                msg.range_min, msg.range_max, msg.time_increment,
                stamp_ns(msg.header) + offset_ns, msg.header.frame_id)


def fill_scan(msg, scan, header):
    """Fill a sensor_msgs/LaserScan from a Scan whose beams are all of one time, and return it."""
    msg.header = header
    msg.angle_min, msg.angle_increment = scan.angle_min, scan.angle_increment
    msg.angle_max = scan.angle_min + (len(scan.ranges) - 1) * scan.angle_increment
    msg.range_min, msg.range_max = scan.range_min, scan.range_max
    # Any other type makes rclpy look at every element.
    msg.ranges = array('f', scan.ranges.astype(np.float32, copy=False).tobytes())
    return msg


def cloud_fields(msg):
    """
    Structured array `(N,)` over the data of a sensor_msgs/PointCloud2, a view where possible.

    :raises InputError: fields or sizes that do not fit the data.
    """
    count = msg.width * msg.height
    if msg.point_step <= 0 or count * msg.point_step > len(msg.data):
        raise InputError(f'cloud {msg.width}x{msg.height} with point_step {msg.point_step} '
                         f'carries {len(msg.data)} bytes: too few; check its publisher', 'cloud')
    if msg.height > 1 and msg.row_step != msg.width * msg.point_step:
        raise InputError('cloud with padded rows is not supported: publish it unpadded', 'cloud')
    order = '>' if msg.is_bigendian else '<'
    fields = [f for f in msg.fields if f.datatype in _FIELD_TYPES and f.count == 1]
    try:
        layout = np.dtype({'names': [f.name for f in fields],
                           'formats': [order + _FIELD_TYPES[f.datatype] for f in fields],
                           'offsets': [f.offset for f in fields], 'itemsize': msg.point_step})
        return np.frombuffer(memoryview(msg.data), layout, count)
    except ValueError as error:
        raise InputError(f'cloud fields do not fit its point_step: {error}', 'cloud') from error


def cloud_points(msg, ring=-1):
    """
    Points of a PointCloud2 in its own frame.

    :param ring: keep only this value of the field `ring` (or `channel`); -1 keeps all.
    :return: `(N, 3) float64` metres (non-finite points dropped), seconds after the stamp `(N,)`.
    """
    data = cloud_fields(msg)
    missing = {'x', 'y', 'z'} - set(data.dtype.names)
    if missing:
        raise InputError(f'cloud has no field {", ".join(sorted(missing))}; it has '
                         f'{", ".join(data.dtype.names) or "none"}', 'cloud')
    points = np.stack([data[axis].astype(np.float64) for axis in 'xyz'], 1)
    keep = np.isfinite(points).all(1) & (points != 0).any(1)
    if ring >= 0:
        name = next((n for n in ('ring', 'channel') if n in data.dtype.names), None)
        if name is None:
            raise InputError('cloud_ring is set but the cloud has no field `ring` or `channel`: '
                             'set cloud_ring to -1 or use a driver that writes rings', 'cloud')
        keep &= data[name] == ring
    times = next((data[n] for n in ('time', 't') if n in data.dtype.names), np.zeros(len(data)))
    scale = 1e-9 if np.issubdtype(times.dtype, np.integer) else 1.0
    return points[keep], times[keep].astype(np.float64) * scale


def fill_cloud(msg, point_field, planes, rgb, header):
    """
    Fill an organised sensor_msgs/PointCloud2 with points and their colours.

    A message that was filled before with a cloud of this size keeps its memory.

    :param point_field: the class sensor_msgs.msg.PointField.
    :param planes: X, Y and Z, each `(H, W) float32` metres, NaN where unknown.
    :param rgb: `(H, W, 3) uint8`.
    """
    height, width = planes[0].shape
    # The field `rgb` packs 0x00RRGGBB, little-endian: blue first, and no alpha, which would make
    # the number a NaN.
    colour = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGRA).view(np.uint32)[..., 0]
    colour &= 0x00FFFFFF
    msg.header, msg.height, msg.width = header, height, width
    msg.fields = [point_field(name=name, offset=4 * i, datatype=point_field.FLOAT32, count=1)
                  for i, name in enumerate(('x', 'y', 'z', 'rgb'))]
    msg.is_bigendian, msg.is_dense = False, False
    msg.point_step, msg.row_step = 16, 16 * width
    cv2.merge([*planes, colour.view(np.float32)],
              _room(msg, 16 * height * width).view(np.float32).reshape(height, width, 4))
    return msg
