# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What calibration takes of a recording; `depth_ros.bags.pairs` reads it."""
from dataclasses import dataclass

from depth_ros.camera import Camera
import numpy as np


@dataclass(frozen=True)
class Turn:
    """One scan: seconds of its stamp, points (N, 3) metres, seconds after the stamp (N,)."""

    seconds: float
    points: np.ndarray
    offsets: np.ndarray

    @property
    def middle(self):
        """Seconds of the mean beam: what a scan says of the motion, it says of this time."""
        return self.seconds + (float(self.offsets.mean()) if len(self.offsets) else 0.0)


@dataclass(frozen=True)
class Pair:
    """
    Two images and the scans around them.

    seconds: of both; images: (H, W, 3) uint8 RGB; turns: successive scans; depth: (H, W) metres
    recorded with the first image, or None.
    """

    seconds: tuple
    images: tuple
    turns: tuple
    depth: np.ndarray = None


@dataclass(frozen=True)
class Recording:
    """What calibration needs of a recording; pose: camera <- LiDAR (4, 4) as it is recorded."""

    path: str
    camera: Camera
    pose: np.ndarray
    pairs: tuple
