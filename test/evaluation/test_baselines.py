# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Baselines on lines small enough to fill by hand."""
from depth_ros.contracts import InputError
from depth_ros.evaluation.baselines import line_baselines, line_median, nearest_fill, ScaledTeacher
import numpy as np
import pytest
from tiny_models import make_tiny_model


def test_line_median():
    sparse = np.array([[0, 2.0, 0], [4.0, 0, 9.0]], np.float32)
    assert (line_median(sparse) == 4.0).all()
    assert np.isnan(line_median(np.zeros((2, 3), np.float32))).all()


def test_nearest_fill():
    sparse = np.zeros((5, 6), np.float32)
    sparse[0, 1], sparse[4, 1], sparse[2, 4] = 1.0, 3.0, 7.0
    filled = nearest_fill(sparse)
    assert filled[:, 1].tolist() == [1.0, 1.0, 1.0, 3.0, 3.0]
    assert (filled[:, 4:] == 7.0).all() and (filled[:, 3] == 7.0).all()
    np.testing.assert_array_equal(filled[:, 0], filled[:, 1])
    assert np.isnan(nearest_fill(np.zeros((2, 3), np.float32))).all()


def test_teacher_takes_the_median_ratio(tmp_path):
    teacher = ScaledTeacher(make_tiny_model(
        tmp_path / 'teacher.onnx', 'relative', depth=2.0, size_multiple=1))
    sparse = np.zeros((20, 30), np.float32)
    sparse[3, :3] = 5.0, 6.0, 90.0
    assert teacher(np.zeros((20, 30, 3), np.uint8), sparse) == pytest.approx(6.0)
    assert np.isnan(teacher(np.zeros((20, 30, 3), np.uint8), 0 * sparse)).all()


def test_teacher_must_be_relative(tmp_path):
    with pytest.raises(InputError, match='task relative'):
        ScaledTeacher(make_tiny_model(tmp_path / 'metric.onnx', 'monocular'))


def test_teacher_from_environment(tmp_path, monkeypatch):
    monkeypatch.delenv('DEPTH_ROS_TEACHER', raising=False)
    assert list(line_baselines()) == ['line_median', 'nearest_fill']
    monkeypatch.setenv('DEPTH_ROS_TEACHER', str(make_tiny_model(
        tmp_path / 'teacher.onnx', 'relative', size_multiple=1)))
    assert list(line_baselines()) == ['line_median', 'nearest_fill', 'teacher']
