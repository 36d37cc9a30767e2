# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Configs: types and overrides; what a run prints and leaves."""
import copy
import json
import re

from depth_ros.contracts import InputError
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
pytest.importorskip('jsonargparse')
pytest.importorskip('tensorboard')
from tiny_frames import frame_config  # noqa: E402
from training.__main__ import main  # noqa: E402
from training.cli import METHODS  # noqa: E402
from training.experiment import build, load_config, resolve  # noqa: E402
import yaml  # noqa: E402


@pytest.fixture
def path(tmp_path):
    """Write six small frames and a config file that trains on them."""
    file = tmp_path / 'config.yaml'
    file.write_text(yaml.safe_dump(frame_config(tmp_path)))
    return file


@pytest.mark.parametrize('override, said', [
    ('model.lrr=1', r'unknown key model\.lrr, perhaps lr: choose one of .*\blr\b.*network'),
    ('model.lr=fast', r"model\.lr is 'fast': it must be float"),
    ('model.lr=null', r'model\.lr must not be null'),
    ('model.terms=[depth,2]', r"model\.terms is \['depth', 2\]: it must be str"),
    ('model.class_path=Supervized', r"'Supervized' is not there.*training\.methods\.supervised"),
    ('data.batch_size=2.5', r'data\.batch_size is 2\.5: it must be int'),
    ('data.steps.crob=[3,4]', r'unknown key data\.steps\.crob, perhaps crop: choose .*flip'),
    ('data.steps.flip=often', r"data\.steps\.flip is 'often': it must be float"),
    ('data.train=[{dataset: tum}]', r'data\.train\.path is missing'),
    ('trainer.precision=17', r'trainer\.precision is 17: it must be .*bf16-mixed'),
    ('trainer.max_epoch=1', r'unknown key trainer\.max_epoch, perhaps max_epochs'),
    ('models=3', r'unknown key models, perhaps model: choose one of average, data'),
    ('modell.lr=3', r"no section 'modell'"), ('model.lr', 'KEY=VALUE'),
    ('model.lr.x=3', r'model\.lr\.x: lr is 0\.001')])
def test_mistakes_in_a_config(path, override, said, capsys):
    """Each gives one line with the key and the choices, and nothing is made."""
    run = path.parent / 'run'
    assert main(['fit', '--config', str(path), '--run', str(run), '--set', override]) == 2
    line, = capsys.readouterr().err.splitlines()
    assert re.search(said, line), line
    assert not run.exists()


def test_files_that_are_no_config(tmp_path):
    """A missing file, text and broken YAML are named."""
    file = tmp_path / 'x.yaml'
    with pytest.raises(InputError, match='cannot read .*x.yaml'):
        load_config(file)
    for text, said in (('words', 'is no config'), ('a: [1', 'is not YAML'),
                       ('seed: 1', 'model needs a class_path: training')):
        file.write_text(text)
        with pytest.raises(InputError, match=said):
            resolve(load_config(file))


def test_overrides(path):
    """Keys of any depth; both forms; a section that the file does not have is a mistake."""
    config = load_config(path, ['model.lr=1e-4', 'data.steps.crop=[16, 24]', 'seed=9',
                                'model.class_path=Supervised', 'trainer.precision=bf16-mixed'])
    before = copy.deepcopy(config)
    method, data = build(config['model']), build(config['data'])
    assert config == before
    assert method.hparams.lr == 1e-4 and data.steps.crop == (16, 24)
    assert data.steps.size == (36, 48)
    assert config['seed'] == 9 and config['trainer']['precision'] == 'bf16-mixed'


@pytest.mark.parametrize('name', METHODS)
def test_methods_in_short(name):
    """Each method can be named by its class."""
    assert type(build({'class_path': name, 'init_args': {'imagenet': False}})).__name__ == name


def test_printed_config_is_a_config(path, capsys):
    """It holds all defaults, and means the same when it is read."""
    assert main(['fit', '--config', str(path), '--print_config', '--model.lr', '2e-4']) == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    assert printed['model']['init_args']['lr'] == 2e-4
    assert printed['model']['init_args']['decay_every'] == 5
    assert printed['data']['init_args']['steps']['zoom'] == 1.0
    assert yaml.safe_load(resolve(printed)) == printed


def test_a_quiet_run_in_mixed_precision(path, capfd):
    """It prints where it is and nothing else; folder and event file hold what they should."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    run = path.parent / 'run'
    assert main(['fit', '--config', str(path), '--run', str(run),
                 '--trainer.precision=bf16-mixed']) == 0
    printed = capfd.readouterr()
    # In bfloat16 a CPU now and then makes a gradient that is no number.
    assert all('no number' in line for line in printed.err.splitlines())
    line, = printed.out.splitlines()
    assert line.startswith(f'{run}: 2 steps')
    facts = json.loads((run / 'provenance.json').read_text())
    assert facts['seed'] == 3 and re.fullmatch('[0-9a-f]{40}|unknown', facts['revision'])
    assert facts['environment']['packages']['torch'] == torch.__version__
    assert facts['environment']['cpu'] and facts['config']['trainer']['precision'] == 'bf16-mixed'
    content = torch.load(run / 'last.ckpt', weights_only=True)
    assert content['state_dict']['net.refinement.1.weight'].dtype == torch.float32
    board = EventAccumulator(str(run / 'logs' / 'version_0'))
    board.Reload()
    assert {'train/loss', 'val/abs_rel'} <= set(board.Tags()['scalars'])
    assert board.Tags()['images'] == [f'frame_{k}/{name}' for k in range(2) for name in (
        'prediction', 'error', 'image', 'truth')]
    pictures = [picture(board, f'frame_{k}/truth') for k in range(2)]
    assert pictures[0].shape == (32, 40, 3) and pictures[0].std() > 5
    assert (pictures[0] != pictures[1]).any()


def picture(board, tag):
    """Decode the last picture of a tag."""
    import cv2
    import numpy as np
    content = board.Images(tag)[-1].encoded_image_string
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
