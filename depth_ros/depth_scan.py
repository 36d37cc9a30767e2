# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A level 2-D scan out of a depth image: what a costmap may mark, and what it may clear."""

from dataclasses import dataclass
from functools import lru_cache

from depth_ros.contracts import InputError
from depth_ros.lidar import Scan
import numpy as np

# Of the pixels of a beam that look along the band; with more of them unknown it clears nothing.
MOST_UNKNOWN = 0.5


@dataclass(frozen=True)
class Band:
    """
    The heights that count, and how the camera is held.

    :param min_height, max_height: metres above the floor (or the camera, with camera_height 0).
    :param camera_height: metres above the floor.
    :param tilt: degrees by which the camera looks down; roll must be none.
    :param range_max: metres up to which a beam is followed.
    """

    min_height: float
    max_height: float
    camera_height: float = 0.0
    tilt: float = 0.0
    range_max: float = 10.0

    def __post_init__(self):
        """Refuse a band without height or range."""
        if not (self.min_height < self.max_height and self.range_max > 0):
            raise InputError(f'the depth scan looks at heights from {self.min_height} to '
                             f'{self.max_height} m up to {self.range_max} m: set '
                             'depth_scan_min_height below depth_scan_max_height', 'depth scan')


@dataclass(frozen=True)
class _View:
    """The pixels whose rays pass the band, ordered by beam."""

    pixels: np.ndarray   # flat index into the image
    nearest: np.ndarray  # depth along Z at which the ray enters the band ...
    farthest: np.ndarray  # ... and leaves it, at range_max at the latest
    stretch: np.ndarray  # horizontal range of a depth of 1 m
    starts: np.ndarray   # first pixel of each beam that has any, and which beam that is
    beams: np.ndarray
    along: np.ndarray    # of `pixels`: the ray is in the band up to range_max
    along_count: np.ndarray  # how many of these the beam has
    count: int
    angle_min: float
    angle_increment: float


def depth_scan(depth, camera, band):
    """
    Nearest thing in a band of heights in each direction, seen from the camera and held level.

    A beam is
    - the horizontal range of the nearest known point within the band, else
    - +Inf (REP 117: nothing up to range_max) where at least half of the pixels that look along the
      band up to range_max are known and end beyond, else
    - NaN: unknown, nothing may be cleared.

    :param depth: `(H, W) float32` metres along Z, NaN = unknown, +Inf = beyond range.
    :return: lidar.Scan in a frame at the camera, x level and forward, z up (REP 103), from the
        right to the left edge of the image; range_min 0.
    :raises InputError: depth and camera differ in size, or no ray passes the band.
    """
    depth = np.asarray(depth, np.float32)
    if depth.shape != (camera.height, camera.width):
        raise InputError(f'depth is {depth.shape[1]}x{depth.shape[0]} but the camera is '
                         f'{camera.width}x{camera.height}: scale the camera first')
    view = _view(camera, band)
    if view is None:
        raise InputError(f'no ray of the camera passes heights from {band.min_height} to '
                         f'{band.max_height} m within {band.range_max} m: correct '
                         'depth_scan_camera_height and depth_scan_camera_tilt', 'depth scan')
    seen = depth.ravel()[view.pixels]
    # Comparisons with NaN are false: what is unknown neither hits nor is free.
    hit = (seen >= view.nearest) & (seen < view.farthest)
    ranges = np.where(hit, seen * view.stretch, np.float32(np.inf))
    nearest = np.minimum.reduceat(ranges, view.starts)
    free = np.add.reduceat(view.along & (seen >= view.farthest), view.starts)
    clear = (free > 0) & (free >= (1 - MOST_UNKNOWN) * view.along_count)
    result = np.full(view.count, np.nan, np.float32)
    result[view.beams] = np.where(np.isfinite(nearest) | clear, nearest, np.float32(np.nan))
    return Scan(result, view.angle_min, view.angle_increment, 0.0, band.range_max)


@lru_cache(maxsize=4)
def _view(camera, band):
    """Directions of all pixels in the level frame, reduced to what the band needs, or None."""
    rays = camera.rays().astype(np.float64)
    sine, cosine = np.sin(np.radians(band.tilt)), np.cos(np.radians(band.tilt))
    # Of a ray (x right, y down, 1 forward): forward, left and up in the level frame.
    forward, left = cosine - rays[..., 1] * sine, -rays[..., 0]
    stretch = np.hypot(forward, left)
    slope = (-sine - rays[..., 1] * cosine) / stretch
    azimuth = np.arctan2(left, forward)
    nearest, farthest = _passage(slope, band)
    used = np.isfinite(slope) & (forward > 0) & (nearest < farthest)
    if not used.any():
        return None
    increment = _beam_width(azimuth, used)
    angle_min = azimuth[used].min()
    beam = np.rint((azimuth[used] - angle_min) / increment).astype(np.intp)
    order = np.argsort(beam, kind='stable')
    beams, starts = np.unique(beam[order], return_index=True)
    pixels = np.flatnonzero(used)[order]
    along = farthest.ravel()[pixels] >= band.range_max
    factor = stretch.ravel()[pixels]
    # A hair less than range_max: readers ask for ranges below it.
    return _View(pixels, (nearest.ravel()[pixels] / factor).astype(np.float32),
                 (farthest.ravel()[pixels] / factor * (1 - 1e-6)).astype(np.float32),
                 factor.astype(np.float32), starts, beams, along,
                 np.add.reduceat(along.astype(int), starts), int(beam.max()) + 1,
                 float(angle_min), float(increment))


def _passage(slope, band):
    """Horizontal ranges at which rays of a slope enter and leave the band, within 0..range_max."""
    low, high = band.min_height - band.camera_height, band.max_height - band.camera_height
    with np.errstate(divide='ignore', invalid='ignore'):
        ends = np.stack([low / slope, high / slope])
    nearest, farthest = (np.clip(end, 0, band.range_max) for end in (ends.min(0), ends.max(0)))
    level = slope == 0
    nearest[level], farthest[level] = 0, band.range_max if low <= 0 <= high else 0
    return nearest, farthest


def _beam_width(azimuth, used):
    """Widest step in azimuth between neighbouring columns, so that no beam is without a pixel."""
    row = np.argmax(used.sum(1))
    steps = np.abs(np.diff(azimuth[row][used[row]]))
    return steps.max() if len(steps) else np.radians(1.0)
