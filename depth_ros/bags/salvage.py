# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
What can be read of a recording that was cut off: the power went, the disk was full.

An .mcap file is read record by record up to the first broken one (https://mcap.dev/spec), without
the index at its end; a .db3 file row by row up to the first broken page. A folder whose
metadata.yaml was never written will do.
"""
from contextlib import closing
from io import BytesIO
from pathlib import Path
import sqlite3
import struct

from depth_ros import bags
from depth_ros.bags import Raw, Topic
from depth_ros.bags.limits import address, check_database, UNPACK
from depth_ros.contracts import InputError, NANOSECONDS

# What a CDR message cannot begin with; rows may be compressed one by one.
_ZSTD = b'\x28\xb5\x2f\xfd'
_MAGIC = b'\x89MCAP0\r\n'
_SCHEMA, _CHANNEL, _MESSAGE, _CHUNK, _DATA_END = 3, 4, 5, 6, 15
_ADVICE = 'name a rosbag2 folder with .mcap or .db3 files, or such a file'


def open_bag(path):
    """
    Open a recording: a ``bags.Bag``, or a ``Salvage`` of what is left of it.

    Both have path, topics, duration_s, raw(), messages() and ``damage``: None, or what is wrong.

    :raises InputError: there is no recording, or nothing of it can be read.
    """
    try:
        bag = bags.Bag(path)
    except InputError as error:
        return salvage(path, error)
    bag.damage = None
    return bag


def salvage(path, error):
    """Return the ``Salvage`` of a recording that failed with ``error``, or raise that again."""
    files = _files(Path(path))
    found = Salvage(path, files, str(error)) if files else None
    if not found or not found.count:
        raise error
    return found


class Salvage:
    """The readable part of a damaged recording, with the interface of ``bags.Bag``."""

    def __init__(self, path, files, error):
        """Read all of it once, to know what there is; error: why it cannot be opened."""
        self.path, self._files = Path(path), files
        stamps, counts = [], {}
        for raw in self.raw():
            stamps.append(raw.stamp_ns)
            kind, count = counts.get(raw.topic, (raw.msgtype, 0))
            counts[raw.topic] = Topic(kind, count + 1)
        self.topics = dict(sorted(counts.items()))
        self.count = len(stamps)
        self.start_ns = min(stamps, default=0)
        self.duration_s = (max(stamps, default=0) - self.start_ns) / NANOSECONDS
        self.damage = (f'{error.split(";")[0]}: it was cut off. {self.count} messages of the '
                       f'first {self.duration_s:.1f} s can be read')

    def close(self):
        """Nothing is held open."""

    def __enter__(self):
        """Return the salvage itself."""
        return self

    def __exit__(self, *_):
        """Nothing is held open."""

    def raw(self, topics=None, start_ns=None):
        """Yield Raw(topic, stamp_ns, msgtype, data) in the order of the file."""
        for file in self._files:
            rows = _mcap(file) if file.suffix == '.mcap' else _sqlite(file)
            for raw in rows:
                if (topics is None or raw.topic in topics) and raw.msgtype in bags.TYPES.fielddefs:
                    if start_ns is None or raw.stamp_ns >= start_ns:
                        yield raw

    def messages(self, topics=None, start_ns=None):
        """Yield (topic, stamp_ns, message) in the order of the file."""
        for raw in self.raw(topics, start_ns):
            try:
                message = bags.TYPES.deserialize_cdr(raw.data, raw.msgtype)
            except Exception:
                # The last message before the cut may be whole in length only.
                continue
            yield raw.topic, raw.stamp_ns, message


def recover(path, target):
    """
    Write the readable part of a recording as a new one; return the number of messages.

    :raises InputError: nothing can be read, or ``target`` cannot be written.
    """
    with bags.Writer(target) as writer:
        found = salvage(path, InputError(f'nothing of {path} can be read: {_ADVICE}'))
        for raw in found.raw():
            writer.write_raw(raw.topic, raw.stamp_ns, raw.msgtype, raw.data)
    return found.count


def _files(path):
    """Return the .mcap and .db3 files of a recording, in the order of their numbers."""
    if path.is_dir():
        found = [file for file in path.iterdir() if file.suffix in ('.mcap', '.db3')
                 and file.is_file()]
        return sorted(found, key=lambda file: (len(file.name), file.name))
    return [path] if path.suffix in ('.mcap', '.db3') and path.is_file() else []


def _mcap(path):
    """Yield the messages of an .mcap file up to the first record that is not whole."""
    with open(path, 'rb') as file:
        if file.read(8) == _MAGIC:
            try:
                yield from _records(file, path.stat().st_size, {}, {})
            except (struct.error, UnicodeDecodeError):
                return  # A record that is shorter than its kind needs, or another's bytes.


def _records(file, size, schemas, channels, inside=False):
    while True:
        head = file.read(9)
        if len(head) < 9:
            return
        code, length = struct.unpack('<BQ', head)
        # Before it is read: the length of a broken record may be anything.
        if code == _DATA_END or length > size - file.tell():
            return
        data = file.read(length)
        if len(data) < length:
            return
        if code == _SCHEMA:
            schemas[struct.unpack_from('<H', data)[0]] = _text(data, 2)[0]
        elif code == _CHANNEL:
            number, schema = struct.unpack_from('<HH', data)
            channels[number] = _text(data, 4)[0], schemas.get(schema, '')
        elif code == _MESSAGE:
            number, _, stamp, _ = struct.unpack_from('<HIQQ', data)
            if number in channels:
                yield Raw(channels[number][0], stamp, channels[number][1], data[22:])
        elif code == _CHUNK and not inside:
            records = _unpacked(data)
            yield from _records(BytesIO(records), len(records), schemas, channels, True)


def _text(data, at):
    """Return the string at a place, and the place after it."""
    length, = struct.unpack_from('<I', data, at)
    return data[at + 4:at + 4 + length].decode(), at + 4 + length


def _unpacked(data):
    """Return the records of a chunk, or nothing where they cannot be unpacked."""
    size, = struct.unpack_from('<Q', data, 16)
    kind, at = _text(data, 28)
    try:
        return UNPACK[kind](data[at + 8:], size)
    except Exception:
        return b''


def _sqlite(path):
    """Yield the messages of a .db3 file up to the first row that cannot be read."""
    try:
        check_database(path)
        with closing(sqlite3.connect(address(path), uri=True)) as base:
            # Without it SQLite refuses a file that is shorter than its header says.
            base.execute('PRAGMA writable_schema=ON')
            topics = {number: (name, kind) for number, name, kind in base.execute(
                'SELECT id, name, type FROM topics')}
            for number, stamp, data in base.execute(
                    'SELECT topic_id, timestamp, data FROM messages ORDER BY id'):
                name, kind = topics[number]
                if data[:4] == _ZSTD:
                    data = UNPACK['zstd'](data)
                yield Raw(name, stamp, kind, bytes(data))
    except GeneratorExit:
        raise
    except Exception:
        # Whatever a torn page or message makes of the libraries: this is the end.
        return
