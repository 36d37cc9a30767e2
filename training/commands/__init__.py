# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Subcommands of `python -m training`: modules with HELP, add_arguments(parser), run(args)."""
