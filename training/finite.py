# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Steps whose gradient is no number are left out, counted and named, before they spoil weights."""
from __future__ import annotations

from collections.abc import Mapping
import sys

from depth_ros.contracts import InputError
import lightning
import torch

MOST = 10  # steps in a row that are left out before a run stops; lines that are printed
SHOWN = 4  # frames named


class FiniteSteps(lightning.Callback):
    """
    Leaves out steps whose gradient is not finite; `skipped` are (step, names of the frames).

    :raises InputError: more than `most` of them in a row, or spoilt statistics of the network.
    """

    def __init__(self, most: int = MOST):
        """Begin without any."""
        self.most, self.skipped, self.names, self.row = most, [], (), 0

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        """Keep the names of the frames."""
        self.names = tuple(batch.get('name', ())) if isinstance(batch, Mapping) else ()

    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        """Look at the gradient; a scaler of 16-bit training does that itself."""
        if getattr(trainer.precision_plugin, 'scaler', None) is not None:
            return
        values = [value for group in optimizer.param_groups for value in group['params']
                  if value.grad is not None]
        if not values or torch.isfinite(torch.stack(torch._foreach_norm(
                [value.grad for value in values])).sum()):
            self.row = 0
            return
        for value in values:
            value.grad = None  # which optimisers leave alone
        self.row += 1
        self.skipped.append((trainer.global_step, self.names))
        frames = ', '.join(map(str, self.names[:SHOWN])) or 'its frames'
        spoilt = [name for name, value in pl_module.named_buffers()
                  if 'running_' in name and not torch.isfinite(value).all()]
        advice = 'leave them out (leave_out of the source) or lower model.lr'
        if spoilt:
            raise InputError(f'step {trainer.global_step}: {frames} made {spoilt[0]} no number: '
                             f'{advice}; the last checkpoint is as it was')
        if self.row > self.most:
            raise InputError(f'{self.row} steps in a row had a gradient that is no number, the '
                             f'last one of {frames}: {advice}')
        if len(self.skipped) <= self.most:
            print(f'step {trainer.global_step}: left out, the gradient of {frames} is no number',
                  file=sys.stderr)

    def on_train_end(self, trainer, pl_module):
        """Say how many there were."""
        if len(self.skipped) > 1:
            print(f'{len(self.skipped)} steps were left out, whose gradient is no number',
                  file=sys.stderr)
