# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Messages to arrays and back, in every layout that drivers produce."""

from array import array

import cv2
from depth_ros import messages
from depth_ros.contracts import InputError
import numpy as np
import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not installed: make venv')
from builtin_interfaces.msg import Time  # noqa: E402, I100
from sensor_msgs.msg import (  # noqa: E402, I100
    CameraInfo,
    CompressedImage,
    Image,
    LaserScan,
    PointCloud2,
    PointField,
)
from std_msgs.msg import Header  # noqa: E402, I100

HEADER = Header(stamp=Time(sec=12, nanosec=345_678_901), frame_id='camera_optical')
RGB = np.random.default_rng(0).integers(1, 255, (5, 7, 3), np.uint8)
ALPHA = np.full((5, 7, 1), 9, np.uint8)
GREY = cv2.cvtColor(RGB, cv2.COLOR_RGB2GRAY)
LAYOUTS = {'rgb8': RGB, 'bgr8': RGB[..., ::-1], '8UC3': RGB[..., ::-1],
           'rgba8': np.concatenate([RGB, ALPHA], 2),
           'bgra8': np.concatenate([RGB[..., ::-1], ALPHA], 2), 'mono8': GREY, '8UC1': GREY}


def image_message(pixels, encoding, padding=0, big_endian=False, cut=0):
    """Image whose rows end with `padding` bytes of rubbish."""
    rows = pixels.reshape(len(pixels), -1)
    if big_endian:
        rows = rows.byteswap()
    rows = rows.view(np.uint8).reshape(len(pixels), -1)
    padded = np.concatenate([rows, np.full((len(rows), padding), 0xEE, np.uint8)], 1)
    data = padded.tobytes()[:len(padded.tobytes()) - cut]
    return Image(header=HEADER, height=pixels.shape[0], width=pixels.shape[1], encoding=encoding,
                 is_bigendian=int(big_endian), step=padded.shape[1], data=array('B', data))


@pytest.mark.parametrize('padding', [0, 1, 13])
@pytest.mark.parametrize('encoding', LAYOUTS)
def test_colour_encodings(encoding, padding):
    msg = image_message(np.ascontiguousarray(LAYOUTS[encoding]), encoding, padding)
    rgb = messages.image_to_rgb(msg)
    assert rgb.dtype == np.uint8
    expected = np.repeat(GREY[..., None], 3, 2) if encoding in ('mono8', '8UC1') else RGB
    assert np.array_equal(rgb, expected)


@pytest.mark.parametrize('encoding', LAYOUTS)
def test_the_last_row_need_not_be_padded(encoding):
    msg = image_message(np.ascontiguousarray(LAYOUTS[encoding]), encoding, padding=5, cut=5)
    assert messages.image_to_rgb(msg).shape == (5, 7, 3)


@pytest.mark.parametrize('big_endian', [False, True])
@pytest.mark.parametrize('padding', [0, 2, 3])
def test_depth_encodings(big_endian, padding):
    raw = np.array([[0, 1, 2000], [65535, 256, 1]], np.uint16)
    depth = messages.image_to_depth(image_message(raw, '16UC1', padding, big_endian))
    assert depth.dtype == np.float32 and np.isnan(depth[0, 0])
    assert depth.ravel()[1:] == pytest.approx([0.001, 2.0, 65.535, 0.256, 0.001])
    metres = np.array([[np.nan, np.inf, 0.5], [2.0, 1e-3, 70.0]], np.float32)
    back = messages.image_to_depth(image_message(metres, '32FC1', padding, big_endian))
    assert back.dtype == np.float32 and back.dtype.isnative
    assert np.array_equal(back, metres, equal_nan=True)


def test_rgb8_is_a_view_and_depth_is_a_copy():
    msg = image_message(RGB, 'rgb8')
    assert np.shares_memory(messages.image_to_rgb(msg), np.frombuffer(msg.data, np.uint8))
    msg = image_message(np.ones((5, 7), np.float32), '32FC1')
    assert not np.shares_memory(messages.image_to_depth(msg), np.frombuffer(msg.data, np.uint8))


