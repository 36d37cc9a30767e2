# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The training stage: a config for the robot, a bar that tells the time left, the run."""
from __future__ import annotations

import csv
from pathlib import Path
import time

import lightning
from lightning.pytorch.callbacks import ProgressBar
from tqdm import tqdm
from training.experiment import fit

ZOOM = 1.25  # greatest enlargement before the crop
BATCH = 8
# Disparity of others is known up to scale and shift.
SCALES = {'disparity': 'affine'}


def robot_config(settings, folders, size, teacher, weight, distorted: bool, cache) -> dict:
    """
    Return the config of the training, as `python -m training fit` reads it.

    :param settings: `stages.Settings`; folders: of kept frames; size: (height, width) that the
        network sees; teacher: `teacher.Chosen`; weight: of the teacher.
    :param distorted: the lens bends lines, so that frames cannot be mirrored.
    """
    own = settings.student == 'completion'
    schedule = {'train_steps': settings.steps} if settings.steps else \
        {'train_minutes': settings.minutes}
    return {
        'seed': settings.seed, 'average': 0.998,
        'model': {'class_path': 'training.robot.method.RobotR2M', 'init_args': {
            'student': settings.student, 'start': settings.start if own else None,
            'imagenet': False, 'freeze_norm': own, 'alpha': 1.0, 'beta': 0.1,
            'alignment': 'median', 'scale': SCALES.get(teacher.layout['kind'], 'ratios'),
            'shared': 0.0, 'teacher_weight': weight,
            'hidden_weight': 1.0, 'keep_weight': 1.0,
            'lr': settings.lr if own else 1e-4, **schedule}},
        'data': {'class_path': 'training.robot.data.RobotData', 'init_args': {
            'teacher': teacher.path, 'layout': teacher.layout, 'cache': str(cache),
            'lines': {'length': 40.0, 'residual': 0.05, 'count': 64, 'tau': 0.02},
            'train': [{'dataset': 'robot_frames', 'path': str(folder), 'labelled': False}
                      for folder in folders],
            'steps': {'size': list(size), 'flip': 0.0 if distorted else 0.5, 'degrees': 0.0,
                      'zoom': ZOOM, 'crop': list(size), 'place': 'random', 'lighting': 0.0,
                      'jitter': 0.2},
            'batch_size': BATCH, 'workers': 0, 'draw_seed': settings.seed}},
        'trainer': {'accelerator': 'auto', 'devices': 1, 'max_epochs': -1,
                    'log_every_n_steps': 5, 'checkpoint_steps': 50}}


class Bar(ProgressBar):
    """One bar over the whole schedule, by steps or by minutes; nothing without a terminal."""

    def __init__(self, label: str, progress):
        """Show a label; `progress(module)` tells the part that is done, 0..1."""
        super().__init__()
        self.label, self.progress, self.bar = label, progress, None

    def disable(self):
        """Be quiet, which tqdm decides by itself."""

    def enable(self):
        """Speak."""

    def on_train_start(self, trainer, pl_module):
        """Begin where the schedule is."""
        done = self.progress(pl_module)
        self.bar = tqdm(total=100.0, initial=100 * done, desc=self.label, disable=None,
                        bar_format='{desc}: {percentage:3.0f}%|{bar}| {elapsed} gone, '
                                   '{remaining} left{postfix}')

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        """Move on."""
        self.bar.set_postfix(step=trainer.global_step, loss=f'{float(outputs["loss"]):.3f}',
                             refresh=False)
        self.bar.update(100 * self.progress(pl_module) - self.bar.n)

    def on_train_end(self, trainer, pl_module):
        """Close the bar."""
        self.bar.close()


class StepTimes(lightning.Callback):
    """Notes when steps end, for a forecast."""

    def __init__(self):
        """Begin without steps."""
        self.at = []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        """Note the time."""
        self.at.append(time.monotonic())


def learn(config: dict, run):
    """Train by the config's schedule; goes on from the run's last.ckpt. Returns the trainer."""
    return fit(config, run, callbacks=[Bar('training', lambda method: method.progress())])


def curves(run) -> dict:
    """Return {term: [(step, value), ...]} of a run, of all the times that it was started."""
    kept = {}
    versions = sorted(Path(run).glob('logs/version_*/metrics.csv'),
                      key=lambda path: int(path.parent.name.rpartition('_')[2]))
    for path in versions:
        with path.open(newline='') as file:
            for row in csv.DictReader(file):
                for name, value in row.items():
                    if name.startswith('train/') and value:
                        kept.setdefault(name[6:], {})[int(row['step'])] = float(value)
    return {name: sorted(values.items()) for name, values in kept.items()}
