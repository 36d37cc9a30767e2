# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Recorded data sets for training, by name, and batches of them."""
from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import import_module

from depth_ros.contracts import choose, InputError
from depth_ros.datasets import DATASETS, Options
import lightning
import numpy as np
import torch
from torch.utils.data import ConcatDataset, DataLoader, Dataset
from training.datasets.pipeline import Augmentation, make_item

# Name to module: what evaluation reads too, and the layouts that only training uses.
READERS = ChainMap({'robot_frames': 'training.robot.frames'}, {
    name: f'training.datasets.{name}' for name in (
        'nyu_lists', 'nyu_labelled', 'scannet', 'scenenet', 'kitti_raw', 'images', 'stored')},
    DATASETS)
# Where those of others are to be had; a reader without an entry just does not say.
WHERE = {
    'kitti_object': 'https://www.cvlibs.net/datasets/kitti/eval_object.php',
    'kitti_depth_completion':
        'https://www.cvlibs.net/datasets/kitti/eval_depth.php?benchmark=depth_completion',
    'kitti_raw': 'https://www.cvlibs.net/datasets/kitti/raw_data.php',
    'images': 'any images of a camera',
    'nyu_lists': 'https://github.com/JunjH/Revisiting_Single_Depth_Estimation (its data link)',
    'nyu_labelled': 'https://cs.nyu.edu/~fergus/datasets/nyu_depth_v2.html',
    'nyu': 'https://cs.nyu.edu/~fergus/datasets/nyu_depth_v2.html',
    'scannet': 'http://www.scan-net.org (on signing its terms)',
    'scenenet': 'https://robotvault.bitbucket.io/scenenet-rgbd.html',
    'icl_nuim': 'https://www.doc.ic.ac.uk/~ahanda/VaFRIC/iclnuim.html',
    'tum': 'https://cvg.cit.tum.de/data/datasets/rgbd-dataset',
    'redwood': 'http://redwood-data.org',
    'seven_scenes': 'https://www.microsoft.com/en-us/research/project/rgb-d-dataset-7-scenes',
    'bag': 'your own recording: ros2 bag record',
    'robot_frames': 'your own recording: python -m training r2m',
    'stored': 'python -m training render-stored, or the domains of a lifelong run'}


@dataclass(frozen=True)
class Source:
    """
    One data set in a config file.

    :param labelled: use its depth as ground truth; False: images only; None: where it has
        ground truth, which a recording may lack. True refuses such a recording.
    :param limit: at most so many frames, evenly spread.
    :param part: for small data sets without a split: 'all', every second of the frames ('even',
        'odd'), or a third of them in their order ('first', 'middle', 'last').
    :param leave_out: names of frames that are not used.
    :param row, elevation: where the measured line lies, see `depth_ros.datasets.Options`.
    :param partial: use what there is of a data set with missing files, which is an error else.
    :param topics: of a recording, by part (image, camera_info, scan, cloud, depth); parts left
        out are found by the type of their messages.
    :param extrinsics: of a recording without its transforms, or with wrong ones: the pose of the
        LiDAR in the camera optical frame, numbers of `depth_ros.poses.pose_from`.
    """

    dataset: str
    path: str
    labelled: bool | None = None
    limit: int | None = None
    part: str = 'all'
    leave_out: Sequence[str] = ()
    row: float | None = None
    elevation: float | None = None
    partial: bool = False
    topics: Mapping[str, str] | None = None
    extrinsics: tuple[float, ...] | None = None


TOPICS = {part: f'{part}_topic' for part in ('image', 'camera_info', 'scan', 'cloud', 'depth')}


def _third(number):
    def part(frames):
        first, end = (round(len(frames) * k / 3) for k in (number, number + 1))
        return frames[first:end]
    return part


# Name to function: list of frames -> the part of it.
PARTS = {'all': lambda frames: frames, 'even': lambda frames: frames[::2],
         'odd': lambda frames: frames[1::2], 'first': _third(0), 'middle': _third(1),
         'last': _third(2)}


class FrameError(InputError):
    """
    A frame that cannot be used, in one line.

    A loader process hands its error on as the text of a traceback, of which the last line counts.
    """

    def __init__(self, message: str):
        """Keep what is said of the frame."""
        super().__init__(message.strip().splitlines()[-1].split('FrameError: ')[-1])


