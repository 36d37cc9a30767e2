# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""From a laser scan or a point cloud to points and to a sparse depth image."""

from dataclasses import dataclass

from depth_ros.contracts import InputError
import numpy as np

# Seconds; beyond, a time cannot be told in nanoseconds of 64 bits.
_LONGEST_S = 1e9


@dataclass(frozen=True)
class Scan:
    """One 2-D scan; the fields of sensor_msgs/LaserScan, stamp = time of the first beam."""

    ranges: np.ndarray
    angle_min: float
    angle_increment: float
    range_min: float
    range_max: float
    time_increment: float = 0.0
    stamp_ns: int = 0
    frame_id: str = ''


def scan_points(scan):
    """
    Points of a scan in its own frame (x forward, y left; REP 103).

    Beams outside [range_min, range_max], NaN, infinite and non-positive ranges are discarded, as
    the LaserScan definition asks.

    :return: points `(M, 3) float64` metres, time of each after the stamp `(M,)` seconds.
    :raises InputError: the scan's angles cannot describe its beams.
    """
    ranges = np.asarray(scan.ranges, np.float64).ravel()
    if len(ranges) and not (np.isfinite([scan.angle_min, scan.angle_increment]).all()
                            and scan.angle_increment != 0):
        raise InputError(f'scan has angle_min {scan.angle_min} and angle_increment '
                         f'{scan.angle_increment}: the LiDAR driver publishes a broken scan',
                         'scan')
    with np.errstate(invalid='ignore'):
        valid = np.isfinite(ranges) & (ranges > 0) & ~(ranges < scan.range_min)
        # Some drivers leave range_max at 0; then there is no upper limit to check.
        if scan.range_max > 0:
            valid &= ranges <= scan.range_max
    index = np.flatnonzero(valid)
    angles = scan.angle_min + index * scan.angle_increment
    kept = ranges[index]
    points = np.stack([kept * np.cos(angles), kept * np.sin(angles), np.zeros(len(kept))], 1)
    return points, index * float(scan.time_increment)


def ring_index(points):
    """
    Ring number `(N,) int` of points stored ring by ring, by counting azimuth wrap-arounds.

    A spinning multi-beam LiDAR file without a ring field (KITTI .bin) stores one turn after
    another; where the azimuth `atan2(y, x)` in [0, 2 pi) falls by more than half a turn, the next
    ring starts.
    """
    points = np.asarray(points)
    if not len(points):
        return np.zeros(0, int)
    azimuth = np.arctan2(points[:, 1], points[:, 0]) % (2 * np.pi)
    return np.concatenate([[0], np.cumsum(np.diff(azimuth) < -np.pi)]).astype(int)


def elevation(points):
    """Elevation above the sensor's horizontal plane of points `(N, 3)`, degrees `(N,)`."""
    points = np.asarray(points, np.float64)
    return np.degrees(np.arctan2(points[:, 2], np.hypot(points[:, 0], points[:, 1])))


def select_ring(points, ring_ids, elevation_deg):
    """
    Boolean mask `(N,)` of the ring whose median elevation is nearest `elevation_deg`.

    Missing returns, which drivers fill with NaN or with zeros, have no say.
    """
    points, ring_ids = np.asarray(points, np.float64), np.asarray(ring_ids)
    valid = np.isfinite(points).all(1) & points.any(1)
    if not valid.any():
        return np.zeros(len(ring_ids), bool)
    angles = elevation(points)
    rings = np.unique(ring_ids[valid])
    medians = np.array([np.median(angles[valid & (ring_ids == ring)]) for ring in rings])
    return ring_ids == rings[np.argmin(np.abs(medians - elevation_deg))]


def transform(points, matrix):
    """Move points of shape N x 3 by a rigid 4x4 transform, target <- source."""
    matrix = np.asarray(matrix, np.float64)
    return np.asarray(points, np.float64) @ matrix[:3, :3].T + matrix[:3, 3]


