# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Dense metric depth from a camera and a single-line LiDAR: the part that runs on the robot."""
