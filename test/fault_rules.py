# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the tests of faults share: every image has one fate, and the table of the faults."""
import os
import time

from depth_ros.benchmark.ros.accounts import counts, unaccounted
from made_messages import camera_info, image, scan

SECOND = 10 ** 9
RELIABLE = {f'qos_overrides.NAMESPACE/{topic}.subscription.{policy}': value
            for topic in ('image', 'scan', 'camera_info')
            for policy, value in (('reliability', 'reliable'), ('depth', 50))}


def settle(node):
    """Wait until every image that was sent has one fate, and return the counts."""
    node.refresh()
    node.wait(lambda: node.count('images_in') == node.sent['image']
              and not unaccounted(counts(node.values)), 'one fate for every image')
    return counts(node.values)


def note(name, found, seconds):
    """Add a line to the table of faults, when one is asked for."""
    if os.environ.get('DEPTH_ROS_FAULTS'):
        lost = ', '.join(f'{count} {reason}' for reason, count in found['dropped'].items())
        with open(os.environ['DEPTH_ROS_FAULTS'], 'a') as file:
            file.write(f'| {name} | {found["in"]} | {found["out"]} | {lost or 0} | '
                       f'{seconds:.2f} |\n')


def stream(node, seconds=1.0, image_hz=15, scan_hz=10, start=None, step=1.0):
    """Send images and scans at their rates, with stamps that go `step` as fast as the clock."""
    start = node.next_stamp() if start is None else start
    events = sorted([(i / image_hz, 'image') for i in range(round(seconds * image_hz))]
                    + [(i / scan_hz, 'scan') for i in range(round(seconds * scan_hz))])
    begin = time.monotonic()
    for at, kind in events:
        while time.monotonic() < begin + at:
            node.executor.spin_once(timeout_sec=max(begin + at - time.monotonic(), 0))
        stamp = start + round(at * step * SECOND)
        if kind == 'scan':
            node.send(scan=scan(stamp))
        else:
            node.send(camera_info=camera_info(stamp), image=image(stamp))
        node.stamp = max(node.stamp, stamp)