class Frames(Dataset):
    """
    The frames of one source, through the pipeline.

    :param training: draw random changes; they follow torch's seed.
    :param in_memory: read everything once; right for bags and small sets.
    """

    def __init__(self, source: Source, steps: Augmentation, training: bool = True,
                 in_memory: bool = False):
        """Open the source; an InputError names the expected layout and where to get it."""
        name = source.dataset
        module = import_module(choose(READERS, name, 'data set'))
        try:
            self.data = module.open_dataset(source.path, _options(source))
            if self.data.missing and not source.partial:
                raise InputError(
                    f'{len(self.data.missing)} files of {source.path} are missing, first '
                    f'{self.data.missing[0]} (partial: true uses the other frames). Expected '
                    f'layout: {module.LAYOUT}')
        except InputError as error:
            where = f'. Get it from {WHERE[name]}' if name in WHERE else ''
            raise InputError(f'{error}{where}') from error
        self.labelled = self.data.truth if source.labelled is None else source.labelled
        self.steps, self.training = steps, training
        part = choose(PARTS, source.part, 'part of a data set')
        self.indices = [index for index in part(self.data.spread(source.limit))
                        if self.data.names[index] not in source.leave_out]
        self.kept = list(self.data.read(self.indices)) if in_memory else None

    def __len__(self):
        """Return the number of frames."""
        return len(self.indices)

    def __getitem__(self, index):
        """Return one item, see `pipeline.make_item`; FrameError names a broken file."""
        random = None
        if self.training:
            random = np.random.default_rng(int(torch.randint(2 ** 62, ())))
        try:
            return self.item(self.sample(index), random)
        except InputError as error:
            raise FrameError(str(error)) from error

    def sample(self, index):
        """Return a frame as it was recorded."""
        if self.kept is not None:
            return self.kept[index]
        return next(iter(self.data.read([self.indices[index]])))

    def item(self, sample, random):
        """Run the pipeline on a sample; `random` None measures."""
        # Evaluation keeps the measured points out of the ground truth; here they are labels.
        depth = np.where(sample.sparse > 0, sample.sparse, sample.depth)
        return make_item(replace(sample, depth=depth), self.steps, random, self.labelled)


def _options(source):
    """Turn what a config file says into options of a reader."""
    for name in ('topics', 'extrinsics'):
        if getattr(source, name) and source.dataset != 'bag':
            raise InputError(f'{name} are for recordings (dataset: bag), not for '
                             f'{source.dataset!r}')
    return Options(row=source.row, elevation=source.elevation,
                   unlabelled=source.labelled is not True, extrinsics=source.extrinsics,
                   **{choose(TOPICS, part, 'part of a recording'): name
                      for part, name in (source.topics or {}).items()})


class FrameData(lightning.LightningDataModule):
    """
    Batches of recorded frames for training and validation.

    :param train: sources (mixed by their sizes); unlabelled ones serve distillation.
    :param validation: sources, measured without random changes.
    :param steps: the pipeline; `target` and `author_mode` apply to training only.
    """

    def __init__(self, train: Sequence[Source], validation: Sequence[Source] = (),
                 steps: Augmentation | None = None, batch_size: int = 8, workers: int = 2,
                 in_memory: bool = False):
        """Keep the description; files are opened in `setup`."""
        super().__init__()
        self.train, self.validation = (
            [typed(Source, source) for source in part] for part in (train, validation))
        self.steps = typed(Augmentation, steps or {})
        self.validation_frames = None
        self.save_hyperparameters({
            'train': [asdict(s) for s in self.train], 'batch_size': batch_size,
            'validation': [asdict(s) for s in self.validation], 'steps': asdict(self.steps),
            'workers': workers, 'in_memory': in_memory})

    def setup(self, stage=None):
        """Open the data sets."""
        p = self.hparams
        measured = replace(self.steps, target=None, author_mode=False)
        if stage in (None, 'fit'):
            self.training_frames = self.all_training()
        self.validation_frames = [Frames(s, measured, False, p.in_memory)
                                  for s in self.validation]

    def all_training(self):
        """Open everything that is trained on."""
        return ConcatDataset([self.training_set(s) for s in self.train])

    def training_set(self, source):
        """Open one source for training."""
        return Frames(source, self.steps, True, self.hparams.in_memory)

    def train_dataloader(self):
        """Shuffled batches; the last, smaller one is left out."""
        return self._loader(self.training_frames, True)

    def val_dataloader(self):
        """All validation frames in order."""
        if self.validation_frames is None:
            self.setup('validate')
        return self._loader(ConcatDataset(self.validation_frames), False) \
            if self.validation_frames else []

    def _loader(self, data, training):
        p = self.hparams
        if training and len(data) < p.batch_size:
            raise InputError(f'{len(data)} training frames do not fill a batch of '
                             f'{p.batch_size}: lower data.batch_size')
        return DataLoader(data, p.batch_size, shuffle=training, drop_last=training,
                          num_workers=p.workers, persistent_workers=p.workers > 0)


def typed(kind, options):
    """Make a dataclass from a config file's mapping; lists become tuples."""
    if isinstance(options, kind):
        return options
    for name in options:
        choose(kind.__dataclass_fields__, name, f'option of {kind.__name__}')
    return kind(**{name: tuple(value) if isinstance(value, list) else value
                   for name, value in options.items()})
