# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Inputs that are silent, models and parameters that cannot be used: what the user reads."""

import subprocess
import sys

from depth_ros import messages
import onnx
import pytest
from tiny_models import make_tiny_model

pytest.importorskip('rclpy', reason='ROS 2 is not installed: make venv')
from made_messages import camera_info, image, scan  # noqa: E402, I100
from node_bench import Bench, POSE  # noqa: E402

pytestmark = pytest.mark.ros
ERROR, WARN = b'\x02', b'\x01'


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
    """Functions that spoil a good model file, each with what the user reads."""
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

    return ((remove, 'no model file at '),
            (truncate, 'cannot be read as an ONNX model: it is truncated'),
            (text, 'cannot be read as an ONNX model'),
            (foreign, 'is an ONNX file without depth_ros metadata'),
            (monocular, 'does monocular, this needs completion'))


def test_models_that_cannot_be_used(tmp_path):
    """One after the other in the place of the model, and at last a good one."""
    path = make_tiny_model(tmp_path / 'model.onnx', depth=2.6)
    good = path.read_bytes()
    path.unlink()
    with Bench('completion', folder=tmp_path, model=str(path), **POSE) as node:
        for spoil, says in damaged_models():
            path.write_bytes(good)
            spoil(path)
            node.statuses.clear()
            assert not node.change_state('configure') and node.state == 'unconfigured'
            status = node.expect(says)
            assert status.level == ERROR and status.message.startswith('cannot configure: ')
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
    text = f"'{value}'" if isinstance(value, str) else value
    result = subprocess.run(
        [sys.executable, '-m', 'depth_ros.nodes.completion', '--ros-args', '-p', f'model:={model}',
         '-p', f'{name}:={text}'], capture_output=True, text=True, timeout=60)
    assert result.returncode == 2
    assert says in result.stderr and 'Traceback' not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
