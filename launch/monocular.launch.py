# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Metric depth from a camera alone: ros2 launch depth_ros monocular.launch.py."""
from depth_ros import launching
from launch import LaunchDescription


def generate_launch_description():
    """Start the monocular node."""
    return LaunchDescription([
        *launching.declare(launching.COMMON, launching.MODEL, launching.BUILD, launching.CAMERA,
                           launching.DEPTH),
        launching.dds_profile(),
        launching.node('monocular',
                       options=('model', 'engine', 'precision', 'build_only', 'image_transport'),
                       topics=('image', 'camera_info', 'depth')),
    ])
