# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Functions measured from outside."""
import json
import sys
import time
import types

from depth_ros.cli import main
from depth_ros.profiling import Profiler
import numpy as np
import pytest
from tiny_models import make_tiny_model

MIB = 1 << 20


@pytest.fixture
def work(monkeypatch):
    """Make a module whose `outer` calls `inner` twice and keeps memory of its own."""
    module = types.ModuleType('made_work')

    def inner():
        time.sleep(0.02)
        return np.ones(4 * MIB, np.uint8).sum()

    def outer():
        kept = np.ones(MIB, np.uint8)
        time.sleep(0.01)
        return module.inner() + module.inner() + kept[0]
    module.inner, module.outer = inner, outer
    monkeypatch.setitem(sys.modules, 'made_work', module)
    return module


def test_time_of_inner_functions_is_not_counted_twice(work):
    profiler = Profiler()
    profiler.watch('inner', 'made_work:inner')
    profiler.watch('outer', 'made_work:outer')
    start = time.perf_counter()
    assert work.outer() == 8 * MIB + 1
    passed = 1e3 * (time.perf_counter() - start)
    stages = profiler.stages(frames=1)
    assert stages['inner']['calls_per_frame'] == 2
    assert stages['outer']['calls_per_frame'] == 1
    assert stages['inner']['ms_per_frame'] >= 40
    assert stages['outer']['ms_per_frame'] >= 10
    total = sum(stage['ms_per_frame'] for stage in stages.values())
    assert total <= passed


def test_new_memory_is_the_peak_of_a_call(work):
    profiler = Profiler(memory=True)
    profiler.watch('inner', 'made_work:inner')
    profiler.watch('outer', 'made_work:outer')
    work.outer()
    stages = profiler.stages(frames=1)
    assert stages['inner']['new_bytes']['median'] == pytest.approx(4 * MIB, rel=0.05)
    # What the function itself holds, and what it calls: never both calls at once.
    assert stages['outer']['new_bytes']['median'] == pytest.approx(5 * MIB, rel=0.05)


def test_an_error_goes_through_and_is_measured(work):
    def broken():
        raise KeyError('x')
    work.inner = broken
    profiler = Profiler()
    profiler.watch('inner', 'made_work:inner')
    with pytest.raises(KeyError):
        work.inner()
    profiler.reset()
    with pytest.raises(KeyError):
        work.outer()
    assert profiler.stages(1)['inner']['calls_per_frame'] == 1


@pytest.mark.ros
def test_a_node_is_measured_over_dds(tmp_path, capsys):
    pytest.importorskip('rclpy')
    model = make_tiny_model(tmp_path / 'tiny.onnx', depth=3.0)
    out = tmp_path / 'profile.json'
    assert main(['profile', '--model', str(model), '--frames', '5', '--rate', '5',
                 '--json', str(out)]) == 0
    result = json.loads(out.read_text())
    stages = result['stages']
    assert 0 < result['frames'] <= 5
    for stage in ('receive Image', 'inference', 'project', 'cloud message',
                  'publish depth/points', 'publish depth/image'):
        assert stages[stage]['calls_per_frame'] >= 1, stage
        assert stages[stage]['ms']['p99'] >= stages[stage]['ms']['median'] > 0
    assert 'overlay' not in stages and 'colours' not in stages
    # A cloud of 640 x 480 points of 16 bytes is made somewhere.
    assert stages['the rest of the node']['new_bytes']['median'] > 0
    assert 'inference' in capsys.readouterr().out
    assert main(['profile', '--frames', '0']) == 2
