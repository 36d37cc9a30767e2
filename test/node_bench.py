# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A real node in its own process, and a node in this one that talks to it over DDS."""

from collections import Counter
from itertools import count
import os
import signal
import subprocess
import sys
import time

from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.srv import ChangeState, GetState
from made_messages import camera_info, image, nanoseconds, scan
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image, LaserScan, PointCloud2

TIMEOUT = 60.0
OUTPUTS = {'depth/image': Image, 'depth/camera_info': CameraInfo, 'depth/points': PointCloud2,
           'depth/scan': LaserScan, 'depth/confidence': Image, 'depth/saliency': Image,
           'depth/image_color': Image, 'overlay': Image}
INPUTS = {'image': Image, 'camera_info': CameraInfo, 'scan': LaserScan, 'cloud': PointCloud2}
TRANSITIONS = {'configure': 1, 'cleanup': 2, 'activate': 3, 'deactivate': 4,
               'shutdown unconfigured': 5, 'shutdown inactive': 6, 'shutdown active': 7}
# LiDAR 10 cm below the camera, both looking the same way.
POSE = {'lidar_translation': [0.0, 0.1, 0.0], 'lidar_rotation': [0.5, -0.5, 0.5, 0.5]}
_numbers = count(1)
_open = set()


class Bench:
    """
    Context manager: the node runs as a process, this side publishes, listens and waits.

    :param executable: module of depth_ros.nodes.
    :param listen: output topics to subscribe from the start.
    :param reliable: reliability of the publishers on this side.
    :param script: file to run instead of the module, with its first arguments.
    :param prefix: words of a command that runs the node, e.g. with less room on its disk.
    :param parameters: parameters of the node; NAMESPACE in a name becomes its namespace.
    """

    def __init__(self, executable, listen=('depth/image',), reliable=False, folder=None,
                 script=(), prefix=(), **parameters):
        """Prepare; `__enter__` starts."""
        self.number = next(_numbers)
        self.namespace = f'/bench_{os.getpid()}_{self.number}'
        self.name = f'{self.namespace}/{executable}'
        self.executable, self.folder, self.script = executable, folder, script
        self.prefix, self.sent = prefix, Counter()
        self.parameters = {'diagnostics_period': 0.2, 'threads': 1, **parameters}
        self.listen, self.reliable = listen, reliable
        self.received = {topic: [] for topic in OUTPUTS}
        self.statuses, self.told_ns = [], 0
        self.stamp = 1000 * 10 ** 9

    def __enter__(self):
        """Start the node and wait until it speaks."""
        if not rclpy.ok():
            rclpy.init()
        _open.add(self)
        self.node = rclpy.create_node(f'bench_{self.number}', namespace=self.namespace)
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self.node.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 50)
        self.subscriptions = {}
        for topic in self.listen:
            self.subscribe(topic)
        self.publishers = {}
        for topic in INPUTS:
            self.publish_on(topic)
        self.services = {name: self.node.create_client(kind, f'{self.name}/{name}')
                         for name, kind in (('change_state', ChangeState),
                                            ('get_state', GetState),
                                            ('set_parameters', SetParameters))}
        self.log_file = open(self.folder / f'node_{self.number}.log', 'w+')
        started = self.script or ('-m', f'depth_ros.nodes.{self.executable}')
        command = [*self.prefix, sys.executable, *map(str, started), '--ros-args',
                   '-r', f'__ns:={self.namespace}']
        for name, value in self.parameters.items():
            text = str(value).lower() if isinstance(value, bool) else (
                f"'{value}'" if isinstance(value, str) else repr(value))
            command += ['-p', f'{name}:={text}'.replace('NAMESPACE', self.namespace)]
        self.command = command
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        """Start the node, after it ended also once more, and wait until it speaks."""
        self.statuses.clear()
        self.process = subprocess.Popen(self.command, stdout=self.log_file,
                                        stderr=subprocess.STDOUT)
        self.wait(lambda: self.statuses, 'the first diagnostics')

    def __exit__(self, *unused):
        """Stop the node as `ros2 launch` does and tidy up."""
        self.status_at_exit = self.stop()
        self.log_file.close()
        self.executor.shutdown()
        self.node.destroy_node()
        _open.discard(self)
        if not _open:
            # Other tests start from a context that is not initialised.
            rclpy.shutdown()

    def stop(self, how=signal.SIGINT):
        """Interrupt the node and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(TIMEOUT)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()

    @property
    def log(self):
        """Return what the node printed so far."""
        with open(self.log_file.name) as file:
            return file.read()

    def subscribe(self, topic):
        """Listen to an output; reliable and deep, so that nothing gets lost on this side."""
        self.subscriptions[topic] = self.node.create_subscription(
            OUTPUTS[topic], topic, self.received[topic].append, QoSProfile(depth=100))

    def publish_on(self, topic):
        """Advertise an input of the node."""
        self.publishers[topic] = self.node.create_publisher(
            INPUTS[topic], topic, QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE
                                             if self.reliable else ReliabilityPolicy.BEST_EFFORT))

    def withdraw(self, topic):
        """Advertise an input no more, as a driver that dies."""
        self.node.destroy_publisher(self.publishers.pop(topic))

    def unsubscribe(self, topic):
        """Stop listening."""
        self.node.destroy_subscription(self.subscriptions.pop(topic))

    def _on_diagnostics(self, message):
        found = [s for s in message.status if s.name == self.name]
        self.statuses += found
        if found:
            self.told_ns = nanoseconds(message)

    def wait(self, condition, what, timeout=TIMEOUT, every=None):
        """Spin until `condition()`; five times a second call `every()`."""
        end, again = time.monotonic() + timeout, 0.0
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f'{what} did not come within {timeout} s; diagnostics: '
                                     f'{self.message!r} {self.values}\n{self.log}')
            if self.process.poll() is not None:
                raise AssertionError(f'the node ended with {self.process.poll()}:\n{self.log}')
            if every is not None and time.monotonic() > again:
                every()
                again = time.monotonic() + 0.2
            self.executor.spin_once(timeout_sec=0.02)

    @property
    def message(self):
        """Newest message on /diagnostics."""
        return self.statuses[-1].message if self.statuses else None

    @property
    def values(self):
        """Newest values on /diagnostics."""
        return {v.key: v.value for v in self.statuses[-1].values} if self.statuses else {}

    def count(self, name):
        """Newest value of a counter."""
        return int(self.values.get(name, 0))

    def next_stamp(self, step_ns=100_000_000):
        """Return a stamp 0.1 s after the last one."""
        self.stamp += step_ns
        return self.stamp

    def send(self, **messages):
        """Publish messages by input topic."""
        for topic, message in messages.items():
            self.sent[topic] += 1
            self.publishers[topic].publish(message)

    def send_good(self, stamp=None, **size):
        """Publish one good set of inputs and return its stamp."""
        stamp = self.next_stamp() if stamp is None else stamp
        self.send(camera_info=camera_info(stamp, **size), scan=scan(stamp))
        self.send(image=image(stamp, **size))
        return stamp

    def good_frame(self, **size):
        """Send good input until an output with its stamp comes back, and return that."""
        sent, found = set(), []

        def arrived():
            found[:] = [m for m in self.received['depth/image'] if nanoseconds(m) in sent]
            return found
        self.wait(arrived, 'depth of a good frame', every=lambda: sent.add(self.send_good(**size)))
        return found[0]

    def expect(self, text, every=None):
        """Wait until /diagnostics and the log hold `text`; return the diagnostics status."""
        def found():
            return [s for s in self.statuses if text in s.message]
        self.wait(found, f'{text!r} on /diagnostics', every=every)
        self.wait(lambda: text in self.log, f'{text!r} in the log', every=every)
        return found()[-1]

    def refresh(self):
        """Wait for diagnostics that were made after this call."""
        now = time.time_ns()
        self.wait(lambda: self.told_ns > now, 'new diagnostics')

    def call(self, service, request):
        """Call a service of the node."""
        client = self.services[service]
        self.wait(client.service_is_ready, f'service {service}')
        future = client.call_async(request)
        self.wait(future.done, f'answer of {service}')
        return future.result()

    def change_state(self, transition):
        """Ask for a lifecycle transition; True when it succeeded."""
        request = ChangeState.Request()
        request.transition.id = TRANSITIONS[transition]
        return self.call('change_state', request).success

    @property
    def state(self):
        """Lifecycle state, asked over the service."""
        return self.call('get_state', GetState.Request()).current_state.label

    def set_parameter(self, name, value):
        """Set one parameter; returns (successful, reason)."""
        kinds = {bool: ('bool_value', ParameterType.PARAMETER_BOOL),
                 int: ('integer_value', ParameterType.PARAMETER_INTEGER),
                 float: ('double_value', ParameterType.PARAMETER_DOUBLE),
                 str: ('string_value', ParameterType.PARAMETER_STRING),
                 list: ('double_array_value', ParameterType.PARAMETER_DOUBLE_ARRAY)}
        field, kind = kinds[type(value)]
        request = SetParameters.Request(parameters=[
            Parameter(name=name, value=ParameterValue(type=kind, **{field: value}))])
        result = self.call('set_parameters', request).results[0]
        return result.successful, result.reason
