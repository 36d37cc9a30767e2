# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The examples of docs/extending.md: files put where they say, one dictionary entry each."""
import ast
from importlib import import_module
import json
import re
import sys

from depth_ros.cli import main as robot
from depth_ros.engines import load, RefusedError
from depth_ros.estimator import Estimator
from depth_ros.model import read_spec
import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
pytest.importorskip('jsonargparse')
from tiny_frames import batch, SMALL  # noqa: E402
from tiny_models import make_tiny_model  # noqa: E402
from training.__main__ import main as training  # noqa: E402
import yaml  # noqa: E402

BLOCK = re.compile(r'<!-- (file|entry): (\S+) -->\n```python\n(.*?)```', re.DOTALL)


@pytest.fixture
def examples(repository, tmp_path, monkeypatch):
    """Write the files of the page into packages of the same names, and make the entries."""
    found = BLOCK.findall((repository / 'docs' / 'extending.md').read_text())
    assert [kind for kind, _, _ in found] == ['file', 'entry'] * 4
    for kind, name, text in found:
        if kind == 'file':
            assert not (repository / name).exists()
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            package = import_module('.'.join(name.split('/')[:-1]))
            monkeypatch.setattr(package, '__path__', [*package.__path__, str(path.parent)])
        else:
            module, _, dictionary = name.rpartition('.')
            for key, value in ast.literal_eval(text).items():
                monkeypatch.setitem(getattr(import_module(module), dictionary), key, value)
    yield tmp_path
    for _, name, _ in found:
        sys.modules.pop(name.removesuffix('.py').replace('/', '.'), None)


def frames(folder):
    """Write six frames of the example's data set, their depth in their brightness."""
    folder.mkdir()
    for k in range(6):
        data = batch(1, 48, 64, seed=k)
        image = (data['image'][0] * 60 + 128).permute(1, 2, 0).clamp(0, 255).byte().numpy()
        np.savez(folder / f'{k}.npz', image=image, depth=data['depth'][0].numpy(),
                 K=np.array([[60.0, 0, 32], [0, 60, 24], [0, 0, 1]]))
    return str(folder)


def config(data, **model):
    """Two steps on the frames."""
    source = {'dataset': 'npz', 'path': data}
    return {'seed': 1, 'average': 0.0, 'model': model,
            'data': {'class_path': 'FrameData', 'init_args': {
                'train': [source], 'validation': [{**source, 'limit': 2}], 'batch_size': 3,
                'steps': {'size': [36, 48], 'crop': [32, 32]}, 'workers': 0}},
            'trainer': {'accelerator': 'cpu', 'max_epochs': 1, 'logger': False}}


def test_loss_data_set_and_method(examples, capsys):
    """A run of the new method on the new data with the new term, exported and measured."""
    data, run = frames(examples / 'frames'), examples / 'run'
    file = examples / 'config.yaml'
    file.write_text(yaml.safe_dump(config(data, class_path='Supervised', init_args={**SMALL})))
    assert training(['fit', '--config', str(file), '--run', str(examples / 'terms'),
                     '--set', 'model.terms=[depth,berhu]']) == 0
    with pytest.MonkeyPatch.context() as patch:
        from training.losses import berhu
        patch.setattr(berhu, 'berhu_term', lambda pair: 1 / 0)
        with pytest.raises(ZeroDivisionError):  # so it is what trains
            training(['fit', '--config', str(file), '--run', str(examples / 'none'),
                      '--set', 'model.terms=[depth,berhu]'])
    assert training(['fit', '--config', str(file), '--run', str(run), '--set',
                     'model.class_path=Huber', 'model.knee=0.2', 'model.lr=0.03',
                     'trainer.max_epochs=8']) == 0
    assert training(['export', '--checkpoint', str(run / 'last.ckpt'), '--focal', '60',
                     '--out', str(examples / 'mine.onnx')]) == 0
    assert robot(['evaluate', data, '--dataset', 'npz', '--model', str(examples / 'mine.onnx'),
                  '--engine', 'onnxruntime', '--limit', '2',
                  '--json', str(examples / 'report.json')]) == 0
    report = json.loads((examples / 'report.json').read_text())
    assert report['frames'] == 2 and report['metrics']['coverage'] > 0.5
    assert robot(['evaluate', str(examples / 'empty'), '--dataset', 'npz', '--model', 'student',
                  '--json', str(examples / 'x.json')]) == 2
    assert 'NAME.npz with image' in capsys.readouterr().err


def test_engine(examples, monkeypatch):
    """It runs a model, gives the depth of the reference, and is refused when it does not."""
    pytest.importorskip('onnx')
    path = make_tiny_model(examples / 'tiny.onnx', depth=3.0, fill=True)
    estimator = Estimator(path, 'plain')
    from depth_ros.camera import Camera
    points = np.array([[0.0, 0.0, 2.0], [0.2, 0.0, 2.0]])
    frame = estimator.estimate(np.zeros((64, 96, 3), np.uint8), Camera(96, 64, 80, 80, 48, 32),
                               points=points)
    assert np.isfinite(frame.depth).all() and estimator.engine.name == 'plain'
    spec = read_spec(path)
    module = import_module('depth_ros.engines.plain')
    monkeypatch.setattr(module.PlainEngine, 'run', lambda *given, **more: {
        'depth': np.full((64, 96), 9.0, np.float32)})
    with pytest.raises(RefusedError):
        module.load(spec, 64, 96)
    engine = load('plain', spec, 64, 96)
    assert engine.name == 'onnxruntime' and 'instead of plain' in engine.note
