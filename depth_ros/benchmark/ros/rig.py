# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Runs nodes with cameras and subscribers in processes of their own, and counts every image.

First a few images go through, until every subscriber has heard every topic and the engine that was
asked for answers. Then all counters are read while no image is on its way, the images that count
are published, and the counters are read again: the differences must add up.
"""
from contextlib import ExitStack
from dataclasses import dataclass, field
import os
from pathlib import Path
import tempfile
import time

from depth_ros import dds
from depth_ros.benchmark import memory
from depth_ros.benchmark.ros.accounts import accounts, between, latencies_of, size_of, whole
from depth_ros.benchmark.ros.helper import Helper
from depth_ros.benchmark.ros.watch import alive, Watch
from depth_ros.benchmark.scene import HEIGHT, LIDAR_TO_CAMERA, WIDTH
from depth_ros.benchmark.spreads import drift, spread
from depth_ros.contracts import InputError
from depth_ros.demo import processes
from tqdm import tqdm

DEPTH, CLOUD = 'depth/image', 'depth/points'
CONFIDENCE = 'depth/confidence'
ALL_TOPICS = (DEPTH, CLOUD, CONFIDENCE, 'depth/image_color', 'overlay')
WARM_UP, WARM_UP_STEP = 6, 3
READY_SECONDS, ENGINE_SECONDS = 60.0, 120.0
DIAGNOSTICS_PERIOD = 0.5
# In the message of a node whose engine is not the final one.
BUILDING = ' engine is ready'
QUEUE = 50


@dataclass(frozen=True)
class Rig:
    """
    A node with its camera and the processes that listen to it.

    :param node: 'completion' or 'monocular'; parameters: of the node.
    :param topics: what each of the `listeners` processes subscribes.
    :param engine: what the node must say of its engine before images count; '' anything.
    """

    node: str
    parameters: dict = field(default_factory=dict)
    topics: tuple = (DEPTH,)
    listeners: int = 1
    engine: str = ''


@dataclass(frozen=True)
class Scenario:
    """
    Rigs side by side, each with a camera of `rate_hz`.

    :param lossless: images queue up in front of the node, so that none is lost unseen; else the
        node has the sensor-data QoS that it has on a robot.
    """

    name: str
    rigs: tuple
    rate_hz: float
    images: int
    lossless: bool = False


def run(scenario, domain=None, bar=True, sample=None):
    """
    Run a scenario and return plain figures, one dictionary per rig.

    :param sample: called now and then while images count, with the process ids of the nodes.
    :raises InputError: a process fails; the message has its words.
    """
    domain = os.getpid() % 100 + 1 if domain is None else domain
    environment = dds.environment(domain)
    with tempfile.TemporaryDirectory(prefix='depth_ros_benchmark_') as logs, ExitStack() as stack:
        watch = stack.enter_context(Watch(domain))
        running = [stack.enter_context(_Running(rig, index, scenario, environment, Path(logs),
                                                watch))
                   for index, rig in enumerate(scenario.rigs)]
        for each in running:
            each.wait_until_active()
        _warm_up(running)
        for each in running:
            each.begin(scenario.images)
        _follow(running, scenario, bar, sample)
        return [each.figures(scenario) for each in running]


def _warm_up(running):
    """Publish until everybody has heard everything and every engine is there."""
    for each in running:
        each.source.wait(1, READY_SECONDS)
    start, sent = time.monotonic(), 0
    while sent < WARM_UP or not all(each.ready(time.monotonic() - start) for each in running):
        for each in running:
            each.publish(WARM_UP_STEP)
        sent += WARM_UP_STEP
        for each in running:
            each.wait_published(READY_SECONDS)


def _follow(running, scenario, bar, sample):
    """Wait until all images are published; watch the processes meanwhile."""
    total = scenario.images * len(running)
    with tqdm(total=total, unit='image', desc=scenario.name,
              disable=None if bar else True) as progress:
        while not all(each.published for each in running):
            for each in running:
                each.check()
            if sample:
                sample([each.process.pid for each in running])
            progress.update(min(sum(each.seen() for each in running), total) - progress.n)
            time.sleep(0.05)
        progress.update(total - progress.n)


class _Running:
    """The processes of one rig."""

    def __init__(self, rig, index, scenario, environment, logs, watch):
        self.rig, self._watch = rig, watch
        self._namespace = f'/camera_{index}'
        self.name = f'{self._namespace}/{rig.node}'
        self._log = logs / f'node_{index}.log'
        self._stack, self._sent, self._sent_lines = ExitStack(), 0, 1
        with_scan = rig.node == 'completion'
        try:
            self.process = self._stack.enter_context(processes.node(
                rig.node, self._log, environment, _parameters(rig, self._namespace, scenario),
                {'__ns': self._namespace}))
            self.listeners = [self._stack.enter_context(Helper(
                'listener', environment, logs / f'listener_{index}_{number}.log',
                namespace=self._namespace, topics=rig.topics))
                for number in range(rig.listeners)]
            self.source = self._stack.enter_context(Helper(
                'source', environment, logs / f'source_{index}.log', namespace=self._namespace,
                period_s=1 / scenario.rate_hz, with_scan=with_scan))
        except BaseException:
            self._stack.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._stack.__exit__(*error)

    def wait_until_active(self):
        self._watch.wait_until_active(self.name, self.process, self._log)

    def check(self):
        alive(self.name, self.process, self._log)
        for helper in (self.source, *self.listeners):
            helper.check()

    def publish(self, count):
        self.source.tell(count)
        self._sent += count
        self._sent_lines += 1

    @property
    def published(self):
        return len(self.source.lines) >= self._sent_lines

    def wait_published(self, seconds):
        return self.source.wait(self._sent_lines, seconds)

    def ready(self, waited):
        """Whether all has been heard and the engine is the one asked for."""
        self.check()
        values = self._watch.values(self.name)
        heard = all(listener.lines for listener in self.listeners)
        if waited > READY_SECONDS and not heard:
            raise InputError(f'nobody hears {self.name} after {waited:.0f} s:\n'
                             f'{processes.last_words(self._log)}')
        # Another engine may still be made, or timed, while this one answers; what was said before
        # the first image does not tell.
        final = BUILDING not in self._watch.message(self.name)
        asked = values.get('engine', '').startswith(self.rig.engine)
        began = int(values.get('images_in', 0)) > 0
        return heard and (final and asked and began or waited > ENGINE_SECONDS)

    def begin(self, images):
        """Read the counters while no image is on its way, and publish those that count."""
        self._before = self._watch.settled(self.name, self._sent)
        self._sent = self._before['in']
        self._cpu = memory.cpu_seconds(self.process.pid)
        self.publish(images)

    def seen(self):
        return int(self._watch.values(self.name).get('images_in', 0)) - self._before['in']

    def figures(self, scenario):
        """Return what came of the images that count."""
        published = dict(self.wait_published(READY_SECONDS))
        found = between(self._before, self._watch.settled(self.name, self._sent))
        values = self._watch.values(self.name)
        cpu = memory.cpu_seconds(self.process.pid) - self._cpu
        peak = memory.peak_mib(self.process.pid)
        arrivals = [listener.finish() for listener in self.listeners]
        heard = [{topic: latencies_of(published, pairs) for topic, pairs in each.items()}
                 for each in arrivals]
        latencies = whole(heard)
        inference = latency = None
        if latencies:
            inference = {name: float(values[f'inference_ms.{name}']) for name in ('median', 'p99')}
            latency = {**spread(list(latencies.values())), **drift(list(latencies.values()))}
        seconds = (max(published.values()) - min(published.values())) / 1e9
        return {
            'name': scenario.name, 'node': self.rig.node, 'model': values.get('model'),
            'engine': values.get('engine'), 'input': size_of(values.get('input', '0x0')),
            'image': {'height': HEIGHT, 'width': WIDTH}, 'topics': list(self.rig.topics),
            'listeners': self.rig.listeners, 'threads': self.rig.parameters.get('threads', 0),
            'rate_hz': {'in': (len(published) - 1) / seconds if seconds else None,
                        'out': len(latencies) / len(published) * (len(published) - 1) / seconds
                        if seconds else None},
            'images': accounts(published, found, latencies, heard),
            'latency_ms': latency, 'inference_ms': inference,
            # The node's 99th percentile is of other images as well, of the warm-up among them.
            'overhead_ms': {'median': latency['median'] - inference['median']}
            if latency else None,
            'topic_latency_ms': {topic: spread(list(values.values())) for topic, values
                                 in heard[0].items() if values},
            'cpu_ms_per_image': 1000 * cpu / found['out'] if found['out'] else None,
            'peak_memory_mib': peak}


def _parameters(rig, namespace, scenario):
    parameters = {'diagnostics_period': DIAGNOSTICS_PERIOD, **rig.parameters}
    inputs = ['image', 'camera_info']
    if rig.node == 'completion':
        parameters.update(extrinsics='parameters', lidar_translation=(0.0, 0.0, 0.0),
                          lidar_rotation=LIDAR_TO_CAMERA)
        inputs.append('scan')
    if scenario.lossless:
        for topic in inputs:
            override = f'qos_overrides.{namespace}/{topic}.subscription'
            parameters.update({f'{override}.depth': QUEUE, f'{override}.reliability': 'reliable'})
    return parameters
