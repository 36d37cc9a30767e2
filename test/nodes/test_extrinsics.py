# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Where the LiDAR is: parameters, and what is said when there is nothing to go by."""
from dataclasses import replace
import sys

from depth_ros.config import CompletionConfig
from depth_ros.contracts import InputError
from depth_ros.nodes.extrinsics import Extrinsics
from depth_ros.poses import matrix_from
import numpy as np
import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not installed: make venv')
# LiDAR x forward, y left, z up, in an optical frame x right, y down, z forward.
SAME_WAY = [0.5, -0.5, 0.5, 0.5]
GIVEN = CompletionConfig(lidar_translation=[0.0, 0.1, 0.05], lidar_rotation=SAME_WAY)


@pytest.fixture
def without_tf(monkeypatch):
    """Make tf2_ros impossible to import."""
    monkeypatch.setitem(sys.modules, 'tf2_ros', None)


def test_matrix_of_a_pose():
    matrix = matrix_from([1.0, 2.0, 3.0], SAME_WAY)
    forward, left, up = np.eye(3)
    assert matrix[:3, :3] @ forward == pytest.approx([0, 0, 1])
    assert matrix[:3, :3] @ left == pytest.approx([-1, 0, 0])
    assert matrix[:3, :3] @ up == pytest.approx([0, -1, 0])
    assert matrix[:, 3] == pytest.approx([1, 2, 3, 1])


def test_matrix_agrees_with_rodrigues():
    import cv2
    rng = np.random.default_rng(0)
    for _ in range(20):
        vector = rng.uniform(-1.5, 1.5, 3)
        angle = np.linalg.norm(vector)
        quaternion = [*(vector / angle * np.sin(angle / 2)), np.cos(angle / 2)]
        for sign in (1, -1):
            rotation = matrix_from([0, 0, 0], np.multiply(sign, quaternion))[:3, :3]
            assert rotation == pytest.approx(cv2.Rodrigues(vector)[0], abs=1e-9)


def test_a_quaternion_of_another_length_is_refused():
    assert matrix_from([0, 0, 0], [0, 0, 0, 1.005])[:3, :3] == pytest.approx(np.eye(3))
    for bad in ([0, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, np.nan]):
        with pytest.raises(InputError, match='lidar_rotation has length'):
            matrix_from([0, 0, 0], bad)


@pytest.mark.parametrize('choice', ['auto', 'parameters'])
def test_given_parameters_need_no_tf(without_tf, choice):
    extrinsics = Extrinsics(None, replace(GIVEN, extrinsics=choice))
    assert extrinsics.source == 'parameters'
    found = extrinsics.lookup('camera', 10, 'laser', 20)
    assert found @ [1, 0, 0, 1] == pytest.approx([0, 0.1, 1.05, 1])
    extrinsics.close()


@pytest.mark.parametrize('choice', ['auto', 'parameters', 'tf'])
def test_with_neither_the_error_names_both_ways(without_tf, choice):
    with pytest.raises(InputError) as caught:
        Extrinsics(None, CompletionConfig(extrinsics=choice))
    for word in ('lidar_translation', 'lidar_rotation', 'tf2_ros', 'optical'):
        assert word in str(caught.value)


def test_a_fixed_frame_needs_tf_though_the_pose_is_given(without_tf):
    with pytest.raises(InputError, match='tf2_ros is not installed.*fixed_frame'):
        Extrinsics(None, replace(GIVEN, fixed_frame='odom'))


def test_a_refused_change_leaves_the_old_pose(without_tf):
    extrinsics = Extrinsics(None, GIVEN)
    for bad in (replace(GIVEN, fixed_frame='odom'), CompletionConfig(),
                replace(GIVEN, lidar_rotation=[1.0, 1.0, 0.0, 0.0])):
        with pytest.raises(InputError):
            extrinsics.update(bad)
        assert extrinsics.lookup('', 0, '', 0)[:3, 3] == pytest.approx([0, 0.1, 0.05])
    extrinsics.update(replace(GIVEN, lidar_translation=[1.0, 0.0, 0.0]))
    assert extrinsics.lookup('', 0, '', 0)[:3, 3] == pytest.approx([1, 0, 0])
