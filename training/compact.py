# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints small enough to carry from machine to machine between pieces of a training run."""
from __future__ import annotations

import lightning
import torch

LIMIT_BYTES = 16_300_000  # 16 MiB less room for the file's own structure
REWARM_STEPS = 100


class CompactCheckpoint(lightning.Callback):
    """
    Leaves out what a run can do without, and eases it back in after a resume.

    AdamW's two moments, half of a checkpoint, are left out: they forget within 10 and 50 steps
    (betas 0.9 and 0.98) anyway. After a resume the learning rate rises over ``REWARM_STEPS``
    while they form again. Weights are kept in half precision (a rounding of 5e-4, below the
    change of one step at the peak rate), biases and norms in full. The mean that is exported is
    kept in full precision where that fits ``limit`` bytes.
    """

    def __init__(self, limit: int = LIMIT_BYTES, rewarm: int = REWARM_STEPS):
        """Set the size to stay under, and the steps of the new warm-up (0: none)."""
        self.limit, self.rewarm, self.start = limit, rewarm, None

    def on_save_checkpoint(self, trainer, pl_module, checkpoint):
        """Shrink; the callback must stand after the one that adds the average."""
        checkpoint['optimizer_states'] = []
        checkpoint['state_dict'] = halved(checkpoint['state_dict'])
        average = checkpoint.get('average', {})
        if average.get('mean') is not None:
            whole = size_of(checkpoint['state_dict']) + size_of(average['mean'])
            if whole > self.limit:
                checkpoint['average'] = {**average, 'mean': halved(average['mean'])}

    def on_train_start(self, trainer, pl_module):
        """Note where this piece begins."""
        self.start = trainer.global_step

    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        """Keep the steps small while the moments form."""
        done = trainer.global_step - self.start + 1
        if self.start and done < self.rewarm:
            for group in optimizer.param_groups:
                group['lr'] *= done / self.rewarm  # the method sets it afresh at every step


def halved(state: dict) -> dict:
    """Return a state dict with its matrices and kernels as float16."""
    return {name: value.half() if value.is_floating_point() and value.ndim > 1 else value
            for name, value in state.items()}


def size_of(state: dict) -> int:
    """Bytes of the tensors of a state dict."""
    return sum(value.numel() * value.element_size() for value in state.values()
               if torch.is_tensor(value))
