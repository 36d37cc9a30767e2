# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Images changed so that depth gets worse, what resists them, and how well; docs/attacks.md."""
