# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Cuts the single measured line out of data that holds more than one line."""
from dataclasses import dataclass

from depth_ros.contracts import InputError
from depth_ros.lidar import elevation, ring_index, select_ring, sparse_depth, transform
import numpy as np

DEFAULT_ELEVATION_DEG = -1.0
DEFAULT_ROW = 0.6
# HDL-64: 64 lasers spread from +2.0 to -24.8 degrees, here as equal bins.
HDL64_TOP_DEG, HDL64_BOTTOM_DEG, HDL64_RINGS = 2.0, -24.8, 64


@dataclass(frozen=True)
class Line:
    """A sparse line (H, W), 0 none, and the ground truth (H, W) without its pixels."""

    sparse: np.ndarray
    depth: np.ndarray


def add_noise(sparse, noise, seed):
    """Add Gaussian range noise of ``noise`` metres to a line; repeatable by ``seed``."""
    if not noise:
        return sparse
    random = np.random.default_rng(seed)
    noisy = sparse + random.normal(0.0, noise, sparse.shape).astype(np.float32)
    return np.where((sparse > 0) & (noisy > 0), noisy, np.float32(0))


def without_line(depth, sparse):
    """Return the ground truth with the pixels of the line set to NaN: they were an input."""
    return np.where(sparse > 0, np.float32(np.nan), depth)


def row_line(depth, fraction):
    """Take one row of a dense depth map as the line; ``fraction`` 0 is the top, 1 the bottom."""
    if not 0.0 <= fraction <= 1.0:
        raise InputError(f'line row {fraction} is not a fraction of the height between 0 and 1')
    row = round(fraction * (depth.shape[0] - 1))
    sparse = np.zeros(depth.shape, np.float32)
    sparse[row] = np.where(np.isfinite(depth[row]), depth[row], 0)
    return Line(sparse, without_line(depth, sparse))


def ring_line(points, camera_from_lidar, camera, elevation_deg):
    """
    Take one ring of a full scan as the line and all other rings as ground truth.

    points: (N, 3) metres in the LiDAR frame, stored ring by ring; a ring's elevation is the
    median over its whole turn. Far points seen between near ones stay in the ground truth: the
    LiDAR sits above the camera and sees a little behind edges.
    """
    chosen = select_ring(points, ring_index(points), elevation_deg)
    in_camera = transform(points, camera_from_lidar)
    sparse = sparse_depth(in_camera[chosen], camera)
    others = sparse_depth(in_camera[~chosen], camera)
    depth = np.where(others > 0, others, np.float32(np.nan))
    return Line(sparse, without_line(depth, sparse))


def binned_ring(raw_depth, camera_from_lidar, camera, elevation_deg):
    """
    Take one ring out of a projected scan (H, W), NaN or 0 none, whose rings are lost.

    Every pixel goes back to the LiDAR frame, where the elevations fall into 64 equal bins; the
    bin that holds ``elevation_deg`` is the line. Returns it as (H, W) metres, 0 none.
    """
    rows, columns = np.nonzero(np.nan_to_num(raw_depth) > 0)
    points = camera.back_project(raw_depth)[rows, columns]
    angles = elevation(transform(points, np.linalg.inv(camera_from_lidar)))
    chosen = ring_bin(angles) == ring_bin(elevation_deg)
    sparse = np.zeros(raw_depth.shape, np.float32)
    sparse[rows[chosen], columns[chosen]] = raw_depth[rows[chosen], columns[chosen]]
    return sparse


def ring_bin(elevation_deg):
    """Return the bin number, 0 at the top, of elevations in degrees."""
    spacing = (HDL64_TOP_DEG - HDL64_BOTTOM_DEG) / (HDL64_RINGS - 1)
    number = np.rint((HDL64_TOP_DEG - np.asarray(elevation_deg)) / spacing)
    return np.clip(number, 0, HDL64_RINGS - 1).astype(int)


def refuse(value, flag, dataset, use):
    """Raise when a line option was given that the data set cannot honour."""
    if value is not None:
        raise InputError(f'{flag} does not apply to data set {dataset!r}; use {use}')
