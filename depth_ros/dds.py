# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The shared-memory DDS profile: where it is, and how a process is given it."""
import os
from pathlib import Path
import sys

from depth_ros.contracts import InputError

PROFILE = 'fastdds_shm.xml'
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
