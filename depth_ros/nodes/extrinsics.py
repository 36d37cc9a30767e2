# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Where the LiDAR is in the camera: from parameters when given, else from TF."""

from depth_ros.contracts import InputError
from depth_ros.poses import matrix_from

BOTH_WAYS = ('give lidar_translation and lidar_rotation (position x y z in metres and '
             'orientation x y z w of the LiDAR in the camera optical frame), or install tf2_ros '
             'and publish the transform')


class Extrinsics:
    """
    Pose of the LiDAR in the camera.

    `config.extrinsics` chooses the source: tf, parameters, or parameters first (auto).  With a
    `fixed_frame` the motion between the two times counts, also where the pose of the LiDAR
    itself is given by parameters; the motion always comes from TF.
    """

    def __init__(self, node, config):
        """
        Listen to TF on `node` where `config` needs it; call `close` in the end.

        :raises InputError: neither way is open; the message names both.
        """
        self._node = node
        self._state = None, None, None
        self.update(config)

    def update(self, config):
        """Take a changed configuration; after an InputError the old one stays in force."""
        given = any(config.lidar_rotation)
        if config.extrinsics == 'parameters' and not given:
            raise InputError(f'the LiDAR pose is not known: {BOTH_WAYS}')
        matrix = None
        if given and config.extrinsics != 'tf':
            matrix = matrix_from(config.lidar_translation, config.lidar_rotation)
        old = self._state[2]
        tf = None
        if matrix is None or config.fixed_frame:
            # What was heard so far is kept.
            tf = old or self._listen('fixed_frame needs TF' if matrix is not None else BOTH_WAYS)
        # One assignment: another thread may be looking up.
        self._state = config, matrix, tf
        if old is not None and tf is None:
            old.close()

    def _listen(self, cure):
        # Not at the top: parameters must do without rclpy.
        from depth_ros.nodes.tf_poses import TfPoses
        try:
            return TfPoses(self._node)
        except ImportError as error:
            raise InputError(f'tf2_ros is not installed ({error}): {cure}') from error

    def close(self):
        """Stop listening; safe to call twice."""
        config, matrix, tf = self._state
        if tf is not None:
            tf.close()

    @property
    def source(self):
        """Where the poses come from, as text."""
        _, matrix, tf = self._state
        if matrix is None:
            return 'tf'
        return 'parameters' if tf is None else 'parameters, motion from tf'

    def lookup(self, camera_frame, camera_ns, lidar_frame, lidar_ns):
        """
        Camera (at `camera_ns`) <- LiDAR (at `lidar_ns`), `(4, 4)`; may wait `tf_timeout`.

        :raises InputError: TF does not join the frames.
        """
        config, matrix, tf = self._state
        if tf is None:
            return matrix
        # Where the LiDAR is bolted to the camera, only the camera's own motion is asked for.
        source = lidar_frame if matrix is None else camera_frame
        found = tf.lookup(camera_frame, camera_ns, source, lidar_ns, config.fixed_frame,
                          config.tf_timeout)
        return found if matrix is None else found @ matrix
