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
from hostile_messages import bomb, resized_jpeg  # noqa: E402
from sensor_msgs.msg import (  # noqa: E402, I100
    CameraInfo,
    CompressedImage,
    Image,
    LaserScan,
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
    ({'height': 0}, 'empty'), ({'height': 2 ** 14, 'width': 2 ** 13}, 'absurdly large'),
    ({'height': 2 ** 32 - 1, 'width': 2 ** 32 - 1}, 'absurdly large'),
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


@pytest.mark.parametrize('width,height', [(60000, 60000), (2 ** 32 - 1, 1), (0, 5), (2 ** 30, 1)])
def test_a_small_file_that_says_a_huge_size_is_not_unpacked(width, height):
    png = bomb(width, height)
    with pytest.raises(InputError, match='empty or absurdly large') as error:
        messages.compressed_to_array(CompressedImage(format='png', data=array('B', png)))
    assert error.value.reason == 'image size'
    jpeg = cv2.imencode('.jpg', RGB)[1].tobytes()
    large = resized_jpeg(jpeg, 65535, 65535)
    with pytest.raises(InputError, match='65535x65535'):
        messages.compressed_to_array(CompressedImage(format='jpeg', data=array('B', large)))


@pytest.mark.parametrize('suffix', ['.bmp', '.tiff', '.webp'])
def test_other_formats_are_not_given_to_their_decoders(suffix):
    data = cv2.imencode(suffix, RGB)[1].tobytes()
    with pytest.raises(InputError, match='JPEG and PNG work'):
        messages.compressed_to_array(CompressedImage(format='jpeg', data=array('B', data)))


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


def test_stamp():
    assert messages.stamp_ns(HEADER) == 12_345_678_901
    assert messages.stamp_ns(Header()) == 0
