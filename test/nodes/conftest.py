# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Fixtures that the tests of nodes share."""
import time

from depth_ros.benchmark.ros.accounts import between
import pytest
from tiny_models import make_tiny_model


@pytest.fixture(scope='session')
def model(tmp_path_factory):
    """Completion model: 2.6 m everywhere."""
    return str(make_tiny_model(tmp_path_factory.mktemp('model') / 'tiny.onnx', depth=2.6))


@pytest.fixture
def bench(tmp_path):
    """Return a function that makes a Bench with a tiny model (2.6 m everywhere)."""
    from node_bench import Bench, POSE

    def make(listen=('depth/image',), reliable=False, executable='completion', model=None,
             **parameters):
        if model is None:
            task = 'completion' if executable == 'completion' else 'monocular'
            model = str(make_tiny_model(tmp_path / 'tiny.onnx', task, depth=2.6, confidence=0.75))
        pose = POSE if executable == 'completion' else {}
        return Bench(executable, listen, reliable, tmp_path, model=model, **{**pose, **parameters})
    return make


@pytest.fixture
def fault(running, request):
    """Return (node, recovered): the second ends the fault, waits for depth, and does the sums."""
    from fault_rules import note, settle
    node = running
    node.statuses.clear()
    before = settle(node)
    name = request.node.name.removeprefix('test_').replace('_', ' ')
    ends = []

    def recovered(**size):
        begin = time.monotonic()
        node.good_frame(**size)
        ends.append(time.monotonic() - begin)
        return between(before, settle(node))
    yield node, recovered
    assert ends, 'nobody looked whether it recovers'
    note(name, between(before, settle(node)), ends[0])
