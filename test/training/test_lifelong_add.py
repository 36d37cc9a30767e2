# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`add-domain`: a further domain for a finished run, and what is said of every domain."""
import json
import re

from depth_ros.contracts import InputError
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('cv2')
pytest.importorskip('lightning')
pytest.importorskip('onnx')
from tiny_domains import stage_config, write_domain_frames  # noqa: E402
from training.__main__ import main  # noqa: E402
from training.lifelong.add import read_data  # noqa: E402
from training.lifelong.domains import domain_names  # noqa: E402
from training.lifelong.report import sentences  # noqa: E402
from training.lifelong.stage import run_stage  # noqa: E402
from training.networks.encoders import read_checkpoint  # noqa: E402
import yaml  # noqa: E402


@pytest.fixture(scope='module')
def first(tmp_path_factory):
    """Train a network of one domain; returns the folder of the run and of frames of another."""
    folder = tmp_path_factory.mktemp('add')
    room = write_domain_frames(folder / 'room')
    write_domain_frames(folder / 'street', 8.0, 40)
    torch.manual_seed(0)
    run_stage(stage_config('room', room, steps=3, weight_consistency=[]), folder / 'first')
    return folder / 'first', folder / 'street'


def add(first, out, *more, name='street', data=None):
    """Call the command."""
    run, frames = first
    return main([str(word) for word in (
        'add-domain', '--model', run, '--data', data or f'stored:{frames}/train', '--name', name,
        '--out', out, *more)])


def test_add_domain(first, tmp_path, capsys):
    """A new run knows both; report and page tell all domains before and after; then nothing."""
    out = tmp_path / 'second'
    assert add(first, out, '--steps', 2, '--json', tmp_path / 'report.json') == 0
    said = capsys.readouterr().out
    assert domain_names(out) == ['room', 'street']
    report = json.loads((tmp_path / 'report.json').read_text())
    assert report['domains'].keys() == {'room', 'street'} and report['steps'] == 2
    assert report['domains']['street']['before']['correct'] is None
    assert report['domains']['street']['before']['chosen'] == {'room': 2}
    for figures in report['domains']['room'].values():
        assert figures['correct']['abs_rel'] > 0 and figures['frames'] == 2
    assert all(sentence in said for sentence in report['sentences'])
    page = (out / 'report.html').read_text()
    assert page.count('<img') == 4 and 'street: frame' in page and 'room: frame' in page
    assert report['sentences'][0] in page.replace('&#x27;', "'")
    config = yaml.safe_load((out / 'config.yaml').read_text())
    # What the run before was trained with goes on, but for the data.
    assert config['model']['init_args']['encoder'] == 'mobilenet_v2'
    assert [one['part'] for one in config['data']['init_args']['train']] == ['first', 'middle']
    content = read_checkpoint(out / 'last.ckpt')
    assert add(first, out, '--steps', 2) == 0
    again = read_checkpoint(out / 'last.ckpt')
    assert again['global_step'] == content['global_step'] == 2
    assert all(torch.equal(value, again['state_dict'][key])
               for key, value in content['state_dict'].items())
    assert add(first, out, '--steps', 3) == 2
    assert 'was begun with other input (trainer, see its config.yaml)' in capsys.readouterr().err


@pytest.mark.parametrize('options, message', [
    ({'name': 'room'}, 'must have different names, and there are room, room'),
    ({'name': '../room'}, 'no name of a domain'),
    ({'data': 'frames'}, '--data frames: give DATASET:PATH with one of .*stored'),
    ({'data': 'stored:nowhere'}, 'no stored frames'),
    ({'data': 'data.yaml'}, 'data.yaml needs train and validation')])
def test_unusable_input(first, tmp_path, capsys, monkeypatch, options, message):
    """A mistake is one line, and said before training."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'data.yaml').write_text('{train: []}')
    assert add(first, tmp_path / 'out', '--steps', 1, **options) == 2
    error = capsys.readouterr().err
    assert re.search(message, error) and error.count('\n') == 1
    assert not (tmp_path / 'out' / 'last.ckpt').exists()


def test_folders_of_others(first, tmp_path, capsys):
    """Nothing is written over a model, or among files of others."""
    assert add(first, first[0]) == 2
    assert 'is the model itself' in capsys.readouterr().err
    (tmp_path / 'notes.txt').write_text('mine')
    assert add(first, tmp_path) == 2
    assert 'holds other files' in capsys.readouterr().err


def test_data_of_a_config(tmp_path):
    """A whole config, its data section and the options alone mean the same."""
    options = {'train': [{'dataset': 'stored', 'path': 'a'}], 'batch_size': 3,
               'validation': [{'dataset': 'stored', 'path': 'b'}]}
    for number, content in enumerate((options, {'data': {'init_args': options}},
                                      {'init_args': options, 'class_path': 'DomainData'})):
        path = tmp_path / f'{number}.yaml'
        path.write_text(yaml.safe_dump(content))
        assert read_data(str(path)) == options
    with pytest.raises(InputError, match='give DATASET:PATH'):
        read_data('nothing:here')


def test_sentences():
    """What was forgotten, and what was not learned, is said with what helps."""
    def figures(correct, selected=1.0):
        return {'correct': correct and {'abs_rel': correct}, 'frames': 4, 'chosen': {'new': 3},
                'selected': {'abs_rel': selected}}
    result = {'name': 'new', 'domains': {
        'old': {'before': figures(0.1), 'after': figures(0.2)},
        'kept': {'before': figures(0.1), 'after': figures(0.105)},
        'new': {'before': figures(None, 0.5), 'after': figures(0.6)}}}
    old, kept, new = sentences(result)
    assert 'REL 0.100 before, 0.200 after (+100%)' in old and 'forgotten in part' in old
    assert '(+5%)' in kept and 'forgotten' not in kept
    assert '75% of its frames' in new and 'It was not learned' in new


def test_killed(tmp_path):
    """Killed at a random moment and called again, it comes to the same end."""
    from killed_runs import killed
    assert killed('add-domain', 1, 1, tmp_path, 2)['kills'] == 1
