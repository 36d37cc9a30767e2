# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Epochs counted rightly where a run goes on from a checkpoint."""
from __future__ import annotations

import lightning


class EpochCount(lightning.Callback):
    """
    Counts the epoch in which a checkpoint was written as begun.

    Where a run goes on from the last step of an epoch, Lightning begins the next one without
    counting it. A checkpoint from within that epoch then looks like one from between two epochs:
    who goes on from it would take all steps of the epoch once more.
    """

    def on_load_checkpoint(self, trainer, pl_module, checkpoint):
        """Put the counts of a checkpoint right, before the trainer takes them over."""
        loop = checkpoint['loops']['fit_loop']
        steps = loop['epoch_loop.batch_progress']['current']
        within = steps['completed'] < steps['processed']  # written at the end of a step
        for epochs in loop['epoch_progress'].values():
            if within and epochs['started'] == epochs['processed']:
                epochs['ready'] = epochs['started'] = epochs['processed'] + 1
