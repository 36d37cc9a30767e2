# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Commands that render, draw and time, once each at their smallest."""
import json

from depth_ros.bags import reader
from depth_ros.datasets.sample import read_image
import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
pytest.importorskip('jsonargparse')
from tiny_domains import stage_config, write_domain_frames  # noqa: E402
from training.__main__ import main  # noqa: E402
import yaml  # noqa: E402


def test_render_pool(tmp_path):
    """A frame of each shape, from the number that is asked for."""
    assert main(['render-pool', '--out', str(tmp_path), '--normal', '1', '--wide', '1',
                 '--first', '7']) == 0
    shapes = {np.load(path, mmap_mode='r').shape for path in tmp_path.glob('*.image.npy')}
    assert shapes == {(1, 192, 256, 3), (1, 128, 384, 3)}


def test_render_bag(tmp_path):
    """A recording that can be read: image, scan and truth for each frame."""
    out = tmp_path / 'tour'
    assert main(['render-bag', '--out', str(out), '--frames', '2', '--scale', '1', '--tour']) == 0
    counts = {name: topic.count for name, topic in reader.topics(out).items()}
    assert counts['/camera/image/compressed'] == counts['/ground_truth/depth/compressed'] == 2


def test_preview(tmp_path):
    """A sheet that is no blank."""
    assert main(['preview', '--out', str(tmp_path / 'sheet.png'), '--count', '1']) == 0
    assert read_image(tmp_path / 'sheet.png').std() > 10


def test_domain_heads(tmp_path, capsys):
    """One domain in the engines that are here."""
    assert main(['domain-heads', '--encoder', 'mobilenet_v2', '--size', '32', '64', '--domains',
                 '1', '--rounds', '1', '--json', str(tmp_path / 'heads.json')]) == 0
    (row,) = json.loads((tmp_path / 'heads.json').read_text())['rows']
    assert row['ms']['onnxruntime'] > 0 and '| 1 |' in capsys.readouterr().out


def test_lifelong_sheet(tmp_path, capsys):
    """A stage of two steps, its frames side by side; a domain that it has not is named."""
    config = tmp_path / 'stage.yaml'
    config.write_text(yaml.safe_dump(stage_config('room', write_domain_frames(tmp_path / 'room'))))
    run = str(tmp_path / 'run')
    assert main(['fit', '--config', str(config), '--run', run]) == 0
    words = ['lifelong-sheet', f'mine={run}', '--data', f'stored:{tmp_path / "room" / "test"}',
             '--size', '32', '48', '--frames', '2', '--out', str(tmp_path / 'sheet.png')]
    assert main([*words, '--domain', 'room']) == 0
    assert read_image(tmp_path / 'sheet.png').shape[1] == 3 * 224
    assert main([*words, '--domain', 'street']) == 2
    assert "no predictor for 'street'" in capsys.readouterr().err
