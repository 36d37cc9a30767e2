# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The files that the package ships: models that their cards describe, and the demo recording."""
import hashlib
import re

from depth_ros import bags
from depth_ros.datasets import open_dataset
from depth_ros.datasets.sample import Options
from depth_ros.model import MODELS, read_spec
import numpy as np
import pytest

DEMO = MODELS.parent / 'demo_bag'


@pytest.mark.parametrize('name,task', [('completion', 'completion'), ('student', 'monocular')])
def test_model_and_card_belong_together(name, task):
    """The card names the file's digest; the file names its origin and holds no local path."""
    path = MODELS / f'{name}.onnx'
    spec = read_spec(path)
    content = path.read_bytes()
    card = path.with_suffix('.md').read_text()
    assert hashlib.sha256(content).hexdigest() in card and '@' not in card
    assert spec.task == task and spec.size_multiple == 32
    assert spec.licence == 'Apache-2.0' and 'python -m training ' in spec.training
    assert not re.search(r'(^|[ =])/', spec.training)
    assert spec.figures['steps'] > 100 and spec.figures['kitti_rel'] > 0
    assert len(content) < 14e6


def test_demo_recording_is_whole():
    """At least 100 images with scan, camera and truth; small enough to ship."""
    topics = bags.topics(DEMO)
    assert topics['/camera/image/compressed'].count >= 100
    for name in ('/camera/camera_info', '/scan', '/ground_truth/depth/compressed'):
        assert topics[name].count == topics['/camera/image/compressed'].count
    assert sum(item.stat().st_size for item in DEMO.iterdir()) < 10e6


def test_demo_scan_lies_on_the_demo_depth():
    """The scan, moved by TF and projected, agrees with the true depth beside it."""
    data = open_dataset('bag', DEMO, Options())
    for sample in data.read([0, 60, 119]):
        known = sample.sparse > 0
        assert known.sum() > 100
        # The line's own pixels carry no truth: look one row above and below.
        truth = np.nan_to_num(sample.depth)
        beside = np.maximum(np.roll(truth, 1, 0), np.roll(truth, -1, 0))
        ratio = sample.sparse[known] / beside[known]
        assert np.median(ratio) == pytest.approx(1.0, abs=0.01)
        assert (np.abs(ratio - 1) < 0.05).mean() > 0.7
