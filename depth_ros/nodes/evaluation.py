# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Node: compares depth with ground truth that was not an input."""

from functools import partial
import sys
import time

from depth_ros import lidar, messages
from depth_ros.config import EvaluationConfig
from depth_ros.contracts import InputError, NANOSECONDS
from depth_ros.evaluation.pairing import Pairs
from depth_ros.evaluation.session import Session
from depth_ros.nodes.base import BaseNode, run
from depth_ros.nodes.diagnostics import WARN
from depth_ros.nodes.evaluation_page import CONFIDENCE, EvaluationPage, IMAGE
from depth_ros.nodes.extrinsics import Extrinsics
from depth_ros.nodes.watch import InputWatch
import numpy as np
import rclpy
from rclpy.clock import Clock, ClockType
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

QUEUE = 30
WATCHDOG_SECONDS = 5.0
# Before the first message the nodes that publish may still be starting.
FIRST_WAIT_SECONDS = 60.0
SHOWN = ('rmse', 'mae', 'abs_rel', 'delta1', 'coverage')


class EvaluationNode(BaseNode):
    """See docs/nodes/evaluation.md."""

    def __init__(self):
        """Declare parameters."""
        super().__init__('evaluation', EvaluationConfig)
        self.pairs = self.session = self.extrinsics = self.info = self.page = None
        self._inputs, self.watches, self._idle_timer = [], {}, None
        self._last_input = self._running = None
        self._undecided = []

    def configure(self):
        """Find the source of the extrinsics, when they are needed."""
        if self.config.truth == 'cloud':
            self.cleanup()
            self.extrinsics = Extrinsics(self, self.config)

    def activate(self):
        """Subscribe and start to count."""
        config = self.config
        skew = config.max_skew * NANOSECONDS if config.truth == 'cloud' else 0
        self.pairs = Pairs(int(skew), QUEUE)
        self.session = Session(config.min_depth, config.max_depth)
        self.page = EvaluationPage(config.min_depth) if config.html else None
        self._listen('depth', Image, 'depth/image', self.pairs.add_prediction)
        if config.truth == 'cloud' or config.html:
            self._listen('depth camera_info', CameraInfo, 'depth/camera_info', None)
        if config.html:
            # They may well be silent, so nothing watches them.
            self._inputs += [self.subscribe(Image, topic, partial(self._on_companion, topic),
                                            QUEUE) for topic in (IMAGE, CONFIDENCE)]
        if config.truth == 'cloud':
            self._listen('cloud', PointCloud2, 'cloud', self.pairs.add_truth)
        else:
            self._listen('ground truth', Image, 'ground_truth/depth', self.pairs.add_truth)
        self._last_input, self._running = None, time.monotonic()
        if config.idle_timeout > 0:
            self._idle_timer = self.create_timer(
                min(config.idle_timeout / 4, 0.5), self._stop_when_idle,
                clock=Clock(clock_type=ClockType.STEADY_TIME))

    def deactivate(self):
        """Unsubscribe, compare what still waits, write the figures."""
        for subscription in self._inputs:
            self.destroy_subscription(subscription)
        self._inputs, self.watches = [], {}
        if self._idle_timer is not None:
            self.destroy_timer(self._idle_timer)
            self._idle_timer = None
        if self._running is None:
            return
        self._running = None
        self._compare(self.pairs.finish(), final=True)
        details = self._details()
        self._write(self.config.output, lambda path: self.session.write(path, **details))
        self._write(self.config.html, lambda path: self.page.write(
            path, self.session.report(**details), self.info))

    def _write(self, path, work):
        # Printed, not logged: at a shutdown the log of ROS is gone already.
        if not path:
            return
        try:
            work(path)
            print(f'evaluation: wrote {path}', flush=True)
        except (OSError, InputError) as error:
            print(f'evaluation: cannot write {path}: {error}', file=sys.stderr, flush=True)

    def cleanup(self):
        """Drop the extrinsics."""
        if self.extrinsics is not None:
            self.extrinsics.close()
        self.extrinsics = None

    def reconfigure(self, config):
        """Take changed options; limits of the depth count from the next frame on."""
        if self.extrinsics is not None:
            self.extrinsics.update(config)
        super().reconfigure(config)
        if self.session is not None:
            self.session.set_limits(config.min_depth, config.max_depth)

    def _listen(self, name, kind, topic, add):
        subscription = self.subscribe(kind, topic, partial(self._on_message, name, add), QUEUE)
        self._inputs.append(subscription)
        self.watches[name] = InputWatch(name, subscription.topic_name,
                                        subscription.qos_profile)

    def _on_message(self, name, add, msg):
        stamp = messages.stamp_ns(msg.header)
        self._last_input = time.monotonic()
        self.watches[name].seen(stamp)
        if add is None:
            self.info = msg
            self._compare([])
        else:
            self._compare(add(stamp, msg))

    def _on_companion(self, topic, msg):
        self.page.companion(topic, msg, self.info)

    def _compare(self, pairs, final=False):
        self._undecided += pairs
        if self._needs_info() and not final and len(self._undecided) <= QUEUE:
            return
        pairs, self._undecided = self._undecided, []
        for stamp, prediction, truth in pairs:
            try:
                depth, target = messages.image_to_depth(prediction), \
                    self._truth(prediction, truth)
                metrics = self.session.add(stamp, depth, target)
                if self.page is not None:
                    self.page.compared(stamp, depth, self.session.counted(target), metrics,
                                       self.info)
            except InputError as error:
                self.tracker.count('rejected')
                self.tracker.count(f'rejected: {error.reason}')
                self.report('input', f'pair rejected: {error}')
            except Exception as error:
                # Here it would end the node.
                self.tracker.count('failed')
                self.report('failure', f'pair failed: {type(error).__name__}: {error}')
            else:
                self.tracker.solved('input')
                self.tracker.note('frame_abs_rel', np.nan_to_num(metrics['abs_rel']))

    def _needs_info(self):
        # The first depth images may arrive before the first camera_info.
        return self.config.truth == 'cloud' and self.info is None

    def _truth(self, prediction, truth):
        """Ground truth `(H, W)` metres, NaN = unknown, of the message paired with a depth."""
        if self.config.truth == 'depth':
            return messages.image_to_depth(truth)
        if self._needs_info():
            raise InputError('no depth/camera_info yet: it says how the cloud projects',
                             'no camera_info')
        camera = messages.camera_from_info(self.info)
        if (camera.height, camera.width) != (prediction.height, prediction.width):
            raise InputError(f'depth/camera_info says {camera.width}x{camera.height} but the '
                             f'depth is {prediction.width}x{prediction.height}', 'sizes differ')
        points, _ = messages.cloud_points(truth)
        if self.config.line_elevation > -90.0:
            apart = np.abs(lidar.elevation(points) - self.config.line_elevation)
            points = points[apart > self.config.line_margin]
        pose = self.extrinsics.lookup(
            prediction.header.frame_id, messages.stamp_ns(prediction.header),
            truth.header.frame_id, messages.stamp_ns(truth.header))
        sparse = lidar.sparse_depth(lidar.transform(points, pose), camera)
        return np.where(sparse > 0, sparse, np.float32(np.nan))

    def _stop_when_idle(self):
        now = time.monotonic()
        if self._last_input is None:
            idle = now - self._running >= max(self.config.idle_timeout, FIRST_WAIT_SECONDS)
        else:
            idle = now - self._last_input >= self.config.idle_timeout
        if idle:
            self.get_logger().info('no more input: finishing')
            rclpy.try_shutdown()

    def _details(self):
        return {**self.pairs.counts, 'rejected': self.tracker.counts.get('rejected', 0),
                'truth': self.config.truth, 'line_elevation': self.config.line_elevation,
                'line_margin': self.config.line_margin}

    def extra_problems(self):
        """Tell silent inputs and stamps that never meet."""
        silent = [watch.problem(self, WATCHDOG_SECONDS) for watch in self.watches.values()]
        found = [problem for problem in silent if problem is not None]
        if self.pairs is not None and self.pairs.counts['unmatched_predictions'] > \
                self.pairs.counts['pairs']:
            found.append((WARN, 'most depth images find no ground truth of their time: are the '
                          'stamps of both those of the camera image?'))
        return found

    def extra_values(self):
        """Add the counts and the figures so far."""
        if self.session is None:
            return {}
        result = self.session.average.result()
        return {**self.pairs.counts, **{name: f'{result[name]:.4g}' for name in SHOWN}}


def main(args=None):
    """Entry point."""
    return run(EvaluationNode, args)


if __name__ == '__main__':
    sys.exit(main())
