# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Built engines on disk, each under everything that it depends on.

An engine is `<digest>.engine` with a sidecar `<digest>.json` that holds the whole key, the
SHA-256 of the engine and what was measured when it was built. The engine is renamed into place
before its sidecar, and only a pair that agrees is used: whatever a crash, a full disk or a foreign
file leaves behind is built anew. One process builds while the others wait.
"""

from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
import errno
import fcntl
import hashlib
from importlib import metadata
import json
import os
from pathlib import Path
import tempfile
import time

from depth_ros.engines import NotBuiltError, RefusedError
from depth_ros.engines.key import engine_key, Key
from depth_ros.engines.progress import EVERY_SECONDS, ticking

FORMAT = 1
VARIABLE = 'DEPTH_ROS_CACHE'
LOCK_POLL_SECONDS = 0.1
__all__ = ['default_folder', 'engine_key', 'EngineCache', 'Entry', 'Key']


@dataclass(frozen=True)
class Entry:
    """An engine, and the contents of its sidecar."""

    content: bytes
    record: dict
    built: bool
    """It was built just now."""
    kept: bool = True
    """The next start will find it."""
    warning: str = ''


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
        maker = _Maker(self, key, build, check, about or {}, report)
        problem = self.prepare()
        try:
            lock = None if problem else open(self.path(key, 'lock'), 'a')
        except OSError as error:
            problem = error.strerror
        if problem:
            return maker.make(f'engines cannot be kept in {self.folder} ({problem}): it will be '
                              'built again at the next start, choose another folder')
        with lock, _locked(lock, report):
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
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
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
        except (FileNotFoundError, NotADirectoryError):
            return None, ''
        except (OSError, ValueError, KeyError, TypeError):
            return None, f'{sidecar} cannot be read'
        if not same:
            return None, f'{sidecar} belongs to another engine'
        if refused:
            raise RefusedError(f'{refused} (found {record["created"]}; force_rebuild, or '
                               '`depth_ros build-engine --force`, tries again)',
                               record.get('check'))
        try:
            content = self.path(key).read_bytes()
        except OSError as error:
            return None, f'{self.path(key)} cannot be read ({error.strerror})'
        if hashlib.sha256(content).hexdigest() != sha256:
            return None, f'{self.path(key)} is damaged'
        return Entry(content, record, built=False, warning=self.unsafe()), ''

    def unsafe(self):
        """Return a warning when anybody may replace an engine, which runs as code, or ''."""
        try:
            shared = self.folder.stat().st_mode & 0o002
        except OSError:
            return ''
        return (f'anybody may write into {self.folder}, and an engine runs as code: '
                f'chmod 700 {self.folder}' if shared else '')

    def records(self):
        """Return the sidecars that can be read, oldest first."""
        found = []
        for path in self.folder.glob('*.json'):
            try:
                record = json.loads(path.read_text())
                found.append({**record, 'digest': path.stem, 'created': record['created']})
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return sorted(found, key=lambda record: record['created'])

    def prune(self, keep=()):
        """Remove all engines but those of the digests in `keep`; return the removed records."""
        removed = [record for record in self.records() if record['digest'] not in keep]
        for record in removed:
            # Lock files stay: removing one would let two processes hold "the" lock.
            for suffix in ('json', 'engine'):
                (self.folder / f'{record["digest"]}.{suffix}').unlink(missing_ok=True)
        return removed


class _Maker:
    """One build, checked and kept."""

    def __init__(self, cache, key, build, check, about, report):
        self.cache, self.key, self.build, self.check = cache, key, build, check
        self.about, self.report = about, report

    def make(self, unkept=''):
        """Build, check and keep; `unkept` says why the engine cannot be kept."""
        start = time.monotonic()
        content = self.build()
        record = {**self.about, 'format': FORMAT, 'key': asdict(self.key),
                  'engine_sha256': hashlib.sha256(content).hexdigest(),
                  'engine_bytes': len(content), 'build_seconds': time.monotonic() - start,
                  'created': datetime.now(timezone.utc).isoformat(timespec='seconds'),
                  'depth_ros': _version(), 'refused': '', 'check': {}}
        try:
            with ticking(self.report, 'checking the engine against ONNX Runtime'):
                record['check'] = self.check(content) if self.check else {}
        except RefusedError as error:
            record.update(refused=str(error), check=error.figures)
            if not unkept:
                self._keep(None, record)
            raise
        unkept = unkept or self._keep(content, record)
        if unkept and self.report:
            self.report(unkept)
        return Entry(content, record, built=True, kept=not unkept,
                     warning=unkept or self.cache.unsafe())

    def _keep(self, content, record):
        """Write engine and sidecar; return '' or why that failed."""
        files = {'json': json.dumps(record, indent=1).encode() + b'\n'}
        if content is not None:
            files = {'engine': content, **files}
        written = {}
        try:
            for suffix, data in files.items():
                written[suffix] = self._write(data)
            for suffix in files:
                os.replace(written.pop(suffix), self.cache.path(self.key, suffix))
            if content is None:
                self.cache.path(self.key).unlink(missing_ok=True)
        except OSError as error:
            return (f'the engine cannot be kept in {self.cache.folder} ({error.strerror}): it '
                    'will be built again at the next start, make space or choose another folder')
        finally:
            for path in written.values():
                Path(path).unlink(missing_ok=True)
        return ''

    def _write(self, data):
        """Write a file of another name, through to the disk."""
        handle, path = tempfile.mkstemp('.tmp', f'{self.key.digest}.', self.cache.folder)
        try:
            with open(handle, 'wb') as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            Path(path).unlink(missing_ok=True)
            raise
        return path


def _version():
    try:
        return metadata.version('depth_ros')
    except metadata.PackageNotFoundError:
        return 'not installed'


@contextmanager
def _locked(file, report):
    """Hold the lock of an open file, waiting for the process that has it."""
    start = told = time.monotonic()
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES, errno.EINTR):
                break  # A file system without locks: better twice than never.
        else:
            break
        time.sleep(LOCK_POLL_SECONDS)
        if report and time.monotonic() - told > EVERY_SECONDS:
            told = time.monotonic()
            report('waiting for another process that builds the same engine, '
                   f'{told - start:.0f} s')
    yield
