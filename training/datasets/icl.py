# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""ICL-NUIM: rendered indoor sequences in their TUM-compatible image files."""
from pathlib import Path

from depth_ros.datasets.rgbd import open_pairs, pair_folders
from depth_ros.datasets.sample import require_frames

LAYOUT = ('<sequence>/rgb/N.png (or color/N.png) with <sequence>/depth/N.png (16-bit, 5000 units '
          'per metre), the "TUM RGB-D compatible PNGs" of the data set')
UNITS_PER_METRE = 5000.0
# The data set states a negative vertical focal length for its upward axis; images are upright.
INTRINSICS = (481.2, 480.0, 319.5, 239.5)


def open_dataset(path, options):
    """Open ICL-NUIM frames; the line is one image row."""
    path = Path(path)
    pairs = pair_folders(path, colour='rgb') + pair_folders(path)
    require_frames(pairs, path, 'icl', LAYOUT)
    return open_pairs(path, pairs, options, lambda _: INTRINSICS, unit=UNITS_PER_METRE)
