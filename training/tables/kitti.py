# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
KITTI for tables of completion: the whole data set, or small parts of it split by drive.

A fold trains on images, their single line and a teacher, and is measured on frames of other
drives, on what the LiDAR saw beside the line.
"""
from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from depth_ros.contracts import InputError
from depth_ros.datasets import Options
from training.datasets.frames import Frames, READERS, Source, WHERE
from training.datasets.pipeline import Augmentation

# The whole data set below the root: place, files that are counted, and how many there must be.
TRAIN = ('kitti/train', '*/proj_depth/groundtruth/image_0[23]/*.png', 80_000)
SELECTION = ('kitti/val_selection_cropped', 'groundtruth_depth/*.png', 1000)
FULL_ELEVATION = -1.0

# Reader to how the name of a folder below kitti*/ begins, letters and digits only.
SMALL = {'kitti_object': ('object',), 'kitti_depth_completion': ('depthcompletion',),
         'kitti_raw': ('raw',), 'images': ('odometry', 'objectrgb')}
SMALL_ELEVATION = -2.0
SMALL_LIMIT = 12  # frames of one drive, which differ little
# Images of a drive without a LiDAR: how many, and about which row (of the height) their line, cut
# out of the teacher's map, lies; that is where a ring at -2 degrees falls.
IMAGES, ROW = 120, 0.53
OFTEN = 3  # times a frame of kitti_object, a drive of its own, is seen for one of the others
# By the mapping of KITTI's object devkit frame 23 is the one after frame 1, which is measured, and
# frame 4 of the same drive. The other frames up to 23 and odometry 00 (2011_10_03_drive_0027) are
# of no drive that is measured.
SAME_DRIVE = ('000004', '000023')


@dataclass(frozen=True)
class Fold:
    """Sources (mappings for `datasets.frames.Source`) to train on and to measure on."""

    name: str
    train: list
    measured: list
    frames: dict  # dataset to number, of those trained on


@dataclass(frozen=True)
class KittiData:
    """
    What is found.

    :param lacks: why it is not the full data; empty where it is.
    """

    folds: list
    elevation: float
    lacks: str = ''

    @property
    def full(self) -> bool:
        """Whether it is what the publication used."""
        return not self.lacks


def find_kitti(root, small: bool = False, elevation: float | None = None) -> KittiData:
    """
    Find KITTI depth completion under `root`, or small parts of KITTI.

    :param small: do not look for the full data; elevation: of the line, degrees; None: -1 for
        the full data, -2 for the small.
    :raises InputError: neither; names the layouts.
    """
    root = Path(root)
    lacks = 'the small data were asked for' if small else _lacks(root)
    if lacks:
        angle = SMALL_ELEVATION if elevation is None else elevation
        return KittiData(_small_folds(root, angle), angle, lacks)
    angle = FULL_ELEVATION if elevation is None else elevation
    train, measured = (_source('kitti_depth_completion', root / place, angle)
                       for place, _, _ in (TRAIN, SELECTION))
    frames = {'kitti_depth_completion': len(list((root / TRAIN[0]).glob(TRAIN[1])))}
    fold = Fold('validation', [{**train, 'labelled': False}], [measured], frames)
    return KittiData([fold], angle)


def _source(dataset, path, elevation, part='all', limit=None):
    source = {'dataset': dataset, 'path': str(path), 'part': part, 'limit': limit,
              'partial': True}
    if dataset != 'images':
        return {**source, 'elevation': elevation}
    objects = path.name.startswith('object')
    return {**source, 'row': ROW, 'limit': IMAGES, 'leave_out': SAME_DRIVE if objects else ()}


def _lacks(root):
    missing = []
    for place, pattern, least in (TRAIN, SELECTION):
        count = sum(1 for _ in (root / place).glob(pattern))
        if count < least:
            missing.append(f'{root / place} ({count} of {least} frames)')
    return 'missing: ' + ', '.join(missing) if missing else ''


def _small_folds(root, elevation):
    """Measure each half of the object frames, of which each is a drive of its own."""
    found = _small_sets(root)
    objects = [path for dataset, path in found if dataset == 'kitti_object']
    if not objects:
        raise InputError(
            f'no KITTI data under {root} (--data): the published table needs {TRAIN[0]} with the '
            f'raw drives beside it in kitti/raw, and {SELECTION[0]}, from '
            f'{WHERE["kitti_depth_completion"]}. To run the code on small data, put there '
            f'kitti/object ({import_module(READERS["kitti_object"]).LAYOUT}, from '
            f'{WHERE["kitti_object"]}) with frames of different drives')
    folds = []
    for measured, other in (('even', 'odd'), ('odd', 'even')):
        drives = [_source('kitti_object', path, elevation, other) for path in objects]
        train = drives + [_source(dataset, path, elevation, limit=SMALL_LIMIT)
                          for dataset, path in found if dataset != 'kitti_object']
        folds.append(Fold(
            measured,
            [{**source, 'labelled': False} for source in [*drives * (OFTEN - 1), *train]],
            [_source('kitti_object', path, elevation, measured) for path in objects],
            _frames(train)))
    return folds


def _small_sets(root):
    """List (dataset, path) below kitti*/; of raw drives with projected scans only these."""
    found = []
    for folder in sorted((*root.glob('kitti*/*'), *root.glob('*/kitti*/*'))):
        plain = ''.join(filter(str.isalnum, folder.name.lower()))
        for dataset, names in SMALL.items():
            if folder.is_dir() and plain.startswith(names) and _count(dataset, folder):
                found.append((dataset, folder))
    raw = [path for dataset, path in found if dataset == 'kitti_raw']
    # The same drive twice, as it was recorded and projected: the longer one is used.
    longest = max(raw, key=lambda path: _count('kitti_raw', path), default=None)
    return [(dataset, path) for dataset, path in found
            if dataset != 'kitti_raw' or path == longest]


def _count(dataset, path):
    try:
        return len(import_module(READERS[dataset]).open_dataset(path, Options()))
    except InputError:
        return 0


def _frames(sources):
    counts = {}
    for source in sources:
        part = Frames(Source(**source), Augmentation(), False)
        counts[source['dataset']] = counts.get(source['dataset'], 0) + len(part)
    return counts
