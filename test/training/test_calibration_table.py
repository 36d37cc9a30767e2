# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The table of what calibration leaves of known errors."""
import json

from boxes_bag import make_boxes_bag
import pytest

pytest.importorskip('torch')
from training.__main__ import main  # noqa: E402


def test_a_wrong_yaw_is_put_in_and_mostly_taken_out(tmp_path, capsys):
    make_boxes_bag(tmp_path / 'r7', frames=20)
    out = tmp_path / 't.json'
    assert main(['calibration-table', '--bags', str(tmp_path), '--seeds', '7', '--depth',
                 'recorded', '--errors', 'yaw', '--pairs', '10', '--json', str(out)]) == 0
    row, = json.loads(out.read_text())
    assert row['error'] == 'yaw' and row['known'][4] and abs(row['left'][4]) < 0.5
    assert capsys.readouterr().out.startswith('7 recorded   yaw')