def transform_moving(points, offsets_s, pose_at, step_s=0.01):
    """
    Move points of a sensor in motion, each by the pose at its own time.

    The pose is asked for every `step_s` seconds; between two, the moved point is interpolated
    (at 2 rad/s and a distance of 10 m the arc leaves its chord by 0.5 mm).

    :param points: `(N, 3)` metres, each in the sensor frame at its own time.
    :param offsets_s: `(N,)` seconds after the stamp; negative where the stamp is a later one.
    :param pose_at: function of such an offset that returns target <- sensor, `(4, 4)`.
    :return: `(N, 3)` in the target frame.
    :raises InputError: times that are no times.
    """
    points, offsets_s = np.asarray(points, np.float64), np.asarray(offsets_s, np.float64)
    if not len(points):
        return np.zeros((0, 3))
    first, last = offsets_s.min(), offsets_s.max()
    if not (abs(first) < _LONGEST_S and abs(last) < _LONGEST_S):
        raise InputError(f'the LiDAR says that its points are from {first:g} to {last:g} s after '
                         'their stamp: its driver publishes broken times; clear fixed_frame',
                         'LiDAR times')
    # Bounded: times in a wrong unit must not ask for millions of poses.
    steps = int(np.clip(np.ceil((last - first) / step_s), 1, 100))
    if last <= first:
        return transform(points, pose_at(float(first)))
    poses = [pose_at(float(t)) for t in np.linspace(first, last, steps + 1)]
    place = (offsets_s - first) / (last - first) * steps
    index = np.minimum(place.astype(int), steps - 1)
    moved = np.empty_like(points)
    for step in range(steps):
        at = np.flatnonzero(index == step)
        start, end = (transform(points[at], pose) for pose in poses[step:step + 2])
        moved[at] = start + (place[at, None] - step) * (end - start)
    return moved


def sparse_depth(points, camera):
    """
    Project points of the optical frame into a sparse depth image; the nearest point wins.

    :param points: `(N, 3)` metres, x right, y down, z forward.
    :return: `(H, W) float32` metres, 0 = no measurement.
    """
    pixels, z = camera.project(points)
    with np.errstate(invalid='ignore'):
        columns, rows = np.rint(pixels).T
        inside = ((columns >= 0) & (columns < camera.width)
                  & (rows >= 0) & (rows < camera.height))
    index = rows[inside].astype(np.intp) * camera.width + columns[inside].astype(np.intp)
    return _scatter_nearest(index, z[inside], camera.height, camera.width)


def measured_pixels(sparse):
    """Rows and columns `(N,) int` of the measurements in a sparse depth image `(H, W)`."""
    # On the flat view this is several times faster than np.nonzero on two axes.
    return np.divmod(np.flatnonzero(np.ravel(sparse) > 0), sparse.shape[1])


def resize_sparse(sparse, height, width, pixels=None):
    """
    Sparse depth `(H, W)`, 0 = none, on a grid of another size; the nearest value wins.

    :param pixels: `measured_pixels(sparse)`, where the caller has them.
    """
    sparse = np.asarray(sparse, np.float32)
    if sparse.shape == (height, width):
        return sparse
    rows, columns = measured_pixels(sparse) if pixels is None else pixels
    values = sparse[rows, columns]
    row = np.minimum((rows + 0.5) * (height / sparse.shape[0]), height - 1).astype(np.intp)
    column = np.minimum((columns + 0.5) * (width / sparse.shape[1]), width - 1).astype(np.intp)
    return _scatter_nearest(row * width + column, values, height, width)


def _scatter_nearest(index, values, height, width):
    # Only the few measured pixels are touched: the image has a thousand times as many.
    image = np.zeros(height * width, np.float32)
    image[index] = np.inf
    np.minimum.at(image, index, values.astype(np.float32))
    image[index[~np.isfinite(image[index])]] = 0
    return image.reshape(height, width)
