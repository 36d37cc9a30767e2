# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Nodes over DDS, alone and under load: every image ends in exactly one number."""
from depth_ros.commands.benchmark import LOADS
import pytest
from tiny_models import make_tiny_model

pytestmark = pytest.mark.ros
pytest.importorskip('rclpy')


def check(figures):
    """Every image that was published is in exactly one number, and what was answered came."""
    images = figures['images']
    assert images['sent'] == images['in'] + images['lost_before']
    assert images['in'] == images['out'] + sum(images['dropped'].values())
    assert images['unaccounted'] == 0
    assert images['out'] == images['arrived'] + images['lost_after']
    latency = figures['latency_ms']
    assert 0 < figures['inference_ms']['median'] < latency['median'] <= latency['p99']
    assert latency['p99'] <= latency['max']


@pytest.fixture
def parameters(tmp_path):
    """Return the parameters of a node with a tiny completion model."""
    model = make_tiny_model(tmp_path / 'tiny.onnx', depth=3.0, confidence=0.9)
    return {'model': str(model), 'engine': 'onnxruntime'}


def test_nodes_are_timed(tmp_path):
    from depth_ros.benchmark.ros.scenarios import SUBSCRIBED, time_nodes
    model = make_tiny_model(tmp_path / 'tiny.onnx', 'monocular', depth=3.0)
    row = {'file': str(model), 'task': 'monocular', 'runner': 'onnxruntime', 'precision': 'fp32',
           'engine': 'onnxruntime', 'input': {'height': 64, 'width': 96}, 'options': {},
           'total_ms': {'median': 5.0}, 'bare_ms': {'median': 0.5}}
    assert SUBSCRIBED == (('depth/image',), ('depth/image', 'depth/points'))
    figures, = time_nodes([row], 8, threads=1, bar=False, subscribed=SUBSCRIBED[1:])
    check(figures)
    assert figures['images']['sent'] == figures['images']['in'] == 8
    assert (figures['node'], figures['model']) == ('monocular', 'tiny')
    assert tuple(figures['topics']) == SUBSCRIBED[1] == tuple(figures['topic_latency_ms'])
    assert figures['input'] == {'height': 64, 'width': 96}
    assert figures['overhead_ms']['median'] == pytest.approx(
        figures['latency_ms']['median'] - figures['inference_ms']['median'])
    assert figures['relative']['latency'] == pytest.approx(figures['latency_ms']['median'] / 0.5)
    assert 30 < figures['peak_memory_mib'] < 2000


def test_two_cameras_on_one_machine(parameters):
    from depth_ros.benchmark.ros.rig import run
    from depth_ros.benchmark.ros.scenarios import load_scenarios
    scenarios = load_scenarios(1.0, parameters)
    assert set(scenarios) == set(LOADS)
    two = run(scenarios['cameras'], bar=False)
    assert len(two) == 2
    for figures in two:
        check(figures)
        assert figures['images']['sent'] == 15


def test_more_images_than_can_be_answered(parameters):
    """The shipped network at a large size, on one thread, is slower than 60 Hz everywhere."""
    from depth_ros.benchmark.ros.rig import run
    from depth_ros.benchmark.ros.scenarios import load_scenarios
    figures, = run(load_scenarios(1.5, {**parameters, 'model': 'completion'})['flood'], bar=False)
    check(figures)
    images = figures['images']
    assert images['sent'] == 90
    assert images['dropped']['a newer image was ready first'] > 0
    assert figures['input'] == {'height': 480, 'width': 640}


def test_four_subscribers(parameters):
    from depth_ros.benchmark.ros.rig import run
    from depth_ros.benchmark.ros.scenarios import load_scenarios
    figures, = run(load_scenarios(1.0, parameters)['subscribers'], bar=False)
    check(figures)
    assert figures['listeners'] == 4


def test_memory_is_watched_for_minutes(parameters):
    from depth_ros.benchmark.ros.scenarios import soak
    figures = soak(0.03, parameters, ('depth', 'confidence'), threads=1, bar=False)
    check(figures)
    assert figures['images']['sent'] == 27 and len(figures['topics']) == 5
    held = figures['memory']
    assert 10 < held['min_mib'] <= held['first_mib'] <= held['max_mib'] < 2000
    assert len(held['samples']) >= 3 and held['samples'][0][0] == 0
    assert held['slope_mib_per_minute'] == pytest.approx(held['slope_mib_per_minute'])


def test_a_node_that_fails_is_one_error(tmp_path):
    from depth_ros.benchmark.ros.rig import Rig, run, Scenario
    from depth_ros.contracts import InputError
    rig = Rig('completion', {'model': str(tmp_path / 'none.onnx')})
    with pytest.raises(InputError, match='no model file'):
        run(Scenario('broken', (rig,), 15.0, 3), bar=False)


def test_a_recording_in_a_loop(tmp_path, parameters):
    from depth_ros.benchmark.ros.looping import loop, SERIES
    from depth_ros.benchmark.tables import loop as table
    from depth_ros.demo.made_recording import write_recording
    write_recording(tmp_path / 'bag', 8, 0.1)
    figures = loop(tmp_path / 'bag', 0.04, parameters,
                   ('depth', 'confidence'), threads=1, bar=False)
    images = figures['images']
    assert images['sent'] == images['in'] + images['lost_before'] > 15
    assert images['in'] == images['out'] + sum(images['dropped'].values())
    assert images['unaccounted'] == 0 and set(images['lost_after']) == set(figures['topics'])
    assert figures['time_jumps'] >= int(figures['loops']) - 1 >= 1
    for name in SERIES:
        series = figures[name]
        assert 0 < series['min'] <= series['first_fifth'] <= series['max'] < 5000
        assert f'| {name.replace("_", " ")} ' in table(figures)
