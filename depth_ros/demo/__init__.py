# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Parts of `depth_ros demo`: nodes as processes, a recording through them, and what they say."""
