# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Figures of a running comparison."""
import json

from depth_ros.contracts import InputError
from depth_ros.evaluation import session
from depth_ros.evaluation.session import Session
import numpy as np
import pytest


def test_report_is_json_with_the_limits_applied(tmp_path):
    running = Session(min_depth=0.5, max_depth=10.0)
    target = np.array([[0.4, 2.0, 4.0, 20.0, np.nan]], np.float32)
    running.add(7, np.array([[9.0, 3.0, np.nan, 9.0, 9.0]], np.float32), target)
    running.write(tmp_path / 'new' / 'out.json', pairs=1)
    report = json.loads((tmp_path / 'new' / 'out.json').read_text())
    assert (report['frames'], report['pairs']) == (1, 1)
    assert report['metrics']['mae'] == 1.0 and report['metrics']['coverage'] == 0.5
    assert report['per_frame'][0]['stamp_ns'] == 7
    assert '<= 10 m' in report['protocol_definition']


def test_nothing_compared_is_null_not_nan():
    assert Session().report()['metrics']['rmse'] is None


def test_sizes_must_agree():
    with pytest.raises(InputError, match='3x2.*4x2'):
        Session().add(0, np.ones((2, 3)), np.ones((2, 4)))


def test_the_list_of_frames_is_bounded(monkeypatch):
    monkeypatch.setattr(session, 'LISTED_FRAMES', 3)
    running = Session()
    for stamp in range(5):
        running.add(stamp, np.full((1, 1), 2.0 + stamp), np.ones((1, 1)))
    report = running.report()
    assert report['frames'] == 5 and len(report['per_frame']) == 3
    assert report['per_frame_complete'] is False
    assert report['metrics']['mae'] == pytest.approx(3.0)
