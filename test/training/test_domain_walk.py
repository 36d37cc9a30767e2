# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Walks between two domains: what is played, and what is counted."""
import json

from depth_ros.camera import Camera
from depth_ros.datasets.sample import Sample
import numpy as np
import pytest

pytest.importorskip('torch')
pytest.importorskip('rclpy', reason='ROS 2 is not installed: make venv')
from tiny_domain_model import make_tiny_domains  # noqa: E402
from training.__main__ import main  # noqa: E402
from training.datasets.stored import write_frames  # noqa: E402
from training.domain_walk import figures, make_walk  # noqa: E402


@pytest.fixture
def folders(tmp_path):
    """Dark frames and light ones; some of either are as the other's."""
    made = []
    for name, levels in (('room', [60, 70] * 4 + [150]), ('street', [180, 170] * 4 + [90])):
        made.append(tmp_path / name)
        write_frames(made[-1], [Sample(
            f'{name} {number}', np.full((48, 64, 3), level, np.uint8),
            np.full((48, 64), 3.0, np.float32), np.zeros((48, 64), np.float32),
            Camera(64, 48, 50.0, 50.0, 31.5, 23.5)) for number, level in enumerate(levels)])
    return made


def test_the_walk_and_its_figures(folders):
    walk = make_walk(folders, 50.0, 8, 10, seed=1)
    assert len(walk.images) == len(walk.truth) == 26
    assert not walk.truth[:8].any() and walk.truth[-8:].all() and 0 < walk.truth[8:18].mean() < 1
    grey = np.array([image.mean() for image in walk.images])
    assert {60, 70} <= set(grey[walk.truth == 0]) <= {60, 70, 150}
    assert figures(list(walk.truth), walk, 8)['right'] == 1.0
    used = [1, None, *([0] * 12), *([1] * 12)]
    found = figures(used, walk, 8)
    assert found['changes'] == 2 and found['answered'] == 25 and found['first_of_second'] == 0
    assert found['right_plain'] == pytest.approx(14 / 15)


@pytest.mark.ros
def test_through_the_node(folders, tmp_path, capsys):
    """Each image alone flickers; the node does not, unless it is told to."""
    model = make_tiny_domains(tmp_path / 'm.onnx')
    assert main(['domain-walk', '--model', str(model), '--frames', *map(str, folders), '--out',
                 str(tmp_path / 'out'), '--plain', '18', '--border', '6']) == 0
    assert '| 0 | default | ' in capsys.readouterr().out
    report = json.loads((tmp_path / 'out' / 'report.json').read_text())
    alone, default, bare = report['rows']
    assert alone['changes'] >= 5 and default['changes'] == 1
    assert default['domain_changes'] == '1'
    for row in (default, bare):
        # A busy machine leaves a few images out; each that came in is answered or counted.
        dropped = sum(int(row[name]) for name in row if name.startswith('dropped'))
        assert row['answered'] + dropped >= int(row['images_in']) > 30 and row['answered'] > 30
    assert default['right_plain'] > 0.85 and default['used'][-1] == 1
    # Without hysteresis an image is answered by the domain of the one before.
    answers = zip(bare['used'], bare['used'][1:], alone['used'])
    pairs = [(now, nearest) for before, now, nearest in answers if None not in (before, now)]
    assert len(pairs) > 20 and all(now == nearest for now, nearest in pairs)
    assert '<svg xmlns' in (tmp_path / 'out' / 'walk_0.svg').read_text()