@pytest.mark.parametrize('change,says', [
    ({'step': 20}, 'too few'), ({'step': 0}, 'too few'), ({'data': array('B')}, '0 bytes'),
    ({'height': 6}, 'too few'), ({'width': 8}, 'too few'), ({'width': 0}, 'empty'),
    ({'height': 0}, 'empty'), ({'height': 2 ** 32 - 1, 'width': 2 ** 32 - 1}, 'absurdly large'),
    ({'encoding': 'bgra8'}, 'too few'), ({'encoding': 'yuv422_yuy2'}, 'cv_bridge'),
    ({'encoding': ''}, 'cv_bridge'), ({'encoding': 'RGB8'}, 'cv_bridge'),
    ({'encoding': '32FC1'}, 'no colour image'), ({'encoding': '16UC1'}, 'no colour image')])
def test_images_that_cannot_be_are_input_errors(change, says):
    msg = image_message(RGB, 'rgb8')
    for name, value in change.items():
        setattr(msg, name, value)
    with pytest.raises(InputError, match=says) as error:
        messages.image_to_rgb(msg)
    assert '\n' not in str(error.value)


def test_an_unknown_encoding_lists_what_works(monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'cv_bridge', None)
    with pytest.raises(InputError, match='bayer_rggb8.*cv_bridge.*rgb8, bgr8'):
        messages.image_to_rgb(image_message(GREY, 'bayer_rggb8'))


def test_depth_from_a_colour_image_is_an_input_error():
    with pytest.raises(InputError, match='expected 32FC1'):
        messages.image_to_depth(image_message(RGB, 'rgb8'))


def test_conversions_agree_with_cv_bridge():
    cv_bridge = pytest.importorskip('cv_bridge', reason='cv_bridge comes with a ROS installation')
    for encoding, pixels in LAYOUTS.items():
        msg = image_message(np.ascontiguousarray(pixels), encoding, padding=3)
        if not encoding.startswith('8U'):
            assert np.array_equal(cv_bridge.CvBridge().imgmsg_to_cv2(msg, 'rgb8'),
                                  messages.image_to_rgb(msg))


@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
def test_compressed_colour(suffix):
    smooth = cv2.resize(RGB, (70, 50), interpolation=cv2.INTER_CUBIC)
    data = cv2.imencode(suffix, smooth[..., ::-1])[1].tobytes()
    msg = CompressedImage(header=HEADER, format=f'rgb8; {suffix[1:]} compressed bgr8',
                          data=array('B', data))
    error = np.abs(messages.compressed_to_array(msg).astype(int) - smooth)
    assert error.mean() < (1e-9 if suffix == '.png' else 12)
    grey = cv2.imencode(suffix, smooth[..., 0])[1].tobytes()
    assert messages.compressed_to_array(
        CompressedImage(format='mono8; compressed', data=array('B', grey))).shape == (50, 70, 3)


def test_compressed_depth():
    raw = np.arange(600, dtype=np.uint16).reshape(20, 30)
    data = bytes(12) + cv2.imencode('.png', raw)[1].tobytes()
    msg = CompressedImage(format='16UC1; compressedDepth', data=array('B', data))
    assert np.array_equal(messages.compressed_to_array(msg), raw)


@pytest.mark.parametrize('data', [b'', b'rubbish', bytes(5), b'\xff\xd8\xff\xe0' + bytes(40)])
@pytest.mark.parametrize('kind', ['jpeg', '16UC1; compressedDepth png'])
def test_compressed_rubbish_is_an_input_error(data, kind):
    with pytest.raises(InputError, match='cannot be decoded'):
        messages.compressed_to_array(CompressedImage(format=kind, data=array('B', data)))


