# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Parts of `depth_ros benchmark`: engines alone, nodes over DDS, load, energy; and the tables."""
