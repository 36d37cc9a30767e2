# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Distillation of a large network's metric depth into a small one. Hu et al., KSEM 2023."""
from __future__ import annotations

from depth_ros.contracts import InputError
import torch
from training.losses.distillation import distillation_loss
from training.methods.metric_depth import MetricDepth, normalised
from training.networks.blocks import resize
from training.networks.metric import build_network, load_network


class Taught(MetricDepth):
    """
    A student with a frozen teacher of the same kind.

    :param teacher_checkpoint: of a `supervised` run, or a state dict of that network.

    See MetricDepth for the other arguments.
    """

    def __init__(self, network: str = 'mff_student', encoder: str = 'mobilenet_v2',
                 teacher_network: str = 'mff_student', teacher_encoder: str = 'resnet34',
                 teacher_checkpoint: str | None = None, protocol: str = 'image_rmse', **options):
        """See the class; the teacher is read when training starts."""
        super().__init__(network, encoder, protocol=protocol, **options)
        # In a tuple, so that it is neither trained nor written to the student's checkpoints.
        self.teacher = ()

    def setup(self, stage: str | None = None):
        """Read the teacher."""
        if stage == 'fit' and not self.teacher:
            if self.hparams.teacher_checkpoint is None:
                raise InputError('distillation needs model.teacher_checkpoint: the last.ckpt of a '
                                 'supervised run of the teacher')
            self.teacher = (self.read_teacher(),)

    def read_teacher(self):
        """Return the teacher, in eval mode and frozen."""
        h = self.hparams
        teacher = build_network(h.teacher_network, h.teacher_encoder)
        load_network(teacher, h.teacher_checkpoint)
        return teacher.eval().requires_grad_(False)

    def answer(self, image, size):
        """Give the teacher's depth (B, 1, *size) of normalised images, with gradients."""
        return resize(self.teacher[0].to(image.device, image.dtype)(image), size)

    @torch.no_grad()
    def teach(self, image, size):
        """Give the teacher's depth (B, 1, *size) of normalised images."""
        return self.answer(image, size)


class Distillation(Taught):
    """
    Learn from a frozen teacher on all images, and from ground truth on labelled ones.

    :param truth_share: part of the ground truth in the loss of labelled images; 1 is the student
        without distillation, on labelled data.

    See Taught and MetricDepth for the other arguments.
    """

    def __init__(self, network: str = 'mff_student', encoder: str = 'mobilenet_v2',
                 teacher_network: str = 'mff_student', teacher_encoder: str = 'resnet34',
                 teacher_checkpoint: str | None = None, truth_share: float = 0.5,
                 protocol: str = 'image_rmse', **options):
        """See the class."""
        if not 0.0 <= truth_share <= 1.0:
            raise InputError(f'truth_share is {truth_share}: it is a part, between 0 and 1')
        super().__init__(network, encoder, teacher_network, teacher_encoder, teacher_checkpoint,
                         protocol, **options)

    def losses(self, batch) -> dict:
        """Compare with the teacher and the ground truth of one batch."""
        h, image = self.hparams, normalised(batch['image'])
        prediction = self.net(image)
        size = prediction.shape[2:]
        labelled = batch.get('labelled')
        if labelled is None:
            labelled = torch.ones(len(image), dtype=torch.bool, device=image.device)
        parts = distillation_loss(prediction, self.teach(image, size), self.targets(batch, size),
                                  labelled, h.truth_share, h.terms, h.masked)
        return {**parts, 'prediction': prediction}
