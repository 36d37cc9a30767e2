# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Datasets of procedurally drawn worlds: unlimited labelled frames with a clean licence."""
