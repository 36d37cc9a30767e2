# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
What a recording may unpack to and hold, checked before or while it is read.

rosbags unpacks whatever is there: a file of a megabyte may hold gigabytes of zeros, and a database
may hold a query without end in the place of a table. Its functions that unpack, and its reader of
databases, are replaced by those of this file.
"""

from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
import shutil
import sqlite3
import tempfile
from types import SimpleNamespace
from urllib.parse import quote

from depth_ros.contracts import InputError
from depth_ros.documents import check_nesting, read_text
from rosbags.rosbag1 import reader as rosbag1_reader
from rosbags.rosbag2 import reader, storage_mcap

# Of one chunk or message; recorders write chunks of some megabytes.
LARGEST_BYTES = 1 << 30
# Of the space for temporary files that an unpacked recording may take.
DISK_SHARE = 0.8
# Of metadata.yaml: a recording of a thousand topics and files takes a tenth.
_LARGEST_METADATA = 10_000_000
_SUFFIXES = ('.mcap', '.db3', '.bag')
_ADVICE = ('name the folder of a rosbag2 recording (with metadata.yaml), or an .mcap, .db3 or '
           'ROS 1 .bag file')
_zstd = reader.zstd
_STEP = 1 << 20


def unzstd(data, size=0):
    """Unpack zstd frames; `size`: what they should give, 0 where that is not known."""
    limit, parts, left = _limit(size), [], bytes(data)
    while left:
        decoder = _zstd.ZstdDecompressor()
        parts.append(decoder.decompress(left, max_length=limit + 1))
        limit -= len(parts[-1])
        if limit < 0:
            raise InputError(f'it unpacks to more than {size or LARGEST_BYTES} bytes')
        if not decoder.eof:
            raise InputError('its compressed data are cut off')
        left = decoder.unused_data
    return b''.join(parts)


def unlz4(data, size=0):
    """Unpack an lz4 frame; see `unzstd`."""
    from lz4.frame import LZ4FrameDecompressor
    limit, decoder = _limit(size), LZ4FrameDecompressor()
    found = decoder.decompress(data, max_length=limit + 1)
    if len(found) > limit or not decoder.eof:
        raise InputError(f'it does not unpack to {size or LARGEST_BYTES} bytes')
    return found


def _limit(size):
    if size > LARGEST_BYTES:
        raise InputError(f'a chunk claims to unpack to {size} bytes, more than {LARGEST_BYTES}')
    return size or LARGEST_BYTES


@contextmanager
def _open_zstd(file, mode='rb'):
    """Open a packed file that must not fill the disk."""
    space = DISK_SHARE * shutil.disk_usage(tempfile.gettempdir()).free
    with _zstd.open(file, mode) as unpacked:
        done = 0

        def read(size=_STEP):
            nonlocal done
            data = unpacked.read(min(size, _STEP) if size > 0 else _STEP)
            done += len(data)
            if done > space:
                raise InputError(f'it unpacks to more than fits into {tempfile.gettempdir()}: '
                                 'unpack it elsewhere with zstd -d')
            return data
        yield SimpleNamespace(read=read)


def unbz2(data):
    """Unpack bz2 data of a ROS 1 recording."""
    from bz2 import BZ2Decompressor
    found = BZ2Decompressor().decompress(data, max_length=LARGEST_BYTES + 1)
    if len(found) > LARGEST_BYTES:
        raise InputError(f'a chunk unpacks to more than {LARGEST_BYTES} bytes')
    return found


UNPACK = {'': lambda data, _: data, 'lz4': unlz4, 'zstd': unzstd}
storage_mcap.DECOMPRESSORS.update(UNPACK)
rosbag1_reader.decompressors.update(bz2=unbz2, lz4=unlz4)
reader.zstd = SimpleNamespace(decompress=unzstd, open=_open_zstd)


def address(path):
    """Return the address of a database that is only read, whatever its name holds."""
    return f'file:{quote(str(path))}?mode=ro'


def check_database(path):
    """
    Look at the tables of a .db3 file before any of them is read.

    :raises InputError: one is computed by a query of the file's own, which may never end.
    """
    if any(sign in str(path) for sign in '?#%'):
        raise InputError(f'{path} has one of ? # % in its path: rename it')
    # With its journal, as `salvage` reads it, and without, as rosbags does.
    found = [*_schema(address(path)), *_schema(address(path) + '&immutable=1')]
    for kind, name, sql in found:
        words = f'{sql or ""} '.upper()
        if kind in ('view', 'trigger') or kind == 'table' and (
                'VIRTUAL TABLE' in words or 'GENERATED' in words or ' AS ' in words
                or ' AS(' in words):
            raise InputError(f'{path} computes its {kind} {name!r}: no recorder writes that, do '
                             'not trust the file')


def _schema(where):
    try:
        with closing(sqlite3.connect(where, uri=True)) as base:
            # What is damaged beside a query does not hide it.
            base.execute('PRAGMA writable_schema=ON')
            base.text_factory = partial(str, encoding='utf-8', errors='replace')
            return base.execute('SELECT type, name, sql FROM sqlite_master').fetchall()
    except (sqlite3.Error, UnicodeDecodeError):
        return []  # Who reads it says what is wrong.


class CheckedDatabase(reader.Sqlite3Reader):
    """A database of rosbags that is looked at first, also one that was packed as a whole."""

    def _open(self):
        check_database(self.path)
        super()._open()


reader.DirectoryReader.STORAGE_PLUGINS = {**reader.DirectoryReader.STORAGE_PLUGINS,
                                          'sqlite3': CheckedDatabase}
reader.Reader.STORAGE_PLUGINS = {**reader.Reader.STORAGE_PLUGINS, '.db3': CheckedDatabase}


def check_chunks(chunks):
    """
    Look at the index of an .mcap file before its chunks are unpacked.

    :raises InputError: a chunk is listed twice, or is larger than LARGEST_BYTES.
    """
    offsets = [chunk.chunk_start_offset for chunk in chunks]
    if len(set(offsets)) < len(offsets):
        raise InputError('its index lists a chunk twice')
    for chunk in chunks:
        _limit(chunk.uncompressed_size)


def checked_path(path):
    """Return the path of a recording; an InputError where it is none, or no plain files."""
    path = Path(path)
    if not path.exists():
        raise InputError(f'{path} does not exist: {_ADVICE}')
    if path.is_dir() and not (path / 'metadata.yaml').is_file():
        raise InputError(f'{path} has no metadata.yaml: {_ADVICE}')
    if not path.is_dir() and path.suffix not in _SUFFIXES:
        raise InputError(f'{path} is no recording: {_ADVICE}')
    for file in path.iterdir() if path.is_dir() else [path]:
        if not file.is_file() and not file.is_dir():
            raise InputError(f'{file} is no file of a recording: remove it')
    if path.is_dir():
        index = path / 'metadata.yaml'
        check_nesting(read_text(index, _LARGEST_METADATA), index)
    return path
