# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
What was measured on this machine, as small JSON files in the folder of the engines.

A file is named by a digest of all that the measurement depends on, and holds it too. It is
written under another name and renamed, so that a reader finds all of it or none. What cannot be
read, or belongs to another key, is measured anew.
"""

from contextlib import contextmanager
import hashlib
import json
import os
from pathlib import Path
import platform
import tempfile

from depth_ros.engines.cache import EngineCache
from depth_ros.engines.maker import locked

FOLDER = 'choices'
CPU_INFO = Path('/proc/cpuinfo')


class Memory:
    """The measurement of one key."""

    def __init__(self, cache, key):
        """
        Nothing is read yet.

        :param cache: folder of the engines, a cache.EngineCache, or None for the user's folder.
        :param key: plain values that JSON keeps as they are.
        """
        self.cache = cache if isinstance(cache, EngineCache) else EngineCache(cache)
        self.folder, self.key = self.cache.folder / FOLDER, key
        digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:32]
        self.path = self.folder / f'{digest}.json'

    def read(self, report=None):
        """Return what `write` was given, or None; a damaged file is reported."""
        try:
            content = json.loads(self.path.read_text())
            if content['key'] == self.key:
                return dict(content['found'])
            problem = 'belongs to something else'
        except OSError:
            return None
        except (ValueError, KeyError, TypeError, RecursionError):
            problem = 'cannot be read'
        if report:
            report(f'{self.path} {problem}: measured anew')
        return None

    def write(self, found):
        """Keep plain values; return '' or why that is not possible."""
        problem = self.cache.prepare()
        if problem:
            return problem
        name = None
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            number, name = tempfile.mkstemp('.tmp', dir=self.folder)
            with open(number, 'w') as file:
                json.dump({'key': self.key, 'found': found}, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self.path)
        except OSError as error:
            if name:
                Path(name).unlink(missing_ok=True)
            return error.strerror
        return ''

    @contextmanager
    def alone(self, report=None):
        """Let one process of those that share the folder measure at a time, of any key."""
        try:
            self.cache.prepare()
            self.folder.mkdir(mode=0o700, exist_ok=True)
            lock = open(self.folder / 'lock', 'a')
        except OSError:
            yield  # Nothing is kept here, and nobody shares it.
            return
        with lock, locked(lock, report, 'measures engines'):
            yield


def remembered(cache=None):
    """Return what is kept in a folder, of all keys, the oldest first."""
    found = []
    for path in Memory(cache, {}).folder.glob('*.json'):
        try:
            found.append((path.stat().st_mtime, dict(json.loads(path.read_text())['found'])))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # It will be measured anew.
    return [content for _, content in sorted(found, key=lambda item: item[0])]


def processor():
    """Return a text that tells kinds of CPU apart: model and instructions."""
    try:
        lines = CPU_INFO.read_text().splitlines()
    except OSError:
        lines = []
    wanted = ('model name', 'flags', 'Features', 'CPU part', 'Hardware')
    # One core stands for those like it; big and little ones both count.
    known = sorted({line for line in lines if line.split('\t')[0].split(':')[0].strip() in wanted})
    model = next((line.split(':', 1)[1].strip() for line in known
                  if line.startswith('model name')), platform.processor() or 'CPU')
    digest = hashlib.sha256('\n'.join(known).encode()).hexdigest()[:12]
    return f'{platform.machine()} {model} {digest}'
