# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The completion node as a process, over DDS, on good input."""

from array import array
from pathlib import Path
import re

from depth_ros import messages
from depth_ros.model import MODELS
import numpy as np
import pytest
from tiny_models import make_tiny_model

pytest.importorskip('rclpy', reason='ROS 2 is not installed: make venv')
from made_messages import camera_info, image, nanoseconds, scan  # noqa: E402, I100
from node_bench import INPUTS  # noqa: E402

pytestmark = pytest.mark.ros
ALL = ('depth/image', 'depth/camera_info', 'depth/points', 'depth/scan', 'depth/confidence',
       'depth/image_color', 'overlay')
SIZE = {'width': 640, 'height': 480}
SHIPPED = pytest.param('completion', marks=pytest.mark.skipif(
    not (MODELS / 'completion.onnx').is_file(), reason='no completion model is shipped'))


def all_of(node, stamp):
    """One message of every output with this stamp, or None while some are missing."""
    found = {topic: [m for m in node.received[topic] if nanoseconds(m) == stamp]
             for topic in node.listen}
    return {t: m[0] for t, m in found.items()} if all(found.values()) else None


@pytest.mark.parametrize('model', [None, SHIPPED])
def test_a_wall_at_two_metres(bench, model):
    listen = ALL if model is None else tuple(t for t in ALL if t != 'depth/confidence')
    with bench(listen, model=model) as node:
        for encoding in ('32FC1', '16UC1'):
            assert node.set_parameter('depth_encoding', encoding) == (True, '')
            node.good_frame(**SIZE)
            sent = []
            node.wait(lambda: any(all_of(node, s) for s in sent), 'every output',
                      every=lambda: sent.append(node.send_good(**SIZE)))
            stamp = next(s for s in sent if all_of(node, s))
            check_wall(all_of(node, stamp), stamp, encoding, confidence=model is None)
        node.wait(lambda: 'line_points.median' in node.values, 'the residual on diagnostics')
        values = node.values
    assert float(values['anchored_residual_m.median']) < 0.001
    assert int(values['line_points.median'].split('.')[0]) > 20
    assert values['extrinsics'] == 'parameters'
    assert not undocumented(values), 'docs/nodes/completion.md does not explain them'


def undocumented(values):
    """Return the names on /diagnostics that the page of the node does not have."""
    page = (Path(__file__).parents[2] / 'docs' / 'nodes' / 'completion.md').read_text()
    table = page.partition('/diagnostics tells')[2]
    known = set(re.findall(r'`([a-z_0-9]+)(?:: <reason>)?`', table))
    return {name for name in values
            if name.partition(':')[0].removesuffix('.median').removesuffix('.p99') not in known}


def check_wall(out, stamp, encoding, confidence):
    """Check every output of one image."""
    check_scan(out.pop('depth/scan'), stamp)
    for message in out.values():
        assert nanoseconds(message) == stamp
        assert message.header.frame_id == 'camera_optical'
        assert (message.width, message.height) == (640, 480)
    raw = out['depth/image']
    assert raw.encoding == encoding and not raw.is_bigendian
    assert raw.step == 640 * (4 if encoding == '32FC1' else 2) and len(raw.data) == raw.step * 480
    depth = messages.image_to_depth(raw)
    line = round(239.5 + 640 / 1.2 * 0.1 / 2)
    assert np.abs(depth[line] - 2.0).max() < 0.01
    assert np.array_equal(out['depth/camera_info'].k, camera_info(stamp, **SIZE).k)
    check_cloud(out['depth/points'], depth, encoding)
    overlay = messages.image_to_rgb(out['overlay'])
    assert (overlay[line] != 128).any() and (overlay[60] == 128).all()
    assert messages.image_to_rgb(out['depth/image_color']).std() > 0
    if confidence:
        assert messages.image_to_depth(out['depth/confidence']) == pytest.approx(0.75)


def check_scan(scan, stamp):
    """Check the level scan of the wall, in the frame beside the optical one."""
    assert nanoseconds(scan) == stamp and scan.header.frame_id == 'camera'
    angles = scan.angle_min + np.arange(len(scan.ranges)) * scan.angle_increment
    assert angles[-1] == pytest.approx(scan.angle_max, abs=1e-4)
    ahead = np.array(scan.ranges) * np.cos(angles)
    assert np.median(np.abs(ahead - 2.0)) < 0.02 and np.isfinite(ahead).all()
    assert scan.range_max == 8.0


def check_cloud(cloud, depth, encoding):
    """Compare an organised cloud with the depth of the same frame."""
    data = messages.cloud_fields(cloud).reshape(480, 640)
    unknown = ~np.isfinite(data['z'])
    known_depth = np.isfinite(depth)
    assert np.array_equal(unknown, ~known_depth)
    assert np.isnan(data['x'][unknown]).all()
    tolerance = 1e-6 if encoding == '32FC1' else 6e-4
    assert np.abs(data['z'] - depth)[known_depth].max() <= tolerance
    focal = 640 / 1.2
    u, v = np.meshgrid(np.arange(640), np.arange(480))
    assert np.nanmax(np.abs(data['x'] - (u - 319.5) / focal * data['z'])) < 1e-4
    assert np.nanmax(np.abs(data['y'] - (v - 239.5) / focal * data['z'])) < 1e-4
    colours = np.ascontiguousarray(data['rgb']).view(np.uint32)
    assert (colours == 0x808080).all()


