# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The models command."""
import json

from depth_ros import model
from depth_ros.cli import main
import pytest
from tiny_models import make_tiny_model


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two models beside whatever is shipped, one named as the default of its task."""
    monkeypatch.setattr(model, 'MODELS', tmp_path / 'shipped')
    monkeypatch.setenv('DEPTH_ROS_MODELS', str(tmp_path))
    make_tiny_model(tmp_path / 'another.onnx', name='another')
    make_tiny_model(tmp_path / 'z.onnx', name=model.DEFAULTS['completion'])
    make_tiny_model(tmp_path / 'student.onnx', 'monocular', name=model.DEFAULTS['monocular'])
    return tmp_path


def test_json_lists_the_defaults_first(folder, capsys):
    assert main(['models', '--json']) == 0
    models = json.loads(capsys.readouterr().out)['models']
    assert len(models) == 3 and models[2]['name'] == 'another'
    first = {}
    for entry in models:
        first.setdefault(entry['task'], entry['name'])
    assert first == model.DEFAULTS
    for entry in models:
        assert {'name', 'task', 'file', 'sha256', 'input', 'licence'} <= set(entry)
        assert len(entry['sha256']) == 64


def test_text(folder, capsys):
    assert main(['models']) == 0
    text = capsys.readouterr().out
    assert 'another: completion, 96x64' in text and str(folder / 'another.onnx') in text


def test_files(folder, capsys):
    """Only those that are named; one that is no model says what it lacks."""
    assert main(['models', str(folder / 'z.onnx')]) == 0
    text = capsys.readouterr().out
    assert 'completion' in text and 'another' not in text
    broken = make_tiny_model(folder / 'broken.onnx', task=None)
    assert main(['models', str(broken)]) == 2
    assert 'task' in capsys.readouterr().err


def test_without_models(folder, capsys, monkeypatch):
    monkeypatch.setenv('DEPTH_ROS_MODELS', '')
    assert main(['models']) == 0
    assert 'DEPTH_ROS_MODELS' in capsys.readouterr().out
