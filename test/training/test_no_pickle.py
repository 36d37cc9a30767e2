# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Files of weights cannot run code, wherever training takes one."""
import json
import os
from pathlib import Path
import pickle
import re

import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='training needs the train extra: torch')
pytest.importorskip('lightning')
pytest.importorskip('onnx')
from tiny_frames import frame_config  # noqa: E402
from tiny_runs import leave_run  # noqa: E402
from training.__main__ import main  # noqa: E402
import yaml  # noqa: E402


class Harm:
    """What runs a command when it is unpickled."""

    def __init__(self, mark):
        self.mark = str(mark)

    def __reduce__(self):
        return os.mkdir, (self.mark,)


@pytest.fixture
def harm(tmp_path):
    """Return a file of weights that would make the folder `mark`."""
    path = tmp_path / 'harm.ckpt'
    torch.save({'state_dict': {'net.a': torch.zeros(1)}, 'average': Harm(tmp_path / 'mark')}, path)
    pickle.loads(pickle.dumps(Harm(tmp_path / 'mark')))
    (tmp_path / 'mark').rmdir()  # it does what it is for, where it is let
    return path


def test_every_way_of_a_checkpoint(tmp_path, harm, capsys):
    """Resume, start weights, encoder weights, export, teachers: one line, and no harm done."""
    config = frame_config(tmp_path)
    (tmp_path / 'c.yaml').write_text(yaml.safe_dump(config))
    run = tmp_path / 'run'
    run.mkdir()
    (run / 'last.ckpt').write_bytes(harm.read_bytes())
    leave_run(tmp_path / 'left', 'Student', {})
    (tmp_path / 'left' / 'last.ckpt').write_bytes(harm.read_bytes())
    teacher = tmp_path / 'teacher'
    teacher.mkdir()
    for name in ('encoder.pth', 'depth.pth'):
        (teacher / name).write_bytes(harm.read_bytes())
    fit = ['fit', '--config', str(tmp_path / 'c.yaml'), '--run']
    student = ['fit', '--config', str(Path(__file__).parents[2] / 'config/training/student.yaml'),
               '--run', str(tmp_path / 'new'), '--set', 'data.pool=null', f'model.start={harm}']
    for words in ([*fit, str(run)],
                  [*fit, str(tmp_path / 'new'), '--set', 'model.imagenet=true',
                   f'model.weights={harm}'],
                  student,
                  ['export', '--checkpoint', str(tmp_path / 'left' / 'last.ckpt'),
                   '--out', str(tmp_path / 'm.onnx')],
                  ['export-teacher', '--weights', str(teacher), '--out', f'{teacher}.onnx']):
        assert main(words) == 2, words
        said = capsys.readouterr().err
        assert 'cannot be read as torch weights: it is damaged, or holds more' in said, said
        assert len(said.splitlines()) == 1
        assert not (tmp_path / 'mark').exists() and not (tmp_path / 'm.onnx').exists()


def test_arrays_of_objects(tmp_path):
    """The same for what NumPy reads: frames of r2m, answers of teachers, depth."""
    from depth_ros.contracts import InputError, read_depth
    from training.robot.frames import open_dataset
    from training.teacher_cache import CachedTeacher, image_key
    array = np.array([[Harm(tmp_path / 'mark')]], object)
    np.save(tmp_path / '000000.npy', array)
    with pytest.raises(InputError, match='cannot be read as a .npy'):
        read_depth(tmp_path / '000000.npy')
    from PIL import Image
    Image.new('RGB', (8, 6)).save(tmp_path / '000000.png')
    (tmp_path / 'frames.json').write_text(json.dumps({'0': 'a'}))
    (tmp_path / 'camera.yaml').write_text('{width: 8, height: 6, fx: 9, fy: 9, cx: 4, cy: 3}')
    with pytest.raises(InputError, match='holds no measured line'):
        list(open_dataset(tmp_path).samples())

    class Teacher:
        key = 'k' * 32

        def depth(self, image):
            return np.full(image.shape[:2], 2.0, np.float32)
    cached, image = CachedTeacher(Teacher(), tmp_path / 'cache'), np.zeros((6, 8, 3), np.uint8)
    cached.folder.mkdir(parents=True)
    np.savez(cached.folder / f'{image_key(image)}.npz', relative=array, median=array)
    assert (cached.depth(image) == 2.0).all() and cached.runs == 1
    assert not (tmp_path / 'mark').exists()


def test_nothing_asks_for_pickle(repository):
    """No torch.load without weights_only, no allow_pickle, no YAML that makes objects."""
    wrong = []
    for path in [path for folder in ('depth_ros', 'training')
                 for path in (repository / folder).rglob('*.py')]:
        text = path.read_text()
        for call in re.findall(r'torch\.load\((?:[^()]|\([^()]*\))*\)', text):
            if 'weights_only=True' not in call:
                wrong.append(f'{path}: {call}')
        for word in ('weights_only=False', 'allow_pickle=True', 'yaml.load(', 'yaml.unsafe_load',
                     'joblib.load', 'pickle.load('):
            if word in text:
                wrong.append(f'{path}: {word}')
    assert not wrong