def test_beyond_range_and_unknown(bench, tmp_path):
    """The model says 30 m in the bright half but reaches 10 m only."""
    model = str(make_tiny_model(tmp_path / 'm.onnx', depth=0.0, image_gain=30.0, depth_max=10.0))
    with bench(('depth/image', 'depth/points'), model=model) as node:
        node.good_frame()
        for far_value in ('inf', 'nan'):
            assert node.set_parameter('far_value', far_value) == (True, '')
            sent = set()

            def bright():
                stamp = node.next_stamp()
                sent.add(stamp)
                picture = image(stamp)
                pixels = np.full((48, 64, 3), 255, np.uint8)
                pixels[:24] = 0
                picture.data = array('B', pixels.tobytes())
                node.send(camera_info=camera_info(stamp), scan=scan(stamp), image=picture)

            def patterned():
                return [all_of(node, stamp) for stamp in sent if all_of(node, stamp)]
            node.wait(patterned, 'depth and points', every=bright)
            depth = messages.image_to_depth(patterned()[0]['depth/image'])
            points = messages.cloud_fields(patterned()[0]['depth/points']).reshape(48, 64)
            assert np.isnan(depth[0]).all(), 'a model depth of 0 m is unknown'
            assert (np.isposinf if far_value == 'inf' else np.isnan)(depth[-1]).all()
            assert np.isnan(points['z'][-1]).all() and np.isnan(points['x'][0]).all()
            assert not (depth == 0).any()


def test_every_kind_of_publisher_is_heard(bench):
    with bench() as node:
        assert node.good_frame().encoding == '32FC1'
        node.reliable = True
        for topic in INPUTS:
            node.withdraw(topic)
            node.publish_on(topic)
        node.received['depth/image'].clear()
        assert node.good_frame().encoding == '32FC1'


def test_monocular_node(bench):
    with bench(('depth/image', 'depth/points'), executable='monocular') as node:
        depth = messages.image_to_depth(node.good_frame())
        node.wait(lambda: node.received['depth/points'], 'points', every=node.send_good)
        assert 'scan_received' not in node.values
    # Depth 2.6 m is for focal length 100 at the input of the model.
    assert np.unique(depth).size == 1 and 0.5 < depth[0, 0] < 5


def test_a_cloud_ring_as_the_line(bench):
    from sensor_msgs.msg import PointCloud2, PointField
    with bench(lidar='cloud', cloud_ring=1) as node:
        layout = np.dtype([('x', '<f4'), ('y', '<f4'), ('z', '<f4'), ('ring', '<u2')])
        points = np.zeros(400, layout)
        points['y'] = np.tile(np.linspace(-2, 2, 200), 2)
        points['x'], points['ring'] = 4.0, 0
        points['x'][200:], points['ring'][200:] = 2.0, 1

        def send():
            stamp = node.send_good()
            cloud = PointCloud2(header=scan(stamp).header, height=1, width=400,
                                point_step=layout.itemsize, row_step=400 * layout.itemsize)
            cloud.fields = [PointField(name=n, offset=layout.fields[n][1], count=1,
                                       datatype=4 if n == 'ring' else 7) for n in layout.names]
            cloud.data = array('B', points.tobytes())
            node.send(cloud=cloud)
        node.wait(lambda: node.received['depth/image'], 'depth', every=send)
        depth = messages.image_to_depth(node.received['depth/image'][0])
    row = round(23.5 + 64 / 1.2 * 0.1 / 2)
    assert depth[row, 5:-5] == pytest.approx(2.0, abs=0.01)


def test_compressed_images_and_a_thinned_cloud(bench):
    import cv2
    from sensor_msgs.msg import CompressedImage
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[..., 0] = 200
    data = cv2.imencode('.png', picture[..., ::-1])[1]
    with bench(('depth/image', 'depth/points'), image_transport='compressed',
               cloud_stride=3) as node:
        publisher = node.node.create_publisher(CompressedImage, 'image/compressed', 10)

        def send():
            stamp = node.next_stamp()
            node.send(camera_info=camera_info(stamp), scan=scan(stamp))
            publisher.publish(CompressedImage(header=scan(stamp).header, format='png',
                                              data=array('B', data.tobytes())))
        node.wait(lambda: node.received['depth/points'], 'points', every=send)
        depth, cloud = node.received['depth/image'][0], node.received['depth/points'][0]
        corrupt = CompressedImage(format='jpeg', data=b'no picture')

        def rubbish():
            corrupt.header = scan(node.next_stamp()).header
            node.send(camera_info=camera_info(node.stamp), scan=scan(node.stamp))
            publisher.publish(corrupt)
        node.expect("compressed image ('jpeg', 10 bytes) cannot be decoded", every=rubbish)
        outputs = len(node.received['depth/image'])
        node.wait(lambda: len(node.received['depth/image']) > outputs, 'a good frame', every=send)
    assert (depth.width, depth.height) == (64, 48)
    assert (cloud.width, cloud.height) == (22, 16)
    points = messages.cloud_fields(cloud).reshape(16, 22)
    assert np.array_equal(points['z'], messages.image_to_depth(depth)[::3, ::3])
    assert (np.ascontiguousarray(points['rgb']).view(np.uint32) == 0xC80000).all()
