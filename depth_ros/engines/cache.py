# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Built engines on disk, each under everything that it depends on.

An engine is `<digest>.engine` with a sidecar `<digest>.json` that holds the whole key, the
SHA-256 of the engine and what was measured when it was built. The engine is renamed into place
before its sidecar, and only a pair that agrees is used: whatever a crash, a full disk or a foreign
file leaves behind is built anew. One process builds while the others wait.
"""

from dataclasses import asdict
import hashlib
import json
import os
from pathlib import Path

from depth_ros.engines import NotBuiltError, RefusedError
from depth_ros.engines.key import engine_key, Key
from depth_ros.engines.maker import Entry, FORMAT, locked, Maker, private_folder

VARIABLE = 'DEPTH_ROS_CACHE'
# Folder of converted model files in the folder of the engines.
MODELS = 'models'
# Of a sidecar, what is read of it.
_FORM = {'refused': str, 'engine_sha256': str, 'created': str, 'check': dict}
__all__ = ['default_folder', 'engine_key', 'EngineCache', 'Entry', 'Key']


def default_folder():
    """
    Return the folder of the engines when none is named.

    `DEPTH_ROS_CACHE`, else `depth_ros/engines` below `XDG_CACHE_HOME` (which counts only when it
    is absolute, as the XDG rules say), else below `~/.cache`.
    """
    if os.environ.get(VARIABLE):
        return Path(os.environ[VARIABLE]).expanduser()
    base = Path(os.environ.get('XDG_CACHE_HOME') or '.')
    if not base.is_absolute():
        base = Path(os.path.expanduser('~')) / '.cache'
    return base / 'depth_ros' / 'engines'


def models_folder(cache=None):
    """Return the folder of converted models of a cache, a folder's name, or None."""
    return (cache if isinstance(cache, EngineCache) else EngineCache(cache)).folder / MODELS


class EngineCache:
    """Engines in one folder, made by whoever needs them first."""

    def __init__(self, folder=None):
        """Use `folder`; empty or None takes `default_folder()`."""
        self.folder = Path(folder).expanduser() if folder else default_folder()

    def path(self, key, suffix='engine'):
        """Return the path of one file of an engine."""
        return self.folder / f'{key.digest}.{suffix}'

    def obtain(self, key, build, check=None, force=False, about=None, report=None):
        """
        Return the Entry of `key`, building it when there is none that can be used.

        :param build: `build() -> bytes`; None never builds.
        :param check: `check(content) -> dict` for the sidecar, after a build; a RefusedError from
            it is remembered, so that the next start does not build in vain.
        :param force: build even if there is an engine or a refusal.
        :param about: plain values for the sidecar, e.g. the name of the model.
        :param report: called with one line at a time while this takes long.
        :raises NotBuiltError: nothing is there and `build` is None.
        :raises RefusedError: the engine was refused, now or before.
        """
        say = report or (lambda line: None)
        seen = self._stamp(key)
        if not force:
            entry, problem = self._read(key)
            if entry:
                return entry
            if problem:
                say(f'{problem}: built anew')
        if build is None:
            raise NotBuiltError(f'no engine of this model is kept in {self.folder}')
        maker = Maker(self, key, build, check, about or {}, report)
        problem = self.prepare()
        try:
            lock = None if problem else open(self.path(key, 'lock'), 'a')
        except OSError as error:
            problem = error.strerror
        if problem:
            return maker.make(f'engines cannot be kept in {self.folder} ({problem}): it will be '
                              'built again at the next start, choose another folder')
        with lock, locked(lock, report):
            # Another process may have built it while this one waited.
            if not force or self._stamp(key) != seen:
                entry, _ = self._read(key)
                if entry:
                    return entry
            for leftover in self.folder.glob(f'{key.digest}.*.tmp'):
                leftover.unlink(missing_ok=True)
            return maker.make()

    def prepare(self):
        """Make the folder, for its owner alone; return '' or why that is not possible."""
        try:
            private_folder(self.folder)
        except OSError as error:
            return error.strerror
        return ''

    def _stamp(self, key):
        try:
            return self.path(key, 'json').stat().st_mtime_ns
        except OSError:
            return None

    def _read(self, key):
        """Return (Entry or None, why a present one cannot be used)."""
        sidecar = self.path(key, 'json')
        try:
            record = json.loads(sidecar.read_text())
            same = record['format'] == FORMAT and record['key'] == asdict(key)
            refused, sha256 = record['refused'], record['engine_sha256']
            if not all(isinstance(record[name], kind) for name, kind in _FORM.items()):
                raise ValueError
        except (FileNotFoundError, NotADirectoryError):
            return None, ''
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None, f'{sidecar} cannot be read'
        if not same:
            return None, f'{sidecar} belongs to another engine'
        if refused:
            raise RefusedError(f'{refused} (found {record["created"]}; force_rebuild, or '
                               '`depth_ros build-engine --force`, tries again)',
                               record.get('check'))
        try:
            file = self.path(key)
            # Before it is read: what lies there now may be of any size, or no file.
            size = file.stat().st_size
            if not file.is_file() or size != record.get('engine_bytes'):
                return None, f'{file} is damaged'
            content = file.read_bytes()
        except OSError as error:
            return None, f'{self.path(key)} cannot be read ({error.strerror})'
        if hashlib.sha256(content).hexdigest() != sha256:
            return None, f'{self.path(key)} is damaged'
        return Entry(content, record, built=False, warning=self.unsafe()), ''

    def unsafe(self):
        """Return a warning when others may replace an engine, which runs as code, or ''."""
        try:
            found = self.folder.stat()
        except OSError:
            return ''
        who = 'anybody' if found.st_mode & 0o002 else 'its group' if found.st_mode & 0o020 else ''
        if who:
            return (f'{who} may write into {self.folder}, and an engine runs as code: '
                    f'chmod 700 {self.folder}')
        if found.st_uid not in (os.geteuid(), 0):
            return (f'{self.folder} belongs to another user (uid {found.st_uid}), and an engine '
                    'runs as code: name another folder')
        return ''

    def records(self):
        """Return the sidecars that can be read, oldest first."""
        found = []
        for path in self.folder.glob('*.json'):
            try:
                record = json.loads(path.read_text())
                found.append({**record, 'digest': path.stem, 'created': record['created']})
                if not isinstance(record['created'], str) or not isinstance(record['key'], dict):
                    continue
            except (OSError, ValueError, KeyError, TypeError, RecursionError):
                continue
        return sorted(found, key=lambda record: record['created'])

    def prune(self, keep=()):
        """
        Remove all engines but those of the digests in `keep`; return the removed records.

        Converted model files that no kept engine was built from go as well.
        """
        records = self.records()
        removed = [record for record in records if record['digest'] not in keep]
        needed = {record['key'].get('onnx_sha256') for record in records if record not in removed}
        for path in (self.folder / MODELS).glob('*.onnx'):
            if hashlib.sha256(path.read_bytes()).hexdigest() not in needed:
                path.unlink()
        for record in removed:
            # Lock files stay: removing one would let two processes hold "the" lock.
            for suffix in ('json', 'engine'):
                (self.folder / f'{record["digest"]}.{suffix}').unlink(missing_ok=True)
        return removed
