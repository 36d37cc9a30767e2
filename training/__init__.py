# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Offline training; never imported by depth_ros."""
