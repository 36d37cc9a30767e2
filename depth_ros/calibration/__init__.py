# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Where the LiDAR is in the camera and when its beams were, refined from a recording."""
