# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Thin ROS 2 nodes: they wire topics to the ROS-free core."""
