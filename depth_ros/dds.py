# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The shared-memory DDS profile, how a process is given it, and what dead processes leave."""
import fcntl
import os
from pathlib import Path
import re
import sys
import time

from depth_ros.contracts import InputError

PROFILE = 'fastdds_shm.xml'
SHARED_MEMORY, SEGMENT = '/dev/shm', re.compile(r'fastrtps_[0-9a-f]{16}_el')
# Humble and Jazzy read the first name, later distributions the second.
VARIABLES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')


def profile_file():
    """
    Path of the shipped profile: in the checkout, or below the prefix it was installed to.

    :raises InputError: it is in neither place.
    """
    package = Path(__file__).resolve().parent
    prefixes = [Path(sys.prefix), *package.parents]
    prefixes += [Path(p) for p in os.environ.get('AMENT_PREFIX_PATH', '').split(':') if p]
    places = [package.parent / 'config'] + [p / 'share/depth_ros/config' for p in prefixes]
    for place in places:
        if (place / PROFILE).is_file():
            return place / PROFILE
    raise InputError(f'the DDS profile {PROFILE} is not installed beside the package: install '
                     'depth_ros again with pip or colcon')


def current_profile():
    """Path of the profile that the environment sets, or None."""
    return next((os.environ[name] for name in VARIABLES if os.environ.get(name)), None)


def environment(domain):
    """
    Return the environment of processes that only talk to each other on this machine.

    :param domain: ROS domain, 0 to 101.
    """
    if not 0 <= domain <= 101:
        raise InputError(f'ROS domain {domain} is not in 0 to 101')
    return {**os.environ, **{name: str(profile_file()) for name in VARIABLES},
            'ROS_DOMAIN_ID': str(domain), 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
            'ROS_LOCALHOST_ONLY': '', 'RMW_IMPLEMENTATION': 'rmw_fastrtps_cpp'}


def clear_leftovers(folder=SHARED_MEMORY, older_s=1.0):
    """
    Remove the shared memory of dead processes; return how many segments and how many MiB.

    A process that is killed leaves its segment, 64 MiB with the profile, until the machine starts
    again: Fast DDS does not look. While a process lives it locks the file beside its segment
    (what `fastdds shm clean` goes by, too).

    :param older_s: younger ones stay, since their owner may not have locked them yet.
    """
    count, size = 0, 0
    for lock in Path(folder).glob('fastrtps_*_el'):
        segment = lock.with_name(lock.name.removesuffix('_el'))
        try:
            if not SEGMENT.fullmatch(lock.name) or time.time() - lock.stat().st_mtime < older_s:
                continue
            handle = os.open(lock, os.O_RDONLY)
        except OSError:
            continue  # Of another user, or just gone.
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = segment.stat().st_blocks * 512 if segment.exists() else 0
            segment.unlink(missing_ok=True)
            lock.unlink(missing_ok=True)
            count, size = count + 1, size + held
        except OSError:
            pass  # Its owner lives, or it is not ours to remove.
        finally:
            os.close(handle)
    return count, size / 2 ** 20
