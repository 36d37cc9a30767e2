# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the completion and the monocular node share: an image comes in, depth goes out."""

from dataclasses import dataclass
import gc
import time
import traceback
from typing import Any

from depth_ros import messages
from depth_ros.contracts import InputError
from depth_ros.engines import upgrade
from depth_ros.engines.lean import lean
from depth_ros.estimator import Estimator
from depth_ros.model import find
from depth_ros.nodes.base import BaseNode
from depth_ros.nodes.diagnostics import ERROR, WARN
from depth_ros.nodes.domains import NodeDomains
from depth_ros.nodes.engine_status import build_only, EngineStatus
from depth_ros.nodes.outputs import DepthOutputs
from depth_ros.nodes.watch import InputWatch
from depth_ros.nodes.worker import Worker
from sensor_msgs.msg import CameraInfo, CompressedImage, Image


@dataclass(frozen=True)
class Arrival:
    """An image message and when it came, by the monotonic clock."""

    message: Any
    at_ns: int


class Skip(Exception):
    """This image gets no output; the text is the name of the counter."""


class DepthNode(BaseNode):
    """
    Node that turns images into depth.

    A subclass stores images in `add_image`, hands the newest work out in `take`, and computes a
    DepthFrame in `estimate`.  Every image that came in ends in exactly one counter: `images_out`,
    `images_unwanted` (nobody subscribes), `images_rejected` (bad input), `images_failed`, or
    `dropped: <reason>`.
    """

    task = 'monocular'
    has_overlay = False

    def __init__(self, name, config_class):
        """Declare parameters; the model is loaded by the configure transition."""
        super().__init__(name, config_class)
        self.estimator = self.outputs = self.info = self._camera = None
        self.spec = self.whole = self.running = None
        self.worker = Worker(self.take, self.process)
        self.watches, self._inputs = {}, []
        self.engine_status = EngineStatus(self.get_logger())
        self.domains = NodeDomains(self)

    def make_estimator(self, spec, **options):
        """Return an Estimator of a ModelSpec with this node's engine options."""
        config = self.config
        if bool(config.input_height) != bool(config.input_width):
            raise InputError('set both input_height and input_width, or neither')
        size = (config.input_height, config.input_width) if config.input_height else None
        estimator = Estimator(spec, config.engine, size=size,
                              min_confidence=config.min_confidence, loader=upgrade.load,
                              report=self.get_logger().info,
                              **self.engine_options(), **options)
        estimator.prepare()
        return estimator

    def engine_options(self):
        """Return the options of all engines."""
        config = self.config
        return {'threads': config.threads, 'precision': config.precision,
                'providers': config.providers, 'device': config.device,
                'cache': config.engine_cache, 'force': config.force_rebuild,
                'workspace_mib': config.workspace_mib, 'dla_core': config.dla_core}

    def estimators(self):
        """Return all estimators of the node."""
        return [e for e in (self.estimator, self.whole) if e is not None]

    def models(self):
        """Return (name, task) of each model that the node loads."""
        return [(self.config.model, self.task)]

    def errand(self):
        """Build the engines and end, when `build_only` says so."""
        if not self.config.build_only:
            return None
        return build_only(self.models(), self.config, self.engine_options(), self.get_logger())

    def configure(self):
        """Load the model and advertise."""
        self.spec = find(self.config.model, self.task)
        # Nobody has asked for saliency yet, and it may cost as much as the depth.
        self.estimator = self.running = self.make_estimator(
            lean(self.spec, cache=self.config.engine_cache))
        self.domains.begin([each.spec for each in self.estimators()], self.config)
        self.outputs = DepthOutputs(self, self.has_overlay)
        self.outputs.reach = min(each.spec.reach for each in self.estimators())
        self.get_logger().info(f'{self.estimator.spec.name} ({self.task}) runs in '
                               f'{self.estimator.engine.describe()}')

    def activate(self):
        """Subscribe and start the worker."""
        compressed = self.config.image_transport == 'compressed'
        self.listen('image', CompressedImage if compressed else Image,
                    'image/compressed' if compressed else 'image', self._on_image)
        self.listen('camera_info', CameraInfo, 'camera_info', self._on_info)
        # Python's full garbage collection looks at all objects of the libraries, 15-30 ms long,
        # between any two frames; what is here now stays.
        gc.collect()
        gc.freeze()
        self.worker.start()

    def listen(self, name, kind, topic, callback):
        """Subscribe an input that is watched."""
        subscription = self.subscribe(kind, topic, callback)
        self._inputs.append(subscription)
        self.watches[name] = InputWatch(name, subscription.topic_name,
                                        subscription.qos_profile)

    def deactivate(self):
        """Stop and unsubscribe."""
        self.worker.stop()
        gc.unfreeze()
        for subscription in self._inputs:
            self.destroy_subscription(subscription)
        self._inputs, self.watches = [], {}

    def cleanup(self):
        """Drop the models and the publishers."""
        for estimator in self.estimators():
            engine = estimator.engine
            self.unfinished = self.unfinished or getattr(engine, 'busy', False)
            estimator.close()
        if self.outputs is not None:
            self.outputs.destroy()
        self.domains.close()
        self.estimator = self.whole = self.running = self.outputs = None

    def reconfigure(self, config):
        """Take changed options; the next frame uses them."""
        self.domains.update(config)
        super().reconfigure(config)
        for estimator in self.estimators():
            estimator.min_confidence = config.min_confidence
        self._camera = None

    def add_image(self, stamp_ns, arrival):
        """Store an image for `take`; called with the worker's lock held."""
        raise NotImplementedError

    def take(self):
        """Return (newest work or None, seconds to wait or None); called with the lock held."""
        raise NotImplementedError

    def estimate(self, rgb, camera, work):
        """Return the DepthFrame of the image of `work`; raises Skip or InputError."""
        raise NotImplementedError

    def _on_info(self, msg):
        self.watches['camera_info'].seen(messages.stamp_ns(msg.header))
        changed = self.info is None or (msg.width, msg.height) != (self.info.width,
                                                                   self.info.height)
        self.info = msg
        if changed:
            self._expect(msg)

    def _expect(self, info):
        """Build the engines for this camera before its first image is wanted."""
        try:
            camera = messages.camera_from_info(info, self.config.rectified)
            for estimator in self.estimators():
                estimator.expect(camera)
        except InputError:
            return  # The first image will say what is wrong with it.

    def _on_image(self, msg):
        stamp = messages.stamp_ns(msg.header)
        self.watches['image'].seen(stamp)
        self.tracker.count('images_in')
        if not self.outputs.wanted():
            self.tracker.count('images_unwanted')
            return
        self.worker.give(self.add_image, stamp, Arrival(msg, time.monotonic_ns()))

    def process(self, work):
        """Estimate and publish one image; every problem ends here."""
        try:
            self._estimate_and_publish(work)
        except Skip as skip:
            self.tracker.count(str(skip))
        except InputError as error:
            self.tracker.count('images_rejected')
            self.tracker.count(f'rejected: {error.reason}')
            self.report('input', f'image rejected: {error}')
        except Exception as error:
            if not self.context.ok():
                return  # The process is ending, nothing can be published any more.
            self.tracker.count('images_failed')
            self.report('failure', f'image failed: {type(error).__name__}: {error}')
            self.get_logger().debug(traceback.format_exc())
        else:
            self.tracker.count('images_out')
            self.tracker.solved('input')
            self.tracker.solved('failure')

    def _estimate_and_publish(self, work):
        msg, start = work.image.message, time.monotonic_ns()
        wanted = self.outputs.wanted()
        if not wanted:
            raise Skip('images_unwanted')
        rgb = (messages.image_to_rgb(msg) if hasattr(msg, 'encoding')
               else messages.compressed_to_array(msg))
        if rgb.ndim != 3:
            raise InputError('the compressed image holds 16-bit grey values, no colour image',
                             'encoding')
        self.running = self._estimator_for(wanted)
        frame = self.estimate(rgb, self.camera_of(rgb), work)
        self.outputs.publish(frame, rgb, msg.header, self.info, self.config, wanted)
        self._note(frame, work, start)

    def _estimator_for(self, wanted):
        """Estimator of the whole model when somebody wants what was left out."""
        if 'depth/saliency' not in wanted or self.estimator.spec == self.spec:
            return self.estimator
        if self.whole is None:
            self.whole = self.make_estimator(self.spec)
        return self.whole

    def camera_of(self, rgb):
        """Camera of an image out of the last camera_info."""
        info = self.info
        if info is None:
            raise InputError(f'no camera_info yet on {self.watches["camera_info"].topic}',
                             'no camera_info')
        key = (info.width, info.height, self.config.rectified, info.distortion_model,
               tuple(info.k), tuple(info.p), tuple(info.d))
        # `reconfigure` may clear the cache meanwhile, in another thread.
        cached = self._camera
        if cached is None or cached[0] != key:
            camera = messages.camera_from_info(info, self.config.rectified)
            camera.check_lens()
            cached = self._camera = key, camera
        camera = cached[1]
        if rgb.shape[:2] != (camera.height, camera.width):
            raise InputError(
                f'the image is {rgb.shape[1]}x{rgb.shape[0]} but camera_info says '
                f'{camera.width}x{camera.height}: both must come from the same camera stream',
                'sizes differ')
        return camera

    def _note(self, frame, work, start_ns):
        end_ns = time.monotonic_ns()
        for name, value in frame.timings_ms.items():
            self.tracker.note(f'{name}_ms', value)
        self.tracker.note('work_ms', (end_ns - start_ns) / 1e6)
        self.tracker.note('latency_ms', (end_ns - work.image.at_ns) / 1e6)
        if frame.residual is not None:
            self.tracker.note('line_points', frame.residual.count)
            self.tracker.note('residual_rel', frame.residual.median_rel)
            self.tracker.note('residual_bias_rel', frame.residual.bias_rel)
            self.tracker.note('residual_m', frame.residual.median_abs)
            self.tracker.note('anchored_residual_m', frame.residual.anchored_median_abs)

    def extra_problems(self):
        """Engines that are not what was asked for, and silent inputs."""
        problems = self.engine_status.problems(self.estimators())
        if self.state != 'active':
            return problems
        for watch in self.watches.values():
            problem = watch.problem(self, self.config.watchdog_period)
            if problem:
                problems.append(problem)
                if not watch.told:
                    watch.told = True
                    self.get_logger().warning(problem[1])
        return problems

    def extra_values(self):
        """Model, engine, inputs."""
        values = {**self.engine_status.values(self.estimators()), **self.domains.values()}
        for watch in list(self.watches.values()):
            values[f'{watch.name}_received'] = watch.count
        return values


__all__ = ['Arrival', 'DepthNode', 'ERROR', 'Skip', 'WARN']
