# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The completion node as a process, over DDS, on good input."""

from array import array
import signal
import time

from depth_ros import messages
from depth_ros.model import MODELS
import numpy as np
import pytest
from tiny_models import make_tiny_model

pytest.importorskip('rclpy', reason='ROS 2 is not installed: make venv')
from node_bench import (  # noqa: E402, I100
    Bench,
    camera_info,
    image,
    nanoseconds,
    POSE,
    scan,
)

pytestmark = pytest.mark.ros
ALL = ('depth/image', 'depth/camera_info', 'depth/points', 'depth/confidence',
       'depth/image_color', 'overlay')
SHIPPED = pytest.param('completion', marks=pytest.mark.skipif(
    not (MODELS / 'completion.onnx').is_file(), reason='no completion model is shipped'))


@pytest.fixture
def bench(tmp_path):
    """Return a function that makes a Bench with a tiny model (2.6 m everywhere)."""
    def make(listen=('depth/image',), reliable=False, executable='completion', model=None,
             **parameters):
        if model is None:
            task = 'completion' if executable == 'completion' else 'monocular'
            model = str(make_tiny_model(tmp_path / 'tiny.onnx', task, depth=2.6, confidence=0.75))
        pose = POSE if executable == 'completion' else {}
        return Bench(executable, listen, reliable, tmp_path, model=model, **{**pose, **parameters})
    return make


def all_of(node, stamp):
    """One message of every output with this stamp, or None while some are missing."""
    found = {topic: [m for m in node.received[topic] if nanoseconds(m) == stamp]
             for topic in node.listen}
    return {t: m[0] for t, m in found.items()} if all(found.values()) else None


@pytest.mark.parametrize('model', [None, SHIPPED])
@pytest.mark.parametrize('encoding', ['32FC1', '16UC1'])
def test_a_wall_at_two_metres(bench, encoding, model):
    size = {'width': 640, 'height': 480}
    listen = ALL if model is None else tuple(t for t in ALL if t != 'depth/confidence')
    with bench(listen, depth_encoding=encoding, model=model) as node:
        stamp = nanoseconds(node.good_frame(**size))
        sent = []

        def again():
            sent.append(node.send_good(**size))
        node.wait(lambda: any(all_of(node, s) for s in sent), 'every output', every=again)
        stamp = next(s for s in sent if all_of(node, s))
        out = all_of(node, stamp)
        node.wait(lambda: 'line_points.median' in node.values, 'the residual on diagnostics')
        values = node.values
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
    sent_info = camera_info(stamp, **size)
    assert np.array_equal(out['depth/camera_info'].k, sent_info.k)
    check_cloud(out['depth/points'], depth, encoding)
    overlay = messages.image_to_rgb(out['overlay'])
    assert (overlay[line] != 128).any() and (overlay[60] == 128).all()
    assert messages.image_to_rgb(out['depth/image_color']).std() > 0
    if model is None:
        assert messages.image_to_depth(out['depth/confidence']) == pytest.approx(0.75)
    assert float(values['anchored_residual_m.median']) < 0.001
    assert int(values['line_points.median'].split('.')[0]) > 20
    assert values['extrinsics'] == 'parameters'


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


@pytest.mark.parametrize('far_value', ['inf', 'nan'])
def test_beyond_range_and_unknown(bench, tmp_path, far_value):
    """The model says 30 m in the bright half but reaches 10 m only."""
    model = str(make_tiny_model(tmp_path / 'm.onnx', depth=0.0, image_gain=30.0, depth_max=10.0))
    with bench(('depth/image', 'depth/points'), model=model, far_value=far_value) as node:
        node.good_frame()
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
    assert (np.isposinf(depth[-1]) if far_value == 'inf' else np.isnan(depth[-1])).all()
    assert np.isnan(points['z'][-1]).all() and np.isnan(points['x'][0]).all()
    assert not (depth == 0).any()


@pytest.mark.parametrize('reliable', [False, True])
def test_every_kind_of_publisher_is_heard(bench, reliable):
    with bench(reliable=reliable) as node:
        assert node.good_frame().encoding == '32FC1'


def fates(values):
    """Sum of the counters of which every image enters exactly one."""
    return sum(int(value) for name, value in values.items() if name.startswith('dropped: ')
               or name in ('images_out', 'images_rejected', 'images_failed', 'images_unwanted'))


def quiet(node):
    """Wait until the node has worked off everything and says so."""
    settled = time.time_ns() + 10 ** 9
    node.wait(lambda: node.told_ns > settled and fates(node.values) == node.count('images_in')
              and node.count('images_waiting') == 0, 'one fate for every image')


