# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The fields of a protobuf message, without its description: a robot has no `onnx` package."""

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5


def fields(message):
    """
    Yield (number, all bytes of the field, its value) of a message; numbers have no value.

    :param message: memoryview.
    :raises ValueError: the bytes are no message.
    """
    place, end = 0, len(message)
    while place < end:
        begin = place
        key, place = _varint(message, place)
        number, kind = key >> 3, key & 7
        value = None
        if kind == _VARINT:
            _, place = _varint(message, place)
        elif kind == _BYTES:
            length, place = _varint(message, place)
            value = message[place:place + length]
            place += length
        elif kind in (_EIGHT, _FOUR):
            place += 8 if kind == _EIGHT else 4
        else:
            raise ValueError('these bytes are no protobuf message')
        if place > end:
            raise ValueError('these bytes end within a field')
        yield number, message[begin:place], value


def _varint(message, place):
    value = shift = 0
    while True:
        if place >= len(message):
            raise ValueError('these bytes end within a field')
        byte = message[place]
        value |= (byte & 0x7f) << shift
        place += 1
        if not byte & 0x80:
            return value, place
        shift += 7
        if shift > 63:
            raise ValueError('these bytes are no protobuf message')


def bytes_field(number, content):
    """Return a field that holds bytes."""
    return _written(number << 3 | _BYTES) + _written(len(content)) + content


def _written(value):
    data = bytearray()
    while value > 0x7f:
        data.append(value & 0x7f | 0x80)
        value >>= 7
    data.append(value)
    return bytes(data)
