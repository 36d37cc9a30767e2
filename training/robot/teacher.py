# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The teacher of a robot's model: a shipped model, a file of the user's, or its own video."""
from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
import sys

from depth_ros.contracts import InputError
from depth_ros.model import available, find
from depth_ros.resizing import input_size
import lightning
from training.experiment import fit
from training.networks.encoders import imagenet_state
from training.robot.learn import Bar
from training.teacher_depth import Layout, open_teacher

OWN = 'self'
SELF_SIZE_STEP = 32
WARMUP = 150  # steps


@dataclass(frozen=True)
class Chosen:
    """
    A teacher that can be opened.

    :param path, layout: as `teacher_depth.open_teacher` takes them.
    :param name, licence: for people.
    """

    path: str
    layout: dict
    name: str
    licence: str


def choose_teacher(named: str, given: Layout, camera) -> Chosen:
    """
    Find a teacher by the name of a shipped monocular model or by its path, and try to open it.

    :param given: what the user says of an ONNX file of others.
    :param camera: of the recording, by which a model of the contract gets its input size.
    :raises InputError: it is not there or cannot be used.
    """
    shipped = {spec.name: spec for spec in available() if spec.task == 'monocular'}
    spec = shipped.get(named)
    if spec is None and Path(named).suffix == '.onnx' and Path(named).is_file():
        spec = _own_spec(named)
    if spec is not None:
        if spec.task == 'completion':
            raise InputError(f'{named} completes a line; a teacher takes an image alone: '
                             f'{", ".join(shipped)}')
        chosen = Chosen(str(spec.file), asdict(Layout(
            'depth', size=given.size or input_size(spec, camera))), spec.name, spec.licence)
    elif not Path(named).exists():
        raise InputError(f'no teacher {named!r}: name a shipped model ({", ".join(shipped)}), a '
                         'folder with encoder.pth and depth.pth, the last.ckpt of a '
                         'self-supervised run, an ONNX file, or self')
    else:
        chosen = Chosen(named, asdict(given), Path(named).name, '')
    opened = open_teacher(chosen.path, Layout(**chosen.layout))
    licence = getattr(getattr(getattr(opened, 'network', None), 'network', None), 'licence', '')
    return Chosen(chosen.path, chosen.layout, chosen.name,
                  chosen.licence or licence or 'not stated')


def _own_spec(path):
    """Return the spec of a file of our contract, None of others."""
    try:
        return find(path)
    except InputError:
        return None


class Clock(lightning.Callback):
    """Stops after minutes of training, those before an interruption among them."""

    def __init__(self, minutes: float):
        """Set the minutes."""
        self.minutes, self.before = minutes, 0.0
        self.time = lightning.pytorch.callbacks.Timer(verbose=False)

    def elapsed(self) -> float:
        """Return the seconds of training so far."""
        return self.before + self.time.time_elapsed('train')

    def progress(self) -> float:
        """Return the part of the time that is gone, 0..1."""
        return min(1.0, self.elapsed() / (60 * self.minutes))

    def on_train_start(self, trainer, pl_module):
        """Start the clock."""
        self.time.on_train_start(trainer, pl_module)

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        """Stop where the time is over."""
        if self.elapsed() >= 60 * self.minutes:
            trainer.should_stop = True

    def state_dict(self):
        """Keep the time."""
        return {'seconds': self.elapsed()}

    def load_state_dict(self, state):
        """Go on with it."""
        self.before = state['seconds']


def self_config(folders, camera, budget: int) -> dict:
    """
    Return the config of self-supervised training on kept frames, from the shipped student.

    :param folders: of `training.robot.frames`; budget: pixels that the completion net sees.
    """
    aspect = camera.width / camera.height
    height = max(64, SELF_SIZE_STEP * round((2 * budget / aspect) ** 0.5 / SELF_SIZE_STEP))
    width = max(64, SELF_SIZE_STEP * round(height * aspect / SELF_SIZE_STEP))
    return {
        'seed': 1, 'average': 0.0,
        'model': {'class_path': 'training.methods.self_supervised.SelfSupervised',
                  'init_args': {'network': 'lite0', 'start': 'student', 'freeze_norm': True,
                                'imagenet': True, 'lr': 5e-5, 'pose_lr': 5e-4,
                                'warmup': WARMUP, 'decay_every': 1000}},
        'data': {'class_path': 'training.datasets.sequences.SequenceData',
                 'init_args': {'train': [{'path': str(folder), 'camera': f'{folder}/camera.yaml'}
                                         for folder in folders],
                               'size': [height, width], 'batch_size': 4, 'workers': 0,
                               'track': True}},
        'trainer': {'accelerator': 'auto', 'devices': 1, 'max_epochs': -1,
                    'log_every_n_steps': 10, 'checkpoint_steps': 50}}


def train_own(config: dict, run, minutes: float) -> Path:
    """
    Train a teacher on the recording's own video; goes on where it was stopped.

    :returns: its checkpoint.
    """
    options = config['model']['init_args']
    if options['imagenet']:
        try:
            imagenet_state('efficientnet_lite0')
        except InputError as error:
            print(f'{error}. What learns the motion starts from random weights, which takes '
                  'longer and gives less', file=sys.stderr)
            options['imagenet'] = False
    clock = Clock(minutes)
    fit(config, run, callbacks=[clock, Bar('teacher', lambda module: clock.progress())])
    return Path(run) / 'last.ckpt'
