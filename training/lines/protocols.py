# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Where a single measured line comes from, by name.

- ring: one laser of a spinning LiDAR whose points are stored ring by ring (KITTI .bin files).
- elevation: one of 64 bins of elevation in the LiDAR's frame, for projected scans.
- mid_pitch: one of 65 bins between the least and the greatest pitch in the camera's frame, which
  public "one line" figures on KITTI use. The line moves from image to image.
- plane: a 2-D scanner, a fixed plane at its place on the robot: what a robot has.

Results with different protocols are not comparable.
"""
from __future__ import annotations

from depth_ros.contracts import choose
from depth_ros.datasets.lines import binned_ring, ring_line
from depth_ros.lidar import measured_pixels, scan_points, sparse_depth, transform
import numpy as np

MID_BINS, MID_BIN = 65, 32


def ring(points, camera_from_lidar, camera, elevation_deg: float = -1.0):
    """Project the ring nearest to an elevation of points (N, 3) metres in the LiDAR's frame."""
    return ring_line(points, camera_from_lidar, camera, elevation_deg).sparse


def elevation(depth, camera_from_lidar, camera, elevation_deg: float = -1.0):
    """Keep the pixels of a projected scan (H, W) in the bin of an elevation, see `lines`."""
    return binned_ring(depth, camera_from_lidar, camera, elevation_deg)


def mid_pitch(depth, camera):
    """
    Keep the pixels of a projected scan (H, W) in the middle bin of pitch.

    Pitch is asin(Y / distance) of a pixel's point in the camera's frame; the bins divide its range
    in this image by 65, are centred on whole numbers, and number 32 is kept.
    """
    rows, columns = measured_pixels(np.nan_to_num(depth))
    sparse = np.zeros(depth.shape, np.float32)
    if not len(rows):
        return sparse
    points = camera.back_project(depth)[rows, columns].astype(float)
    pitch = np.arcsin(points[:, 1] / np.linalg.norm(points, axis=1))
    width = max(np.ptp(pitch) / MID_BINS, 1e-12)
    kept = np.round((pitch - pitch.min()) / width) == MID_BIN
    sparse[rows[kept], columns[kept]] = depth[rows[kept], columns[kept]]
    return sparse


def plane(scan, camera_from_laser, camera):
    """Project a 2-D scan (`depth_ros.lidar.Scan`) by the pose of its scanner, (4, 4)."""
    points, _ = scan_points(scan)
    return sparse_depth(transform(points, camera_from_laser), camera)


# All return the sparse line (H, W) float32 metres, 0 none; their inputs differ.
PROTOCOLS = {'ring': ring, 'elevation': elevation, 'mid_pitch': mid_pitch, 'plane': plane}


def find_protocol(name: str):
    """Return a protocol by name; an unknown one is an InputError that lists the choices."""
    return choose(PROTOCOLS, name, 'protocol of the single line')
