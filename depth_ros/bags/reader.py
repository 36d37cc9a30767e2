# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Reading: rosbag2 (mcap, sqlite3) and ROS 1 bags."""
from depth_ros.bags.kinds import Raw, Topic, TYPES
from depth_ros.bags.limits import check_chunks, checked_path
from depth_ros.contracts import InputError, NANOSECONDS
from depth_ros.documents import words
from rosbags.rosbag1 import Reader as Rosbag1Reader
from rosbags.rosbag2 import Reader as Rosbag2Reader

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
        self.path = checked_path(path)
        self._ros2 = self.path.suffix != '.bag' or self.path.is_dir()
        try:
            self._reader = (Rosbag2Reader if self._ros2 else Rosbag1Reader)(self.path)
            self._reader.open()
        except Exception as error:
            raise InputError(f'cannot read {self.path}: {words(error)}; {_DAMAGED}') from error
        try:
            self._check_index()
        except Exception as error:
            self.close()
            raise InputError(f'cannot read {self.path}: {words(error)}; {_DAMAGED}') from error

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
                check_chunks(getattr(part, 'chunks', ()))
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
                raise InputError(f'cannot read on in {self.path}: {words(error)}; {_DAMAGED}'
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
                             f'ROS 1 recording: {words(error)}; leave the topic out') from error

    def _decode(self, connection, data):
        try:
            return TYPES.deserialize_cdr(self._cdr(connection, data), connection.msgtype)
        except InputError:
            raise
        except Exception as error:
            raise InputError(f'cannot decode a message on {connection.topic} '
                             f'({connection.msgtype}): {words(error)}; {_DAMAGED}') from error


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


def _whole(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
