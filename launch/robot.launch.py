# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Depth from a known camera and LiDAR, for navigation.

ros2 launch depth_ros robot.launch.py camera:=realsense lidar:=rplidar lidar_pose:='0 0 -0.1 0 0 0'
"""
from depth_ros import launching, robot_launch
from launch import LaunchDescription


def generate_launch_description():
    """Start the node for the sensors, and what TF lacks; the drivers are started elsewhere."""
    return LaunchDescription([
        *launching.declare(launching.COMMON, launching.MODEL, launching.SENSORS,
                           launching.SENSOR_TOPICS, launching.DEPTH, launching.MOUNTING,
                           launching.VIEW),
        robot_launch.sensor_topics(),
        launching.dds_profile(),
        robot_launch.frames(),
        robot_launch.depth_node(),
        robot_launch.rviz(),
    ])
