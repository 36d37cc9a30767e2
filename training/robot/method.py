# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""R2M as it fine-tunes a network on one robot's recording: schedule, units, hidden beams."""
from __future__ import annotations

import copy
import time

from depth_ros.contracts import InputError
import torch
from training.losses.alignment import CAP, median
from training.methods.base import Timed, warm_cosine
from training.methods.r2m import R2M


class RobotR2M(Timed, R2M):
    """
    Learn l_ud + alpha l_sl + beta l_LDP, and metres where beams were hidden from the network.

    Depths are measured in the median of each image's line, so that the terms weigh the same in a
    corridor and on a street. At hidden beams the answer's Laplace likelihood in log depth counts;
    it also keeps the confidence honest. The learning rate rises over the first 5 % and falls as a
    cosine over `train_steps` optimiser steps or `train_minutes` of training, whichever ends first.

    Off the line nothing but the teacher speaks, and where it is worse than what the network knew,
    that would be lost. So the answer is also held to what the start says of the whole line, more
    where the start is sure.

    :param teacher_weight: of l_ud; hidden_weight: of the hidden beams; keep_weight: of what the
        start says (with `start` only).
    :param clip: greatest norm of the gradient.

    See `methods.r2m.R2M` for the other arguments.
    """

    def __init__(self, student: str = 'completion', start: str | None = None,
                 imagenet: bool = True, alpha: float = 1.0, beta: float = 0.1,
                 alignment: str = 'median', scale: str = 'ratios', shared: float = 0.0,
                 cap: float | None = CAP, lr: float = 1e-4,
                 weight_decay: float = 0.0, freeze_norm: bool = False,
                 teacher_weight: float = 1.0, hidden_weight: float = 1.0,
                 keep_weight: float = 1.0, clip: float = 1.0,
                 train_steps: int | None = None,
                 train_minutes: float | None = None, bend: bool = False):
        """See the class."""
        super().__init__(student, start, imagenet, alpha, beta, alignment, cap, lr, weight_decay,
                         freeze_norm=freeze_norm, scale=scale, shared=shared, bend=bend)
        self.save_hyperparameters()
        if not (train_steps or train_minutes):
            raise InputError('say how long to train: model.train_steps or model.train_minutes')
        self.elapsed, self.last = 0.0, None
        self.started = ()  # the network as it started; in a tuple it is no part of this one

    def setup(self, stage: str | None = None):
        """Read the weights to start from, and remember them."""
        super().setup(stage)
        if stage == 'fit' and self.hparams.start and self.hparams.keep_weight:
            self.started = (copy.deepcopy(self.net).eval().requires_grad_(False),)

    def kept_loss(self, depth, image, line):
        """Compare with what the start says of the whole line, in log depth."""
        if not self.started:
            return depth.new_zeros(())
        start = self.started[0].to(depth.device)
        with torch.no_grad():
            said, log_uncertainty = self.student.answer(start, image, line)
            sure = torch.exp(-0.5 * log_uncertainty) if log_uncertainty is not None else \
                torch.ones_like(said)
            sure = sure / sure.mean((1, 2, 3), keepdim=True)
        return (sure * (torch.log(depth.clamp(min=1e-3)) - torch.log(said)).abs()).mean()

    def losses(self, batch) -> dict:
        """Compare with teacher, line and pairs of one batch."""
        h, shown = self.hparams, batch['sparse_depth']
        line = batch.get('measured', shown)
        depth, log_uncertainty = self.student.answer(self.net, batch['image'], shown)
        unit = torch.stack([median(d[d > 0]) if (d > 0).any() else d.new_ones(())
                            for d in line]).view(-1, 1, 1, 1)
        line = line[:, None]
        parts = self.loss(depth, line, batch['teacher'][:, None], batch.get('pairs'),
                          log_uncertainty, unit=unit)
        parts['hidden'] = hidden_loss(depth, line, (line > 0) & (shown[:, None] == 0),
                                      log_uncertainty)
        parts['keep'] = self.kept_loss(depth, batch['image'], line[:, 0])
        parts['loss'] = (parts['loss'] + (h.teacher_weight - 1) * parts['teacher']
                         + h.hidden_weight * parts['hidden'] + h.keep_weight * parts['keep'])
        return {**parts, 'prediction': depth}

    def configure_optimizers(self):
        """Adam, with decay of the weights where it is asked for."""
        return torch.optim.AdamW(self.net.parameters(), self.hparams.lr,
                                 weight_decay=self.hparams.weight_decay)

    def progress(self) -> float:
        """Part of the schedule that is done, 0..1."""
        h = self.hparams
        parts = [self.global_step / h.train_steps] if h.train_steps else []
        if h.train_minutes:
            parts.append(self.elapsed / (60 * h.train_minutes))
        return min(1.0, max(parts))

    def on_train_start(self):
        """Start the clock."""
        super().on_train_start()
        self.last = time.monotonic()

    def on_train_batch_start(self, batch, batch_idx):
        """Set the learning rate; a run that is resumed at its end does nothing."""
        done = self.progress()
        if done >= 1.0:
            self.trainer.should_stop = True
            return -1
        rate = self.hparams.lr * warm_cosine(done, 0.05, 0.01)
        for group in self.optimizers().param_groups:
            group['lr'] = rate
        return None

    def on_train_batch_end(self, outputs, batch, batch_idx):
        """Keep the time, and stop at the schedule's end."""
        now = time.monotonic()
        self.elapsed, self.last = self.elapsed + now - self.last, now
        if self.progress() >= 1.0:
            self.trainer.should_stop = True


def hidden_loss(depth, line, hidden, log_uncertainty=None):
    """
    Mean |ln d - ln m| / b + ln b over hidden pixels, b = 1 without an uncertainty.

    :param depth, line: (N, 1, H, W) metres; hidden: (N, 1, H, W) bool, measured and not shown.
    :param log_uncertainty: twice the logarithm of the spread b of log depth.
    """
    if not hidden.any():
        return depth.new_zeros(())
    error = (torch.log(depth[hidden].clamp(min=1e-3)) - torch.log(line[hidden])).abs()
    if log_uncertainty is None:
        return error.mean()
    log_spread = 0.5 * log_uncertainty[hidden]
    return (error * torch.exp(-log_spread) + log_spread).mean()
