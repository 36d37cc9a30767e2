# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Kinds of worlds as stored frames: one kind, the same frames for the same seed."""
from depth_ros.contracts import InputError
from depth_ros.datasets.sample import Options
import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('cv2')
pytest.importorskip('lightning')
from training.__main__ import main  # noqa: E402
from training.datasets import stored  # noqa: E402
from training.datasets.procedural.kinds import samples, write_kinds  # noqa: E402


def test_command(tmp_path, capsys):
    """Each part has its frames, at the size asked for; what is there is not rendered again."""
    words = ['render-stored', '--out', str(tmp_path), '--kinds', 'street', 'room', '--train', '1',
             '--test', '1', '--validation', '1', '--size', '24', '32', '--seed', '4']
    assert main(words) == 0
    assert f'{tmp_path}/street/train: 1 frames' in capsys.readouterr().out
    names, far = set(), {'street': [], 'room': []}
    for kind in ('street', 'room'):
        for part in ('train', 'test', 'validation'):
            data = stored.open_dataset(tmp_path / kind / part, Options())
            assert len(data) == 1 and data.names[0].startswith(kind)
            names.update(data.names)
            far[kind].append(np.nanquantile(next(data.samples()).depth, 0.9))
    assert len(names) == 6  # no frame is in two parts
    assert np.median(far['street']) > 2 * np.median(far['room'])
    read = next(stored.open_dataset(tmp_path / 'street' / 'train', Options()).read([0]))
    made = next(samples('street', 4, (24, 32)))
    np.testing.assert_array_equal(read.image, made.image)
    assert read.image.shape == (24, 32, 3) and read.camera == made.camera
    np.testing.assert_allclose(read.depth[np.isfinite(made.depth) & (made.depth < 255)],
                               made.depth[np.isfinite(made.depth) & (made.depth < 255)],
                               atol=1 / 256)
    file = tmp_path / 'street' / 'train' / 'image' / '00000.png'
    before = file.stat().st_mtime_ns
    assert main(words) == 0 and file.stat().st_mtime_ns == before
    words[words.index('4')] = '5'
    assert main(words) == 2
    assert 'holds other frames' in capsys.readouterr().err


def test_unknown_kind(tmp_path):
    """The choices are named before anything is rendered."""
    with pytest.raises(InputError, match='unknown kind of world .sea.: choose one of corridor'):
        write_kinds(tmp_path, ['room', 'sea'], {'train': 1}, 1, (24, 32))
    assert not list(tmp_path.iterdir())
