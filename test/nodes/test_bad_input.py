# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Bad input over DDS: what the user reads, and one more good frame as a sign of life."""

from array import array

from depth_ros import messages
import numpy as np
import onnx
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
ERROR, WARN = b'\x02', b'\x01'
SECOND = 10 ** 9


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    """Completion model: 2.6 m everywhere."""
    return str(make_tiny_model(tmp_path_factory.mktemp('model') / 'tiny.onnx', depth=2.6))


@pytest.fixture(scope='module')
def running(model, tmp_path_factory):
    """One completion node for all cases that it must live through."""
    with Bench('completion', folder=tmp_path_factory.mktemp('bench'), model=model,
               max_residual=10.0, watchdog_period=3600.0, **POSE) as node:
        node.good_frame()
        yield node


@pytest.fixture
def node(running):
    """Return the shared node, and prove after the test that it still works."""
    running.statuses.clear()
    yield running
    frame = messages.image_to_depth(running.good_frame())
    assert frame[26 if frame.shape[0] == 48 else len(frame) // 2].max() < 2.7
    assert running.process.poll() is None


def sender(node, info=None, line=None, picture=None):
    """Publish one set of inputs, some of them bad, with a new stamp per call."""
    def send():
        stamp = node.next_stamp()
        node.send(camera_info=(info or camera_info)(stamp), scan=(line or scan)(stamp))
        node.send(image=(picture or image)(stamp))
    return send


def no_output(node, send, counter):
    """Send until `counter` rises by three, and see that no depth came out."""
    node.refresh()
    before, start = node.count(counter), node.stamp
    node.wait(lambda: node.count(counter) >= before + 3, counter, every=send)
    assert not [m for m in node.received['depth/image'] if nanoseconds(m) > start]


@pytest.mark.parametrize('encoding', ['yuv422_yuy2', 'bayer_rggb8', '', 'nonsense'])
def test_unknown_encoding(node, encoding):
    send = sender(node, picture=lambda stamp: image(stamp, encoding=encoding))
    status = node.expect(f'image encoding {encoding!r} needs cv_bridge', every=send)
    assert status.level == ERROR and 'rgb8, bgr8' in status.message
    no_output(node, send, 'images_rejected')


def test_depth_topic_on_the_image_input(node):
    send = sender(node, picture=lambda stamp: image(stamp, encoding='32FC1'))
    status = node.expect('is the depth topic remapped to `image`?', every=send)
    assert status.level == ERROR


def test_image_with_too_few_bytes(node):
    def short(stamp):
        message = image(stamp)
        message.data = message.data[:100]
        return message
    node.expect('carries 100 bytes: too few; check its publisher',
                every=sender(node, picture=short))


def test_empty_image(node):
    node.expect('image is 0x0: it is empty',
                every=sender(node, picture=lambda s: image(s, width=0, height=0)))


@pytest.mark.parametrize('focal', [0.0, -100.0, float('nan')])
def test_camera_info_without_a_focal_length(node, focal):
    send = sender(node, info=lambda stamp: camera_info(stamp, focal=focal))
    status = node.expect('the camera_info is not calibrated', every=send)
    assert status.level == ERROR
    no_output(node, send, 'images_rejected')


def test_camera_info_of_another_size(node):
    send = sender(node, info=lambda stamp: camera_info(stamp, 640, 480))
    node.expect('the image is 64x48 but camera_info says 640x480', every=send)
    no_output(node, send, 'images_rejected')


def test_camera_info_that_is_not_filled_in(node):
    node.expect('camera size is 0x0', every=sender(
        node, info=lambda stamp: camera_info(stamp, 0, 0, focal=0.0)))


def test_fisheye_camera_info(node):
    def fisheye(stamp):
        message = camera_info(stamp)
        message.distortion_model, message.d = 'equidistant', [0.1] * 4
        return message
    node.expect("distortion model 'equidistant' is not supported: rectify",
                every=sender(node, info=fisheye))


def test_the_image_size_changes_in_mid_stream(node):
    for width, height in ((64, 48), (160, 96), (96, 160), (64, 48)):
        frame = node.good_frame(width=width, height=height)
        assert (frame.width, frame.height) == (width, height)
        depth = messages.image_to_depth(frame)
        assert np.abs(depth - 2.0).min() < 0.01


def test_ranges_that_are_no_distances(node):
    """Half of the beams are garbage; the other half still gives the wall."""
    def dirty(stamp):
        message = scan(stamp)
        ranges = np.asarray(message.ranges, np.float32)
        for start, value in enumerate((np.nan, np.inf, -np.inf, -1.0, 0.0, 1e30, 0.01)):
            ranges[start::14] = value
        message.ranges = array('f', ranges.tobytes())
        return message
    start = node.stamp

    def found():
        return [m for m in node.received['depth/image'] if nanoseconds(m) > start]
    node.wait(found, 'depth', every=sender(node, line=dirty))
    depth = messages.image_to_depth(found()[0])
    row = round(23.5 + 64 / 1.2 * 0.1 / 2)
    assert depth[row, 2:-2] == pytest.approx(2.0, abs=0.01)


@pytest.mark.parametrize('ranges', [[], [np.nan] * 301, [np.inf] * 301, [-1.0] * 301])
def test_a_scan_without_a_distance(node, ranges):
    send = sender(node, line=lambda stamp: scan(stamp, ranges=ranges))
    status = node.expect('the scan holds no valid range', every=send)
    assert status.level == WARN
    no_output(node, send, 'dropped: no LiDAR point in the image')


def test_a_scan_behind_the_camera(node):
    send = sender(node, line=lambda stamp: scan(stamp, ranges=[2.0] * 301, angle_min=2.4))
    status = node.expect('none of the 301 LiDAR points falls into the image', every=send)
    assert status.level == WARN and 'extrinsics' in status.message
    no_output(node, send, 'dropped: no LiDAR point in the image')


def test_a_scan_with_broken_angles(node):
    def broken(stamp):
        message = scan(stamp)
        message.angle_increment = 0.0
        return message
    node.expect('the LiDAR driver publishes a broken scan', every=sender(node, line=broken))


@pytest.mark.parametrize('stream', ['image', 'scan', 'both'])
def test_stamps_jump_back(node, stream):
    """A bag that starts again, or a clock that is set back."""
    node.good_frame()
    node.refresh()
    jumps, node.stamp = node.count('time_jumps'), node.stamp - 500 * SECOND
    if stream == 'scan':
        node.send(scan=scan(node.stamp))
    elif stream == 'image':
        node.send(image=image(node.stamp))
    node.good_frame()
    node.refresh()
    assert node.count('time_jumps') > jumps
    node.stamp += 1000 * SECOND


@pytest.mark.parametrize('ahead', [SECOND // 5, 3600 * SECOND, 10 ** 6 * SECOND])
@pytest.mark.parametrize('stream', ['image', 'scan', 'both'])
def test_stamps_in_the_future(node, stream, ahead):
    future = node.next_stamp() + ahead
    for _ in range(3):
        if stream in ('image', 'both'):
            node.send(image=image(future))
        if stream in ('scan', 'both'):
            node.send(scan=scan(future))
    # Images older than the bogus stamp but within the jump limit are out of order.
    frame = node.good_frame()
    assert nanoseconds(frame) < future + SECOND


def test_every_image_had_exactly_one_fate(node):
    """After all of the above."""
    def settled():
        values = node.values
        fates = sum(int(v) for k, v in values.items() if k.startswith('dropped: ')
                    or k in ('images_out', 'images_rejected', 'images_failed', 'images_unwanted'))
        return node.count('images_waiting') == 0 and fates == node.count('images_in')
    node.refresh()
    node.wait(settled, 'one fate for every image')
    assert node.count('images_failed') == 0


def test_parameters_are_refused_with_their_limits(node):
    for name, value, says in (
            ('max_skew', -1.0, 'out of range Min: 0.0, Max: 10.0'),
            ('max_skew', 100.0, 'out of range Min: 0.0, Max: 10.0'),
            ('cloud_stride', 0, 'Min: 1, Max: 64'), ('min_confidence', 1.5, 'Max: 1.0'),
            ('depth_encoding', 'rgb8', "'rgb8': choose one of 32FC1, 16UC1"),
            ('model', 'other', 'read-only'), ('max_skew', 'wide', 'Wrong parameter type'),
            ('lidar_rotation', [1.0, 2.0], 'must hold 4 finite numbers'),
            ('lidar_rotation', [1.0, 1.0, 1.0, 1.0], 'has length 2, a rotation has length 1')):
        successful, reason = node.set_parameter(name, value)
        assert not successful and says in reason, (name, value, reason)
    assert node.set_parameter('depth_encoding', '16UC1') == (True, '')
    try:
        node.received['depth/image'].clear()
        node.wait(lambda: [m for m in node.received['depth/image'] if m.encoding == '16UC1'],
                  '16-bit depth', every=node.send_good)
    finally:
        assert node.set_parameter('depth_encoding', '32FC1') == (True, '')
    node.received['depth/image'].clear()
    node.wait(lambda: [m for m in node.received['depth/image'] if m.encoding == '32FC1'],
              'metres', every=node.send_good)


def test_no_camera_info_yet(model, tmp_path):
    with Bench('completion', folder=tmp_path, model=model, **POSE) as node:
        def send():
            stamp = node.next_stamp()
            node.send(scan=scan(stamp))
            node.send(image=image(stamp))
        node.expect('no camera_info yet on ', every=send)
        node.good_frame()


def test_a_silent_scan_with_policy_drop(model, tmp_path):
    with Bench('completion', folder=tmp_path, model=model, watchdog_period=0.5, max_wait=0.05,
               **POSE) as node:
        def send():
            stamp = node.next_stamp()
            node.send(camera_info=camera_info(stamp))
            node.send(image=image(stamp))
        status = node.expect(f'no scan on {node.namespace}/scan for ', every=send)
        assert status.level == WARN and 'none so far' in status.message
        # The publisher and its QoS may be discovered later than the silence.
        node.wait(lambda: 'offers best effort sensor_msgs/msg/LaserScan' in node.message,
                  'the offered QoS', every=send)
        node.wait(lambda: node.count('dropped: no scan within max_skew') >= 3, 'drops', every=send)
        assert not node.received['depth/image']
        node.good_frame()
        node.wait(lambda: 'no scan on' not in node.message, 'an end of the warning',
                  every=node.send_good)
        node.wait(lambda: 'no scan on' in node.message, 'the watchdog again', every=send)
        assert 'so far, last stamp 10' in node.message


def test_the_watchdog_names_every_silent_topic(model, tmp_path):
    with Bench('completion', folder=tmp_path, model=model, watchdog_period=0.5, **POSE) as node:
        for topic in ('image', 'camera_info', 'scan'):
            assert node.expect(f'no {topic} on {node.namespace}/{topic} for ').level == WARN
        node.node.destroy_publisher(node.publishers.pop('camera_info'))
        node.wait(lambda: 'nobody publishes it: check the remapping' in node.message, 'a reason')


def test_a_silent_scan_with_policy_monocular(model, tmp_path):
    alone = str(make_tiny_model(tmp_path / 'mono.onnx', 'monocular', depth=5.0, confidence=0.8))
    with Bench('completion', ('depth/image', 'depth/confidence'), folder=tmp_path, model=model,
               on_missing_scan='monocular', monocular_model=alone, max_wait=0.05, **POSE) as node:
        def send():
            stamp = node.next_stamp()
            node.send(camera_info=camera_info(stamp))
            node.send(image=image(stamp))
        status = node.expect('no scan: depth comes from the image alone', every=send)
        assert status.level == WARN
        node.wait(lambda: node.received['depth/confidence'], 'confidence', every=send)
        confidence = messages.image_to_depth(node.received['depth/confidence'][0])
        assert confidence == pytest.approx(0.4)
        assert node.count('images_monocular') >= 1
        assert 'dropped: no scan within max_skew' not in node.values
        node.good_frame()


def test_unknown_frames_without_extrinsics(model, tmp_path):
    try:
        import tf2_ros  # noqa: F401
    except ImportError:
        pass
    else:
        pytest.skip('tf2_ros is installed: extrinsics come from TF')
    with Bench('completion', folder=tmp_path, model=model) as node:
        status = node.expect('cannot configure: tf2_ros is not installed')
        assert status.level == ERROR
        for way in ('lidar_translation and lidar_rotation', 'publish the transform'):
            assert way in status.message
        assert node.state == 'unconfigured'
        assert node.set_parameter('lidar_rotation', POSE['lidar_rotation'])[0]
        assert node.set_parameter('lidar_translation', POSE['lidar_translation'])[0]
        assert node.change_state('configure') and node.change_state('activate')
        node.good_frame()


def damaged_models():
    """Map a case to a function that spoils a good model file, and what the user reads."""
    def remove(path):
        path.unlink()

    def truncate(path):
        path.write_bytes(path.read_bytes()[:200])

    def foreign(path):
        loaded = onnx.load(str(path))
        del loaded.metadata_props[:]
        onnx.save(loaded, str(path))

    def monocular(path):
        make_tiny_model(path, 'monocular')

    def text(path):
        path.write_text('version https://git-lfs.github.com/spec/v1\n')

    return {'missing': (remove, 'no model file at '),
            'truncated': (truncate, 'cannot be read as an ONNX model: it is truncated'),
            'no ONNX': (text, 'cannot be read as an ONNX model'),
            'without metadata': (foreign, 'is an ONNX file without depth_ros metadata'),
            'of another task': (monocular, 'does monocular, this needs completion')}


@pytest.mark.parametrize('case', damaged_models())
def test_a_model_that_cannot_be_used(tmp_path, case):
    path = make_tiny_model(tmp_path / 'model.onnx', depth=2.6)
    good = path.read_bytes()
    spoil, says = damaged_models()[case]
    spoil(path)
    with Bench('completion', folder=tmp_path, model=str(path), **POSE) as node:
        status = node.expect(says)
        assert status.level == ERROR and status.message.startswith('cannot configure: ')
        assert node.state == 'unconfigured'
        assert not node.change_state('configure') and node.state == 'unconfigured'
        path.write_bytes(good)
        assert node.change_state('configure') and node.change_state('activate')
        node.refresh()
        assert 'cannot configure' not in node.message
        node.good_frame()
    assert 'Traceback' not in node.log


@pytest.mark.parametrize('name,value,says', [
    ('max_skew', -1.0, 'max_skew'), ('lidar', 'radar', 'choose one of scan, cloud'),
    ('threads', 'many', 'threads'), ('lidar_rotation', [1.0], '4 finite numbers')])
def test_a_bad_parameter_at_start_is_one_line(tmp_path, model, name, value, says):
    import subprocess
    import sys
    text = f"'{value}'" if isinstance(value, str) else value
    result = subprocess.run(
        [sys.executable, '-m', 'depth_ros.nodes.completion', '--ros-args', '-p', f'model:={model}',
         '-p', f'{name}:={text}'], capture_output=True, text=True, timeout=60)
    assert result.returncode == 2
    assert says in result.stderr and 'Traceback' not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
