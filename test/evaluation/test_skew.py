# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Motion between frames is read from the poses, and more skew means more error."""
from depth_ros.estimator import Estimator
from depth_ros.evaluation import robustness, skew
import made_sets
import pytest
from tiny_models import make_tiny_model


def test_motion_to_the_next_frame(tmp_path):
    folder = made_sets.seven_scenes(tmp_path / 'scene', frames=2, metres_per_frame=0.2)
    motion, seconds = skew.motion_to_next(folder, 'frame-000000.color')
    assert motion[:3, 3] == pytest.approx([0, 0, 0.2]) and seconds == pytest.approx(8 / 30)
    assert skew.motion_to_next(folder, 'frame-000008.color') is None


def test_error_grows_with_the_skew(tmp_path):
    """A camera that runs ahead at 3 m/s and a model that trusts the line."""
    made_sets.seven_scenes(tmp_path / '7scenes_redkitchen', frames=3, metres_per_frame=0.8)
    model = make_tiny_model(tmp_path / 'tiny.onnx', depth=2.0)
    report = robustness.run_robustness(tmp_path, Estimator(str(model)))
    curve, = [one for one in report['curves'] if one['name'].startswith('skew')]
    assert curve['levels'] == [25, 50, 75, 100]
    assert all(value > 0 for value in map(abs, curve['change']))
    assert len(set(curve['rel'])) == 4
