# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Bad messages over DDS: what the user reads, and one more good frame as a sign of life."""

from array import array

from depth_ros import messages
from depth_ros.benchmark.ros.accounts import counts, unaccounted
import numpy as np
import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not installed: make venv')
from made_messages import camera_info, image, nanoseconds, scan  # noqa: E402, I100
from node_bench import Bench, POSE  # noqa: E402

pytestmark = pytest.mark.ros
ERROR, WARN = b'\x02', b'\x01'
SECOND = 10 ** 9


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
    node.refresh()
    node.wait(lambda: not unaccounted(counts(node.values)), 'one fate for every image')
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
