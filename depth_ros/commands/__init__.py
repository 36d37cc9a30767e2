# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Commands of the `depth_ros` program; one module each."""
from depth_ros.contracts import InputError


def write_into(path, write):
    """
    Make the folder of a file, call `write()` and tell that it is there.

    :raises InputError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write()
    except OSError as error:
        raise InputError(f'cannot write {path}: {error.strerror}') from error
    print(f'written: {path}')
