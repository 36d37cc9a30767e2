# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""NYU Depth v2 frames exported as image files."""
from pathlib import Path

from depth_ros.datasets.rgbd import open_pairs, pair_folders, pair_names, whole_pairs

LAYOUT = ('<scene>/color/N.png with <scene>/depth/N.pgm, or <scene>/rgbN.png with '
          '<scene>/depthN.png (16-bit millimetres, registered)')
# Colour camera of the data set's toolbox, rounded as in its common exports.
INTRINSICS = (518.0, 519.0, 325.5, 253.5)


def open_dataset(path, options):
    """Open NYU frames; the line is one image row."""
    path = Path(path)
    pairs = pair_folders(path) + pair_names(
        path, 'depth[0-9]*.*', lambda stem: stem.replace('depth', 'rgb', 1))
    pairs, missing = whole_pairs(path, pairs, 'nyu', LAYOUT)
    return open_pairs(path, pairs, options, lambda _: INTRINSICS, missing=missing)
