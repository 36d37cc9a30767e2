# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Dense depth from a camera and a LiDAR: ros2 launch depth_ros completion.launch.py."""
from depth_ros import launching
from launch import LaunchDescription


def generate_launch_description():
    """Start the completion node."""
    return LaunchDescription([
        *launching.declare(launching.COMMON, launching.MODEL, launching.BUILD, launching.CAMERA,
                           launching.LIDAR, launching.DEPTH),
        launching.dds_profile(),
        launching.node('completion',
                       options=('model', 'engine', 'precision', 'build_only', 'image_transport',
                                'lidar', 'cloud_ring'),
                       topics=('image', 'camera_info', 'scan', 'cloud', 'depth')),
    ])
