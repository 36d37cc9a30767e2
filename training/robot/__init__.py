# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""From a robot's own recording to a model that the node loads: docs/r2m.md."""
