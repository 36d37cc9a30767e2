# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Poses out of TF; needs tf2_ros once TF is asked for."""

from depth_ros.contracts import InputError, NANOSECONDS
from depth_ros.messages import stamp_ns
from depth_ros.poses import matrix_from
from rclpy.duration import Duration
from rclpy.time import Time

JUMP_NS = NANOSECONDS


class LoopInlet:
    """
    Stands before a tf2_ros.Buffer, so that it survives a looping bag, in simulated time or not.

    A buffer refuses what is older than its newest data minus ten seconds: after the jump back of
    a longer bag nothing would be found until the old time is reached again.
    """

    def __init__(self, buffer):
        """Let transforms through to `buffer`."""
        self._buffer, self._newest = buffer, {}

    def set_transform(self, transform, authority):
        """Take a transform; one far older than the last of its frame clears the past first."""
        stamp, frame = stamp_ns(transform.header), transform.child_frame_id
        newest = self._newest.get(frame, stamp)
        if stamp < newest - JUMP_NS:
            self._buffer.clear()
            self._newest.clear()
            newest = stamp
        self._newest[frame] = max(stamp, newest)
        self._buffer.set_transform(transform, authority)

    def set_transform_static(self, transform, authority):
        """Take a transform that holds at all times."""
        self._buffer.set_transform_static(transform, authority)


class TfPoses:
    """What /tf and /tf_static say; messages come in by the executor of `node`."""

    def __init__(self, node):
        """Subscribe; call `close` in the end.  Raises ImportError without tf2_ros."""
        import tf2_ros
        self._failure = tf2_ros.TransformException
        self._buffer = tf2_ros.Buffer()
        self._listener = tf2_ros.TransformListener(LoopInlet(self._buffer), node)

    def close(self):
        """Unsubscribe; safe to call twice."""
        # The node's subscriptions hold the listener: it would never go by itself.
        self._listener.unregister()

    def lookup(self, target, target_ns, source, source_ns, fixed='', timeout_s=0.0):
        """
        Target (at `target_ns`) <- source (at `source_ns`), `(4, 4)`.

        Without a fixed frame both are taken at `target_ns`.  Blocks up to `timeout_s` seconds, so
        never call it with a timeout in the thread of the node's executor.

        :raises InputError: TF does not join the frames; TF's own words are in the message.
        """
        if min(target_ns, source_ns) < 0:
            raise InputError(f'a stamp lies before 1970 ({min(target_ns, source_ns) / 1e9:.3f} '
                             's): TF knows no such time; look at the clocks', 'transform')
        target_time, timeout = Time(nanoseconds=target_ns), Duration(seconds=timeout_s)
        try:
            if fixed:
                found = self._buffer.lookup_transform_full(
                    target, target_time, source, Time(nanoseconds=source_ns), fixed, timeout)
            else:
                found = self._buffer.lookup_transform(target, source, target_time, timeout)
        except self._failure as error:
            cure = ('publish it, wait longer (tf_timeout), or clear fixed_frame' if fixed else
                    'publish it, or give lidar_translation and lidar_rotation')
            raise InputError(f'no transform from {source!r} to {target!r}: '
                             f'{str(error).strip(" .")}; {cure}', 'transform') from error
        t, q = found.transform.translation, found.transform.rotation
        return matrix_from((t.x, t.y, t.z), (q.x, q.y, q.z, q.w))
