# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Straight lines of the image as a prior on depth, and the single measured line."""
