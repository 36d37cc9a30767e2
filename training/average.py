# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Averages of weights over training, used for validation and export."""
from __future__ import annotations

import lightning
import torch


class WeightAverage(lightning.Callback):
    """Exponential mean of parameters and buffers; swapped in while validating."""

    def __init__(self, decay: float = 0.998):
        """Set the decay per step; early steps count faster."""
        self.decay, self.mean, self.kept, self.steps = decay, None, None, 0

    def on_train_start(self, trainer, pl_module):
        """Bring a mean that was read from a file to the device and precision of the weights."""
        if self.mean is not None:
            state = pl_module.net.state_dict()
            self.mean = {name: value.to(state[name]) for name, value in self.mean.items()}

    @torch.no_grad()
    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        """Take the new weights in."""
        state = pl_module.net.state_dict()
        if self.mean is None:
            self.mean = {name: value.clone() for name, value in state.items()}
        self.steps += 1
        keep = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for name, value in state.items():
            if value.is_floating_point():
                self.mean[name].lerp_(value, 1 - keep)
            else:
                self.mean[name].copy_(value)

    def on_validation_start(self, trainer, pl_module):
        """Use the mean."""
        if self.mean is not None:
            state = pl_module.net.state_dict()
            self.kept = {name: value.clone() for name, value in state.items()}
            pl_module.net.load_state_dict(self.mean)

    def on_validation_end(self, trainer, pl_module):
        """Put the weights back."""
        if self.kept is not None:
            pl_module.net.load_state_dict(self.kept)
            self.kept = None

    def on_save_checkpoint(self, trainer, pl_module, checkpoint):
        """Keep the mean with the checkpoint."""
        checkpoint['average'] = {'mean': self.mean, 'steps': self.steps}

    def on_load_checkpoint(self, trainer, pl_module, checkpoint):
        """Take the mean up again."""
        kept = checkpoint.get('average', {})
        self.mean, self.steps = kept.get('mean'), kept.get('steps', 0)


@torch.no_grad()
def recompute_norms(net, batches, run, count: int) -> None:
    """Measure the statistics of all BatchNorm layers afresh: `run(batch)` on `count` batches."""
    norms = [layer for layer in net.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    momentum = [layer.momentum for layer in norms]
    for layer in norms:
        layer.reset_running_stats()
        layer.momentum = None
    net.train()
    for _, batch in zip(range(count), batches):
        run(batch)
    net.eval()
    for layer, value in zip(norms, momentum):
        layer.momentum = value
