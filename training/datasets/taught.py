# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Frames with what a teacher says of them in place of ground truth, and pairs on their lines."""
from __future__ import annotations

from dataclasses import asdict, replace

from depth_ros.contracts import InputError
import numpy as np
import torch
from tqdm import tqdm
from training.datasets.frames import FrameData, Frames, typed
from training.datasets.pipeline import make_item
from training.lines.pairs import image_pairs, LinePrior
from training.losses.alignment import CAP as FAR
from training.losses.alignment import ENOUGH
from training.pictures import to_rgb
from training.teacher_cache import CachedTeacher
from training.teacher_depth import Layout, open_teacher

# A line that is cut out of a map lies up to so much (of the height) higher or lower than asked.
SWAY = 0.04
# Measured lines agree with a teacher neither in scale (deviation of its logarithm) nor where the
# LiDAR looks past an edge: over a run of columns up to so long (of the width), up to so much
# farther.
SCALE_NOISE, RUN, FARTHER = 0.15, 0.5, 2.0


class TaughtFrames(Frames):
    """
    The frames of one source; ground truth of the source is not looked at.

    The teacher sees each recorded image once, as it is; its depth then goes through the same
    changes as the image.

    A frame without any measurement of a source that names a `row` gets its line from the teacher,
    brought to metres by `unit`: another scene for the student, on which the line says nothing new.

    :param teacher: anything with `depth(image)`; best a `CachedTeacher`.
    :param prior: how straight lines are used; None: not at all.
    """

    unit = 1.0  # metres per unit of the teacher

    def __init__(self, source, steps, training=True, in_memory=False, teacher=None, prior=None):
        """Open the source."""
        super().__init__(source, steps, training, in_memory)
        self.teacher, self.prior, self.row = teacher, prior, source.row

    def teach(self):
        """
        Ask the teacher about every frame, so that its answers are on disk.

        Yields per frame the metres per unit of the teacher, None without enough measurements.
        """
        samples = self.kept if self.kept is not None else self.data.read(self.indices)
        for sample in samples:
            depth, measured = self.teacher.depth(sample.image), sample.sparse > 0
            yield float(np.median(sample.sparse[measured] / depth[measured])) \
                if measured.sum() >= ENOUGH else None

    def _line(self, depth, random):
        """Cut a line about a row out of the teacher's map."""
        shift = random.uniform(-SWAY, SWAY) if random is not None else 0.0
        row = int(np.clip(self.row + shift, 0.0, 1.0) * (len(depth) - 1))
        values = depth[row] * np.float32(self.unit)
        if random is not None:
            values = values * _disagreement(len(values), random)
        line = np.zeros_like(depth)
        line[row] = np.where(values < FAR, values, 0.0)
        return line

    def item(self, sample, random):
        """
        Run the pipeline on a sample.

        :returns: image, sparse_depth, camera and name as `make_item` has them; teacher (H, W)
            relative depth, NaN where the image has no content; pairs (P, 3), see `lines.pairs`.
        """
        taught = replace(sample, depth=self.teacher.depth(sample.image))
        if self.row is not None and not (sample.sparse > 0).any():
            taught = replace(taught, sparse=self._line(taught.depth, random))
        item = make_item(taught, self.steps, random, False)
        item['teacher'] = item.pop('depth')
        del item['labelled']
        if self.prior is not None:
            pairs = image_pairs(to_rgb(item['image']), item['teacher'].numpy(), self.prior)
            item['pairs'] = torch.from_numpy(pairs)
        return item


def _disagreement(width, random):
    """Draw the factor (width,) by which a measured line differs from the teacher."""
    factor = np.full(width, np.exp(random.normal(0.0, SCALE_NOISE)), np.float32)
    first, length = random.integers(width), int(random.uniform(0.0, RUN) * width)
    factor[first:first + length] *= random.uniform(1.0, FARTHER)
    return factor


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
            parts, units = self.training_frames.datasets, []
            with tqdm(total=sum(map(len, parts)), desc='teacher', disable=None) as bar:
                for part in parts:
                    for unit in part.teach():
                        bar.update()
                        if unit is not None:
                            units.append(unit)
            for part in parts if units else ():
                part.unit = float(np.exp(np.median(np.log(units))))

    def training_set(self, source):
        """Open one source for training."""
        return TaughtFrames(source, self.steps, True, self.hparams.in_memory, self.taught,
                            self.prior)
