# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Completion without depth labels: a relative teacher, one measured line, straight edges.

After Hu et al., R2M: Self-Supervised Depth Completion from a Single LiDAR Line (RA-L 2023).
"""
from __future__ import annotations

from pathlib import Path

from depth_ros.contracts import choose, InputError
from depth_ros.evaluation.protocols import find_protocol
from depth_ros.model import find
import torch
from training.losses.r2m import ALIGNMENTS, CAP, R2MLoss
from training.methods.recipe import Recipe
from training.networks.completion_students import find_student
from training.networks.from_onnx import load_onnx
from training.networks.metric import load_network


class R2M(Recipe):
    """
    Learn metric depth l_ud + alpha l_sl + beta l_LDP; batches are those of `datasets.taught`.

    Adam, learning rate times `decay_by` every `decay_every` epochs (or steps).

    :param student: completion (our own network), s2d_18, s2d_34 or dcvan.
    :param start: checkpoint, state dict or exported ONNX file of the student to go on from, or
        the name of a shipped model; what was exported needs `freeze_norm`.
    :param imagenet: start the encoder of `completion` from ImageNet weights.
    :param alpha, beta: weights of the line and of straight edges; 0 leaves a term out.
    :param alignment: of the teacher: median, scale_free or uncertainty, see `losses.r2m`.
    :param cap: metres at which the scaled teacher is cut; null: nowhere.
    :param protocol: of validation, see `depth_ros.evaluation.protocols`.
    :param freeze_norm: keep BatchNorm's statistics, for small batches and fine-tuning.
    """

    task = 'completion'  # of the model contract

    def __init__(self, student: str = 'completion', start: str | None = None,
                 imagenet: bool = True, alpha: float = 1.0, beta: float = 0.1,
                 alignment: str = 'median', cap: float | None = CAP, lr: float = 1e-4,
                 weight_decay: float = 0.0, decay_every: int = 5, decay_by: float = 0.5,
                 decay_unit: str = 'epoch', protocol: str = 'image_mse',
                 freeze_norm: bool = False):
        """See the class; weights named by `start` are read when training starts."""
        super().__init__()
        self.save_hyperparameters()
        find_protocol(protocol)
        choose(dict.fromkeys(ALIGNMENTS), alignment, 'alignment')
        self.student = find_student(student)
        if alignment == 'uncertainty' and not self.student.uncertain:
            raise InputError(f'alignment uncertainty needs a student that says how sure it is: '
                             f'completion, not {student}')
        self.net = self.student.build()
        if imagenet and student == 'completion' and start is None:
            self.net.encoder.load_imagenet()
        self.loss = R2MLoss(alpha, beta, alignment, cap)

    def setup(self, stage: str | None = None):
        """Read the weights to start from."""
        start = self.hparams.start
        if stage != 'fit' or not start:
            return
        if Path(start).is_file() and Path(start).suffix != '.onnx':
            load_network(self.net, start)
        else:
            load_onnx(self.net, find(start, self.task).file)

    def losses(self, batch) -> dict:
        """Compare with teacher, line and pairs of one batch."""
        if 'teacher' not in batch:
            raise InputError('these batches hold no teacher: use the data '
                             'training.datasets.taught.TaughtData')
        line = batch['sparse_depth']
        depth, log_uncertainty = self.student.answer(self.net, batch['image'], line)
        parts = self.loss(depth, line[:, None], batch['teacher'][:, None], batch.get('pairs'),
                          log_uncertainty)
        return {**parts, 'prediction': depth}

    def predict_depth(self, batch):
        """Predict (B, H, W) metres."""
        depth, _ = self.student.answer(self.net, batch['image'], batch['sparse_depth'])
        return depth[:, 0]

    def truth(self, batch):
        """Return the ground truth without the pixels that were an input."""
        return torch.where(batch['sparse_depth'] > 0, torch.nan, batch['depth'])
