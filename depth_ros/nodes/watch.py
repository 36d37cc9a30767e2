# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Watches the inputs: silence is never silent."""

import time

from depth_ros.nodes.diagnostics import WARN
from rclpy.qos import qos_check_compatible, QoSCompatibility, QoSReliabilityPolicy


class InputWatch:
    """Counts the messages of one input and says when, and probably why, it is silent."""

    def __init__(self, name, topic, qos=None):
        """`name` is what people call it, `topic` the resolved name, `qos` of the subscription."""
        self.name, self.topic, self.count, self._qos = name, topic, 0, qos
        self.last_stamp_ns = None
        self.told = False
        self._last_arrival = time.monotonic()

    def seen(self, stamp_ns):
        """Note a message."""
        self.count += 1
        self.last_stamp_ns = stamp_ns
        self.told = False
        self._last_arrival = time.monotonic()

    def problem(self, node, limit_s):
        """Return (level, message) after `limit_s` seconds of silence, else None."""
        silent = time.monotonic() - self._last_arrival
        if silent < limit_s:
            return None
        stamp = ('none so far' if self.last_stamp_ns is None
                 else f'{self.count} so far, last stamp {self.last_stamp_ns / 1e9:.3f}')
        return WARN, (f'no {self.name} on {self.topic} for {silent:.0f} s ({stamp}); '
                      f'{self._offers(node)}')

    def _offers(self, node):
        publishers = node.get_publishers_info_by_topic(self.topic)
        if not publishers:
            return 'nobody publishes it: check the remapping'
        # The name of a publisher that was just discovered may not be known yet.
        offers = ', '.join(
            f'{"a node" if "UNKNOWN" in info.node_name else info.node_name} offers '
            + ('reliable' if info.qos_profile.reliability == QoSReliabilityPolicy.RELIABLE
               else 'best effort') + f' {info.topic_type}' + self._misfit(info)
            for info in publishers)
        return f'{len(publishers)} publisher(s): {offers}'

    def _misfit(self, info):
        if self._qos is None or qos_check_compatible(
                info.qos_profile, self._qos)[0] != QoSCompatibility.ERROR:
            return ''
        return ', which does not suit this node: see qos_overrides'
