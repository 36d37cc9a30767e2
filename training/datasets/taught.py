# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Frames with what a teacher says of them in place of ground truth, and pairs on their lines."""
from __future__ import annotations

from dataclasses import asdict, replace

from depth_ros.contracts import InputError
import torch
from tqdm import tqdm
from training.datasets.frames import FrameData, Frames, typed
from training.datasets.pipeline import make_item
from training.lines.pairs import image_pairs, LinePrior
from training.pictures import to_rgb
from training.teacher_cache import CachedTeacher
from training.teacher_depth import Layout, open_teacher


class TaughtFrames(Frames):
    """
    The frames of one source; ground truth of the source is not looked at.

    The teacher sees each recorded image once, as it is; its depth then goes through the same
    changes as the image.

    :param teacher: anything with `depth(image)`; best a `CachedTeacher`.
    :param prior: how straight lines are used; None: not at all.
    """

    def __init__(self, source, steps, training=True, in_memory=False, teacher=None, prior=None):
        """Open the source."""
        super().__init__(source, steps, training, in_memory)
        self.teacher, self.prior = teacher, prior

    def teach(self):
        """Ask the teacher about every frame, so that its answers are on disk; yields names."""
        samples = self.kept if self.kept is not None else self.data.read(self.indices)
        for sample in samples:
            self.teacher.depth(sample.image)
            yield sample.name

    def item(self, sample, random):
        """
        Run the pipeline on a sample.

        :returns: image, sparse_depth, camera and name as `make_item` has them; teacher (H, W)
            relative depth, NaN where the image has no content; pairs (P, 3), see `lines.pairs`.
        """
        taught = replace(sample, depth=self.teacher.depth(sample.image))
        item = make_item(taught, self.steps, random, False)
        item['teacher'] = item.pop('depth')
        del item['labelled']
        if self.prior is not None:
            pairs = image_pairs(to_rgb(item['image']), item['teacher'].numpy(), self.prior)
            item['pairs'] = torch.from_numpy(pairs)
        return item


class TaughtData(FrameData):
    """
    Batches for training from a teacher and a measured line; validation is that of FrameData.

    :param teacher: file or folder, see `teacher_depth.open_teacher`.
    :param layout: of an ONNX file of others.
    :param cache: folder where the teacher's answers are kept.
    :param lines: how straight lines are used; null: not at all.

    See FrameData for the other arguments. All frames are taught before training starts.
    """

    def __init__(self, teacher: str, layout: Layout | None = None,
                 cache: str = 'runs/teacher_cache', lines: LinePrior | None = LinePrior(),
                 device: str = 'cpu', **options):
        """Keep the description; teacher and files are opened in `setup`."""
        super().__init__(**options)
        if self.steps.target or self.steps.author_mode:
            raise InputError('data.steps.target and data.steps.author_mode cannot be used with a '
                             'teacher: its depth has the size and geometry of the image')
        self.layout, self.prior = typed(Layout, layout or {}), lines and typed(LinePrior, lines)
        self.taught = None
        self.save_hyperparameters({
            'teacher': teacher, 'cache': cache, 'device': device, 'layout': asdict(self.layout),
            'lines': asdict(self.prior) if self.prior else None})

    def setup(self, stage=None):
        """Open teacher and data, and have all training frames taught."""
        p = self.hparams
        if stage in (None, 'fit'):
            teacher = open_teacher(p.teacher, self.layout, p.device)
            self.taught = CachedTeacher(teacher, p.cache)
        super().setup(stage)
        if stage in (None, 'fit'):
            parts = self.training_frames.datasets
            with tqdm(total=sum(map(len, parts)), desc='teacher', disable=None) as bar:
                for part in parts:
                    for _ in part.teach():
                        bar.update()

    def training_set(self, source):
        """Open one source for training."""
        return TaughtFrames(source, self.steps, True, self.hparams.in_memory, self.taught,
                            self.prior)
