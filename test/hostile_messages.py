# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Seeded messages as a broken or hostile publisher may send them; all can travel over DDS."""

from array import array
import struct
import zlib

import cv2
import numpy as np
from sensor_msgs.msg import (
    CameraInfo,
    CompressedImage,
    Image,
    LaserScan,
    PointCloud2,
    PointField,
)

WIDTH, HEIGHT = 64, 48
UINT32 = 2 ** 32 - 1
ENCODINGS = ['rgb8', 'bgr8', 'rgba8', 'bgra8', 'mono8', '8UC1', '8UC3', '16UC1', 'mono16', '32FC1',
             'yuv422', 'bayer_rggb8', '64FC4', '', 'RGB8', 'rgb8 ', 'e' * 5000, '\u00e9\u4e2d',
             '%s{}']
MODELS = ['plumb_bob', 'rational_polynomial', 'equidistant', '', 'x' * 3000, 'thin_prism']
SIZES = [0, 1, 2, 3, 47, 48, 49, 64, 65, 640, 1000, 65535, 65536, 2 ** 20, 2 ** 31, UINT32]
FLOATS = [0.0, -0.0, 1.0, -1.0, 1e-45, 1e-12, 1e30, -1e30, 3e38, float('nan'), float('inf'),
          float('-inf')]
DOUBLES = [*FLOATS, 1e300, -1e300, 5e-324]
SECONDS = [0, 1, -1, -2 ** 31, 2 ** 31 - 1, 1000, 2000]
# PNG and JPEG files that say a size which they do not hold.
PNG = b'\x89PNG\r\n\x1a\n'


