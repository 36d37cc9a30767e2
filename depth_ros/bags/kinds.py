# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Types of the messages in recordings, whatever definitions a recording brings."""
from collections import namedtuple

from rosbags.typesys import get_typestore, Stores

TYPES = get_typestore(Stores.ROS2_JAZZY)
Topic = namedtuple('Topic', 'msgtype count')
Raw = namedtuple('Raw', 'topic stamp_ns msgtype data')
