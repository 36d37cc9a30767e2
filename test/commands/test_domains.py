# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Commands with a model of several domains."""
import json

import cv2
from depth_ros.cli import main
import numpy as np
import pytest
from tiny_bags import make_tiny_bag
from tiny_domain_model import make_tiny_domains


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Write a light image, its camera and a model whose streets are light and 20 m deep."""
    cv2.imwrite(str(tmp_path / 'image.png'), np.full((64, 96, 3), 180, np.uint8))
    (tmp_path / 'K.yaml').write_text(
        'width: 96\nheight: 64\nfx: 100.0\nfy: 100.0\ncx: 47.5\ncy: 31.5\n')
    make_tiny_domains(tmp_path / 'm.onnx')
    monkeypatch.setenv('DEPTH_ROS_MODELS', str(tmp_path))
    return tmp_path


@pytest.mark.parametrize('words,depth,name', [((), 20.0, 'street'),
                                              (('--domain', 'room'), 2.0, 'room'),
                                              (('--domain', '0'), 2.0, 'room')])
def test_complete(folder, capsys, words, depth, name):
    assert main(['complete', '--image', str(folder / 'image.png'), '--camera',
                 str(folder / 'K.yaml'), '--model', str(folder / 'm.onnx'), '--out',
                 str(folder / 'd.npy'), *words]) == 0
    assert np.allclose(np.load(folder / 'd.npy'), depth)
    assert f'domain {name}; distances: room 1.44 (its own images 0.01)' in capsys.readouterr().out


def test_a_domain_that_is_not_there(folder, capsys):
    assert main(['complete', '--image', str(folder / 'image.png'), '--camera',
                 str(folder / 'K.yaml'), '--model', str(folder / 'm.onnx'), '--out',
                 str(folder / 'd.npy'), '--domain', 'sea']) == 2
    error = capsys.readouterr().err
    assert error.count('\n') == 1 and 'choose one of room, street' in error


def test_models(folder, capsys):
    assert main(['models']) == 0
    assert 'domains: room, street' in capsys.readouterr().out
    assert main(['models', '--json']) == 0
    found = {model['name']: model for model in json.loads(capsys.readouterr().out)['models']}
    assert found['tiny']['domains'][1] == {'name': 'street', 'distance_99': 0.01,
                                           'depth_max': 80.0}
    assert found['student']['domains'] == []


@pytest.mark.parametrize('words,names', [((), {'room'}), (('--domain', '1'), {'street'})])
def test_evaluate(folder, words, names):
    """A dark recording, in which the other domain's range is another."""
    bag, out = make_tiny_bag(folder / 'bag'), folder / 'r.json'
    assert main(['evaluate', str(bag), '--dataset', 'bag', '--model', str(folder / 'm.onnx'),
                 '--engine', 'onnxruntime', '--json', str(out), *words]) == 0
    report = json.loads(out.read_text())
    assert {frame['domain'] for frame in report['per_frame']} == names
    assert report['options']['domain'] == (words[1] if words else None)
