# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Clouds to points and back, in every layout that drivers produce."""

from array import array

from depth_ros import messages
from depth_ros.contracts import InputError
import numpy as np
import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not installed: make venv')
from builtin_interfaces.msg import Time  # noqa: E402, I100
from sensor_msgs.msg import PointCloud2, PointField  # noqa: E402, I100
from std_msgs.msg import Header  # noqa: E402, I100

HEADER = Header(stamp=Time(sec=12, nanosec=345_678_901), frame_id='camera_optical')
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


def test_clouds_agree_with_sensor_msgs_py():
    reader = pytest.importorskip('sensor_msgs_py.point_cloud2',
                                 reason='sensor_msgs_py comes with a ROS installation')
    for layout, itemsize in CLOUDS.values():
        msg = cloud(layout, itemsize)
        theirs = reader.read_points(msg, ['x', 'y', 'z'])
        ours = messages.cloud_fields(msg)
        assert all(np.array_equal(theirs[a], ours[a], equal_nan=True) for a in 'xyz')
