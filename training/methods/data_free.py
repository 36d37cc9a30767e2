# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Distillation without the teacher's training data, and its baselines.

Hu et al., Dense Depth Distillation with Out-of-Distribution Simulated Images (arXiv 2208.12464).
"""
from __future__ import annotations

from depth_ros.contracts import choose, InputError
import numpy as np
import torch
from training.data_free.teachers import read_foreign
from training.datasets.mixing import mix
from training.feature_statistics import norms, statistics
from training.losses.composite import composite_loss
from training.losses.data_free import (
    disagreement,
    generator_loss,
    STATISTICS,
    STAY,
    transform_loss,
)
from training.methods.distillation import Taught
from training.methods.metric_depth import normalised
from training.networks.generator import Generator
from training.networks.transformation import Transformation
from training.pictures import to_rgb

# What the student is compared with the teacher by.
LOSSES = {'l1': disagreement, 'dif': lambda student, teacher: composite_loss(
    student, teacher)['loss']}
# Where images come from: the data, mixed or not; noise; a generator that looks for mistakes.
SOURCES = ('simulated', 'noise', 'adversarial')


class DataFree(Taught):
    """
    Learn what a frozen teacher says of images that it was not trained on.

    Ours: simulated images, mixed by their instances, and the same changed by a transformation
    network until the teacher's features have the statistics that it stores; one step of that
    network per step of the student. The student sees both, so that a batch is twice as large.
    KD-OOD: mix_share 0, transform false. DFAD: source adversarial with optimizer sgd, lr 0.1 and
    weight_decay 5e-5. Samples are left out on which the teacher's answer is not finite.

    :param teacher_checkpoint: as in Taught; or an ONNX file of any origin that takes an image and
        gives depth, which shows no features: it needs transform false.
    :param teacher_takes: of such a file, see `teacher_depth.Layout`, where the file does not tell;
        teacher_unit: metres that 1 of its output stands for.
    :param source: simulated, noise or adversarial; the last two look at the size of the data's
        images only, which may be blank.
    :param loss: l1, or dif: the composite loss.
    :param mix_share: probability of a mixed image; needs `instances` in the data.
    :param transform: use the transformation network.
    :param statistics: how features are compared, see `losses.data_free.statistics_loss`; stay:
        weight of how far the transformation moves a pixel.
    :param maker_lr: of Adam of the transformation network or the generator.
    :param student_steps: of the student per step of the generator.
    :param generator_size: (height, width), multiples of 16; its images are resized to the data's.
    :param optimizer: of the student: adam, or sgd with momentum 0.9.

    See Taught and MetricDepth for the other arguments.
    """

    def __init__(self, network: str = 'mff_student', encoder: str = 'mobilenet_v2',
                 teacher_network: str = 'mff_student', teacher_encoder: str = 'resnet34',
                 teacher_checkpoint: str | None = None, source: str = 'simulated',
                 loss: str = 'l1', mix_share: float = 0.5, transform: bool = True,
                 statistics: str = 'relative', stay: float = STAY, maker_lr: float = 1e-4,
                 student_steps: int = 5, generator_size: tuple[int, int] = (256, 320),
                 optimizer: str = 'adam', teacher_takes: str | None = None,
                 teacher_unit: float = 1.0, protocol: str = 'image_rmse', **options):
        """See the class; the teacher is read when training starts."""
        choose(dict.fromkeys(SOURCES), source, 'source of images')
        choose(LOSSES, loss, 'loss of the student')
        choose({'adam': 0, 'sgd': 0}, optimizer, 'optimizer')
        choose(STATISTICS, statistics, 'way to compare statistics')
        if not 0.0 <= mix_share <= 1.0:
            raise InputError(f'mix_share is {mix_share}: it is a probability, between 0 and 1')
        if not 0.0 < teacher_unit < float('inf'):
            raise InputError(f'teacher_unit is {teacher_unit}: give metres, above 0')
        if student_steps < 1:
            raise InputError(f'student_steps is {student_steps}: give at least 1')
        super().__init__(network, encoder, teacher_network, teacher_encoder, teacher_checkpoint,
                         protocol, **options)
        # What changes or makes images; trained here, beside the trainer's own optimiser, so that
        # steps count the student's alone.
        self.maker = None
        if source == 'adversarial':
            self.maker = Generator(tuple(generator_size))
        elif source == 'simulated' and transform:
            self.maker = Transformation()
        self.maker_optimizer, self._kept = None, None

    def setup(self, stage: str | None = None):
        """Read the teacher; one that cannot do what is asked is an InputError."""
        super().setup(stage)
        if stage == 'fit' and self.maker is not None:
            what = 'the transformation network (model.transform=false does without)' \
                if self.hparams.source == 'simulated' else 'the source adversarial'
            teacher = self.teacher[0]
            if not isinstance(teacher, torch.nn.Module):
                raise InputError(f'{self.hparams.teacher_checkpoint} shows neither features nor '
                                 f'gradients, which {what} needs')
            if self.hparams.source == 'simulated' and not norms(teacher):
                raise InputError(f'the teacher stores no statistics of its features, which {what} '
                                 'needs')
            if self._trainer is not None and self.trainer.world_size > 1:
                raise InputError(f'{what} trains on one device only: set trainer.devices=1')

    def read_teacher(self):
        """Return the teacher: a network, or what answers in its place."""
        path = self.hparams.teacher_checkpoint
        if str(path).endswith('.onnx'):
            return read_foreign(path, self.hparams.teacher_takes, self.hparams.teacher_unit)
        return super().read_teacher()

    def answer(self, image, size):
        """Give the teacher's depth (B, 1, *size) of normalised images."""
        if isinstance(self.teacher[0], torch.nn.Module):
            return super().answer(image, size)
        return self.teacher[0].answer(image, size)

    def configure_optimizers(self):
        """Adam or SGD with the step schedule."""
        found, h = super().configure_optimizers(), self.hparams
        if h.optimizer == 'sgd':
            found['optimizer'] = torch.optim.SGD(self.net.parameters(), h.lr, 0.9,
                                                 weight_decay=h.weight_decay)
            found['lr_scheduler']['scheduler'] = torch.optim.lr_scheduler.StepLR(
                found['optimizer'], h.decay_every, h.decay_by)
        return found

    def losses(self, batch) -> dict:
        """Compare student and teacher on a batch, which need not be the data's."""
        image, parts = self.samples(batch)
        prediction = self.net(image).float()
        teacher = self.teach(image, prediction.shape[2:]).float()
        known = torch.isfinite(teacher).flatten(1).all(1)
        with torch.autocast(image.device.type, enabled=False):
            if known.all():
                loss = LOSSES[self.hparams.loss](prediction, teacher)
            elif known.any():
                loss = LOSSES[self.hparams.loss](prediction[known], teacher[known])
            else:
                loss = 0.0 * prediction.sum()
        return {**parts, 'loss': loss, 'left_out': (~known).float().mean(),
                'prediction': prediction}

    def samples(self, batch):
        """Give the images (N, 3, H, W) that are learnt from, and figures about them."""
        image, source = normalised(batch['image']), self.hparams.source
        if source == 'noise':
            return torch.randn_like(image), {}
        if source == 'adversarial':
            return self.adversarial(image)
        parts = {}
        if self.hparams.mix_share:
            if 'instances' not in batch:
                raise InputError('mixing needs data with instances (SimulatedData): set '
                                 'model.mix_share=0, or use it')
            image, mask = mix(image, batch['instances'], self.hparams.mix_share)
            parts['pasted'] = mask.float().mean()
        if self.maker is None:
            return image, parts
        if self.training:
            changed, found = self.adapt(image)
            parts.update(found)
        else:
            with torch.no_grad():
                changed = self.maker(image)
        return torch.cat([image, changed.to(image.dtype)]), parts

    def adapt(self, image):
        """Take one step of the transformation network; returns its images before, and figures."""
        teacher, kind = self.teacher[0].to(image.device, image.dtype), image.device.type
        # Statistics of many layers go beyond the range of float16, not beyond bfloat16's.
        dtype = torch.get_autocast_dtype(kind)
        with torch.autocast(kind, dtype, torch.is_autocast_enabled(kind)
                            and dtype is not torch.float16):
            changed = self.maker(image)
            with statistics(teacher) as found:
                teacher(changed)
        with torch.autocast(kind, enabled=False):
            parts = transform_loss(found, changed.float(), image, self.hparams.stay,
                                   self.hparams.statistics)
        self.step(parts['loss'])
        return changed.detach(), {
            f'transform_{name}': value.detach() for name, value in parts.items()}

    def adversarial(self, image):
        """Draw images for the student; now and then a step of the generator comes first."""
        count, size, parts = len(image), image.shape[2:], {}
        taken = self.global_step
        if self.training and taken and taken % self.hparams.student_steps == 0:
            drawn = self.maker.draw(count, size)
            student = self.net(drawn)
            loss = generator_loss(student, self.answer(drawn, student.shape[2:]))
            self.step(loss)
            parts['generator'] = loss.detach()
        with torch.no_grad():
            return self.maker.draw(count, size), parts

    def step(self, loss):
        """Take one step of what makes images; one that is not finite is left out."""
        if self.maker_optimizer is None:
            self.maker_optimizer = torch.optim.Adam(self.maker.parameters(),
                                                    self.hparams.maker_lr)
            if self._kept:
                self.maker_optimizer.load_state_dict(self._kept)
        weights = list(self.maker.parameters())
        self.maker_optimizer.zero_grad()
        loss.backward(inputs=weights)
        if all(torch.isfinite(value.grad).all() for value in weights):
            self.maker_optimizer.step()

    def on_save_checkpoint(self, checkpoint):
        """Keep the state of the second optimiser."""
        if self.maker_optimizer is not None:
            checkpoint['maker_optimizer'] = self.maker_optimizer.state_dict()

    def on_load_checkpoint(self, checkpoint):
        """Take it up again."""
        self._kept, self.maker_optimizer = checkpoint.get('maker_optimizer'), None

    def pictures(self, batch) -> dict:
        """Return {name: (B, H, W, 3) uint8}: the images as the transformation changes them."""
        if not isinstance(self.maker, Transformation):
            return {}
        with torch.no_grad():
            changed = self.maker(normalised(batch['image']))
        return {'transformed': np.stack([to_rgb(image) for image in changed])}
