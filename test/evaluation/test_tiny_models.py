# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The tiny test models satisfy the contract."""

from depth_ros.camera import Camera
from depth_ros.estimator import Estimator
from depth_ros.model import read_spec
import numpy as np
import pytest
from tiny_models import make_tiny_model


@pytest.mark.parametrize('task', ['completion', 'monocular', 'relative'])
@pytest.mark.parametrize('multiple', [0, 32])
def test_contract(tmp_path, task, multiple):
    spec = read_spec(make_tiny_model(
        tmp_path / 'tiny.onnx', task, size_multiple=multiple, confidence=0.5))
    assert (spec.task, spec.size_multiple, spec.outputs) == (
        task, multiple, ('depth', 'confidence'))


def test_runs(tmp_path):
    model = make_tiny_model(tmp_path / 'tiny.onnx', depth=3.0, confidence=0.25)
    image, sparse = np.zeros((48, 64, 3), np.uint8), np.zeros((48, 64), np.float32)
    sparse[30] = 3.5
    frame = Estimator(str(model)).estimate(
        image, Camera(64, 48, 50.0, 50.0, 31.5, 23.5), sparse=sparse)
    assert frame.depth[0, 0] == pytest.approx(3.0)
    assert frame.depth[30, 5] == 3.5
    assert frame.confidence[0, 0] == 0.25
