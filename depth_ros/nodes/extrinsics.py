# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Where the LiDAR is in the camera: from TF when tf2_ros is there, else from parameters."""

from depth_ros.contracts import InputError
from depth_ros.poses import matrix_from
import numpy as np

BOTH_WAYS = ('give lidar_translation and lidar_rotation (position x y z in metres and '
             'orientation x y z w of the LiDAR in the camera optical frame), or install tf2_ros '
             'and publish the transform')


class ParameterExtrinsics:
    """Fixed extrinsics out of the node's configuration."""

    source = 'parameters'

    def __init__(self, config):
        """Read `lidar_translation` and `lidar_rotation`."""
        if not any(config.lidar_rotation):
            raise InputError(f'the LiDAR pose is not known: {BOTH_WAYS}')
        self.matrix = matrix_from(config.lidar_translation, config.lidar_rotation)

    def lookup(self, camera_frame, camera_ns, lidar_frame, lidar_ns):
        """Camera <- LiDAR, `(4, 4)`; the frames and times do not matter."""
        return self.matrix


class TfExtrinsics:
    """Extrinsics out of TF at the stamps; through `fixed_frame` when one is configured."""

    source = 'tf'

    def __init__(self, node, config):
        """Listen to /tf and /tf_static of `node`."""
        try:
            import tf2_ros
        except ImportError as error:
            raise InputError(f'tf2_ros is not installed ({error}): {BOTH_WAYS}') from error
        self._tf2, self._config = tf2_ros, config
        self.buffer = tf2_ros.Buffer()
        self._listener = tf2_ros.TransformListener(self.buffer, node)

    def lookup(self, camera_frame, camera_ns, lidar_frame, lidar_ns):
        """
        Camera (at `camera_ns`) <- LiDAR (at `lidar_ns`), `(4, 4)`.

        :raises InputError: TF does not connect the frames; TF's own words are in the message.
        """
        from rclpy.duration import Duration
        from rclpy.time import Time
        fixed, timeout = self._config.fixed_frame, Duration(seconds=self._config.tf_timeout)
        camera_time, lidar_time = Time(nanoseconds=camera_ns), Time(nanoseconds=lidar_ns)
        try:
            if fixed:
                found = self.buffer.lookup_transform_full(
                    camera_frame, camera_time, lidar_frame, lidar_time, fixed, timeout)
            else:
                found = self.buffer.lookup_transform(camera_frame, lidar_frame, camera_time,
                                                     timeout)
        except self._tf2.TransformException as error:
            raise InputError(f'no transform from {lidar_frame!r} to {camera_frame!r}: {error}; '
                             'publish it, or give lidar_translation and lidar_rotation'
                             ) from error
        t, q = found.transform.translation, found.transform.rotation
        return matrix_from((t.x, t.y, t.z), (q.x, q.y, q.z, q.w))


def make_extrinsics(node, config):
    """
    Choose the source by `config.extrinsics`: tf, parameters, or parameters first (auto).

    :raises InputError: neither way is open; the message names both.
    """
    if config.extrinsics == 'tf':
        return TfExtrinsics(node, config)
    if config.extrinsics == 'parameters' or any(config.lidar_rotation):
        return ParameterExtrinsics(config)
    return TfExtrinsics(node, config)


def sensor_motion(extrinsics, camera_frame, camera_ns, lidar_frame, start_ns, duration_s):
    """
    Twist of the LiDAR during one scan, from its poses at the first and the last beam.

    :return: (linear m/s, angular rad/s), in the LiDAR frame at `start_ns`.
    """
    if duration_s <= 0:
        return np.zeros(3), np.zeros(3)
    end_ns = start_ns + int(duration_s * 1e9)
    first = extrinsics.lookup(camera_frame, camera_ns, lidar_frame, start_ns)
    last = extrinsics.lookup(camera_frame, camera_ns, lidar_frame, end_ns)
    motion = np.linalg.inv(first) @ last
    import cv2
    angular = cv2.Rodrigues(motion[:3, :3])[0].ravel() / duration_s
    # Over one scan the rotation is small: V(w t) differs from the identity by less than w t / 2,
    # which is undone to first order.
    half = cv2.Rodrigues(-angular * duration_s / 2)[0]
    return half @ motion[:3, 3] / duration_s, angular
