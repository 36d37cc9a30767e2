# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Student: metric depth from one image, trained on procedural frames."""
from __future__ import annotations

import math

from depth_ros.contracts import InputError
import torch
from training.losses.depth import FAR, log_depth_loss, sky_loss
from training.methods.base import DepthMethod
from training.networks.encoders import read_checkpoint
from training.networks.student import FOCAL, StudentNet, TYPICAL


class Student(DepthMethod):
    """
    L1 and gradients of log depth for a canonical focal length, after Yin et al., Metric3D (2023).

    Depths are brought to FOCAL pixels: depth * FOCAL / focal, focal the geometric mean of fx, fy.
    The mean log error of an image weighs less than its shape, since one image says less of it.
    """

    task = 'monocular'  # of the model contract

    def __init__(self, lr: float = 1.5e-3, encoder_lr: float = 0.5, weight_decay: float = 0.02,
                 steps: int | None = None, minutes: float | None = None, clip: float = 1.0,
                 blocks: int = 13, imagenet: bool = True, shape_weight: float = 0.5,
                 start: str | None = None):
        """Give in `start` a completion checkpoint to begin with its weights; see DepthMethod."""
        super().__init__()
        self.save_hyperparameters()
        self.net = StudentNet(blocks)
        if start:
            kept = (read_checkpoint(start).get('average') or {}).get('mean') or {}
            if not self.net.start_from(kept):
                raise InputError(f'{start} shares no weights with the student')
        elif imagenet:
            self.net.encoder.load_imagenet()
        self.net.to(memory_format=torch.channels_last)

    @staticmethod
    def log_unit(batch):
        """Log of what the network's answer is to be multiplied by (B, 1, 1)."""
        focal = (batch['camera'][:, 0] * batch['camera'][:, 1]).sqrt()
        return torch.log(focal / FOCAL * TYPICAL)[:, None, None]

    def losses(self, batch):
        """Loss terms of one batch."""
        depth = batch['depth']
        predicted, log_spread = self.net.logs(batch['image'])
        known = torch.isfinite(depth) & (depth > 0.1)
        unit = self.log_unit(batch)
        target = torch.log(torch.where(known, depth, 1.0)) - unit
        none = torch.zeros_like(known)
        parts = log_depth_loss(predicted, log_spread, target, known, none, 0.3, 0.0)
        error = (predicted - target) * known
        mean = error.sum((1, 2), keepdim=True) / known.sum((1, 2), keepdim=True).clamp(min=1)
        shape = ((error - mean).abs() * known).sum() / known.sum()
        sky = sky_loss(predicted, math.log(FAR) - unit, torch.isinf(depth))
        parts['loss'] = parts['loss'] + self.hparams.shape_weight * shape + 0.15 * sky
        parts['shape'] = shape.detach()
        return parts

    def predict_depth(self, batch):
        """Depth (B, H, W) metres."""
        return torch.exp(self.net.logs(batch['image'])[0] + self.log_unit(batch))
