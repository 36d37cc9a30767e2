# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Redwood / Open3D RGB-D frames."""
from pathlib import Path

from depth_ros.datasets.rgbd import open_pairs, pair_folders, whole_pairs

LAYOUT = 'color/NAME.jpg with depth/NAME.png (16-bit millimetres, registered)'
INTRINSICS = (525.0, 525.0, 319.5, 239.5)


def open_dataset(path, options):
    """Open Redwood frames; the line is one image row."""
    path = Path(path)
    pairs, missing = whole_pairs(path, pair_folders(path), 'redwood', LAYOUT)
    return open_pairs(path, pairs, options, lambda _: INTRINSICS, missing=missing)