def test_filled_depth_images():
    depth = np.array([[np.nan, np.inf, 1.5], [0.0004, 70.0, 65.535]], np.float32)
    msg = messages.fill_depth(Image(), depth, '32FC1', HEADER)
    assert (msg.encoding, msg.height, msg.width, msg.step, msg.is_bigendian) == (
        '32FC1', 2, 3, 12, 0)
    assert msg.header == HEADER
    assert np.array_equal(messages.image_to_depth(msg), depth, equal_nan=True)
    msg = messages.fill_depth(Image(), depth, '16UC1', HEADER)
    assert (msg.encoding, msg.step) == ('16UC1', 6)
    assert messages.image_array(msg).tolist() == [[0, 0, 1500], [0, 0, 65535]]


def test_a_filled_image_takes_views():
    msg = messages.fill_image(Image(), RGB[:, ::-1], 'rgb8', HEADER)
    assert msg.step == 21 and np.array_equal(messages.image_to_rgb(msg), RGB[:, ::-1])


def info(**changes):
    values = {'width': 640, 'height': 480, 'distortion_model': 'plumb_bob',
              'd': [0.1, -0.2, 0.001, 0.002, 0.0],
              'k': [500.0, 0, 320.5, 0, 510.0, 240.5, 0, 0, 1],
              'p': [450.0, 0, 310.0, 0, 0, 450.0, 230.0, 0, 0, 0, 1, 0]}
    return CameraInfo(header=HEADER, **{**values, **changes})


def test_camera_of_a_raw_and_of_a_rectified_image():
    camera = messages.camera_from_info(info())
    assert (camera.fx, camera.fy, camera.cx, camera.cy) == (500, 510, 320.5, 240.5)
    assert camera.distortion == (0.1, -0.2, 0.001, 0.002, 0.0)
    camera = messages.camera_from_info(info(), rectified=True)
    assert (camera.fx, camera.cx, camera.cy, camera.distortion) == (450, 310, 230, ())
    assert messages.camera_from_info(info(p=[0.0] * 12), rectified=True).fx == 500


@pytest.mark.parametrize('changes,says', [
    ({'k': [0.0] * 9}, 'not calibrated'), ({'width': 0}, 'camera size'),
    ({'k': [float('nan')] * 9}, 'not calibrated'),
    ({'distortion_model': 'equidistant', 'd': [0.1] * 4}, 'rectify'),
    ({'d': [0.1] * 7}, '7 distortion coefficients'),
    ({'distortion_model': 'rational_polynomial'}, '5 distortion coefficients')])
def test_unusable_camera_info(changes, says):
    with pytest.raises(InputError, match=says):
        messages.camera_from_info(info(**changes))


def test_zero_distortion_needs_no_model():
    assert messages.camera_from_info(info(distortion_model='', d=[])).distortion == ()
    assert messages.camera_from_info(info(distortion_model='', d=[0.0] * 5)).distortion == ()


def test_scan():
    msg = LaserScan(header=HEADER, angle_min=-1.0, angle_max=1.0, angle_increment=0.5,
                    time_increment=0.001, range_min=0.1, range_max=10.0,
                    ranges=[1.0, float('nan'), float('inf'), -1.0, 2.0])
    scan = messages.scan_from_message(msg, offset_ns=-1_000)
    assert scan.stamp_ns == 12_345_677_901 and scan.frame_id == 'camera_optical'
    assert scan.ranges.tolist()[0] == 1.0 and len(scan.ranges) == 5
    assert (scan.angle_min, scan.angle_increment) == (-1.0, 0.5)
    assert messages.scan_from_message(LaserScan()).ranges.shape == (0,)


CODES = {'i1': 1, 'u1': 2, 'i2': 3, 'u2': 4, 'i4': 5, 'u4': 6, 'f4': 7, 'f8': 8}
XYZ = np.array([[1, 2, 3], [4, 5, 6], [np.nan, 1, 1], [7, 8, 9], [0, 0, 0], [1, np.inf, 1]], float)


