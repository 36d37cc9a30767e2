# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The first stages: is the recording fit for it, and which of its frames are for what."""
from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
import shutil
import time

from depth_ros.bags.check import check_bag
from depth_ros.bags.salvage import recover
from depth_ros.camera import Camera
from depth_ros.contracts import InputError
from depth_ros.model import find
from depth_ros.pictures import save
from depth_ros.resizing import input_size
import numpy as np
from training.robot.frames import CAMERA, write_frames
from training.robot.record import fingerprint, key_of, Record
from training.robot.settings import check_settings
from training.robot.split import MEASURED, split_times


class Preparation:
    """
    The work on one folder before anything is trained; a method that is a stage is done once.

    :param say: takes a sentence for the user.
    """

    def __init__(self, settings, say=print):
        """Look at the folder; an InputError where it belongs to other recordings."""
        check_settings(settings)
        self.settings, self.say, self.out = settings, say, Path(settings.out)
        self.spec = find(settings.start, 'completion')
        self.marks = {str(path): fingerprint(path) for path in settings.recordings()}
        self.record = Record(self.out)
        self.record.belong(self.marks)
        self.keys = {}

    def _stage(self, name, key, work, leaves=()):
        """Return what a stage found, doing its work where that is not done yet."""
        self.keys[name] = key
        found = self.record.done(name, key)
        if found is not None:
            return found
        self.record.begin(name, key, leaves)
        begin = time.monotonic()
        found = work()
        return self.record.finish(name, time.monotonic() - begin, found)

    def _keep(self, name, picture, caption) -> dict:
        """Write a picture (H, W, 3) uint8 for the report."""
        folder = self.out / 'pictures'
        folder.mkdir(parents=True, exist_ok=True)
        save(folder / f'{name}.png', picture)
        return {'file': f'pictures/{name}.png', 'caption': caption}

    def check(self) -> dict:
        """Look at each recording; returns `recordings` (reports as JSON) and `pictures`."""
        s = self.settings

        def work():
            reports, pictures = [], []
            for path in s.recordings():
                report = check_bag(path, s.options, pictures=2)
                if report.damage and not report.errors:
                    self._recover(path)
                for caption, picture in report.pictures:
                    pictures.append(self._keep(f'check_{len(pictures)}', picture,
                                               f'{path.name}: {caption}'))
                reports.append(report.as_json())
            return {'recordings': reports, 'pictures': pictures}
        key = key_of(sorted(self.marks.values()), str(asdict(s.options)))
        return self._stage('check', key, work)

    def _recover(self, path):
        """Write the readable part of a damaged recording into the folder."""
        whole = self.whole(path)
        if not whole.exists():
            part = whole.with_name(f'{whole.name}.part')
            shutil.rmtree(part, ignore_errors=True)
            recover(path, part)
            part.rename(whole)
        self.say(f'{path} is damaged: going on with what could be read, {whole}')

    def whole(self, path) -> Path:
        """Return where the readable part of a damaged recording is kept."""
        return self.out / 'recovered' / self.marks[str(path)]

    def open_recording(self, path):
        """Open a recording, or what was recovered of it."""
        return self.settings.open_recording(self.whole_or(path))

    def whole_or(self, path) -> Path:
        """Return what was recovered of a recording, or the recording."""
        whole = self.whole(path)
        return whole if whole.exists() else Path(path)

    def frames(self) -> dict:
        """Split each recording and keep the frames to learn from and to choose by."""
        s = self.settings
        key = key_of(self.keys['check'], str(s.validation), s.frames, self.spec.sha256)

        def work():
            parts = []
            for number, bag in enumerate(s.bags):
                dataset = self.open_recording(bag)
                split = split_times([float(name) for name in dataset.names],
                                    0.0 if s.validation else MEASURED)
                train = spread(split.train, s.frames // len(s.bags))
                choose = spread(split.choose, max(s.measure_frames // 2 // len(s.bags), 2))
                folder = self.out / 'frames'
                found = write_frames(dataset, train, folder / f'{number}', self.spec,
                                     f'{Path(bag).name}: frames to learn from')
                write_frames(dataset, choose, folder / f'{number}_choose', self.spec,
                             f'{Path(bag).name}: frames to choose by')
                parts.append({'recording': str(bag), 'line': dataset.line, **found,
                              'usable': len(dataset), 'train': len(train), 'choose': len(choose),
                              'measure': list(split.measure), 'gap_s': split.gap_s})
            return {'parts': parts}
        return self._stage('frames', key, work, ['frames'])

    def camera(self) -> Camera:
        """Return the camera of the first recording, as its frames are kept."""
        return Camera.from_yaml(self.out / 'frames' / '0' / CAMERA)

    def folders(self, suffix='') -> list:
        """Return the folders of kept frames."""
        return [self.out / 'frames' / f'{number}{suffix}'
                for number in range(len(self.settings.bags))]

    def size(self) -> tuple:
        """Return the (height, width) that the network sees: its own pixels, the camera's shape."""
        return input_size(self.spec, self.camera())

    def measured(self) -> list:
        """Return [(dataset, indices)] of what is measured on."""
        s = self.settings
        if s.validation:
            dataset = self.open_recording(s.validation)
            return [(dataset, dataset.spread(s.measure_frames))]
        parts = self.record.done('frames', self.keys['frames'])['parts']
        return [(self.open_recording(part['recording']),
                 spread(part['measure'], max(s.measure_frames // len(parts), 1)))
                for part in parts]


def spread(items, count):
    """Return at most `count` of the items, evenly spread."""
    items = list(items)
    if len(items) <= count:
        return items
    return [items[int(k)] for k in (np.arange(max(count, 1)) + 0.5) * len(items) / max(count, 1)]


def warnings_of(reports, force: bool) -> list:
    """
    Return the sentences of what check reports say.

    :raises InputError: an error among them, unless forced.
    """
    found = [(report['path'], finding) for report in reports for finding in report['findings']]
    errors = [f'{path}: {finding["text"]}' for path, finding in found
              if finding['level'] == 'error']
    if errors and not force:
        raise InputError('\n'.join(['this recording will not do (--force goes on):', *errors]))
    return [f'{finding["level"]}: {finding["text"]}' for _, finding in found]
