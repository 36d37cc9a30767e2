# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Fixtures that all tests share."""
import os
from pathlib import Path
import random
import sys
import tempfile

import numpy as np
import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
# Tests never see each other's topics, nor those of a robot on the same network.
os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
WORKER = os.environ.get('PYTEST_XDIST_WORKER')  # of several at once; it inherits what is set here
if WORKER or 'ROS_DOMAIN_ID' not in os.environ:
    os.environ['ROS_DOMAIN_ID'] = str(os.getpid() % 100 + 1)
# Nor do they leave anything in the user's cache, or take what was measured there.
if WORKER or 'DEPTH_ROS_CACHE' not in os.environ:
    _cache = tempfile.TemporaryDirectory(prefix='depth_ros_cache_')
    os.environ['DEPTH_ROS_CACHE'] = _cache.name
for _name in ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'):
    os.environ.setdefault(_name, str(REPOSITORY / 'config' / 'fastdds_shm.xml'))


@pytest.fixture(scope='session')
def repository():
    """Path of the checkout."""
    return REPOSITORY


@pytest.fixture(scope='session')
def shared():
    """Path of the optional data beside the checkout: `../shared`, or `DEPTH_ROS_SHARED`."""
    places = [os.environ.get('DEPTH_ROS_SHARED')]
    places += [REPOSITORY.parent / 'shared', REPOSITORY.parent.parent / 'shared']
    for place in places:
        if place and (Path(place) / 'data').is_dir():
            return Path(place)
    pytest.skip('the optional data folder ../shared is absent (or set DEPTH_ROS_SHARED)')


@pytest.fixture(scope='session')
def goldens(shared):
    """Return the reference numbers of the optional data folder."""
    if not (shared / 'goldens' / 'goldens.json').is_file():
        pytest.skip('the reference numbers ../shared/goldens are absent')
    from reference_numbers import Goldens
    return Goldens(shared / 'goldens')


@pytest.fixture(autouse=True)
def _same_random_numbers():
    """Give every test the same random numbers, in whatever order and company it runs."""
    random.seed(0)
    np.random.seed(0)
    if 'torch' in sys.modules:
        sys.modules['torch'].manual_seed(0)
