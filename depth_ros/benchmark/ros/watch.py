# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Hears what nodes say about themselves on /diagnostics, and does the sums of their counters."""
import os
import time

from depth_ros import dds
from depth_ros.benchmark.ros.accounts import counts, unaccounted
from depth_ros.contracts import InputError
from depth_ros.demo import processes
from depth_ros.demo.graph import Member
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.qos import QoSProfile

START_SECONDS = 60
# Counters that have not changed for so long will not change any more: with an image in the hands
# of the node, and with one on its way.
HAND_SECONDS, WAY_SECONDS = 15.0, 1.5


class Watch(Member):
    """Values of nodes by their full name; a context manager that joins the graph."""

    def __init__(self, domain):
        """Join the graph of `domain`."""
        os.environ.update(dds.environment(domain))
        super().__init__('watch', domain)
        self._statuses = {}
        self._node.create_subscription(DiagnosticArray, '/diagnostics', self._hear,
                                       QoSProfile(depth=50))

    def _hear(self, message):
        for status in message.status:
            values = {entry.key: entry.value for entry in status.values}
            self._statuses[status.name] = time.monotonic(), status.message, values

    def values(self, name):
        """Return the newest values of a node as `{name: text}`."""
        return self._statuses.get(name, (0.0, '', {}))[2]

    def message(self, name):
        """Return the newest message of a node: its problems, or ok."""
        return self._statuses.get(name, (0.0, '', {}))[1]

    def wait_until_active(self, name, process, log):
        """Wait for a node; an InputError has its words when it fails."""
        limit = time.monotonic() + START_SECONDS
        while self.values(name).get('state') != 'active':
            alive(name, process, log)
            if 'cannot' in self.message(name):
                raise InputError(f'the node {name}: {self.message(name)}')
            if time.monotonic() > limit:
                raise InputError(f'the node {name} is not active after {START_SECONDS} s:\n'
                                 f'{processes.last_words(log)}')
            time.sleep(0.02)

    def change_state(self, name, transition):
        """
        Ask a node for a lifecycle transition and wait for it.

        :raises InputError: it does not answer, or refuses.
        """
        client = self._node.create_client(ChangeState, f'{name}/change_state')
        request = ChangeState.Request()
        request.transition.id = getattr(Transition, f'TRANSITION_{transition.upper()}')
        if not client.wait_for_service(START_SECONDS):
            raise InputError(f'the node {name} is not there to {transition}')
        future, limit = client.call_async(request), time.monotonic() + START_SECONDS
        while not future.done():
            if time.monotonic() > limit:
                raise InputError(f'the node {name} does not answer {transition}')
            time.sleep(0.02)
        self._node.destroy_client(client)
        if not future.result().success:
            raise InputError(f'the node {name} refuses to {transition}')

    def settled(self, name, sent):
        """
        Wait until all images are out of the hands of a node, and return its counts.

        Without news for some time the counts are returned as they are: an image that got lost on
        its way, or ended nowhere, is not hidden.

        :param sent: images that were published since the node is active.
        """
        last, since = None, time.monotonic()
        while True:
            found = counts(self.values(name))
            if found != last:
                last, since = found, time.monotonic()
            if found['in'] == sent and not unaccounted(found):
                return found
            if time.monotonic() > since + (HAND_SECONDS if unaccounted(found) else WAY_SECONDS):
                return found
            time.sleep(0.02)


def alive(name, process, log):
    """Raise an InputError with the last words of a node that has ended."""
    if process.poll() is not None:
        raise InputError(f'the node {name} ended:\n{processes.last_words(log)}')
