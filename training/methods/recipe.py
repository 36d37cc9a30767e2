# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The recipe that several methods share: optimiser, schedule, stopping, measuring."""
from __future__ import annotations

from contextlib import contextmanager

from depth_ros.contracts import InputError
from depth_ros.evaluation.edges import edge_metrics, known_around
from depth_ros.evaluation.metrics import METRICS
from depth_ros.evaluation.protocols import find_protocol
import lightning
import torch

EDGE = 0.5  # metres of Sobel response; the threshold of the published ablation


@contextmanager
def memory_advice(batch):
    """Turn running out of memory, on a GPU or not, into an InputError that says what helps."""
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, torch.OutOfMemoryError) and 'allocate memory' not in str(error):
            raise
        size = 'x'.join(str(number) for number in batch['image'].shape)
        raise InputError(
            f'memory ran out on a batch of images {size}: lower data.batch_size, then '
            'data.steps.crop, or use trainer.precision=16-mixed; trainer.accumulate_grad_batches '
            'makes up for a smaller batch') from error


class Recipe(lightning.LightningModule):
    """
    Adam with a step schedule for a network `self.net`; validation as the evaluation measures.

    A subclass saves the hyperparameters lr, weight_decay, decay_every, decay_by, decay_unit
    ('epoch' or 'step'), protocol and freeze_norm, and has `losses` and `predict_depth`.
    """

    edges = True  # whether validation measures edges of depth

    def __init__(self):
        """Begin with nothing measured."""
        super().__init__()
        self.measured, self.current = [], None

    @property
    def protocol(self):
        """Return the protocol of validation."""
        return find_protocol(self.hparams.protocol)

    def configure_optimizers(self):
        """Adam with a step schedule."""
        h = self.hparams
        # In one pass over all weights where that is no hindrance: GPUs with float16 unscale first.
        optimizer = torch.optim.Adam(self.net.parameters(), h.lr, weight_decay=h.weight_decay,
                                     fused=self.device.type == 'cpu')
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, h.decay_every, h.decay_by)
        return {'optimizer': optimizer,
                'lr_scheduler': {'scheduler': schedule, 'interval': h.decay_unit}}

    def train(self, mode: bool = True):
        """Switch to training; frozen normalisation stays as it is."""
        super().train(mode)
        if mode and self.hparams.freeze_norm:
            for layer in self.modules():
                if isinstance(layer, torch.nn.modules.batchnorm._BatchNorm):
                    layer.eval()
        return self

    def on_train_start(self):
        """Apply `freeze_norm`: the trainer takes modules in the mode they were made in."""
        self.train()

    def losses(self, batch) -> dict:
        """Return the loss terms of one batch, `loss` and `prediction` among them."""
        raise NotImplementedError

    def training_step(self, batch, batch_idx):
        """Train on one batch; a loss that is not finite stops and names the samples."""
        with memory_advice(batch):
            parts = self.losses(batch)
        self.current = batch
        prediction = parts.pop('prediction')
        if not torch.isfinite(parts['loss']):
            raise InputError(self._accusation(batch, prediction.detach()))
        for name, value in parts.items():
            self.log(f'train/{name}', value.detach(), prog_bar=name == 'loss',
                     batch_size=len(prediction))
        return parts['loss']

    def backward(self, loss, *args, **options):
        """Go back, where most memory is needed."""
        with memory_advice(self.current):
            super().backward(loss, *args, **options)

    def _accusation(self, batch, prediction):
        """Say which samples of a batch broke the loss."""
        def broken(values):
            return [k for k, value in enumerate(values)
                    if not torch.isfinite(value.float()).all()]
        names = batch.get('name') or [f'number {k} of the batch' for k in range(len(prediction))]
        images, answers = broken(batch['image']), broken(prediction)
        if images:
            what = 'the image is not finite of ' + ', '.join(names[k] for k in images)
            cure = 'remove or repair it'
        elif len(answers) == len(prediction):
            what = 'every prediction is not finite, on ' + ', '.join(names)
            cure = 'the weights diverged: lower lr'
        else:
            what = 'look at ' + ', '.join(names[k] for k in answers or range(len(names)))
            cure = 'remove or repair it'
        return (f'step {self.global_step}: the loss is not finite; {what}. {cure[0].upper()}'
                f'{cure[1:]}, and go on from the last checkpoint')

    def predict_depth(self, batch):
        """Predict (B, H, W) metres at the size of the batch's ground truth."""
        raise NotImplementedError

    def truth(self, batch):
        """Return what validation compares with: (B, H, W) metres, NaN unknown."""
        return batch['depth']

    def validation_step(self, batch, batch_idx):
        """Measure each image as the evaluation does."""
        predictions = self.predict_depth(batch).float().cpu().numpy()
        for prediction, target in zip(predictions, self.truth(batch).float().cpu().numpy()):
            image = self.protocol.image(prediction, target)
            self.measured.append((image, edge_f1(prediction, target)))

    def on_validation_epoch_end(self):
        """Log the figures over all images, of all processes."""
        measured, self.measured = self.measured, []
        if torch.distributed.is_initialized() and torch.distributed.get_world_size() > 1:
            parts = [None] * torch.distributed.get_world_size()
            torch.distributed.all_gather_object(parts, measured)
            measured = sum(parts, [])
        self.log_validation(measured)

    def log_validation(self, measured):
        """Log the figures of what `validation_step` measured of all images."""
        combined = self.protocol.combine(image for image, _ in measured)
        for name in METRICS:
            self.log(f'val/{name}', combined[name], prog_bar=name == 'abs_rel')
        edges = [f1 for _, f1 in measured if f1 is not None]
        if edges:
            self.log('val/edge_f1', sum(edges) / len(edges))


def edge_f1(prediction, target):
    """Return F1 of depth edges (H, W), or None where the ground truth is too sparse for edges."""
    if not known_around(target).any():
        return None
    return edge_metrics(prediction, target, EDGE)['f1']