def cloud(layout, itemsize, big_endian=False, height=1, **columns):
    """PointCloud2 with `layout` {name: (offset, type)} and the points XYZ."""
    order = '>' if big_endian else '<'
    kind = np.dtype({'names': list(layout), 'itemsize': itemsize,
                     'formats': [order + code for _, code in layout.values()],
                     'offsets': [offset for offset, _ in layout.values()]})
    data = np.full(len(XYZ) * itemsize, 0xEE, np.uint8).view(kind)
    values = {**dict(zip('xyz', XYZ.T)), **columns}
    for name in layout:
        data[name] = values[name]
    return PointCloud2(
        header=HEADER, height=height, width=len(XYZ) // height, point_step=itemsize,
        row_step=itemsize * len(XYZ) // height, is_bigendian=big_endian,
        fields=[PointField(name=name, offset=offset, datatype=CODES[code], count=1)
                for name, (offset, code) in layout.items()],
        data=array('B', data.tobytes()))


CLOUDS = {
    'xyz': ({'x': (0, 'f4'), 'y': (4, 'f4'), 'z': (8, 'f4')}, 12),
    'padded': ({'x': (0, 'f4'), 'y': (4, 'f4'), 'z': (8, 'f4')}, 32),
    'any order': ({'z': (3, 'f4'), 'x': (11, 'f4'), 'y': (7, 'f4')}, 19),
    'double': ({'x': (0, 'f8'), 'y': (8, 'f8'), 'z': (17, 'f8')}, 26),
    'mixed': ({'y': (0, 'f8'), 'x': (9, 'f4'), 'z': (13, 'f8')}, 23),
}


@pytest.mark.parametrize('big_endian', [False, True])
@pytest.mark.parametrize('height', [1, 2])
@pytest.mark.parametrize('name', CLOUDS)
def test_cloud_layouts(name, height, big_endian):
    points, times = messages.cloud_points(cloud(*CLOUDS[name], big_endian, height))
    # NaN, infinite and all-zero points (no return) are gone.
    assert points.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert times.tolist() == [0, 0, 0]


@pytest.mark.parametrize('big_endian', [False, True])
@pytest.mark.parametrize('field', ['ring', 'channel'])
@pytest.mark.parametrize('code', ['u1', 'u2', 'i4', 'f4'])
def test_rings(field, code, big_endian):
    layout = {**CLOUDS['xyz'][0], field: (13, code)}
    msg = cloud(layout, 22, big_endian, **{field: np.array([0, 1, 1, 1, 0, 1])})
    assert messages.cloud_points(msg, 1)[0].tolist() == [[4, 5, 6], [7, 8, 9]]
    assert messages.cloud_points(msg, 0)[0].tolist() == [[1, 2, 3]]
    assert messages.cloud_points(msg, 9)[0].shape == (0, 3)
    assert len(messages.cloud_points(msg, -1)[0]) == 3


@pytest.mark.parametrize('field,code,values', [
    ('time', 'f4', [0, 0.01, 0, 0.05, 0, 0]), ('t', 'u4', [0, 10_000_000, 0, 50_000_000, 0, 0])])
def test_times_within_a_turn(field, code, values):
    layout = {**CLOUDS['xyz'][0], field: (12, code)}
    times = messages.cloud_points(cloud(layout, 16, **{field: np.array(values)}))[1]
    assert times == pytest.approx([0, 0.01, 0.05])


def test_empty_clouds():
    for msg in (PointCloud2(point_step=12), cloud(*CLOUDS['xyz'])):
        msg.width, msg.height, msg.row_step, msg.data = 0, 1, 0, array('B')
        msg.fields = [PointField(name=n, offset=4 * i, datatype=7, count=1)
                      for i, n in enumerate('xyz')]
        points, times = messages.cloud_points(msg)
        assert points.shape == (0, 3) and times.shape == (0,)