@pytest.mark.slow
def test_one_output_per_matched_image(bench):
    """600 images at 15 Hz, a scan at 10 Hz: each image has one fate, each output one image."""
    overrides = {f'qos_overrides.NAMESPACE/{topic}.subscription.{policy}': value
                 for topic in ('image', 'scan', 'camera_info')
                 for policy, value in (('reliability', 'reliable'), ('depth', 50))}
    events = sorted([(i / 15, 'image') for i in range(600)]
                    + [(i / 10, 'scan') for i in range(400)])
    # A busy machine may hold a scan back: let its images wait.
    with bench(reliable=True, max_wait=5.0, **overrides) as node:
        node.good_frame()
        quiet(node)
        before, base, sent = node.count('images_in'), node.stamp + 10 ** 9, []
        node.received['depth/image'].clear()
        start = time.monotonic()
        for at, kind in events:
            while time.monotonic() < start + at:
                node.executor.spin_once(timeout_sec=max(start + at - time.monotonic(), 0))
            stamp = base + round(at * 1e9)
            if kind == 'scan':
                node.send(scan=scan(stamp))
            else:
                sent.append(stamp)
                node.send(camera_info=camera_info(stamp), image=image(stamp))
        quiet(node)
        values = node.values
    assert node.count('images_in') - before == 600
    stamps = [nanoseconds(message) for message in node.received['depth/image']]
    assert stamps == sorted(set(stamps)) and set(stamps) <= set(sent)
    dropped = {name: int(value) for name, value in values.items() if name.startswith('dropped: ')}
    # A stall of a busy machine makes the newest image win; nothing else may happen.
    assert set(dropped) <= {'dropped: a newer image was ready first'}
    assert len(stamps) + sum(dropped.values()) == 600
    assert len(stamps) > 500, values


def test_nothing_is_computed_without_a_subscriber(bench):
    with bench(listen=()) as node:
        sent = []
        node.wait(lambda: node.count('images_in') >= 10, 'ten images',
                  every=lambda: sent.extend(node.send_good() for _ in range(4)))
        assert node.count('images_unwanted') == node.count('images_in')
        assert not [k for k in node.values if k.startswith('inference_ms')]
        assert node.count('images_out') == 0
        node.subscribe('depth/camera_info')
        node.wait(lambda: node.received['depth/camera_info'], 'camera_info', every=node.send_good)
        node.wait(lambda: node.count('images_out') >= 1, 'the count of outputs')
        node.unsubscribe('depth/camera_info')
        unwanted = node.count('images_unwanted')
        node.wait(lambda: node.count('images_unwanted') > unwanted + 5, 'unwanted images again',
                  every=lambda: [node.send_good() for _ in range(4)])


def test_lifecycle(bench):
    with bench(autostart=False) as node:
        assert node.state == 'unconfigured' and node.message == 'node is unconfigured'
        # A transition that is not allowed now must be refused, and not end the node.
        assert not node.change_state('activate') and node.state == 'unconfigured'
        assert 'is refused' in node.log
        for turn in range(2):
            assert node.change_state('configure') and node.state == 'inactive'
            node.refresh()
            assert node.values['state'] == 'inactive'
            before = node.count('images_in')
            assert node.change_state('activate') and node.state == 'active'
            node.good_frame()
            assert node.change_state('deactivate') and node.state == 'inactive'
            node.refresh()
            assert 'node is inactive' in node.message
            after = node.count('images_in')
            assert after > before
            ignored = {node.send_good() for _ in range(5)}
            node.refresh()
            assert node.count('images_in') == after
            assert not ignored & {nanoseconds(m) for m in node.received['depth/image']}
            if turn == 0:
                assert node.change_state('cleanup') and node.state == 'unconfigured'
        assert node.change_state('activate')
        node.good_frame()
        for _ in range(5):
            node.send_good(width=640, height=480)
        assert node.change_state('shutdown active') and node.state == 'finalized'
        node.refresh()
        assert fates(node.values) == node.count('images_in') > 2, node.values
    assert node.status_at_exit == 0, node.log
    assert 'Traceback' not in node.log


@pytest.mark.parametrize('stop', [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize('executable', ['completion', 'monocular'])
def test_the_node_ends_cleanly_in_mid_work(bench, executable, stop):
    with bench(executable=executable) as node:
        node.good_frame(width=640, height=480)
        for _ in range(10):
            node.send_good(width=640, height=480)
        assert node.stop(stop) == 0, node.log
    assert 'Traceback' not in node.log and 'terminate' not in node.log


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
