# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The version of this code, which package.xml and all others repeat (test/test_package.py)."""
VERSION = '0.1.0'
