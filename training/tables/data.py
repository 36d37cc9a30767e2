# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a table finds to train and measure on: the published data sets, or small real ones."""
from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from depth_ros.contracts import InputError
from depth_ros.datasets import Options
from training.datasets.frames import PARTS, READERS, WHERE

SMALL_LIMIT = 36  # frames of a small set, evenly spread: a third each in two or three parts
DEPTH = 3  # folders below the root that are looked through


@dataclass(frozen=True)
class Full:
    """A published training set: reader, place below the root, and how many frames it must have."""

    dataset: str
    path: str
    frames: int
    test: str | None = None
    test_frames: int = 0


# Role to data set. The 50,688 rows of NYU are those of the public list, its test set is the
# official one; of ScanNet every 25th frame of all scenes is usual, and a good part is enough. Of
# SceneNet RGB-D 300,000 is the number of its validation set.
FULL = {'nyu': Full('nyu_lists', 'nyu2_train.csv', 45_000, 'nyu2_test.csv', 654),
        'scannet': Full('scannet', 'scannet', 10_000),
        'scenenet': Full('scenenet', 'scenenet', 300_000)}

# Reader to how the name of a folder with its layout begins (letters and digits only). ICL-NUIM
# is not here: docs/evaluation.md keeps it apart from everything that is trained.
SMALL = {'seven_scenes': ('7scenes', 'sevenscenes'), 'tum': ('tum', 'rgbddatasetfreiburg'),
         'redwood': ('redwood',), 'nyu': ('nyu',), 'scannet': ('scannet',),
         'scenenet': ('scenenet',)}
FILES = {'nyu2_train.csv': 'nyu_lists', 'nyu2_test.csv': 'nyu_lists',
         'nyu_depth_v2_labeled.mat': 'nyu_labelled'}


@dataclass
class Found:
    """
    Data of a table.

    :param train: role to sources (mappings for `FrameData`, without `labelled`).
    :param counts: (dataset, part) to frames, for the report.
    :param lacks: why it is not the full data; empty where it is.
    """

    train: dict
    measured: list
    lacks: str = ''
    counts: dict = field(default_factory=dict)

    @property
    def full(self) -> bool:
        """Whether it is what the publication used."""
        return not self.lacks


def find_data(needs, root, small: bool = False, halves: bool = False) -> Found:
    """
    Find the published data under `root`, or small sets to run the same code on.

    :param needs: roles, see `FULL`; small: do not look for the full data.
    :param halves: of small sets every second frame is learnt and the others are measured, all
        of them; else two thirds of at most SMALL_LIMIT frames are learnt.
    :raises InputError: there is nothing to train on; names the layouts and where to get them.
    """
    root = Path(root)
    lacks = 'the small data were asked for' if small else _lacks(needs, root)
    if not lacks:
        return _full(needs, root)
    return _small(needs, root, lacks, halves)


def _full(needs, root):
    found = Found({}, [])
    for role in needs:
        full = FULL[role]
        path = _place(root, full.path)
        found.train[role] = [{'dataset': full.dataset, 'path': str(path)}]
        found.counts[full.dataset, role] = _count(full.dataset, path)
        if full.test:
            path = _place(root, full.test)
            found.measured.append({'dataset': full.dataset, 'path': str(path)})
            found.counts[full.dataset, 'measured'] = _count(full.dataset, path)
    return found


def _place(root, name):
    """Return ROOT/name, or ROOT/data/name where that is there instead."""
    return next((path for path in (root / name, root / 'data' / name) if path.exists()),
                root / name)


def _lacks(needs, root):
    """Say which part of the full data is missing; empty when nothing is."""
    missing = []
    for role in needs:
        full = FULL[role]
        for name, least in ((full.path, full.frames), (full.test, full.test_frames)):
            if name:
                path = _place(root, name)
                count = _count(full.dataset, path) if path.exists() else 0
                if count < least:
                    missing.append(f'{path} ({count} of {least} frames)')
    return 'missing: ' + ', '.join(missing) if missing else ''


def _count(dataset, path):
    """Count frames; a list by its rows, so that missing files are the reader's error."""
    if path.suffix == '.csv':
        return sum(bool(row.strip()) for row in path.read_text().splitlines())
    return len(import_module(READERS[dataset]).open_dataset(path, Options()))


def _small(needs, root, lacks, halves):
    """Give each role its part of every set; the last third, or half, is for measuring."""
    sets, faults = _small_sets(root)
    limit = None if halves else SMALL_LIMIT
    parts = {needs[0]: ('even',)} if halves else dict(zip(
        needs, (('first', 'middle'),) if len(needs) == 1 else (('first',), ('middle',))))
    found = Found({role: [] for role in parts}, [], lacks)
    for dataset, path, count in sets:
        places = list(range(min(count, limit or count)))
        for role, part in [(role, p) for role in parts for p in parts[role]] + [
                ('measured', 'odd' if halves else 'last')]:
            taken = len(PARTS[part](places))
            if taken:
                source = {'dataset': dataset, 'path': str(path), 'limit': limit,
                          'part': part, 'partial': True}
                (found.measured if role == 'measured' else found.train[role]).append(source)
                key = dataset, role
                found.counts[key] = found.counts.get(key, 0) + taken
    if not found.measured or not all(found.train.values()):
        raise InputError(_advice(needs, root, faults))
    return found


def _small_sets(root):
    """List (dataset, path, frames) of what is recognised, and why some could not be read."""
    sets, faults = [], []
    for dataset, path in _candidates(root, DEPTH):
        try:
            count = len(import_module(READERS[dataset]).open_dataset(path, Options()))
        except InputError as error:
            faults.append(str(error))
        else:
            sets.append((dataset, path, count))
    return sets, faults


def _candidates(folder, depth):
    """Yield (dataset, path) by names, outermost first; a recognised folder is not entered."""
    plain = ''.join(filter(str.isalnum, folder.resolve().name.lower()))
    for dataset, names in SMALL.items():
        if plain.startswith(names):
            yield dataset, folder
            return
    if not depth or not folder.is_dir():
        return
    for entry in sorted(folder.iterdir()):
        if entry.is_dir():
            yield from _candidates(entry, depth - 1)
        elif entry.name in FILES:
            yield FILES[entry.name], entry


def _advice(needs, root, faults):
    def layout(dataset):
        return f'{import_module(READERS[dataset]).LAYOUT}, from {WHERE[dataset]}'
    full = '; '.join(f'{FULL[role].path}: {layout(FULL[role].dataset)}' for role in needs)
    small = ', '.join(f'{names[0]}*/ ({WHERE[dataset]})' for dataset, names in SMALL.items())
    tried = f' What is there cannot be used: {"; ".join(faults)}.' if faults else ''
    return (f'no depth data under {root} (--data).{tried} The published table needs {full}. To '
            'run the code on small data, put there three or more frames in the native layout '
            f'(docs/tables.md) of any of {small}')
