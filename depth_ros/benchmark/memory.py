# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Memory, CPU time, open files and threads of a process, from /proc."""
import os
from pathlib import Path


def _status(pid, name):
    for line in Path(f'/proc/{pid}/status').read_text().splitlines():
        key, _, value = line.partition(':')
        if key == name:
            return int(value.split()[0]) / 1024
    raise OSError(f'/proc/{pid}/status has no {name}')


def peak_mib(pid='self'):
    """
    Most memory (MiB) that a process had resident since it was started.

    Not `ru_maxrss`, which a process inherits from the one that started it.
    """
    return _status(pid, 'VmHWM')


def anonymous_mib(pid='self'):
    """Memory (MiB) that a process has for itself: no files, no shared memory."""
    return _status(pid, 'RssAnon')


def open_files(pid='self'):
    """Count the open files, sockets and pipes of a process."""
    return len(os.listdir(f'/proc/{pid}/fd'))


def threads(pid='self'):
    """Count the threads of a process."""
    return len(os.listdir(f'/proc/{pid}/task'))


def cpu_seconds(pid='self'):
    """CPU time of all threads of a process, user and system."""
    # The name of the process, in parentheses, may hold blanks.
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')
