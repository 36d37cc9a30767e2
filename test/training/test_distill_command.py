# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training distill`: teachers and images of all kinds, from the command line."""
import json

from depth_ros.contracts import InputError
import numpy as np
import pytest

torch = pytest.importorskip('torch')
cv2 = pytest.importorskip('cv2')
pytest.importorskip('lightning')
from tiny_frames import SMALL  # noqa: E402
from tiny_simulator import drawn, foreign_file  # noqa: E402
import training.__main__  # noqa: E402
from training.data_free.distill import Asked, make_config  # noqa: E402
from training.datasets import stored  # noqa: E402
from training.networks.metric import build_network  # noqa: E402
import yaml  # noqa: E402


@pytest.fixture
def teacher(tmp_path):
    """Write the run of a teacher for a focal length of 50 pixels at 32 x 64."""
    folder = tmp_path / 'teacher'
    folder.mkdir()
    state = build_network('mff_student', 'mobilenet_v2').state_dict()
    torch.save({'state_dict': {f'net.{key}': value for key, value in state.items()},
                'global_step': 1}, folder / 'last.ckpt')
    (folder / 'config.yaml').write_text(yaml.safe_dump({
        'model': {'class_path': 'training.methods.supervised.Supervised',
                  'init_args': {**SMALL, 'focal': 50.0}},
        'data': {'class_path': 'training.datasets.frames.FrameData',
                 'init_args': {'train': [], 'steps': {'size': [34, 68], 'crop': [32, 64]}}}}))
    return folder


@pytest.fixture
def images(tmp_path):
    """Write eight images with ids of things as a folder of images."""
    stored.write_frames(tmp_path / 'sim', [drawn(k) for k in range(3)])
    (tmp_path / 'sim' / stored.INDEX).unlink()
    return tmp_path / 'sim'


def test_command(teacher, images, tmp_path, capsys):
    """A run teaches a student on images with things; the file knows its origin; again."""
    onnxruntime = pytest.importorskip('onnxruntime')
    out = tmp_path / 'out'
    words = ['distill', '--teacher', str(teacher), '--images', str(images), '--out', str(out),
             '--steps', '2', '--set', 'model.imagenet=false', 'data.batch_size=2',
             'data.workers=0', 'trainer.log_every_n_steps=1', '--json', str(tmp_path / 'out.json')]
    assert training.__main__.main(words) == 0
    assert '2 steps, last.ckpt, model.onnx' in capsys.readouterr().out
    result = json.loads((tmp_path / 'out.json').read_text())
    assert (result['steps'], result['remarks']) == (2, [])
    session = onnxruntime.InferenceSession(result['model'], providers=['CPUExecutionProvider'])
    facts = session.get_modelmeta().custom_metadata_map
    assert float(facts['depth_ros.focal']) == 50.0
    assert 'teacher: a run' in facts['depth_ros.lineage']
    columns = (out / 'logs' / 'version_0' / 'metrics.csv').read_text().splitlines()[0]
    config = yaml.safe_load((out / 'config.yaml').read_text())['model']['init_args']
    assert config['mix_share'] == 0.5 and config['transform'] and 'train/pasted' in columns
    assert training.__main__.main(words) == 0  # goes on from what is done: all of it
    assert json.loads((tmp_path / 'out.json').read_text()) == result
    _look_at_sheet(out, tmp_path / 'sheet.png', capsys)
    words[words.index('--steps') + 1] = '3'
    assert training.__main__.main(words) == 2
    assert 'begun with other input' in capsys.readouterr().err


def _look_at_sheet(run, path, capsys):
    """Draw it: a column each for images, mixing, transformation and change."""
    assert training.__main__.main(['distill-sheet', str(run), '--frames', '3', '--out',
                                   str(path)]) == 0
    said = dict(part.split() for part in capsys.readouterr().out.split(': ')[-1].split(', '))
    assert float(said['pasted']) > 0.01 and 0 < float(said['moved']) <= float(said['most']) < 0.12
    columns = np.split(cv2.imread(str(path)).astype(int), 4, 1)
    assert columns[0].shape == (3 * 112, 224, 3)
    assert all((columns[k] != columns[k + 1]).any() for k in range(3))


def test_foreign(images, tmp_path, capsys):
    """A file of others, images without things: what is left out is said, how to go on as well."""
    pytest.importorskip('onnxruntime')
    foreign_file(tmp_path / 'other.onnx')
    for file in (images / 'instance').iterdir():
        file.unlink()
    words = ['distill', '--teacher', str(tmp_path / 'other.onnx'), '--images', str(images),
             '--out', str(tmp_path / 'out'), '--size', '32', '48', '--steps', '1', '--set',
             'model.imagenet=false', 'data.batch_size=2', 'data.workers=0']
    assert training.__main__.main(words) == 0
    said = capsys.readouterr().out
    assert 'other.onnx shows no features: without the transformation network' in said
    assert 'no ids of things (instance/NAME.png) with the images: without mixing' in said
    assert 'does not say which focal length' in said and '--focal PIXELS' in said
    assert not (tmp_path / 'out' / 'model.onnx').exists()


def test_config(teacher, images, tmp_path):
    """Sizes are the teacher's, the student and its encoder as asked for."""
    def made(**options):
        asked = {'teacher': str(teacher / 'last.ckpt'), 'student': 'fcrn', 'images': str(images),
                 'out': tmp_path / 'out', **options}
        config, remarks = make_config(Asked(**asked))
        return config['model']['init_args'], config['data']['init_args'], remarks
    model, data, remarks = made(number=2, seed=4)
    assert (model['network'], model['encoder'], model['teacher_encoder']) == (
        'fcrn', 'resnet18', 'mobilenet_v2')
    assert (data['steps']['crop'], data['number'], data['subset_seed']) == ([32, 64], 2, 4)
    assert data['train'] == [{'dataset': 'images', 'path': str(images), 'labelled': False}]
    assert remarks == []
    model, data, _ = made(images='procedural:hall', student='sarpn:resnet34', number=9)
    assert data['train'][0]['path'] == str(tmp_path / 'out' / 'images') and not data['number']
    assert model['mix_share'] == 0.5 and model['encoder'] == 'resnet34'


@pytest.mark.parametrize('options, message', [
    ({'images': 'nowhere'}, 'no folder nowhere: give a folder of images, procedural'),
    ({'images': 'procedural:moon'}, 'unknown kind of world .moon.'),
    ({'student': 'unet'}, 'unknown network of the student .unet.'),
    ({'teacher': 'nobody.onnx'}, 'nobody')])
def test_unusable(teacher, images, tmp_path, options, message):
    """Mistakes are one line."""
    asked = {'teacher': str(teacher), 'student': 'fcrn', 'images': str(images), **options}
    with pytest.raises(InputError, match=message):
        make_config(Asked(out=tmp_path / 'out', **asked))
