# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The bundled recording through the completion node: ros2 launch depth_ros demo.launch.py."""
from pathlib import Path

from depth_ros import launching
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration


def generate_launch_description():
    """Play the bundled bag through the nodes of evaluate.launch.py."""
    evaluate = Path(__file__).parent / 'evaluate.launch.py'
    forwarded = {name: LaunchConfiguration(name) for name in (
        'bag', 'rate', 'model', 'output', 'params_file', 'image', 'camera_info')}
    return LaunchDescription([
        DeclareLaunchArgument('bag', default_value=str(launching.DEMO_BAG),
                              description='Recording to play; the bundled one by default.'),
        DeclareLaunchArgument('rate', default_value='1.0', description='Speed factor.'),
        DeclareLaunchArgument('model', default_value='',
                              description='Shipped model name or .onnx path; empty: default.'),
        DeclareLaunchArgument('output', default_value='',
                              description='JSON file for the figures; empty writes none.'),
        DeclareLaunchArgument('params_file', default_value=str(launching.config_file('demo.yaml')),
                              description='Parameter file of the completion node; the shipped '
                              'one says where the LiDAR of the bundled recording is.'),
        DeclareLaunchArgument('image', default_value='/camera/image',
                              description='Topic of the camera image.'),
        DeclareLaunchArgument('camera_info', default_value='/camera/camera_info',
                              description='Topic of the calibration of that image.'),
        IncludeLaunchDescription(PythonLaunchDescriptionSource(str(evaluate)),
                                 launch_arguments={**forwarded, 'use_sim_time': 'true',
                                                   'idle_timeout': '3.0'}.items()),
    ])
