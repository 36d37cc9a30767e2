# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""TUM RGB-D sequences in their native layout, and single frames N.png with N_depth.png."""
from pathlib import Path

from depth_ros.contracts import InputError
from depth_ros.datasets.rgbd import open_pairs, pair_names, whole_pairs
import numpy as np

LAYOUT = ('<sequence>/rgb.txt and depth.txt listing "stamp file" with the files in rgb/ and '
          'depth/, or N.png with N_depth.png (16-bit, 5000 units per metre)')
UNITS_PER_METRE = 5000.0
LARGEST_STAMP_GAP_S = 0.02
# Published calibrations by camera; the sequence's folder name says which one recorded it.
INTRINSICS = {
    'freiburg1': (517.3, 516.5, 318.6, 255.3),
    'freiburg2': (520.9, 521.0, 325.1, 249.7),
    'freiburg3': (535.4, 539.2, 320.1, 247.6),
}
DEFAULT_CAMERA = 'freiburg2'


def open_dataset(path, options):
    """Open TUM frames; the line is one image row. Unnamed sequences count as freiburg2."""
    path = Path(path)
    pairs = []
    for listing in sorted(path.rglob('depth.txt')) if path.is_dir() else []:
        pairs += _pair_by_stamp(listing.parent)
    pairs += pair_names(path, '*_depth.png', lambda stem: stem.removesuffix('_depth'))
    pairs, missing = whole_pairs(path, pairs, 'tum', LAYOUT)
    return open_pairs(path, pairs, options, _intrinsics, unit=UNITS_PER_METRE, missing=missing)


def _intrinsics(colour):
    named = [name for name in INTRINSICS if name in str(colour)]
    return INTRINSICS[named[0] if named else DEFAULT_CAMERA]


def _pair_by_stamp(folder):
    """Pair each depth file with the colour file nearest in time, within the largest gap."""
    colours, depths = _listing(folder / 'rgb.txt'), _listing(folder / 'depth.txt')
    if not colours or not depths:
        return []
    stamps = np.array([stamp for stamp, _ in colours])
    pairs = []
    for stamp, depth in depths:
        nearest = int(np.argmin(np.abs(stamps - stamp)))
        if abs(stamps[nearest] - stamp) <= LARGEST_STAMP_GAP_S:
            pairs.append((colours[nearest][1], depth))
    return pairs


def _listing(file):
    if not file.is_file():
        raise InputError(f'{file} is missing: a TUM sequence lists its files there')
    entries = []
    for line in file.read_text().splitlines():
        if line.strip() and not line.startswith('#'):
            stamp, name = line.split()[:2]
            entries.append((float(stamp), file.parent / name))
    return entries
