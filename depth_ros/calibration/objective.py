# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
How badly the line fits the images, as a function of seven numbers.

Three things are compared at the pixels where the beams fall:

- flow: a beam's point, seen again in the second image after the LiDAR moved as its scans say,
  must move over the image as the image moves (pixels);
- depth: the distance of the beam and the depth of the image there, up to one factor per image
  where the depth comes from a network (natural logarithm);
- edges: where the range jumps from beam to beam, the image has an edge (pixels).

Most of what a robot meets is upright. Along it the line slides unnoticed: how high it is (z) none
of the three says well, and `solve` leaves it.
"""
from depth_ros.calibration import odometry
from depth_ros.calibration.maps import blurred, sample
from depth_ros.calibration.odometry import Odometry
import numpy as np

TERMS = ('flow', 'depth', 'edges')
# Beams that are enough; of more, every second, third ... counts.
MOST_POINTS = 4000
# What counts as motion between two images: metres, metres, radians.
LEAST_STEP = np.array([0.02, 0.02, 0.01])
# Range jumps: relative, and metres.
JUMP, LEAST_JUMP_M = 0.15, 0.2
# Pixels, as a share of the image's width, by which beams outside the image may come in.
MARGIN = 0.2
# The least size of residuals that counts as noise: pixels, logarithm, pixels.
LEAST_SCALES = {'flow': 0.1, 'depth': 0.002, 'edges': 0.7}


# Changes of a pose camera <- LiDAR and of `scan_stamp_offset`. x, y, z: metres along the axes of
# the LiDAR (z: across its plane); pitch, yaw, roll: radians about the axes of the camera (right,
# down, ahead), through the LiDAR; time: seconds added to the stamps of the LiDAR.
NAMES = ('x', 'y', 'z', 'pitch', 'yaw', 'roll', 'time')


def changed(pose, values):
    """Return the pose (4, 4) after a change by the first six of NAMES."""
    cx, cy, cz = np.cos(values[3:6])
    sx, sy, sz = np.sin(values[3:6])
    turn = (np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
            @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
            @ np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]]))
    pose = np.asarray(pose, float)
    result = pose.copy()
    result[:3, :3] = turn @ result[:3, :3]
    result[:3, 3] += pose[:3, :3] @ np.asarray(values[:3], float)
    return result


class Objective:
    """The residuals of a recording."""

    def __init__(self, pairs, maps, camera, pose, offset=0.0, scaled=True):
        """
        Put everything into arrays.

        :param pairs: `recording.Pair`s; maps: the `Maps` of each; camera: of the maps.
        :param pose: camera <- LiDAR (4, 4) from which the numbers count; offset: seconds that
            were added to the stamps of the scans so far.
        :param scaled: the depth of an image is right but for one factor.
        """
        self.camera, self.pose, self.offset, self.scaled = camera, np.array(pose), offset, scaled
        self._paths, points, jumps = [], [], []
        tracker = Odometry()
        for index, pair in enumerate(pairs):
            path = tracker.path(pair.turns)
            self._paths.append(path)
            turn = _nearest(pair, offset)
            where = odometry.move(np.zeros(3), turn.points)
            if path is not None:
                where = odometry.move(path.at(turn.seconds + turn.offsets), turn.points)
            inside = self._near_image(turn.points)
            points.append((np.full(inside.sum(), index), where[inside]))
            kept, ends = _jumps(turn.points)
            kept &= self._near_image(ends)
            if path is not None:
                ends = odometry.move(path.at(turn.seconds + turn.offsets[:len(ends)]), ends)
            jumps.append((np.full(kept.sum(), index), ends[kept]))
        self.owner, self.points = (np.concatenate(part) for part in zip(*points))
        every = -(-len(self.owner) // MOST_POINTS)
        self.owner, self.points = self.owner[::every], self.points[::every]
        self.jump_owner, self.jumps = (np.concatenate(part) for part in zip(*jumps))
        self.times = np.array([pair.seconds for pair in pairs])
        self.moving = np.array([path is not None for path in self._paths])
        self._flow = np.stack([each.flow for each in maps])
        self._edge = np.stack([each.edge for each in maps])
        self._sharp = np.stack([each.log_depth for each in maps])
        self._depth = self._sharp

    @property
    def moved(self):
        """Share of the pairs between whose images the LiDAR moved or turned, as its scans say."""
        first, second = self._places(self.offset)
        step = np.abs(second - first)
        return float(((step > LEAST_STEP).any(1) & self.moving).mean())

    @property
    def has_depth(self):
        """Whether any image has depth."""
        return bool(np.isfinite(self._sharp).any())

    def blur(self, sigma):
        """Blur the depth by `sigma` pixels, so that a far start finds its way."""
        self._depth = np.stack([blurred(each, sigma) for each in self._sharp])

    def residuals(self, values):
        """
        Compare at the seven numbers (7,): {term: (differences (N,), owner (N,))}; NaN: not known.

        The arrays have the same size whatever the numbers; flow has two residuals a point.
        """
        pose = changed(self.pose, values)
        first, second = self._places(float(values[6]) + self.offset)
        seen = self._project(pose, odometry.move_back(first[self.owner], self.points))
        later = self._project(pose, odometry.move_back(second[self.owner], self.points))
        flow = later[0] - seen[0] - sample(self._flow, self.owner, seen[0])
        flow[~self.moving[self.owner]] = np.nan
        found = {'flow': (flow.ravel(), np.repeat(self.owner, 2))}
        if self.has_depth:
            with np.errstate(invalid='ignore', divide='ignore'):
                depth = np.log(seen[1]) - sample(self._depth, self.owner, seen[0])
            found['depth'] = (self._unscaled(depth), self.owner)
        ends = self._project(pose, odometry.move_back(first[self.jump_owner], self.jumps))
        found['edges'] = (sample(self._edge, self.jump_owner, ends[0]), self.jump_owner)
        return found

    def line(self, values, index):
        """Points (N, 3) metres of the beams in the camera, when image `index` was taken."""
        first, _ = self._places(float(values[6]) + self.offset)
        placed = odometry.move_back(first[index], self.points[self.owner == index])
        pose = changed(self.pose, values)
        return placed @ pose[:3, :3].T + pose[:3, 3]

    def _places(self, offset):
        """Poses of the LiDAR (K, 3) at both images of each pair."""
        return tuple(np.stack([np.zeros(3) if path is None else path.at(time - offset)
                               for path, time in zip(self._paths, times)])
                     for times in self.times.T)

    def _project(self, pose, points):
        return self.camera.project(points @ pose[:3, :3].T + pose[:3, 3])

    def _unscaled(self, depth):
        if not self.scaled:
            return depth
        for index in range(len(self.times)):
            mine = slice(*np.searchsorted(self.owner, (index, index + 1)))
            known = depth[mine][np.isfinite(depth[mine])]
            depth[mine] -= np.median(known) if len(known) else np.nan
        return depth

    def _near_image(self, points):
        pixels, _ = self._project(self.pose, points)
        margin = MARGIN * self.camera.width
        with np.errstate(invalid='ignore'):
            return ((pixels > -margin) & (pixels < np.array(
                [self.camera.width, self.camera.height]) + margin)).all(1)


def _nearest(pair, offset):
    """Return the turn whose middle is nearest to the first image."""
    return min(pair.turns, key=lambda turn: abs(turn.middle + offset - pair.seconds[0]))


def _jumps(points):
    """Tell after which beams (N - 1,) an object ends, and where (N - 1, 3) on the nearer side."""
    if len(points) < 3:
        return np.zeros(0, bool), np.zeros((0, 3))
    ranges = np.linalg.norm(points, axis=1)
    azimuth = np.unwrap(np.arctan2(points[:, 1], points[:, 0]))
    steps, near = np.abs(np.diff(azimuth)), np.minimum(ranges[1:], ranges[:-1])
    jump = ((np.abs(np.diff(ranges)) > np.maximum(JUMP * near, LEAST_JUMP_M))
            & (steps < 3 * np.median(steps)))
    # Two surfaces that alternate (thin things, noise) end nowhere.
    alone = jump.copy()
    alone[1:] &= ~jump[:-1]
    alone[:-1] &= ~jump[1:]
    middle = points[1:] / ranges[1:, None] + points[:-1] / ranges[:-1, None]
    middle *= (near / np.linalg.norm(middle, axis=1))[:, None]
    return alone, middle