@pytest.mark.parametrize('changes,says', [
    ({'point_step': 0}, 'too few'), ({'data': array('B', bytes(10))}, 'too few'),
    ({'width': 7}, 'too few'), ({'point_step': 8}, 'do not fit'), ({'fields': []}, 'no field'),
    ({'fields': [PointField(name='x', offset=0, datatype=7, count=1)]}, 'no field y, z'),
    ({'fields': [PointField(name='x', offset=0, datatype=7, count=1)] * 2}, 'do not fit'),
    ({'width': 3, 'height': 2, 'row_step': 40}, 'padded rows')])
def test_clouds_that_cannot_be_are_input_errors(changes, says):
    msg = cloud(*CLOUDS['xyz'])
    for name, value in changes.items():
        setattr(msg, name, value)
    with pytest.raises(InputError, match=says) as error:
        messages.cloud_points(msg)
    assert '\n' not in str(error.value)


def test_a_ring_of_a_cloud_without_rings_is_an_input_error():
    with pytest.raises(InputError, match='cloud_ring is set but'):
        messages.cloud_points(cloud(*CLOUDS['xyz']), 3)


@pytest.mark.parametrize('stride', [1, 2])
def test_organised_cloud(stride):
    points = np.random.default_rng(1).uniform(-5, 5, (6, 8, 3)).astype(np.float32)
    points[1, 1] = np.nan
    rgb = np.random.default_rng(2).integers(0, 256, (6, 8, 3), np.uint8)
    rgb[2, 2], rgb[3, 3] = 255, (255, 1, 2)
    points = points[::stride, ::stride]
    rgb = np.ascontiguousarray(rgb[::stride, ::stride])
    planes = [np.ascontiguousarray(plane) for plane in np.moveaxis(points, -1, 0)]
    msg = messages.fill_cloud(PointCloud2(), PointField, planes, rgb, HEADER)
    assert (msg.height, msg.width) == points.shape[:2]
    assert (msg.point_step, msg.row_step) == (16, 16 * points.shape[1])
    assert len(msg.data) == msg.row_step * msg.height and not msg.is_dense
    data = messages.cloud_fields(msg).reshape(points.shape[:2])
    for index, axis in enumerate('xyz'):
        assert np.array_equal(data[axis], points[..., index], equal_nan=True)
    packed = np.ascontiguousarray(data['rgb']).view(np.uint32)
    assert np.array_equal(packed >> 16, rgb[..., 0])
    assert np.array_equal(packed >> 8 & 255, rgb[..., 1])
    assert np.array_equal(packed & 255, rgb[..., 2])


def test_a_message_that_is_filled_again_keeps_its_memory():
    msg, depth = Image(), np.float32([[1.5, np.nan, 3.0], [4.0, 5.0, 6.0]])
    messages.fill_depth(msg, depth, '32FC1', HEADER)
    first = msg.data
    messages.fill_depth(msg, depth + 1, '32FC1', HEADER)
    assert msg.data is first
    assert np.array_equal(messages.image_to_depth(msg), depth + 1, equal_nan=True)
    # Another encoding, size or a strided view: right, whatever was there before.
    messages.fill_depth(msg, depth, '16UC1', HEADER)
    assert (msg.step, len(msg.data)) == (6, 12)
    assert messages.image_to_depth(msg)[1].tolist() == [4.0, 5.0, 6.0]
    messages.fill_depth(msg, depth[:, ::2], '32FC1', HEADER)
    assert messages.image_to_depth(msg)[1].tolist() == [4.0, 6.0]


def test_clouds_agree_with_sensor_msgs_py():
    reader = pytest.importorskip('sensor_msgs_py.point_cloud2',
                                 reason='sensor_msgs_py comes with a ROS installation')
    for layout, itemsize in CLOUDS.values():
        msg = cloud(layout, itemsize)
        theirs = reader.read_points(msg, ['x', 'y', 'z'])
        ours = messages.cloud_fields(msg)
        assert all(np.array_equal(theirs[a], ours[a], equal_nan=True) for a in 'xyz')


def test_stamp():
    assert messages.stamp_ns(HEADER) == 12_345_678_901
    assert messages.stamp_ns(Header()) == 0
