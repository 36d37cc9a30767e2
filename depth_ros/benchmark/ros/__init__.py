# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Processes that publish to nodes and listen to them, and what is heard."""
