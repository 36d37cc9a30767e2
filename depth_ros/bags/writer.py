# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Writing rosbag2 recordings, and making the messages in them."""
from pathlib import Path

from depth_ros.bags.kinds import TYPES
from depth_ros.contracts import InputError, NANOSECONDS
from depth_ros.documents import words
import numpy as np
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, WriterError
from rosbags.rosbag2 import Writer as Rosbag2Writer


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
            raise InputError(f'cannot write {path}: {words(error)}') from error

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
