# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""launch/robot.launch.py for every known sensor; most needs the `launch` of a ROS installation."""
from types import SimpleNamespace

from depth_ros import launching, robot_launch
from depth_ros.contracts import InputError
from depth_ros.sensors import CAMERAS, LIDARS
from made_room import pose
import numpy as np
import pytest
from test_launch import actions, describe

TABLES = (launching.COMMON, launching.MODEL, launching.SENSORS, launching.SENSOR_TOPICS,
          launching.DEPTH, launching.MOUNTING, launching.VIEW)


def chosen(**arguments):
    """Launch configurations after the sensors were looked up."""
    given = {name: value[0] for table in TABLES for name, value in table.items()}
    given.update(arguments)
    robot_launch._choose(SimpleNamespace(launch_configurations=given))
    return given


@pytest.mark.parametrize('camera', CAMERAS)
@pytest.mark.parametrize('lidar', LIDARS)
def test_sensors_give_topics(camera, lidar):
    given = chosen(camera=camera, lidar=lidar)
    rules = dict(launching.remappings(given, ('image', 'camera_info', 'scan', 'cloud', 'depth')))
    assert rules['image'] == CAMERAS[camera].image
    assert rules['camera_info'] == CAMERAS[camera].camera_info
    assert rules[LIDARS[lidar].kind] == LIDARS[lidar].topic
    assert given['lidar_frame'] == LIDARS[lidar].frame
    # A transport of the image beside it, but for drivers that call it otherwise.
    assert rules['image/compressed'] == (CAMERAS[camera].compressed
                                         or f'{CAMERAS[camera].image}/compressed')


def test_arguments_go_before_sensors():
    given = chosen(camera='usb', lidar='hokuyo', image='/front/image', scan='/front/scan',
                   camera_frame='front', lidar_frame='front_laser')
    rules = dict(launching.remappings(given, ('image', 'scan')))
    assert rules == {'image': '/front/image', 'scan': '/front/scan',
                     'image/compressed': '/front/image/compressed'}
    assert (given['camera_frame'], given['lidar_frame']) == ('front', 'front_laser')
    given = chosen(camera='usb', image_compressed='/jpeg')
    assert dict(launching.remappings(given, ('image',)))['image/compressed'] == '/jpeg'


def test_the_frame_of_the_scan_follows_from_that_of_the_image():
    """Drivers that publish both frames name them so that the node finds the other by itself."""
    for camera in CAMERAS.values():
        assert camera.publishes_body == (camera.optical.replace('_optical', '') == camera.body)


@pytest.mark.parametrize('text', ['', '1 2 3', '1 2 3 4 5 x', '0 0 0 0 0 nan'])
def test_a_pose_that_is_none_is_refused(text):
    with pytest.raises(InputError, match='give six numbers'):
        robot_launch._pose(text)
    assert robot_launch._pose('0.1, 0, -0.2, 0, 0, 1e-3') == [0.1, 0, -0.2, 0, 0, 1e-3]


def rotation(yaw, pitch, roll):
    """Rotation of static_transform_publisher: about z, then the new y, then the new x."""
    turned = np.eye(3)
    for angle, axis in ((yaw, 2), (pitch, 1), (roll, 0)):
        c, s = np.cos(angle), np.sin(angle)
        one, other = (axis + 1) % 3, (axis + 2) % 3
        step = np.eye(3)
        step[[one, one, other, other], [one, other, one, other]] = c, -s, s, c
        turned = turned @ step
    return turned


@pytest.mark.parametrize('tilt', [0.0, 15.0])
def test_frames_say_where_the_camera_looks(tilt):
    """From the level frame over that of the camera to the optical one, as the scan takes it."""
    body_from_level = rotation(0.0, -np.radians(tilt), 0.0)
    body_from_optical = rotation(*robot_launch.OPTICAL)
    assert np.allclose(body_from_level.T @ body_from_optical, pose(tilt), atol=1e-12)


def started(repository, monkeypatch, **arguments):
    """`{name of the node: action}` that the launch file starts, and its context."""
    monkeypatch.setattr(launching, 'config_file', lambda file: repository / 'config' / file)
    description, context = describe(repository, 'robot')
    return {node._Node__node_name: node
            for node in actions(description, context, **arguments)}, context


def parameters(node):
    """Parameters of a node that are not in its file."""
    (given,) = [values for values in node._Node__parameters if isinstance(values, dict)]
    return {key[0].text: value[0].text if isinstance(value, tuple) else value
            for key, value in given.items()}


@pytest.mark.parametrize('camera', CAMERAS)
@pytest.mark.parametrize('lidar', ['none', *LIDARS])
def test_every_pair_starts(repository, monkeypatch, camera, lidar):
    nodes, _ = started(repository, monkeypatch, camera=camera, lidar=lidar, cloud_ring='7',
                       image_transport='compressed')
    name = 'monocular' if lidar == 'none' else 'completion'
    expected = {name} | ({'camera_optical'} if camera == 'usb' else set())
    assert set(nodes) == expected
    given = parameters(nodes[name])
    assert given['image_transport'].split()[0] == 'compressed'
    assert given.get('cloud_ring') == (7 if lidar in ('velodyne', 'ouster') else None)
    if lidar != 'none':
        assert given['lidar'].split()[0] == LIDARS[lidar].kind
    assert ('depth_scan_frame' in given) == (camera == 'usb')


def test_mounting_and_rviz(repository, monkeypatch):
    nodes, context = started(repository, monkeypatch, camera='oak', lidar='sick',
                             lidar_pose='0.1 0 -0.2 3.14 0 0', camera_tilt='15',
                             camera_height='0.8', rviz='true', depth='front')
    assert set(nodes) == {'completion', 'camera_level', 'lidar_pose', 'rviz'}
    given = parameters(nodes['completion'])
    assert given['depth_scan_camera_height'] == 0.8 and given['depth_scan_camera_tilt'] == 15.0
    assert given['depth_scan_frame'].split()[0] == 'oak_rgb_camera_frame_level'

    def arguments(name):
        words = [text[0].text if isinstance(text, (list, tuple)) else text
                 for text in nodes[name]._Node__arguments]
        return dict(zip(words[::2], words[1::2]))
    level, pose = arguments('camera_level'), arguments('lidar_pose')
    assert float(level['--pitch']) == pytest.approx(-0.2617994)
    assert level['--frame-id'] == pose['--frame-id'] == 'oak_rgb_camera_frame'
    assert (level['--child-frame-id'], pose['--child-frame-id']) == (
        'oak_rgb_camera_frame_level', 'laser')
    assert (float(pose['--x']), float(pose['--z']), float(pose['--yaw'])) == (0.1, -0.2, 3.14)
    assert arguments('rviz') == {'-d': str(repository / 'config' / 'depth.rviz'),
                                 '-f': 'oak_rgb_camera_frame'}
