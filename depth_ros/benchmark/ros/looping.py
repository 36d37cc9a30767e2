# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A recording in a loop at its own pace: does anything grow, is anything lost unseen."""
from contextlib import ExitStack
import os
from pathlib import Path
import tempfile
import time

from depth_ros import dds
from depth_ros.bags import Bag
from depth_ros.benchmark import memory
from depth_ros.benchmark.ros.accounts import unaccounted
from depth_ros.benchmark.ros.helper import Helper
from depth_ros.benchmark.ros.rig import ALL_TOPICS, CONFIDENCE
from depth_ros.benchmark.ros.watch import alive, START_SECONDS, Watch
from depth_ros.benchmark.spreads import drift, slope_per_minute
from depth_ros.contracts import InputError
from depth_ros.demo import processes
from depth_ros.demo.session import inspect
from tqdm import tqdm

NODE, REPLAY = '/completion', '/replay'
SAMPLE_SECONDS, SETTLING_SECONDS = 2.0, 60.0
# A deactivated replay sends nothing more; its last count follows within this.
QUIET_SECONDS = 2.0
SERIES = ('memory_mib', 'open_files', 'threads', 'latency_ms', 'replay_memory_mib',
          'replay_open_files')


def loop(path, minutes, parameters, outputs, threads=0, domain=None, bar=True):
    """
    Play a recording in a loop through the completion node, all its outputs subscribed.

    Everything has the quality of service that it has on a robot, and time jumps back at every end
    of the recording.

    :param outputs: of the model; without a confidence none is published.
    :return: where the images ended, `time_jumps`, and of each of SERIES its first, last, smallest
        and greatest value, its slope per minute after the first minute (or tenth), and the
        medians of the first and last fifth; `samples` as lists beside their `seconds`.
    :raises InputError: the recording lacks a part, or a process fails.
    """
    domain = os.getpid() % 100 + 1 if domain is None else domain
    recording, environment = inspect(path), dds.environment(domain)
    played = _name_played(recording)
    topics = [topic for topic in ALL_TOPICS if topic != CONFIDENCE or 'confidence' in outputs]
    with tempfile.TemporaryDirectory(prefix='depth_ros_loop_') as logs, ExitStack() as stack:
        logs = Path(logs)
        watch = stack.enter_context(Watch(domain))
        node = stack.enter_context(processes.node(
            'completion', logs / 'completion.log', environment,
            {'use_sim_time': True, 'diagnostics_period': 0.5, 'extrinsics': 'parameters',
             'lidar_translation': recording.translation, 'lidar_rotation': recording.rotation,
             'threads': threads, **parameters},
            {'image': played, 'camera_info': recording.camera_info, 'scan': recording.scan}))
        watch.wait_until_active(NODE, node, logs / 'completion.log')
        listener = stack.enter_context(Helper('listener', environment, logs / 'listener.log',
                                              namespace='', topics=topics))
        replay = stack.enter_context(processes.node(
            'replay', logs / 'replay.log', environment,
            {'bag': str(path), 'loop': True, 'topics': recording.topics,
             'diagnostics_period': 0.5}))
        running = [(NODE, node, logs / 'completion.log'), (REPLAY, replay, logs / 'replay.log')]
        samples = _follow(watch, running, 60 * minutes, bar)
        watch.change_state(REPLAY, 'deactivate')
        time.sleep(QUIET_SECONDS)
        sent = int(watch.values(REPLAY)[f'messages {played}'])
        found, values = watch.settled(NODE, sent), watch.values(NODE)
        heard = listener.finish()
    return {'bag': Path(path).name, 'minutes': minutes, 'topics': topics, 'threads': threads,
            'engine': values.get('engine'), 'model': values.get('model'),
            'rate_hz': recording.rate, 'loops': sent / len(recording.stamps),
            'images': {'sent': sent, 'lost_before': sent - found['in'], **found,
                       'unaccounted': unaccounted(found),
                       'lost_after': {topic: found['out'] - len(came)
                                      for topic, came in heard.items()}},
            'time_jumps': int(values['time_jumps']), **_figures(samples, minutes),
            'samples': samples}


def _name_played(recording):
    """Topic that the replay node publishes the images on."""
    with Bag(recording.path) as bag:
        kind = bag.topics[recording.image].msgtype
    compressed = kind.endswith('CompressedImage')
    return recording.image.removesuffix('/compressed') if compressed else recording.image


def _follow(watch, running, seconds, bar):
    """Sample the processes for so long; return one list per series."""
    samples = {name: [] for name in ('seconds', 'load', *SERIES)}
    (_, node, _), (_, replay, _) = running
    _wait_for_answers(watch, running)
    begin = last = time.monotonic()
    step = min(SAMPLE_SECONDS, seconds / 10)
    with tqdm(total=round(seconds), unit='s', desc='loop', disable=None if bar else True) as left:
        while (now := time.monotonic()) < begin + seconds:
            for name, process, log in running:
                alive(name, process, log)
            if now >= last + step:
                last, latency = now, watch.values(NODE)['latency_ms.median']
                row = (now - begin, os.getloadavg()[0], memory.anonymous_mib(node.pid),
                       memory.open_files(node.pid), memory.threads(node.pid), float(latency),
                       memory.anonymous_mib(replay.pid), memory.open_files(replay.pid))
                for name, value in zip(samples, row):
                    samples[name].append(round(value, 2))
            left.update(min(round(now - begin), left.total) - left.n)
            time.sleep(0.05)
    return samples


def _wait_for_answers(watch, running):
    limit = time.monotonic() + START_SECONDS
    while 'latency_ms.median' not in watch.values(NODE):
        for name, process, log in running:
            alive(name, process, log)
        if time.monotonic() > limit:
            raise InputError(f'the node answers nothing: {watch.message(NODE)}')
        time.sleep(0.05)


def _figures(samples, minutes):
    """Slopes and ends of every series after the time that a node needs to settle."""
    start = min(SETTLING_SECONDS, 6 * minutes)
    first = next((i for i, at in enumerate(samples['seconds']) if at >= start), 0)
    seconds, figures = samples['seconds'][first:], {}
    for name in ('load', *SERIES):
        values = samples[name][first:]
        ends = drift(values)
        figures[name] = {'first': values[0], 'last': values[-1], 'min': min(values),
                         'max': max(values), 'slope_per_minute': slope_per_minute(seconds, values),
                         'first_fifth': ends['first'], 'last_fifth': ends['last']}
    return figures
