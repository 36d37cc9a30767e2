# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Masks of the pixels that a depth network needs: made without training, measured, drawn."""
