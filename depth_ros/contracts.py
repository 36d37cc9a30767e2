# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Units, encodings and invalid values: the only file that knows 0.001, 256 and the NaN rules.

Inside the package a depth map is ``(H, W) float32`` in metres along the camera's Z axis, with
NaN = unknown and +Inf = beyond range (REP 117, REP 118).  A sparse depth map, the input of a
completion net, is ``(H, W) float32`` in metres with 0 = no measurement.
"""

from pathlib import Path

import numpy as np

MILLIMETRES_PER_METRE = 1000.0
KITTI_UNITS_PER_METRE = 256.0
UINT16_MAX = 65535
UNITS = {'m': 1.0, 'mm': MILLIMETRES_PER_METRE, 'kitti': KITTI_UNITS_PER_METRE}
NANOSECONDS = 1_000_000_000


class InputError(ValueError):
    """
    Input that cannot be used; the message names what to do about it.

    :param reason: a word or two out of a small fixed set, under which a node counts it.
    """

    def __init__(self, message='', reason='other'):
        """Keep the reason beside the message."""
        super().__init__(message)
        self.reason = reason


def choose(choices, name, what):
    """Return `choices[name]`; an unknown name raises an InputError that lists the choices."""
    if name not in choices:
        raise InputError(f'unknown {what} {name!r}: choose one of {", ".join(sorted(choices))}')
    return choices[name]


def decode_depth(raw, units_per_metre):
    """Integer depth `(H, W)`, 0 = unknown, to float32 metres with NaN = unknown."""
    depth = np.asarray(raw, np.float32) / np.float32(units_per_metre)
    depth[np.asarray(raw) == 0] = np.nan
    return depth


def encode_depth(depth, units_per_metre):
    """
    Metres `(H, W)` to uint16; what 16 bits cannot say becomes 0 = unknown.

    NaN, +-Inf, values <= 0 and values beyond the 16-bit range (65.535 m for millimetres) would
    wrap to a false near obstacle if they were cast.
    """
    scaled = np.asarray(depth, np.float32) * np.float32(units_per_metre)
    with np.errstate(invalid='ignore'):
        usable = (scaled >= 0.5) & (scaled < UINT16_MAX + 0.5)
    return np.where(usable, np.rint(np.where(usable, scaled, 0)), 0).astype(np.uint16)


def millimetres_to_metres(raw):
    """16UC1 millimetres `(H, W)` (0 = unknown) to float32 metres (NaN = unknown)."""
    return decode_depth(raw, MILLIMETRES_PER_METRE)


def metres_to_millimetres(depth):
    """Metres `(H, W)` to 16UC1 millimetres; unknown, infinite and > 65.535 m become 0."""
    return encode_depth(depth, MILLIMETRES_PER_METRE)


def sparse_from_depth(depth):
    """Depth `(H, W)` with NaN/Inf = unknown to the nets' sparse form, 0 = no measurement."""
    depth = np.asarray(depth, np.float32)
    with np.errstate(invalid='ignore'):
        return np.where(np.isfinite(depth) & (depth > 0), depth, np.float32(0))


def units_per_metre(unit):
    """Scale of a stored depth file: 'm', 'mm', 'kitti' or a number of units per metre."""
    if isinstance(unit, (int, float)) and unit > 0:
        return float(unit)
    return choose(UNITS, unit, 'depth unit')


def read_depth(path, unit='mm'):
    """
    Read a depth file into `(H, W) float32` metres, NaN = unknown.

    :param path: .png or .pgm with 16-bit integers in `unit`, or .npy with floats in metres.
    :param unit: 'mm', 'kitti' (1/256 m) or the number of units per metre (e.g. 5000 for TUM).
    :raises InputError: the file is missing, unreadable, or not single-channel 16-bit.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f'no depth file at {path}')
    if path.suffix == '.npy':
        return _read_npy(path)
    import cv2
    raw = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if raw is None:
        raise InputError(f'{path} cannot be decoded as an image: is the file complete?')
    if raw.ndim != 2 or raw.dtype != np.uint16:
        raise InputError(f'{path} is {raw.dtype} with shape {raw.shape}, not a single-channel '
                         '16-bit depth image')
    return decode_depth(raw, units_per_metre(unit))


def _read_npy(path):
    try:
        depth = np.load(path, allow_pickle=False)
    except Exception as error:  # The header is parsed as Python, which has errors of its own.
        raise InputError(f'{path} cannot be read as a .npy array: {" ".join(str(error).split())}'
                         ) from error
    if depth.ndim != 2 or depth.dtype.kind not in 'fiu':
        raise InputError(f'{path} cannot be read as depth: it holds {depth.dtype} of shape '
                         f'{depth.shape}, not metres of shape (height, width)')
    depth = depth.astype(np.float32)
    depth[~(depth > 0)] = np.nan
    return depth


def write_depth(path, depth, unit='mm'):
    """Write metres `(H, W)` as .npy (float32 metres) or a 16-bit .png in `unit`."""
    path = Path(path)
    import cv2
    try:
        if path.suffix == '.npy':
            np.save(path, np.asarray(depth, np.float32))
        elif not cv2.imwrite(str(path), encode_depth(depth, units_per_metre(unit))):
            raise OSError('does the folder exist and is there space?')
    except (OSError, cv2.error) as error:
        raise InputError(f'cannot write {path} (.npy, .png or .pgm): '
                         f'{str(error).strip().splitlines()[-1]}') from error
