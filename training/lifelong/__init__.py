# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Learning one domain after another without forgetting."""
