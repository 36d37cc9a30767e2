# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
How far a folder is: stages, what they were asked and what they found, in r2m.json.

A stage is done when its key is the one asked for. The key holds what was asked of the stage and
the key of the stage before it, so that a changed answer makes everything after it anew; what an
earlier key left is moved aside, not lost.
"""
from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
import time

from depth_ros.contracts import InputError
from depth_ros.documents import read_json
from depth_ros.evaluation.run import plain

FILE = 'r2m.json'
_EDGE = 1 << 16  # bytes at each end of a recording's files that tell it from others


def key_of(*asked) -> str:
    """Return a short name of JSON values (or what `str` says of them)."""
    text = json.dumps(asked, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def fingerprint(path) -> str:
    """Return a key of a recording: sizes of its files, and their first and last 64 KiB."""
    path = Path(path)
    files = [path] if path.is_file() else sorted(
        file for file in path.iterdir() if file.suffix in ('.mcap', '.db3', '.bag', '.zstd'))
    if not files:
        raise InputError(f'{path} is no recording: name a rosbag2 folder, an .mcap, .db3 or .bag '
                         'file')
    ends = []
    for file in files:
        size = file.stat().st_size
        with file.open('rb') as content:
            first = content.read(_EDGE)
            content.seek(max(0, size - _EDGE))
            ends.append((size, hashlib.sha256(first + content.read()).hexdigest()))
    return key_of(ends)


class Record:
    """The stages of a folder; every change is on disk before the next step begins."""

    def __init__(self, folder):
        """Read the record of a folder, or begin one."""
        self.folder, self.path = Path(folder), Path(folder) / FILE
        self.content = {'recordings': None, 'stages': {}}
        if self.path.exists():
            self.content = self._read()
        elif self.folder.is_dir() and any(self.folder.iterdir()):
            raise InputError(f'{self.folder} holds other files and no {FILE}: name an empty or a '
                             'new folder as --out')

    def _read(self):
        """Return the content of the file; an InputError where it has not the form of `save`."""
        try:
            content = read_json(self.path)
            recordings, stages = content['recordings'], content['stages']
            whole = (isinstance(stages, dict) and isinstance(recordings, dict | None)
                     and all(isinstance(mark, str) for mark in (recordings or {}).values())
                     and all(_is_stage(stage) for stage in stages.values()))
            if not whole:
                raise InputError('not the stages of a folder')
        except (InputError, KeyError, TypeError) as error:
            raise InputError(f'{self.path} is broken ({error}): remove it, or name another --out'
                             ) from error
        return content

    def belong(self, recordings: dict) -> None:
        """
        Take the folder for recordings {path: fingerprint}.

        :raises InputError: it was begun with others.
        """
        mine = self.content['recordings']
        if mine and sorted(mine.values()) != sorted(recordings.values()):
            raise InputError(f'{self.folder} was begun with {", ".join(mine)}: name another --out '
                             f'for {", ".join(recordings)}')
        self.content['recordings'] = recordings
        self.save()

    def done(self, name: str, key: str) -> dict | None:
        """Return what a finished stage found; None where it was not asked the same, or is open."""
        stage = self.content['stages'].get(name)
        return stage['found'] if stage and stage['key'] == key and 'found' in stage else None

    def begin(self, name: str, key: str, leaves=()) -> None:
        """
        Open a stage; what it leaves ({folder}/NAME) under another key is moved to NAME.old-N.

        A stage that was opened with this key and not finished goes on with what it left.
        """
        stage = self.content['stages'].get(name)
        if stage is None or stage['key'] != key:
            for leaf in leaves:
                set_aside(self.folder / leaf)
        self.content['stages'][name] = {'key': key}
        self.save()

    def finish(self, name: str, seconds: float, found: dict) -> dict:
        """Close a stage with what it found (plain values); returns that."""
        found = plain(found)
        self.content['stages'][name].update(
            found=found, seconds=round(seconds, 1),
            at=time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()))
        self.save()
        return found

    def seconds(self) -> dict:
        """Return {stage: seconds} of the finished ones."""
        return {name: stage['seconds'] for name, stage in self.content['stages'].items()
                if 'seconds' in stage}

    def save(self) -> None:
        """Write the file whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self.path.with_name(f'{FILE}.{os.getpid()}.part')
        part.write_text(json.dumps(self.content, indent=1) + '\n')
        os.replace(part, self.path)


def _is_stage(stage):
    return (isinstance(stage, dict) and isinstance(stage.get('key'), str)
            and isinstance(stage.get('found', {}), dict)
            and isinstance(stage.get('seconds', 0.0), (int, float)))


def set_aside(path) -> Path | None:
    """Rename a file or folder to NAME.old-N; returns the new path, None where nothing is there."""
    path, number = Path(path), 1
    if not path.exists():
        return None
    while (other := path.with_name(f'{path.name}.old-{number}')).exists():
        number += 1
    return path.rename(other)
