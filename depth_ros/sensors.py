# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Topics and frames of common cameras and LiDARs, as the launch files of their drivers set them.

Read in the sources of the drivers (docs/sensors.md says which and when), not run on the hardware.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class CameraTopics:
    """
    What a camera driver publishes.

    :param compressed: topic of compressed images; '' is `<image>/compressed`, None: there is none.
    :param optical: frame_id of the images, x right, y down, z forward.
    :param body: frame at the same place with x forward, z up (REP 103).
    :param publishes_body: the driver publishes body and optical on TF.
    """

    driver: str
    image: str
    camera_info: str
    optical: str
    body: str
    compressed: str = ''
    publishes_body: bool = True


@dataclass(frozen=True)
class LidarTopics:
    """What a LiDAR driver publishes: `scan` (LaserScan) or `cloud` (PointCloud2) with rings."""

    driver: str
    kind: str
    topic: str
    frame: str


CAMERAS = {
    'realsense': CameraTopics(
        'realsense2_camera rs_launch.py', '/camera/camera/color/image_raw',
        '/camera/camera/color/camera_info', 'camera_color_optical_frame', 'camera_color_frame'),
    'zed': CameraTopics(
        'zed_wrapper zed_camera.launch.py camera_model:=zed2i',
        '/zed/zed_node/rgb/color/rect/image',
        '/zed/zed_node/rgb/color/rect/camera_info', 'zed_left_camera_frame_optical',
        'zed_left_camera_frame'),
    'oak': CameraTopics(
        'depthai_ros_driver camera.launch.py', '/oak/rgb/image_raw', '/oak/rgb/camera_info',
        'oak_rgb_camera_optical_frame', 'oak_rgb_camera_frame'),
    # Its frame is called `camera` and is in no TF tree: it is taken for the optical one.
    'usb': CameraTopics(
        'usb_cam camera.launch.py', '/camera1/image_raw', '/camera1/camera_info', 'camera',
        'camera_body', '/camera1/image_compressed', publishes_body=False),
}
LIDARS = {
    'rplidar': LidarTopics('sllidar_ros2 sllidar_a1_launch.py', 'scan', '/scan', 'laser'),
    'hokuyo': LidarTopics('urg_node2 urg_node2.launch.py', 'scan', '/scan', 'laser'),
    'sick': LidarTopics('sick_scan_xd sick_tim_5xx.launch.py frame_id:=laser tf_publish_rate:=0',
                        'scan', '/scan', 'laser'),
    'velodyne': LidarTopics('velodyne velodyne-all-nodes-VLP16-launch.py', 'cloud',
                            '/velodyne_points', 'velodyne'),
    'ouster': LidarTopics('ouster_ros driver.launch.py', 'cloud', '/ouster/points', 'os_lidar'),
}
