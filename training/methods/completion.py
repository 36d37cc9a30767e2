# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Completion trained with full supervision on procedural frames."""
from __future__ import annotations

import torch
from training.losses.depth import FAR, log_depth_loss, sky_loss
from training.methods.base import DepthMethod
from training.networks.completion import CompletionNet


class Completion(DepthMethod):
    """L1 and gradients of log depth over the line's scale; `use_image` False: geometry alone."""

    task = 'completion'  # of the model contract

    def __init__(self, lr: float = 1.5e-3, encoder_lr: float = 0.5, weight_decay: float = 0.02,
                 steps: int | None = None, minutes: float | None = None, clip: float = 1.0,
                 blocks: int = 15, use_image: bool = True, imagenet: bool = True,
                 far_weight: float = 0.7, line_weight: float = 4.0):
        """Set `imagenet` False to start from random weights; else see DepthMethod."""
        super().__init__()
        self.save_hyperparameters()
        self.net = CompletionNet(blocks, use_image=use_image)
        if imagenet:
            self.net.encoder.load_imagenet()
        self.net.to(memory_format=torch.channels_last)

    def losses(self, batch):
        """Loss terms of one batch."""
        depth, sparse = batch['depth'], batch['sparse_depth']
        predicted, log_spread, scale = self.net.logs(batch['image'], sparse)
        known = torch.isfinite(depth) & (depth > 0.1)
        logs = torch.log(torch.where(known, depth, 1.0))
        line = sparse > 0
        # Without a line the answer is relative: the true mean stands in for the scale.
        unit = torch.where(_some(line), torch.log(scale), _mean(logs, known))
        parts = log_depth_loss(predicted, log_spread, logs - unit, known, line,
                               self.hparams.far_weight, self.hparams.line_weight)
        far = torch.log(torch.tensor(FAR)) - unit
        parts['loss'] = parts['loss'] + 0.15 * sky_loss(predicted, far, torch.isinf(depth))
        return parts

    def predict_depth(self, batch):
        """Depth (B, H, W) metres; of frames without a line, scaled to the true mean log depth."""
        truth, line = batch['depth'], batch['sparse_depth'] > 0
        depth = self.net(batch['image'], batch['sparse_depth'])[0]
        known = torch.isfinite(truth) & (truth > 0.1)
        mean = _mean(torch.log(torch.where(known, truth, 1.0)), known)
        return torch.where(_some(line), depth, depth * torch.exp(mean))


def _some(line):
    """Tell which frames (B, 1, 1) have a measurement in line (B, H, W)."""
    return line.flatten(1).any(1)[:, None, None]


def _mean(logs, known):
    """Mean log depth (B, 1, 1) over the known pixels; logs are 0 elsewhere."""
    return logs.sum((1, 2), keepdim=True) / known.sum((1, 2), keepdim=True).clamp(min=1)
