# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Shipped models in every precision, converted once for all tests of the engines."""

from depth_ros.engines.calibration import Calibration
from depth_ros.engines.precision import typed
from depth_ros.model import available, find
import pytest

SHIPPED = [spec.name for spec in available()]
# Two frames show the path; what more of them buy is in docs/precision.md.
FEW = Calibration(frames=2)


@pytest.fixture(scope='session')
def converted(tmp_path_factory):
    """Return a function (model name, precision) -> path of the converted file."""
    folder = tmp_path_factory.mktemp('precisions')

    def convert(name, precision):
        return typed(find(name), precision, folder, FEW)
    return convert


def pytest_generate_tests(metafunc):
    """Give every test that asks for `shipped` the names of all shipped models."""
    if 'shipped' in metafunc.fixturenames:
        metafunc.parametrize('shipped', SHIPPED)
