# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
The parts of robot.launch.py: topics of known sensors, missing frames, the node, RViz.

The `launch` libraries come with a ROS installation only, so they are imported when called.
"""
import math

from depth_ros import launching
from depth_ros.contracts import InputError
from depth_ros.sensors import CAMERAS, LIDARS

# Yaw, pitch and roll of an optical frame in the body frame of its camera (REP 103).
OPTICAL = (-math.pi / 2, 0.0, -math.pi / 2)


def sensor_topics():
    """Fill in the topics, frames and parameters that follow from the chosen sensors."""
    from launch.actions import OpaqueFunction
    return OpaqueFunction(function=_choose)


def _choose(context):
    given = context.launch_configurations
    camera, lidar = CAMERAS[given['camera']], LIDARS.get(given['lidar'])
    found = {'image': camera.image, 'camera_info': camera.camera_info,
             'camera_frame': camera.body, 'scan': 'scan', 'cloud': 'cloud', 'lidar_frame': ''}
    if not given['image']:
        found['image_compressed'] = camera.compressed
    if lidar is not None:
        found.update({lidar.kind: lidar.topic, 'lidar_frame': lidar.frame})
    for name, value in found.items():
        given[name] = given[name] or value


def frames():
    """Publish on TF what nobody else does: body of a plain camera, level frame, LiDAR."""
    from launch.actions import OpaqueFunction
    return OpaqueFunction(function=_frames)


def _frames(context):
    given = context.launch_configurations
    camera, made = CAMERAS[given['camera']], []
    if not camera.publishes_body:
        made.append(_static('camera_optical', given['camera_frame'], camera.optical,
                            (0, 0, 0, *OPTICAL)))
    tilt = given['camera_tilt'] and _number(given, 'camera_tilt')
    if tilt:
        # Nose down is a positive pitch, and the level frame is back up from there.
        made.append(_static('camera_level', given['camera_frame'], level_frame(given),
                            (0, 0, 0, 0, -math.radians(tilt), 0)))
    if given['lidar_pose']:
        made.append(_static('lidar_pose', given['camera_frame'], given['lidar_frame'],
                            _pose(given['lidar_pose'])))
    return made


def _pose(text):
    try:
        numbers = [float(number) for number in text.replace(',', ' ').split()]
    except ValueError:
        numbers = []
    if len(numbers) != 6 or not all(map(math.isfinite, numbers)):
        raise InputError(f'lidar_pose is {text!r}: give six numbers, x y z in metres and yaw '
                         'pitch roll in radians')
    return numbers


def _number(given, name):
    try:
        return float(given[name])
    except ValueError:
        raise InputError(f'{name} is {given[name]!r}: give a number') from None


def _static(name, parent, child, pose):
    from launch_ros.actions import Node
    names = ('x', 'y', 'z', 'yaw', 'pitch', 'roll')
    pairs = [(f'--{key}', f'{value:.9g}') for key, value in zip(names, pose)]
    pairs += [('--frame-id', parent), ('--child-frame-id', child)]
    return Node(package='tf2_ros', executable='static_transform_publisher', name=name,
                arguments=[text for pair in pairs for text in pair])


def level_frame(given):
    """Name of the frame at the camera that is level while the camera is not."""
    return f'{given["camera_frame"]}_level'


def depth_node():
    """Return an action that starts the completion node, or monocular without a LiDAR."""
    from launch.actions import OpaqueFunction
    return OpaqueFunction(function=_depth_node)


def _depth_node(context):
    given = context.launch_configurations
    lidar, camera = LIDARS.get(given['lidar']), CAMERAS[given['camera']]
    options = ['model', 'engine', 'precision', 'image_transport']
    topics = ['image', 'camera_info', 'depth']
    fixed = {f'depth_scan_{name}': _number(given, name)
             for name in ('camera_height', 'camera_tilt') if given[name]}
    if fixed.get('depth_scan_camera_tilt'):
        fixed['depth_scan_frame'] = level_frame(given)
    elif given['camera_frame'] != camera.body or not camera.publishes_body:
        fixed['depth_scan_frame'] = given['camera_frame']
    given['params_file'] = given['params_file'] or str(launching.config_file('navigation.yaml'))
    if lidar is None:
        return [launching.node('monocular', options=options, topics=topics, **fixed)]
    if lidar.kind == 'cloud':
        options.append('cloud_ring')
    return [launching.node('completion', options=options, topics=[*topics, 'scan', 'cloud'],
                           lidar=lidar.kind, **fixed)]


def rviz():
    """Return an action that starts RViz when `rviz` says so."""
    from launch.actions import OpaqueFunction
    return OpaqueFunction(function=_rviz)


def _rviz(context):
    from launch_ros.actions import Node
    given = context.launch_configurations
    if given['rviz'] != 'true':
        return []
    rules = launching.remappings(given, ('scan', 'depth'))
    return [Node(package='rviz2', executable='rviz2', name='rviz', namespace=given['namespace'],
                 remappings=rules, output='screen',
                 arguments=['-d', str(launching.config_file('depth.rviz')),
                            '-f', given['camera_frame']])]
