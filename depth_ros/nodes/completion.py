# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Node: camera and LiDAR in, metric depth out."""

from dataclasses import replace
import sys
import time

from depth_ros import lidar, messages
from depth_ros.config import CompletionConfig
from depth_ros.contracts import NANOSECONDS
from depth_ros.engines.lean import lean
from depth_ros.estimator import NoLineError
from depth_ros.matching import ScanMatcher
from depth_ros.model import find
from depth_ros.nodes.base import run
from depth_ros.nodes.depth import DepthNode, Skip, WARN
from depth_ros.nodes.extrinsics import Extrinsics
from depth_ros.nodes.worker import seconds_until
import numpy as np
from sensor_msgs.msg import LaserScan, PointCloud2

NO_POINT = 'dropped: no LiDAR point in the image'


class CompletionNode(DepthNode):
    """See docs/nodes/completion.md."""

    task = 'completion'
    has_overlay = True

    def __init__(self):
        """Declare parameters."""
        super().__init__('completion', CompletionConfig)
        self.matcher = self._new_matcher()
        self.monocular = self.extrinsics = None

    def configure(self):
        """Load the models, find the source of the extrinsics, advertise."""
        self._drop_extrinsics()
        self.extrinsics = Extrinsics(self, self.config)
        if self.config.on_missing_scan == 'monocular':
            self.monocular = self.make_estimator(
                lean(find(self.config.monocular_model, 'monocular'),
                     cache=self.config.engine_cache))
        super().configure()

    def make_estimator(self, spec, **options):
        """Completion must not run without a line: its depth would have no scale."""
        if spec.task == 'completion':
            options = {'anchor': self.config.anchor, 'require_line': True, **options}
        return super().make_estimator(spec, **options)

    def models(self):
        """Add the one for images without a scan."""
        more = self.config.on_missing_scan == 'monocular'
        return super().models() + [(self.config.monocular_model, 'monocular')] * more

    def estimators(self):
        """Add the one for images without a scan."""
        return super().estimators() + ([self.monocular] if self.monocular is not None else [])

    def activate(self):
        """Subscribe the LiDAR as well."""
        self.matcher = self._new_matcher()
        if self.config.lidar == 'scan':
            self.listen('scan', LaserScan, 'scan', self._on_lidar)
        else:
            self.listen('cloud', PointCloud2, 'cloud', self._on_lidar)
        super().activate()

    def deactivate(self):
        """Keep the matcher's counters, then stop."""
        super().deactivate()
        self._keep_drops()

    def cleanup(self):
        """Drop the models."""
        super().cleanup()
        self.monocular = None
        self._drop_extrinsics()

    def _drop_extrinsics(self):
        if self.extrinsics is not None:
            self.extrinsics.close()
        self.extrinsics = None

    def reconfigure(self, config):
        """Take changed options."""
        old = self.config
        self.domains.check(config)
        if self.extrinsics is not None:
            self.extrinsics.update(config)
        super().reconfigure(config)
        if (old.max_skew, old.max_wait) != (config.max_skew, config.max_wait):
            self.worker.locked(self._retime)

    def _retime(self):
        self.matcher.max_skew_ns = int(self.config.max_skew * NANOSECONDS)
        self.matcher.max_wait_ns = int(self.config.max_wait * NANOSECONDS)

    def _new_matcher(self):
        return ScanMatcher(self.config.max_skew * NANOSECONDS,
                           self.config.max_wait * NANOSECONDS)

    def _on_lidar(self, msg):
        offset = int(self.config.scan_stamp_offset * NANOSECONDS)
        stamp = messages.stamp_ns(msg.header) + offset
        self.watches[self.config.lidar].seen(stamp)
        self.worker.give(self.matcher.add_scan, stamp, msg)

    def add_image(self, stamp_ns, arrival):
        """Let the image wait for its scan."""
        self.matcher.add_image(stamp_ns, arrival, arrival.at_ns)

    def take(self):
        """Newest image whose scan is decided."""
        match = self.matcher.take(time.monotonic_ns(), self.monocular is not None)
        return match, seconds_until(self.matcher.deadline_ns())

    def estimate(self, rgb, camera, work):
        """Completion with the matched scan, else what `on_missing_scan` says."""
        if work.scan is None:
            return self._without_scan(rgb, camera)
        points = self._points(work)
        try:
            frame = self.domains.estimate(self.running, rgb, camera, points=points)
        except NoLineError:
            if self.monocular is None:
                self.report('line', self._why_no_line(points), WARN)
                raise Skip(NO_POINT) from None
            return self._without_scan(rgb, camera)
        self.tracker.note('skew_ms', work.skew_ns / 1e6)
        if frame.residual and frame.residual.median_rel > self.config.max_residual:
            self.report('residual', f'prediction and LiDAR differ by '
                        f'{100 * frame.residual.median_rel:.0f} % on the line: check the '
                        'extrinsics (topic overlay)', WARN)
        return frame

    def _why_no_line(self, points):
        if not len(points):
            return (f'the {self.config.lidar} holds no valid range: all are NaN, infinite or '
                    'outside of its limits')
        return (f'none of the {len(points)} LiDAR points falls into the image: check the '
                'extrinsics and the field of view')

    def _without_scan(self, rgb, camera):
        self.tracker.count('images_monocular')
        self.report('monocular', 'no scan: depth comes from the image alone', WARN)
        frame = self.domains.estimate(self.monocular, rgb, camera)
        confidence = frame.confidence
        if confidence is None:
            confidence = np.ones(frame.depth.shape, np.float32)
        return replace(frame, confidence=confidence * np.float32(0.5))

    def _points(self, work):
        """Measured points of the match in the optical frame at the time of the image."""
        msg, frame = work.scan, work.image.message.header.frame_id
        if self.config.lidar == 'scan':
            points, offsets = lidar.scan_points(messages.scan_from_message(msg))
        else:
            points, offsets = messages.cloud_points(msg, self.config.cloud_ring)
        start_ns = work.stamp_ns + work.skew_ns

        def pose(offset_s):
            return self.extrinsics.lookup(frame, work.stamp_ns, msg.header.frame_id,
                                          start_ns + int(offset_s * NANOSECONDS))

        if self.config.fixed_frame:
            return lidar.transform_moving(points, offsets, pose)
        return lidar.transform(points, pose(0.0))

    def _keep_drops(self):
        """Move the matcher's counters into the tracker."""
        for reason, count in self.worker.locked(self._taken_drops).items():
            self.tracker.count(f'dropped: {reason.value}', count)

    def _taken_drops(self):
        self.matcher.clear()
        drops, self.matcher.drops = self.matcher.drops, type(self.matcher.drops)()
        return drops

    def extra_values(self):
        """Add the matching and the source of the extrinsics."""
        values = super().extra_values()
        drops = self.worker.locked(self.matcher.drops.copy)
        for reason, count in drops.items():
            values[f'dropped: {reason.value}'] = count + self.tracker.counts.get(
                f'dropped: {reason.value}', 0)
        values['images_waiting'] = self.matcher.waiting
        values['time_jumps'] = self.matcher.time_jumps
        if self.extrinsics is not None:
            values['extrinsics'] = self.extrinsics.source
        return values


def main(args=None):
    """Entry point."""
    return run(CompletionNode, args)


if __name__ == '__main__':
    sys.exit(main())
