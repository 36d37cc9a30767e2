# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Rigid poses as 4x4 matrices, and the tree of frames that do not move."""

from depth_ros.contracts import InputError
import numpy as np


def matrix_from(translation, rotation):
    """
    4x4 transform from a position `(3,)` and a quaternion x y z w `(4,)`.

    :raises InputError: the quaternion is not of unit length (1 % tolerance).
    """
    x, y, z, w = np.asarray(rotation, float)
    norm = float(np.sqrt(x * x + y * y + z * z + w * w))
    if not abs(norm - 1) <= 0.01:
        raise InputError(f'lidar_rotation has length {norm:.3g}, a rotation has length 1')
    x, y, z, w = x / norm, y / norm, z / norm, w / norm
    matrix = np.eye(4)
    matrix[:3, :3] = [[1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                      [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                      [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]]
    matrix[:3, 3] = translation
    return matrix


def pose_from(numbers):
    """
    4x4 transform from numbers as people write them down.

    :param numbers: x y z roll pitch yaw (metres, radians; turned about the fixed axes x, y, z in
        this order, as static_transform_publisher does), x y z qx qy qz qw, or a 4x4 matrix (also
        as 16 numbers, row by row).
    :raises InputError: another count, or no rigid transform.
    """
    values = np.asarray(numbers, float).ravel()
    if values.size not in (6, 7, 16) or not np.isfinite(values).all():
        raise InputError(f'extrinsics of {values.size} numbers: give x y z roll pitch yaw '
                         '(metres, radians), x y z qx qy qz qw, or the 16 numbers of a 4x4 '
                         'matrix, of the LiDAR in the camera optical frame')
    if values.size == 7:
        return matrix_from(values[:3], values[3:])
    if values.size == 16:
        return _rigid(values.reshape(4, 4))
    matrix = np.eye(4)
    matrix[:3, 3] = values[:3]
    (cr, cp, cy), (sr, sp, sy) = np.cos(values[3:]), np.sin(values[3:])
    matrix[:3, :3] = [[cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
                      [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
                      [-sp, cp * sr, cp * cr]]
    return matrix


def _rigid(matrix):
    """Return the matrix itself, or raise InputError when it does more than turn and move."""
    turn = matrix[:3, :3]
    if (not np.allclose(turn @ turn.T, np.eye(3), atol=0.01) or np.linalg.det(turn) < 0
            or not np.allclose(matrix[3], (0, 0, 0, 1))):
        raise InputError('the 4x4 extrinsics are no rigid transform: the upper left 3x3 must be a '
                         'rotation and the last row 0 0 0 1')
    return matrix


def roll_pitch_yaw(matrix):
    """Angles (3,) in radians of a `(4, 4)` transform, as `pose_from` takes them."""
    m = np.asarray(matrix, float)
    return np.array([np.arctan2(m[2, 1], m[2, 2]), -np.arcsin(np.clip(m[2, 0], -1, 1)),
                     np.arctan2(m[1, 0], m[0, 0])])


class FrameTree:
    """Frames joined by fixed transforms, as /tf_static publishes them."""

    def __init__(self):
        """Start without any frame."""
        self._to_parent = {}

    def add(self, msg):
        """Take the transforms of a tf2_msgs/TFMessage."""
        for stamped in msg.transforms:
            t, q = stamped.transform.translation, stamped.transform.rotation
            self._to_parent[stamped.child_frame_id.lstrip('/')] = (
                stamped.header.frame_id.lstrip('/'),
                matrix_from((t.x, t.y, t.z), (q.x, q.y, q.z, q.w)))

    def knows(self, child):
        """Whether a transform says where the frame `child` is fixed."""
        return child.lstrip('/') in self._to_parent

    def lookup(self, target, source):
        """
        Return target <- source, `(4, 4)`.

        :raises InputError: the frames are not joined; the known frames are named.
        """
        target, source = target.lstrip('/'), source.lstrip('/')
        target_root, from_target = self._to_root(target)
        source_root, from_source = self._to_root(source)
        if target_root != source_root:
            known = sorted(set(self._to_parent) | {p for p, _ in self._to_parent.values()})
            raise InputError(f'no static transform joins {source!r} and {target!r}; known frames: '
                             f'{", ".join(known) or "none"}')
        return np.linalg.inv(from_target) @ from_source

    def _to_root(self, frame):
        matrix, seen = np.eye(4), set()
        while frame in self._to_parent and frame not in seen:
            seen.add(frame)
            frame, step = self._to_parent[frame]
            matrix = step @ matrix
        return frame, matrix


def quaternion_from(matrix):
    """Quaternion x y z w, of unit length and w >= 0, of the rotation of a `(4, 4)` transform."""
    m = np.asarray(matrix, float)[:3, :3]
    # The four ways to the quaternion differ in what they divide by: take the largest.
    squares = np.array([1 + m[0, 0] - m[1, 1] - m[2, 2], 1 - m[0, 0] + m[1, 1] - m[2, 2],
                        1 - m[0, 0] - m[1, 1] + m[2, 2], 1 + m[0, 0] + m[1, 1] + m[2, 2]])
    x, y, z = m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]
    xy, xz, yz = m[0, 1] + m[1, 0], m[0, 2] + m[2, 0], m[1, 2] + m[2, 1]
    rows = [(squares[0], xy, xz, x), (xy, squares[1], yz, y), (xz, yz, squares[2], z),
            (x, y, z, squares[3])]
    quaternion = np.array(rows[int(np.argmax(squares))])
    quaternion = quaternion / np.linalg.norm(quaternion) * (-1 if quaternion[3] < 0 else 1)
    return tuple(float(value) for value in quaternion)
