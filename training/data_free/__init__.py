# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`distill`: a teacher's knowledge without the teacher's data, from a command."""
