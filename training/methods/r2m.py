# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Completion without depth labels: a relative teacher, one measured line, straight edges.

After Hu et al., R2M: Self-Supervised Depth Completion from a Single LiDAR Line (RA-L 2023).
"""
from __future__ import annotations

import copy
from pathlib import Path

from depth_ros.contracts import InputError
from depth_ros.evaluation.protocols import find_protocol
from depth_ros.model import find
import torch
from training.losses.alignment import CAP
from training.losses.r2m import R2MLoss
from training.methods.recipe import Recipe
from training.networks.completion_students import find_student
from training.networks.from_onnx import load_onnx
from training.networks.metric import load_network


def hide_columns(line, part: float):
    """
    Take the measurements of one run of columns out of each line (N, H, W).

    Its width is drawn from U(0, part) of the image's, its place is anywhere, round the edge too.
    """
    if not part:
        return line
    count, width = len(line), line.shape[2]
    size, start = torch.rand(2, count, 1, device=line.device) * width
    columns = torch.arange(width, device=line.device)
    hidden = (columns - start) % width < part * size
    return torch.where(hidden[:, None], 0.0, line)


class R2M(Recipe):
    """
    Learn metric depth l_ud + alpha l_sl + beta l_LDP; batches are those of `datasets.taught`.

    Adam, learning rate times `decay_by` every `decay_every` epochs (or steps).

    :param student: completion (our own network), s2d_18, s2d_34 or dcvan.
    :param start: checkpoint, state dict or exported ONNX file of the student to go on from, or
        the name of a shipped model; what was exported needs `freeze_norm`.
    :param imagenet: start the encoder of `completion` from ImageNet weights.
    :param alpha, beta: weights of the line and of straight edges; 0 leaves a term out.
    :param alignment: how it is compared with the teacher: median, log, scale_free or uncertainty,
        see `losses.r2m`.
    :param scale: how the line brings the teacher to metres: medians, ratios or affine (a teacher
        of disparity with an unknown shift), see `losses.alignment`.
    :param shared: how much of an image's scale is that of the images before it, 0..1; above 0
        only for a teacher that keeps its unit from image to image.
    :param bend: spread around the line what it says against the scaled teacher, so that the
        target agrees with what was measured.
    :param cap: metres at which the scaled teacher is cut; null: nowhere.
    :param hide: greatest part of the columns whose measurements the student is not shown; the
        loss has them, so that it learns to carry the line across gaps.
    :param keep: how much of the target is what the start says of the whole line, 0..1; needs
        `start`. Where the teacher is worse than what the network knew, that is not lost.
    :param protocol: of validation, see `depth_ros.evaluation.protocols`.
    :param freeze_norm: keep BatchNorm's statistics, for small batches and fine-tuning.
    """

    task = 'completion'  # of the model contract

    def __init__(self, student: str = 'completion', start: str | None = None,
                 imagenet: bool = True, alpha: float = 1.0, beta: float = 0.1,
                 alignment: str = 'median', cap: float | None = CAP, lr: float = 1e-4,
                 weight_decay: float = 0.0, decay_every: int = 5, decay_by: float = 0.5,
                 decay_unit: str = 'epoch', protocol: str = 'image_mse',
                 freeze_norm: bool = False, scale: str = 'medians',
                 shared: float = 0.0, hide: float = 0.0, keep: float = 0.0,
                 bend: bool = False):
        """See the class; weights named by `start` are read when training starts."""
        super().__init__()
        self.save_hyperparameters()
        find_protocol(protocol)
        if not 0.0 <= hide < 1.0:
            raise InputError(f'model.hide={hide}: give a part of the columns, 0 up to below 1')
        self.loss = R2MLoss(alpha, beta, alignment, cap, scale, shared, keep, bend)
        self.start = ()  # the network as it started; in a tuple it is no part of this one
        self.student = find_student(student)
        if alignment == 'uncertainty' and not self.student.uncertain:
            raise InputError(f'alignment uncertainty needs a student that says how sure it is: '
                             f'completion, not {student}')
        if alignment == 'log' and not self.student.positive:
            raise InputError(f'alignment log needs a student whose depth is positive while it '
                             f'learns: completion or dcvan, not {student}')
        self.net = self.student.build()
        if imagenet and student == 'completion' and start is None:
            self.net.encoder.load_imagenet()

    def setup(self, stage: str | None = None):
        """Read the weights to start from."""
        start = self.hparams.start
        if stage != 'fit' or not start:
            return
        if Path(start).is_file() and Path(start).suffix != '.onnx':
            load_network(self.net, start)
        else:
            load_onnx(self.net, find(start, self.task).file)
        if self.loss.keep:
            self.start = (copy.deepcopy(self.net).eval().requires_grad_(False),)

    def losses(self, batch) -> dict:
        """Compare with teacher, line and pairs of one batch."""
        if 'teacher' not in batch:
            raise InputError('these batches hold no teacher: use the data '
                             'training.datasets.taught.TaughtData')
        line = batch['sparse_depth']
        shown = hide_columns(line, self.hparams.hide) if self.training else line
        depth, log_uncertainty = self.student.answer(self.net, batch['image'], shown)
        parts = self.loss(depth, line[:, None], batch['teacher'][:, None], batch.get('pairs'),
                          log_uncertainty, self._said(batch['image'], line))
        return {**parts, 'prediction': depth}

    @torch.no_grad()
    def _said(self, image, line):
        """Give what the start says, (N, 1, H, W) metres, or None where it does not count."""
        if not self.loss.keep:
            return None
        if not self.start:
            raise InputError('model.keep is for a network with a start: name it as model.start')
        net = self.start[0].to(line.device)
        return self.student.answer(net, image, line)[0]

    def predict_depth(self, batch):
        """Predict (B, H, W) metres."""
        depth, _ = self.student.answer(self.net, batch['image'], batch['sparse_depth'])
        return depth[:, 0]

    def truth(self, batch):
        """Return the ground truth without the pixels that were an input."""
        return torch.where(batch['sparse_depth'] > 0, torch.nan, batch['depth'])
