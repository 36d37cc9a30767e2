# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""ICL-NUIM RGB-D frames (rendered rooms)."""
from pathlib import Path

from depth_ros.datasets.rgbd import open_pairs, pair_folders, whole_pairs

LAYOUT = ('<sequence>/rgb/N.png (or color/N.png) with <sequence>/depth/N.png (16-bit, 5000 units '
          'per metre, registered)')
UNITS_PER_METRE = 5000.0
# The published fy is negative for the renderer's upward axis; the images are upright.
INTRINSICS = (481.2, 480.0, 319.5, 239.5)


def open_dataset(path, options):
    """Open ICL-NUIM frames; the line is one image row."""
    path = Path(path)
    pairs, missing = whole_pairs(path, pair_folders(path, 'rgb') + pair_folders(path),
                                 'icl_nuim', LAYOUT)
    return open_pairs(path, pairs, options, lambda _: INTRINSICS, unit=UNITS_PER_METRE,
                      missing=missing)
