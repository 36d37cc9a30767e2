# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Domains that tables of lifelong learning find: NYU and KITTI, or kinds of procedural worlds."""
from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from depth_ros.contracts import InputError
from training.datasets.frames import Frames, Source
from training.datasets.pipeline import Augmentation
from training.datasets.stored import INDEX
from training.tables.data import find_data
from training.tables.kitti import find_kitti

# The published pipelines: what is trained on, and what is measured.
NYU = {'size': [240, 320], 'crop': [228, 304]}
KITTI = {'size': None, 'crop': [320, 480], 'place': 'bottom', 'degrees': 0.0}
KITTI_WHOLE = {'size': None, 'crop': None}
# Small frames of the same aspects.
NYU_SMALL = {'size': [72, 96], 'crop': None, 'degrees': 3.0}
KITTI_SMALL = {'size': [48, 160], 'crop': None, 'degrees': 0.0}
WORLD = {'size': [72, 96], 'crop': None, 'degrees': 3.0, 'jitter': 0.2, 'lighting': 0.0}


@dataclass(frozen=True)
class DomainFrames:
    """
    Frames of a domain: sources (mappings for `datasets.frames.Source`) and their pipeline.

    :param train, validation, measured: to learn from, to watch the training by, to report.
    :param steps: mapping for `Augmentation`; measured_steps: where it differs in measuring.
    """

    train: list
    validation: list
    measured: list
    steps: dict
    measured_steps: dict = field(default_factory=dict)

    def counts(self, role: str) -> dict:
        """Count the frames of train, validation or measured by data set, each once."""
        counts, seen = Counter(), []
        for source in getattr(self, role):
            if source in seen:  # some are listed several times, to be learnt more often
                continue
            seen.append(source)
            counts[source['dataset']] += len(Frames(
                Source(**source), Augmentation(size=None, crop=None), False))
        return dict(counts)


@dataclass(frozen=True)
class LifelongData:
    """
    Domains by name; unknown: names of those that are measured but never learnt.

    :param lacks: why it is not the full data; empty where it is.
    """

    domains: dict[str, DomainFrames]
    lacks: str = ''
    unknown: tuple[str, ...] = ()

    @property
    def full(self) -> bool:
        """Whether it is what the publication used."""
        return not self.lacks


def find_nyu_kitti(root, small: bool = False) -> LifelongData:
    """
    Find NYU v2 and KITTI, or small real sets for both.

    :raises InputError: a domain has no data; names the layouts.
    """
    nyu, kitti = find_data(('nyu',), root, small), find_kitti(root, small)
    if not nyu.full or not kitti.full:
        nyu = find_data(('nyu',), root, True) if nyu.full else nyu
        kitti = find_kitti(root, True) if kitti.full else kitti
    fold = kitti.folds[0]
    train = [{**source, 'labelled': True} for source in fold.train
             if source['dataset'] != 'images']
    measured = [{**source, 'labelled': True} for source in fold.measured]
    return LifelongData(
        {'nyu': DomainFrames(nyu.train['nyu'], [], nyu.measured, NYU if nyu.full else NYU_SMALL),
         'kitti': DomainFrames(train, [], measured, KITTI if kitti.full else KITTI_SMALL,
                               KITTI_WHOLE if kitti.full else {})},
        '; '.join(filter(None, (nyu.lacks, kitti.lacks))))


def find_worlds(root, small: bool = False, names=('room', 'street', 'corridor')) -> LifelongData:
    """
    Find kinds of procedural worlds as `render-stored` writes them.

    :raises InputError: a part is missing; names the command.
    """
    domains = {}
    for name in names:
        places = {part: Path(root) / name / part for part in ('train', 'validation', 'test')}
        absent = [str(place) for place in places.values() if not (place / INDEX).is_file()]
        if absent:
            raise InputError(f'no frames in {absent[0]}: python -m training render-stored --out '
                             f'{root} --kinds {" ".join(names)}, then --data {root}')
        train, validation, measured = (
            [{'dataset': 'stored', 'path': str(place)}] for place in places.values())
        domains[name] = DomainFrames(train, validation, measured, WORLD)
    return LifelongData(domains, 'procedural, there is no published table of them')