class Hostile:
    """Makes hostile messages out of good ones, by one seed; without `spoil` good ones."""

    def __init__(self, seed, spoil=True):
        """Begin; the same seed gives the same messages."""
        self.rng, self.spoil = np.random.default_rng(seed), spoil

    def one_of(self, values):
        """Choose; a plain Python value."""
        return values[int(self.rng.integers(len(values)))]

    def chance(self, share):
        """Return True with this probability."""
        return self.spoil and self.rng.random() < share

    def several(self, kinds):
        """Choose up to three kinds of damage."""
        return self.rng.choice(kinds, int(self.rng.integers(0, 4))) if self.spoil else []

    def header(self, msg, stamp_ns, frame):
        """Fill a header that is usually good."""
        msg.header.frame_id = self.one_of(['', 'f' * 2000, '\u00e9', '/a/b']) if self.chance(
            0.05) else frame
        msg.header.stamp.sec, msg.header.stamp.nanosec = divmod(stamp_ns, 10 ** 9)
        if self.chance(0.05):
            msg.header.stamp.sec = self.one_of(SECONDS)
            msg.header.stamp.nanosec = self.one_of([0, 999_999_999, UINT32])
        return msg

    def random_bytes(self, count):
        """Random bytes as the message holds them."""
        return array('B', self.rng.bytes(count))

    def image(self, stamp_ns):
        """Image: sizes, steps, encodings and data that do not fit each other."""
        msg = self.header(Image(), stamp_ns, 'camera_optical')
        msg.width, msg.height, msg.encoding, msg.step = WIDTH, HEIGHT, 'rgb8', 3 * WIDTH
        count = 3 * WIDTH * HEIGHT
        for kind in self.several(8):
            if kind == 0:
                msg.encoding = self.one_of(ENCODINGS)
            elif kind == 1:
                msg.width = self.one_of(SIZES)
            elif kind == 2:
                msg.height = self.one_of(SIZES)
            elif kind == 3:
                msg.step = self.one_of([*SIZES, 3 * WIDTH + 1, 3 * WIDTH - 1])
            elif kind == 4:
                msg.is_bigendian = self.one_of([1, 255])
            elif kind == 5:
                count = self.one_of([0, 1, count - 1, count + 1, 4 * count])
            elif kind == 6:
                # Long and narrow, and whole.
                msg.width, msg.height, msg.step = 2 ** 16, 1, 2 ** 16
                msg.encoding, count = 'mono8', 2 ** 16
            else:
                msg.width, msg.height, msg.step = 1, 1, 3
        msg.data = self.random_bytes(count)
        return msg

    def compressed(self, stamp_ns):
        """CompressedImage: damaged files, other formats, files that say an absurd size."""
        msg = self.header(CompressedImage(), stamp_ns, 'camera_optical')
        if not self.spoil:
            msg.format = 'png'
            msg.data = array('B', cv2.imencode('.png', np.full((HEIGHT, WIDTH, 3), 90, np.uint8))[
                1].tobytes())
            return msg
        msg.format = self.one_of(['jpeg', 'png', '', 'rgb8; jpeg compressed bgr8',
                                  '16UC1; compressedDepth png', 'f' * 3000])
        channels = self.one_of([(), (3,), (4,)])
        kind = self.one_of([np.uint8, np.uint16])
        suffix = self.one_of(['.png', '.jpg', '.bmp', '.tiff', '.webp', '.pgm'])
        if channels == (4,) or kind == np.uint16:
            suffix = '.png'
        height, width = self.one_of([(HEIGHT, WIDTH), (HEIGHT, WIDTH), (1, 1), (1, 5000)])
        pixels = self.rng.integers(0, 255, (height, width, *channels)).astype(kind)
        if suffix == '.pgm':
            pixels = pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[..., 0])
        data = bytearray(cv2.imencode(suffix, pixels)[1].tobytes())
        choice = self.rng.integers(5)
        if choice == 0:
            del data[int(self.rng.integers(len(data))):]
        elif choice == 1:
            for at in self.rng.integers(0, len(data), 20):
                data[at] = self.rng.integers(256)
        elif choice == 2:
            data = bytearray(bomb(self.one_of(SIZES), self.one_of(SIZES)))
        elif choice == 3 and suffix == '.jpg':
            data = bytearray(resized_jpeg(bytes(data), self.one_of(SIZES), self.one_of(SIZES)))
        msg.data = array('B', bytes(data))
        return msg

    def info(self, stamp_ns):
        """CameraInfo: sizes, intrinsics and lenses that no camera has."""
        msg = self.header(CameraInfo(), stamp_ns, 'camera_optical')
        msg.width, msg.height, msg.distortion_model = WIDTH, HEIGHT, 'plumb_bob'
        k, p = [50.0, 0, 31.5, 0, 50.0, 23.5, 0, 0, 1], np.zeros(12)
        msg.d = [0.0] * 5
        for kind in self.several(7):
            if kind == 0:
                msg.width = self.one_of(SIZES)
            elif kind == 1:
                msg.height = self.one_of(SIZES)
            elif kind == 2:
                k[int(self.rng.integers(9))] = self.one_of(DOUBLES)
            elif kind == 3:
                p[self.rng.integers(12)] = self.one_of(DOUBLES)
            elif kind == 4:
                msg.distortion_model = self.one_of(MODELS)
            elif kind == 5:
                count = self.one_of([0, 1, 4, 5, 8, 14, 999])
                msg.d = [self.one_of(DOUBLES) for _ in range(count)]
            else:
                msg.d = list(self.rng.normal(0, self.one_of([0.1, 10, 1e4]), 5))
        msg.k, msg.p = [float(v) for v in k], [float(v) for v in p]
        return msg

    def scan(self, stamp_ns):
        """LaserScan: angles, limits, times and ranges that no LiDAR has."""
        msg = self.header(LaserScan(), stamp_ns, 'laser')
        msg.angle_min, msg.angle_max, msg.angle_increment = -0.75, 0.75, 0.005
        msg.range_min, msg.range_max, msg.time_increment = 0.05, 30.0, 0.0
        beams = self.one_of([0, 1, 301, 301, 301, 20000]) if self.spoil else 301
        ranges = self.rng.uniform(0.5, 20, beams)
        for name in self.several(['angle_min', 'angle_max', 'angle_increment', 'range_min',
                                  'range_max', 'time_increment', 'scan_time', 'ranges']):
            if name != 'ranges':
                setattr(msg, str(name), self.one_of(FLOATS))
            else:
                some = self.rng.random(len(ranges)) < self.one_of([0.1, 1.0])
                ranges[some] = self.rng.choice(FLOATS, some.sum())
        msg.ranges = array('f', ranges.astype(np.float32).tobytes())
        return msg

    def cloud(self, stamp_ns):
        """PointCloud2: fields, steps and sizes that do not fit the data."""
        msg = self.header(PointCloud2(), stamp_ns, 'laser')
        layout = np.dtype([('x', '<f4'), ('y', '<f4'), ('z', '<f4'), ('ring', '<u2'),
                           ('time', '<f4')])
        points = np.zeros(200, layout)
        points['x'], points['y'] = 4.0, np.linspace(-2, 2, 200)
        fields = [PointField(name=n, offset=layout.fields[n][1], count=1,
                             datatype=4 if n == 'ring' else 7) for n in layout.names]
        msg.height, msg.width, msg.point_step = 1, 200, layout.itemsize
        msg.row_step, data = 200 * layout.itemsize, points.tobytes()
        for kind in self.several(9):
            field = fields[int(self.rng.integers(len(fields)))] if fields else PointField()
            if kind == 0:
                msg.width, msg.height = self.one_of(SIZES), self.one_of(SIZES)
            elif kind == 1:
                msg.point_step = self.one_of(SIZES)
            elif kind == 2:
                msg.row_step = self.one_of(SIZES)
            elif kind == 3:
                field.offset = self.one_of(SIZES)
            elif kind == 4:
                field.datatype = self.one_of(range(10))
                field.count = self.one_of([0, 1, 2, UINT32])
            elif kind == 5:
                field.name = self.one_of(['', 'x', 'ring', 'n' * 3000, '\u00e9'])
            elif kind == 6:
                fields = fields[:self.one_of([0, 1, 2])] + [field] * self.one_of([0, 1])
            elif kind == 7:
                data = self.rng.bytes(self.one_of([0, 1, len(data), 50 * len(data)]))
            else:
                msg.is_bigendian = True
        msg.fields, msg.data = fields, array('B', data)
        return msg


def bomb(width, height):
    """Return a whole PNG of few bytes that says this size."""
    def chunk(name, data):
        return (struct.pack('>I', len(data)) + name + data
                + struct.pack('>I', zlib.crc32(name + data)))
    return PNG + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 16, 6, 0, 0, 0)) + chunk(
        b'IDAT', zlib.compress(bytes(100_000))) + chunk(b'IEND', b'')


def resized_jpeg(data, width, height):
    """Return a JPEG whose header says another size."""
    at = data.find(b'\xff\xc0')
    return data if at < 0 else data[:at + 5] + struct.pack(
        '>HH', height & 0xffff, width & 0xffff) + data[at + 9:]
