# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the KITTI data sets share: calibration files and laser scans."""
from depth_ros.camera import Camera
from depth_ros.contracts import InputError
import numpy as np


def read_calibration(path):
    """Read a KITTI calibration file of `key: numbers` lines as {key: float array}."""
    values = {}
    try:
        for line in path.read_text().splitlines():
            key, _, numbers = line.partition(':')
            if numbers.strip() and key != 'calib_time':
                values[key.strip()] = np.array(numbers.split(), float)
    except (OSError, ValueError) as error:
        raise InputError(f'{path} is not a KITTI calibration file: {error}') from error
    return values


def camera_from_lidar(projection, rectification, lidar_to_camera):
    """
    Return the 4x4 transform from the LiDAR to a rectified colour camera.

    projection (3, 4): P of that camera; rectification (3, 3); lidar_to_camera (3, 4) to the
    unrectified camera 0. The fourth column of P moves from camera 0 to the colour camera, so
    K^-1 P [R Tr; 0 1] gives points whose depth is measured from the colour camera itself.
    """
    rectified = np.eye(4)
    rectified[:3, :3] = rectification
    lidar = np.eye(4)
    lidar[:3] = lidar_to_camera
    offset = np.eye(4)
    offset[:3] = np.linalg.inv(projection[:, :3]) @ projection
    return offset @ rectified @ lidar


def camera(projection, width, height):
    """Return the pinhole camera of a 3x4 projection matrix."""
    return Camera.from_matrix(projection[:, :3], width, height)


def read_scan(path):
    """Read a KITTI .bin scan as points (N, 3) float32 in the LiDAR frame."""
    raw = np.fromfile(path, np.float32)
    if raw.size == 0 or raw.size % 4:
        raise InputError(f'{path} is not a KITTI scan of x, y, z, reflectance: it holds '
                         f'{raw.size} numbers; the file may be truncated')
    return raw.reshape(-1, 4)[:, :3]


def calibration_keys(values, path, **shapes):
    """Return the named entries in their shapes; what is missing or short is one clear error."""
    found = []
    for key, shape in shapes.items():
        if key not in values or values[key].size != np.prod(shape):
            raise InputError(f'{path} lacks the calibration {key} of {np.prod(shape)} numbers')
        found.append(values[key].reshape(shape))
    return found
