# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the depth methods share: optimiser, schedule, metrics."""
from __future__ import annotations

import math
import time

import lightning
import torch


def depth_metrics(depth, truth):
    """Mean over images of REL, and delta1, on pixels whose true depth is finite."""
    known = torch.isfinite(truth) & (truth > 0.1)
    rel = ((depth - truth).abs() / truth).where(known, 0.0).flatten(1).sum(1)
    ratio = torch.maximum(depth / truth, truth / depth)
    good = ((ratio < 1.25) & known).flatten(1).sum(1)
    count = known.flatten(1).sum(1).clamp(min=1)
    return (rel / count).mean(), (good / count).mean()


def warm_cosine(done: float, warm: float, floor: float) -> float:
    """Factor of the learning rate: up over the part `warm`, then a cosine down to `floor`."""
    if done <= warm:
        return min(1.0, (done + 1e-3) / warm)
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * (done - warm) / (1 - warm)))


class Timed:
    """What methods share whose schedule follows the training time `self.elapsed`, in seconds."""

    def configure_gradient_clipping(self, optimizer, gradient_clip_val=None,
                                    gradient_clip_algorithm=None):
        """Clip to `clip`."""
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.hparams.clip)

    def on_save_checkpoint(self, checkpoint):
        """Keep the training time, which the schedule follows."""
        checkpoint['elapsed'] = self.elapsed

    def on_load_checkpoint(self, checkpoint):
        """Go on where the schedule was."""
        self.elapsed = checkpoint.get('elapsed', 0.0)


class DepthMethod(Timed, lightning.LightningModule):
    """
    Optimiser and schedule for a network `self.net` with an `encoder`.

    The learning rate rises over the first 4 % and falls as a cosine over `steps` optimiser
    steps or `minutes` of training, whichever ends first; training then stops.
    """

    def __init__(self, lr: float = 1.5e-3, encoder_lr: float = 0.5, weight_decay: float = 0.02,
                 steps: int | None = None, minutes: float | None = None, clip: float = 1.0):
        """See the class; `encoder_lr` is a factor for pretrained layers."""
        super().__init__()
        self.elapsed, self.last = 0.0, None

    def configure_optimizers(self):
        """AdamW; no decay on normalisation and biases; pretrained layers slower."""
        groups = {}
        for name, value in self.net.named_parameters():
            slow, plain = name.startswith('encoder.'), value.ndim < 2
            groups.setdefault((slow, plain), []).append(value)
        h = self.hparams
        return torch.optim.AdamW([
            {'params': values, 'lr': h.lr, 'factor': h.encoder_lr if slow else 1.0,
             'weight_decay': 0.0 if plain else h.weight_decay}
            for (slow, plain), values in groups.items()], betas=(0.9, 0.98))

    def progress(self) -> float:
        """Part of the schedule done, 0..1."""
        h = self.hparams
        parts = [0.0]
        if h.steps:
            parts.append(self.global_step / h.steps)
        if h.minutes:
            parts.append(self.elapsed / (60 * h.minutes))
        return min(1.0, max(parts))

    def on_train_start(self):
        """Start the clock."""
        self.last = time.monotonic()

    def on_train_batch_start(self, batch, batch_idx):
        """Set the learning rate, and stop at the schedule's end."""
        now = time.monotonic()
        self.elapsed, self.last = self.elapsed + now - self.last, now
        done = self.progress()
        rate = self.hparams.lr * warm_cosine(done, 0.04, 0.005)
        for group in self.optimizers().param_groups:
            group['lr'] = rate * group['factor']
        if done >= 1.0:
            self.trainer.should_stop = True

    def training_step(self, batch, batch_idx):
        """One batch."""
        parts = self.losses(batch)
        for name, value in parts.items():
            self.log(f'train/{name}', value, prog_bar=name == 'loss')
        self.log('train/minutes', self.elapsed / 60)
        return parts['loss']

    def validation_step(self, batch, batch_idx):
        """Errors in metres on the fixed set."""
        rel, delta1 = depth_metrics(self.predict_depth(batch), batch['depth'])
        size = len(batch['depth'])
        self.log('val/rel', rel, batch_size=size, prog_bar=True)
        self.log('val/delta1', delta1, batch_size=size)
