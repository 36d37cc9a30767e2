# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
What the launch files share: arguments with descriptions, the DDS profile, and a node.

The `launch` libraries come with a ROS installation only, so they are imported when called.
"""
from pathlib import Path

import depth_ros
from depth_ros.engines import DEFAULT_PRECISION, PRECISIONS
from depth_ros.sensors import CAMERAS, LIDARS

DEMO_BAG = Path(depth_ros.__file__).parent / 'demo_bag'
FLAG = ('true', 'false')
# name: (default, description[, choices]); an empty default leaves the parameter file's value
COMMON = {
    'namespace': ('', 'Namespace of the nodes and of their relative topics.'),
    'params_file': ('', 'Parameter file (root key /**); empty takes the shipped one.'),
    'use_sim_time': ('false', 'Take the time from /clock, for bags and simulators.', FLAG),
    'autostart': ('true', 'Configure and activate the nodes at start.', FLAG),
    'log_level': ('info', 'Lowest severity that is logged.',
                  ('debug', 'info', 'warn', 'error', 'fatal')),
    'use_respawn': ('false', 'Start a node again when its process dies.', FLAG),
    'dds_profile': ('auto', 'Fast DDS profile file; auto takes the environment, else the '
                    'shipped shared-memory profile, without which image-sized messages get '
                    'lost between processes; none sets nothing.'),
}
MODEL = {
    'model': ('', 'Shipped model name or .onnx path; empty: as in the parameter file.'),
    'engine': ('', 'Inference engine; empty: as in the parameter file.'),
    'precision': ('', 'Precision of the engine; empty: as in the parameter file.',
                  ('', DEFAULT_PRECISION, *PRECISIONS)),
    'image_transport': ('', 'raw or compressed; empty: as in the parameter file.',
                        ('', 'raw', 'compressed')),
}
BUILD = {
    'build_only': ('false', 'Build and check the TensorRT engines, print a table and end.', FLAG),
}
CAMERA = {
    'image': ('image', 'Topic of the camera image (compressed: with /compressed added).'),
    'camera_info': ('camera_info', 'Topic of the calibration of that image.'),
    'image_compressed': ('', 'Topic of the compressed image; empty: <image>/compressed.'),
}
LIDAR = {
    'lidar': ('', 'scan (LaserScan) or cloud (PointCloud2); empty: as in the parameter file.',
              ('', 'scan', 'cloud')),
    'cloud_ring': ('', 'The only ring of the cloud to use; empty: as in the parameter file.'),
    'scan': ('scan', 'Topic of the LaserScan.'),
    'cloud': ('cloud', 'Topic of the PointCloud2.'),
}
# Of robot.launch.py:
SENSORS = {
    'camera': ('realsense', 'Camera whose driver gives the topics and frames.', tuple(CAMERAS)),
    'lidar': ('rplidar', 'LiDAR whose driver gives topic and frame; none: the camera alone.',
              ('none', *LIDARS)),
    'cloud_ring': ('', 'The only ring of a cloud to use; empty: as in the parameter file.'),
}
SENSOR_TOPICS = {
    'image': ('', 'Topic of the camera image; empty: that of the driver.'),
    'camera_info': ('', 'Topic of its calibration; empty: that of the driver.'),
    'image_compressed': ('', 'Topic of the compressed image; empty: that of the driver.'),
    'scan': ('', 'Topic of the LaserScan; empty: that of the driver.'),
    'cloud': ('', 'Topic of the PointCloud2; empty: that of the driver.'),
}
MOUNTING = {
    'camera_frame': ('', 'Frame at the camera with x forward; empty: that of the driver.'),
    'lidar_frame': ('', 'Frame of the LiDAR; empty: that of the driver.'),
    'lidar_pose': ('', 'Pose of the LiDAR in camera_frame, `x y z yaw pitch roll` in metres and '
                   'radians, to be published on TF; empty: TF or the parameter file has it.'),
    'camera_height': ('', 'Metres of the camera above the floor, for depth/scan; empty: as in the '
                      'parameter file.'),
    'camera_tilt': ('', 'Degrees by which the camera looks down, for depth/scan: publishes the '
                    'frame <camera_frame>_level on TF; empty: as in the parameter file.'),
}
VIEW = {'rviz': ('false', 'Start RViz with config/depth.rviz.', FLAG)}
WHOLE = ('cloud_ring',)  # parameters that are integers
DEPTH = {'depth': ('depth', 'Prefix of the depth topics: <depth>/image, <depth>/points, ...')}
OUTPUTS = ('image', 'camera_info', 'points', 'scan', 'confidence', 'saliency', 'image_color')


def declare(*tables):
    """Launch arguments of tables such as COMMON."""
    from launch.actions import DeclareLaunchArgument
    return [DeclareLaunchArgument(name, default_value=default, description=description,
                                  choices=choices[0] if choices else None)
            for table in tables for name, (default, description, *choices) in table.items()]


def dds_profile():
    """Set the shared-memory profile for every process of this launch."""
    from launch.actions import OpaqueFunction
    return OpaqueFunction(function=_set_profile)


def _set_profile(context):
    from launch.actions import SetEnvironmentVariable
    chosen = context.launch_configurations['dds_profile']
    names = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')
    if chosen == 'auto':
        given = [context.environment[name] for name in names if context.environment.get(name)]
        chosen = given[0] if given else str(config_file('fastdds_shm.xml'))
    return [] if chosen == 'none' else [SetEnvironmentVariable(name, chosen) for name in names]


def config_file(name):
    """Path of a file of the installed `config` folder."""
    from ament_index_python.packages import get_package_share_directory
    return Path(get_package_share_directory('depth_ros')) / 'config' / name


def node(executable, options=(), topics=(), params='params_file', **fixed):
    """
    Return an action that starts one of the package's nodes.

    :param options: launch arguments that override a parameter of the same name when not empty.
    :param topics: launch arguments that hold the name of the topic of the same name.
    :param params: launch argument that holds the parameter file.
    :param fixed: parameters with a fixed value.
    """
    from launch.actions import OpaqueFunction
    return OpaqueFunction(function=_start, args=[executable, options, topics, params, fixed])


def _start(context, executable, options, topics, params, fixed):
    from launch.actions import Shutdown
    from launch_ros.actions import Node
    given = context.launch_configurations
    chosen = given.get(params) or str(config_file(f'{executable}.yaml'))
    building = given.get('build_only') == 'true'
    values = {name: _typed(given[name]) for name in ('autostart', 'use_sim_time')}
    values.update({name: _typed(given[name], name in WHOLE)
                   for name in options if given[name]})
    return [Node(package='depth_ros', executable=executable, name=executable,
                 namespace=given['namespace'], parameters=[chosen, {**values, **fixed}],
                 remappings=remappings(given, topics), output='screen', emulate_tty=True,
                 respawn=given['use_respawn'] == 'true' and not building, respawn_delay=2.0,
                 on_exit=[Shutdown(reason='the engines are built')] if building else None,
                 arguments=['--ros-args', '--log-level', given['log_level']])]


def _typed(text, whole=False):
    """Booleans and numbers of launch arguments as such; everything else stays text."""
    if text in FLAG:
        return text == 'true'
    try:
        return int(text) if whole else float(text)
    except ValueError:
        return text


def remappings(given, topics):
    """Pairs of the topics that launch arguments name, without those that stay as they are."""
    rules = []
    for name in topics:
        if name == 'depth':
            rules += [(f'depth/{part}', f'{given[name]}/{part}') for part in OUTPUTS]
        elif name == 'ground_truth':
            rules.append(('ground_truth/depth', given[name]))
        else:
            rules.append((name, given[name]))
        if name == 'image':
            rules.append(('image/compressed',
                          given.get('image_compressed') or f'{given[name]}/compressed'))
    return [(source, target) for source, target in rules if source != target]


def stop_with(executable):
    """Return an action that ends the launch when that node's process ends."""
    from launch.actions import RegisterEventHandler, Shutdown
    from launch.event_handlers import OnProcessExit

    def matches(action):
        return getattr(action, 'node_executable', None) == executable
    return RegisterEventHandler(OnProcessExit(
        target_action=matches, on_exit=[Shutdown(reason=f'{executable} has finished')]))
