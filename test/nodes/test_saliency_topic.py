# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Saliency of a model that gives it: published when subscribed, not computed otherwise."""

from depth_ros import messages
from depth_ros.engines.lean import lean
from depth_ros.model import read_spec
import numpy as np
import pytest
from tiny_models import make_tiny_model

pytest.importorskip('rclpy', reason='ROS 2 is not installed: make venv')
from made_messages import nanoseconds  # noqa: E402, I100
from node_bench import Bench, POSE  # noqa: E402

pytestmark = pytest.mark.ros


@pytest.mark.parametrize('executable', ['completion', 'monocular'])
def test_saliency_is_published_while_somebody_subscribes(tmp_path, executable):
    model = read_spec(make_tiny_model(tmp_path / 'tiny.onnx', executable, depth=2.6,
                                      saliency=0.25))
    cache = tmp_path / 'cache'
    slim = lean(model, cache=str(cache))
    assert slim.outputs == ('depth',) and slim.sha256 != model.sha256
    pose = POSE if executable == 'completion' else {}
    with Bench(executable, ('depth/image',), folder=tmp_path, model=str(model.file),
               engine_cache=str(cache), **pose) as node:
        node.wait(lambda: node.received['depth/image'], 'depth', every=node.send_good)
        assert node.values['model_sha256'] == slim.sha256[:16]
        node.subscribe('depth/saliency')
        node.wait(lambda: node.received['depth/saliency'], 'saliency', every=node.send_good)
        node.wait(lambda: f'{executable}_model_sha256' in node.values, 'the whole model')
        assert node.values[f'{executable}_model_sha256'] == model.sha256[:16]
        first = node.received['depth/saliency'][0]
        depth = [m for m in node.received['depth/image']
                 if nanoseconds(m) == nanoseconds(first)]
        node.unsubscribe('depth/saliency')
        count = len(node.received['depth/image'])
        node.wait(lambda: len(node.received['depth/image']) > count + 2, 'depth after that',
                  every=node.send_good)
    assert first.encoding == '32FC1'
    assert (first.width, first.height) == (depth[0].width, depth[0].height)
    assert np.allclose(messages.image_to_depth(first), 0.25)
    assert np.allclose(messages.image_to_depth(depth[0]), 2.6, atol=0.7)


def test_a_model_without_saliency_publishes_none(tmp_path):
    model = make_tiny_model(tmp_path / 'tiny.onnx', depth=2.6)
    with Bench('completion', ('depth/image', 'depth/saliency'), folder=tmp_path,
               model=str(model), **POSE) as node:
        node.wait(lambda: len(node.received['depth/image']) > 2, 'depth', every=node.send_good)
        assert not node.received['depth/saliency']
        node.wait(lambda: int(node.values.get('images_out', 0)) > 2, 'the counter')
        assert 'images_failed' not in node.values
