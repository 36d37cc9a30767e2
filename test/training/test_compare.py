# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Comparison of checkpoints: figures, the enlarged window, the command."""
import json

import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
cv2 = pytest.importorskip('cv2')
from tiny_frames import frame_config  # noqa: E402
from training import compare  # noqa: E402
import training.__main__  # noqa: E402
from training.experiment import fit  # noqa: E402


def frames(count=2):
    """Make a box at 1 m before a wall at 3 m, at another place in each frame."""
    made = []
    for k in range(count):
        depth = np.full((48, 64), 3.0, np.float32)
        depth[20:32, 20 + 5 * k:40 + 5 * k] = 1.0
        made.append({'image': np.full((48, 64, 3), 90, np.uint8), 'depth': depth, 'name': str(k)})
    return made


def test_figures_tell_sharp_from_blurred():
    """A perfect answer has no error and all edges; a blurred one fewer right edges."""
    data = frames()
    perfect = compare.figures(data, [f['depth'] for f in data])
    blurred = compare.figures(data, [cv2.GaussianBlur(f['depth'], (0, 0), 6) for f in data])
    assert perfect['rmse'] == 0 and perfect['edge_f1_0.5'] == 1
    assert blurred['edge_f1_0.5'] < 0.8 and blurred['rmse'] > 0.1


def test_edges_beside_unknown_depth_do_not_count():
    """A hole in the ground truth costs its own pixels, not the frame."""
    data = frames(1)
    prediction = data[0]['depth'].copy()
    data[0]['depth'][2:6, 2:6] = np.nan
    prediction[3:5, 3:5] = 9.0
    assert compare.figures(data, [prediction])['edge_f1_0.5'] == 1


def test_window_holds_the_boundary():
    """The enlarged part of a frame is where depth jumps, not a slope or the image's border."""
    depth = frames(1)[0]['depth'] + np.linspace(0, 1, 48, dtype=np.float32)[:, None]
    top, left, height, width = compare._window(depth)
    jump = np.abs(np.diff(np.log(depth[top:top + height, left:left + width]), axis=1)) > 0.3
    assert (height, width) == (12, 16) and jump.any()


def test_sheet_shows_every_model():
    """One column a model beside image and truth, two tiles a frame."""
    data = frames(3)
    made = {'a': [f['depth'] for f in data], 'b': [f['depth'] * 2 for f in data]}
    picture = compare.sheet(data, made, count=1)
    height = round(48 * compare.TILE / 64)
    assert picture.shape == (2 * height, 4 * compare.TILE, 3)
    truth, first, second = (picture[height:, k * compare.TILE:(k + 1) * compare.TILE]
                            for k in (1, 2, 3))
    assert (truth == first).all() and (truth != second).any()


def test_command(tmp_path, capsys):
    """Runs are measured on the first one's validation frames; bad words give one line."""
    fit(frame_config(tmp_path), tmp_path / 'run')
    checkpoint = tmp_path / 'run' / 'last.ckpt'
    words = ['compare', f'one={checkpoint}', f'again={checkpoint}', '--json',
             str(tmp_path / 'out.json'), '--picture', str(tmp_path / 'out.png')]
    assert training.__main__.main(words) == 0
    result = json.loads((tmp_path / 'out.json').read_text())
    assert result['one'] == result['again'] and result['one']['frames'] > 0
    assert cv2.imread(str(tmp_path / 'out.png')).std() > 0
    assert '| one |' in capsys.readouterr().out
    assert training.__main__.main([*words[:2], '--set', 'data.nothing=1']) == 2
    assert 'nothing' in capsys.readouterr().err
    for word, message in ((str(checkpoint), 'is not NAME=CKPT'), ('a=none.ckpt', 'no checkpoint')):
        assert training.__main__.main(['compare', word]) == 2
        error = capsys.readouterr().err
        assert message in error and error.count('\n') == 1
