# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Subcommands of `python -m training`: modules with HELP, add_arguments(parser), run(args)."""
from depth_ros.contracts import InputError


def at_least_one(args, *names):
    """Raise an InputError for an option that counts and was given as less than 1."""
    for name in names:
        value = getattr(args, name)
        if value is not None and value < 1:
            raise InputError(f'--{name} {value}: at least 1')
