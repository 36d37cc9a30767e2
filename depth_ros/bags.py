# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Recordings without a ROS graph: rosbag2 (mcap, sqlite3) in and out, ROS 1 bags in.

Messages read here have the fields of their ROS counterparts with NumPy arrays, so that
`depth_ros.messages` takes both. Their types are those of TYPES: definitions in a recording, which
would be made into code, are not looked at.
"""
from collections import namedtuple
from pathlib import Path

from depth_ros.contracts import InputError, NANOSECONDS
from depth_ros.documents import printable
import numpy as np

try:
    from depth_ros import bag_limits
    from rosbags.rosbag1 import Reader as Rosbag1Reader
    from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, WriterError
    from rosbags.rosbag2 import Reader as Rosbag2Reader
    from rosbags.rosbag2 import Writer as Rosbag2Writer
    from rosbags.typesys import get_typestore, Stores
except ImportError as error:
    raise ImportError(f'recordings need the package rosbags ({error}): '
                      "pip install 'rosbags>=0.11,<0.12'") from error

TYPES = get_typestore(Stores.ROS2_JAZZY)
Topic = namedtuple('Topic', 'msgtype count')
Raw = namedtuple('Raw', 'topic stamp_ns msgtype data')
_LONGEST = 300  # signs of what a library says
_DAMAGED = ('the recording is damaged or was cut off: try `ros2 bag reindex`, or '
            '`mcap recover` for an .mcap file')


class Bag:
    """
    An open recording; a context manager.

    :param path: folder with metadata.yaml, or an .mcap, .db3 or (ROS 1) .bag file.
    :raises InputError: missing, not a recording, damaged; the message says what to do.
    """

    def __init__(self, path):
        """Open the recording and read its index."""
        self.path = bag_limits.checked_path(path)
        self._ros2 = self.path.suffix != '.bag' or self.path.is_dir()
        try:
            self._reader = (Rosbag2Reader if self._ros2 else Rosbag1Reader)(self.path)
            self._reader.open()
        except Exception as error:
            raise InputError(f'cannot read {self.path}: {_words(error)}; {_DAMAGED}') from error
        try:
            self._check_index()
        except Exception as error:
            self.close()
            raise InputError(f'cannot read {self.path}: {_words(error)}; {_DAMAGED}') from error

    def __enter__(self):
        """Return the bag itself."""
        return self

    def __exit__(self, *_):
        """Close the files."""
        self.close()

    def close(self):
        """Close the files."""
        self._reader.close()

    def _check_index(self):
        """Refuse an index whose values are not what their names say."""
        if self._ros2:
            storage = self._reader.storage
            for part in getattr(storage, 'storages', [storage]):
                bag_limits.check_chunks(getattr(part, 'chunks', ()))
        for name, (kind, count) in self.topics.items():
            named = isinstance(name, str) and name.isprintable() and isinstance(kind, str | None)
            if not named or not _whole(count):
                raise InputError(f'its index says {count!r} messages {kind!r} on {name!r}')
        if not _whole(self.count) or not _whole(self._reader.duration) or not isinstance(
                self.start_ns, int):
            raise InputError('its index does not say how many messages there are, and when')

    @property
    def topics(self):
        """`{topic: Topic(msgtype, count)}` of everything recorded, by name."""
        return {name: Topic(info.msgtype, info.msgcount)
                for name, info in sorted(self._reader.topics.items())}

    @property
    def start_ns(self):
        """Time of the first message in nanoseconds."""
        return self._reader.start_time

    @property
    def duration_s(self):
        """Seconds between the first and the last message."""
        return max(self._reader.duration - 1, 0) / NANOSECONDS if self.count else 0.0

    @property
    def count(self):
        """Return the number of messages."""
        return self._reader.message_count

    def raw(self, topics=None, start_ns=None):
        """
        Yield Raw(topic, stamp_ns, msgtype, data) in the order of time; data is CDR.

        :param topics: names to read (a leading slash may be missing); None reads all.
        :param start_ns: skip messages before this time.
        """
        for connection, stamp, data in self._records(topics, start_ns):
            yield Raw(connection.topic, stamp, connection.msgtype, self._cdr(connection, data))

    def messages(self, topics=None, start_ns=None):
        """Yield (topic, stamp_ns, message) in the order of time; see `raw`."""
        for connection, stamp, data in self._records(topics, start_ns):
            yield connection.topic, stamp, self._decode(connection, data)

    def _records(self, topics, start_ns):
        connections = self._connections(topics)
        if not connections:  # which would read all
            return
        records = self._reader.messages(connections, start=start_ns)
        while True:
            try:
                record = next(records)
            except StopIteration:
                return
            except Exception as error:
                raise InputError(f'cannot read on in {self.path}: {_words(error)}; {_DAMAGED}'
                                 ) from error
            yield record

    def _connections(self, topics):
        wanted = None if topics is None else {resolve(name, self.topics) for name in topics}
        return [c for c in self._reader.connections if wanted is None or c.topic in wanted]

    def _cdr(self, connection, data):
        if self._ros2:
            return bytes(data)
        try:
            return bytes(TYPES.ros1_to_cdr(data, connection.msgtype))
        except Exception as error:
            raise InputError(f'cannot convert {connection.topic} ({connection.msgtype}) of a '
                             f'ROS 1 recording: {_words(error)}; leave the topic out') from error

    def _decode(self, connection, data):
        try:
            return TYPES.deserialize_cdr(self._cdr(connection, data), connection.msgtype)
        except InputError:
            raise
        except Exception as error:
            raise InputError(f'cannot decode a message on {connection.topic} '
                             f'({connection.msgtype}): {_words(error)}; {_DAMAGED}') from error


def topics(path):
    """`{topic: Topic(msgtype, count)}` of a recording."""
    with Bag(path) as bag:
        return bag.topics


def read(path, topics=None, start_ns=None):
    """Yield (topic, stamp_ns, message) of a recording in the order of time; see `Bag.raw`."""
    with Bag(path) as bag:
        yield from bag.messages(topics, start_ns)


def read_raw(path, topics=None):
    """Yield Raw(topic, stamp_ns, msgtype, data) of a recording; data is CDR."""
    with Bag(path) as bag:
        yield from bag.raw(topics)


def resolve(name, known):
    """
    Return the recorded topic that is meant by `name`, whose leading slash may be missing.

    :raises InputError: there is none; the message lists what there is.
    """
    for candidate in (name, '/' + name.lstrip('/')):
        if candidate in known:
            return candidate
    raise InputError(f'the recording has no topic {name!r}: it has {", ".join(known) or "none"}')


class Writer:
    """
    Writes a new rosbag2 recording; a context manager.

    :param path: folder to make; it must not exist.
    :param storage: 'mcap' or 'sqlite3'.
    :param compress: mcap: zstd per chunk; sqlite3: zstd per message.
    """

    def __init__(self, path, storage='mcap', compress=True):
        """Make the folder."""
        plugins = {'mcap': StoragePlugin.MCAP, 'sqlite3': StoragePlugin.SQLITE3}
        if storage not in plugins:
            raise InputError(f'unknown storage {storage!r}: choose one of {", ".join(plugins)}')
        self._topics = {}
        try:
            self._writer = Rosbag2Writer(Path(path), version=9, storage_plugin=plugins[storage])
            if compress:
                mode = CompressionMode.STORAGE if storage == 'mcap' else CompressionMode.MESSAGE
                self._writer.set_compression(mode, CompressionFormat.ZSTD)
            self._writer.open()
        except (WriterError, OSError) as error:
            raise InputError(f'cannot write {path}: {_words(error)}') from error

    def __enter__(self):
        """Return the writer itself."""
        return self

    def __exit__(self, *_):
        """Finish the recording."""
        self.close()

    def close(self):
        """Write the index and close the files."""
        self._writer.close()

    def write(self, topic, stamp_ns, msg):
        """Add a message made by `message`, or read from another recording."""
        data = TYPES.serialize_cdr(msg, msg.__msgtype__)
        self.write_raw(topic, stamp_ns, msg.__msgtype__, data)

    def write_raw(self, topic, stamp_ns, msgtype, data):
        """Add a message that is CDR already."""
        if topic not in self._topics:
            self._topics[topic] = self._writer.add_connection(topic, msgtype, typestore=TYPES)
        self._writer.write(self._topics[topic], int(stamp_ns), data)


def message(msgtype, **values):
    """
    Make a message such as 'sensor_msgs/msg/Image'; what is not given is zero or empty.

    Nested messages may be dictionaries; lists and arrays take the type of the field.
    """
    if msgtype not in TYPES.fielddefs:
        raise InputError(f'unknown message type {msgtype!r}')
    known = dict(TYPES.fielddefs[msgtype][1])
    if set(values) - set(known):
        raise InputError(f'{msgtype} has no field {", ".join(set(values) - set(known))}')
    return TYPES.types[msgtype](**{name: _field(kind, values.get(name))
                                   for name, kind in known.items()})


def stamp(stamp_ns):
    """Fields of a builtin_interfaces/Time."""
    return {'sec': int(stamp_ns) // NANOSECONDS, 'nanosec': int(stamp_ns) % NANOSECONDS}


def _field(kind, value):
    node, detail = kind[0].name, kind[1]
    if node == 'BASE':
        empty = '' if detail[0] == 'string' else False if detail[0] == 'bool' else 0
        return empty if value is None else value
    if node == 'NAME':
        if value is None or isinstance(value, dict):
            return message(detail, **(value or {}))
        return value
    inner, length = detail
    if inner[0].name == 'BASE' and inner[1][0] != 'string':
        if value is None:
            value = [0] * (length if node == 'ARRAY' else 0)
        return np.ascontiguousarray(value, dtype=inner[1][0])
    return [_field(inner, item) for item in value or ()]


def _whole(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _words(error):
    words = printable(' '.join(f'{error}'.split()).rstrip('.'))
    return words[:_LONGEST] + ' ...' * (len(words) > _LONGEST) or type(error).__name__
