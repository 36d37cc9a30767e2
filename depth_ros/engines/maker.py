# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Builds an engine for the cache, checks it, and writes it whole or not at all."""

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

from depth_ros.engines import RefusedError
from depth_ros.engines.progress import EVERY_SECONDS, ticking

# Of the sidecar.
FORMAT = 1
LOCK_POLL_SECONDS = 0.1


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


class Maker:
    """One build, checked and kept; the arguments are those of EngineCache.obtain."""

    def __init__(self, cache, key, build, check, about, report):
        """Nothing is built yet."""
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


def private_folder(path):
    """Make a folder, and those above it that are missing, for their owner alone."""
    path = Path(path)
    # `parents` of mkdir would give those above to all whom the umask lets in.
    for folder in (*reversed(path.parents), path):
        if folder == path or not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)


@contextmanager
def locked(file, report, does='builds the same engine'):
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
            report(f'waiting for another process that {does}, {told - start:.0f} s')
    yield
