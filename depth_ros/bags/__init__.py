# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Recordings without a ROS graph: rosbag2 (mcap, sqlite3) in and out, ROS 1 bags in.

Messages read here have the fields of their ROS counterparts with NumPy arrays, so that
`depth_ros.messages` takes both. Their types are those of TYPES: definitions in a recording, which
would be made into code, are not looked at.
"""
try:
    from depth_ros.bags.kinds import Raw, Topic, TYPES
    from depth_ros.bags.reader import Bag, read, read_raw, resolve, topics
    from depth_ros.bags.writer import message, stamp, Writer
except ImportError as error:
    raise ImportError(f'recordings need the package rosbags ({error}): '
                      "pip install 'rosbags>=0.11,<0.12'") from error

__all__ = ['Bag', 'message', 'Raw', 'read', 'read_raw', 'resolve', 'stamp', 'Topic', 'topics',
           'TYPES', 'Writer']
