# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A whole evaluation on a data set made by hand."""
import json

from depth_ros.camera import Camera
from depth_ros.datasets.sample import from_files, Sample
from depth_ros.estimator import Estimator
from depth_ros.evaluation.baselines import line_baselines
from depth_ros.evaluation.protocols import find_protocol
from depth_ros.evaluation.run import evaluate, plain
import numpy as np
import pytest
from tiny_models import make_tiny_model


def dataset(frames=3, line=True):
    """Frames of a wall: 5 m, the upper half of the image 10 m; the line lies at 5 m."""
    def read(index):
        depth = np.full((64, 96), 5.0, np.float32)
        depth[:32] = 10.0
        sparse = np.zeros_like(depth)
        if line:
            sparse[48] = 5.0
            depth[48] = np.nan
        return Sample(f'frame/{index}', np.zeros((64, 96, 3), np.uint8), depth, sparse,
                      Camera(96, 64, 80.0, 80.0, 47.5, 31.5))
    return from_files([f'frame/{index}' for index in range(frames)], 'a row', read)


def estimator(tmp_path, task='completion', **options):
    return Estimator(str(make_tiny_model(tmp_path / f'{task}.onnx', task, **options)),
                     anchor=False)


def test_report(tmp_path, monkeypatch):
    monkeypatch.delenv('DEPTH_ROS_TEACHER', raising=False)
    seen = []
    report = evaluate(dataset(), estimator(tmp_path, depth=5.5), find_protocol('image_rmse'),
                      line_baselines(), on_frame=lambda sample, depth: seen.append(sample.name))
    assert (report['frames'], report['protocol'], report['model']) == (3, 'image_rmse', 'tiny')
    share_far = 32 / 63
    assert report['metrics']['mae'] == pytest.approx(4.5 * share_far + 0.5 * (1 - share_far))
    assert report['metrics']['delta1'] == pytest.approx(1 - share_far)
    assert report['metrics']['coverage'] == 1.0
    assert sorted(report['baselines']) == ['line_median', 'nearest_fill']
    for metrics in report['baselines'].values():
        assert metrics['mae'] == pytest.approx(5 * share_far)
    assert report['residual_on_line']['median_abs'] == pytest.approx(0.5)
    assert report['residual_on_line']['frames'] == 3
    assert 0 < report['latency_ms']['median'] <= report['latency_ms']['p99']
    assert [frame['name'] for frame in report['per_frame']] == seen
    assert seen == ['frame/0', 'frame/1', 'frame/2']
    json.dumps(report, allow_nan=False)


def test_monocular_ignores_the_line(tmp_path):
    report = evaluate(dataset(), estimator(tmp_path, 'monocular', depth=5.0, focal=80.0),
                      find_protocol('image_mse'), line_baselines(), limit=1)
    assert report['residual_on_line'] is None and report['frames'] == 1
    assert report['metrics']['mae'] == pytest.approx(5 * 32 / 63)
    assert report['per_frame'][0]['line_pixels'] == 96


def test_unknown_depth_is_reported(tmp_path):
    """A model whose depth is nearer than its own range covers nothing, and the report says so."""
    report = evaluate(dataset(), estimator(tmp_path, depth=0.5, depth_min=1.0),
                      find_protocol('image_rmse'), line_baselines())
    assert report['metrics']['coverage'] == 0.0 and report['metrics']['rmse'] is None
    assert report['metrics']['empty_images'] == 3


def test_depth_beyond_range_is_scored_at_the_range(tmp_path):
    report = evaluate(dataset(1), estimator(tmp_path, depth=200.0, depth_max=50.0),
                      find_protocol('image_rmse'), line_baselines())
    assert report['metrics']['coverage'] == 1.0
    assert report['metrics']['far'] == 63 * 96
    assert report['metrics']['mae'] == pytest.approx(50 - (10 * 32 + 5 * 31) / 63)


def test_without_any_line(tmp_path):
    report = evaluate(dataset(line=False), estimator(tmp_path, depth=5.0),
                      find_protocol('image_rmse'), line_baselines())
    assert report['baselines']['line_median']['coverage'] == 0.0
    assert report['residual_on_line'] is None


def test_plain_values():
    assert plain({'a': np.float32(1.5), 'b': [np.nan, np.inf, np.int64(2)], 'c': None}) == {
        'a': 1.5, 'b': [None, None, 2], 'c': None}
