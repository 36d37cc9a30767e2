# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Pictures of validation frames in TensorBoard."""
from __future__ import annotations

from depth_ros.pictures import colorize, depth_range, error_colors, overlay
import lightning
from lightning.pytorch.loggers import TensorBoardLogger
import numpy as np
import torch
from training.networks.encoders import IMAGENET_MEAN, IMAGENET_STD

WORST = 0.5  # relative error that gets the last colour


def to_rgb(image) -> np.ndarray:
    """Give (H, W, 3) uint8 of (H, W, 3) uint8 or ImageNet-normalised floats (3, H, W)."""
    image = image.detach().cpu()
    if image.dtype == torch.uint8:
        return image.numpy()
    mean, std = (np.array(x, np.float32) for x in (IMAGENET_MEAN, IMAGENET_STD))
    values = image.float().permute(1, 2, 0).numpy() * std + mean
    return (255 * values.clip(0, 1)).astype(np.uint8)


class ValidationPictures(lightning.Callback):
    """
    Log the same few frames at each validation, spread over the first batches.

    Tags frame_K/image (with the measured line where the method takes one), truth, prediction
    (colours from 0 m to the truth's 95th percentile) and error (relative, WORST is red). Image and
    truth do not change and are logged at a run's first validation only. A method with `pictures`
    adds its own.
    """

    def __init__(self, frames: int = 4):
        """Set how many frames."""
        self.frames, self.shown, self.first = frames, 0, True

    def on_validation_epoch_start(self, trainer, pl_module):
        """Begin with the first frame again."""
        self.shown = 0

    def on_validation_epoch_end(self, trainer, pl_module):
        """Remember that image and truth are there."""
        self.first = False

    @torch.no_grad()
    def on_validation_batch_end(self, trainer, pl_module, outputs, batch, batch_idx,
                                dataloader_idx=0):
        """Predict and log the first frames of the batch."""
        if getattr(pl_module, 'task', None) != 'completion':
            batch = {key: value for key, value in batch.items() if key != 'sparse_depth'}
        boards = [x for x in trainer.loggers if isinstance(x, TensorBoardLogger)]
        if self.shown >= self.frames or not boards or not trainer.is_global_zero \
                or 'depth' not in batch:
            return
        batches = max(1, int(min(trainer.num_val_batches[dataloader_idx], self.frames)))
        count = min(-(-self.frames // batches), self.frames - self.shown, len(batch['image']))
        part = {key: value[:count] for key, value in batch.items()}
        with trainer.precision_plugin.forward_context():
            predicted = pl_module.predict_depth(part).float().cpu().numpy()
            more = pl_module.pictures(part) if hasattr(pl_module, 'pictures') else {}
        board, step = boards[0].experiment, trainer.global_step
        for k in range(count):
            self._log(board, step, part, k, predicted[k])
            for name, pictures in more.items():
                board.add_image(f'frame_{self.shown}/{name}', pictures[k], step,
                                dataformats='HWC')
            self.shown += 1

    def _log(self, board, step, batch, k, predicted):
        truth = batch['depth'][k].float().cpu().numpy()
        far = depth_range(truth)[1]
        pictures = {'prediction': colorize(predicted, far),
                    'error': error_colors(predicted, truth, WORST)}
        if self.first:
            line = batch['sparse_depth'][k].float().cpu().numpy() \
                if 'sparse_depth' in batch else None
            pictures['image'] = overlay(to_rgb(batch['image'][k]), line, far)
            pictures['truth'] = colorize(truth, far)
        for name, picture in pictures.items():
            board.add_image(f'frame_{self.shown}/{name}', picture, step, dataformats='HWC')
