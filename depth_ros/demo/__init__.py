# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Parts of `depth_ros demo` and `depth_ros benchmark`: nodes as processes, and what they say."""
