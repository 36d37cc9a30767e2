# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
How a 2-D LiDAR moved in its own plane, from its scans alone.

Point-to-line matching (Censi, "An ICP variant using a point-to-line metric", ICRA 2008); partners
are looked for at the same azimuth.
"""
import numpy as np

# Beams on either side among which a partner is looked for, and through which its line is laid.
NEAR, BESIDE = 4, 6
# Metres by which these may leave that line on average.
STRAIGHT = 0.03
# Metres that residuals count to, from the first passes to the last.
WIDTHS = (0.5, 0.5, 0.3, 0.3, 0.2, 0.2, 0.1, 0.1, 0.05, 0.05)
# How hard the guess is held on to where the scans say nothing (along a corridor): 1 / metres^2.
HOLD = 1.0
LEAST_BEAMS, LEAST_SHARE = 40, 0.4


def compose(a, b):
    """Pose a after b: poses (..., 3) of x, y (metres) and heading (radians)."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    c, s = np.cos(a[..., 2]), np.sin(a[..., 2])
    return np.stack([a[..., 0] + c * b[..., 0] - s * b[..., 1],
                     a[..., 1] + s * b[..., 0] + c * b[..., 1], a[..., 2] + b[..., 2]], -1)


def move(pose, points):
    """Points (N, 2 or more) moved by poses (3,) or (N, 3) in the plane; a third axis stays."""
    pose = np.asarray(pose, float)
    c, s = np.cos(pose[..., 2]), np.sin(pose[..., 2])
    moved = np.array(points, float)
    moved[:, 0] = pose[..., 0] + c * points[:, 0] - s * points[:, 1]
    moved[:, 1] = pose[..., 1] + s * points[:, 0] + c * points[:, 1]
    return moved


def move_back(pose, points):
    """Undo `move`."""
    pose = np.asarray(pose, float)
    c, s = np.cos(pose[..., 2]), np.sin(pose[..., 2])
    x, y = points[:, 0] - pose[..., 0], points[:, 1] - pose[..., 1]
    moved = np.array(points, float)
    moved[:, 0], moved[:, 1] = c * x + s * y, c * y - s * x
    return moved


def match(reference, moving, guess=(0.0, 0.0, 0.0)):
    """
    Pose (3,) of the scan `moving` in that of `reference`, points (N, 2) metres each.

    Returns None where too few beams find a partner.
    """
    if len(reference) < LEAST_BEAMS or len(moving) < LEAST_BEAMS:
        return None
    lines, pose, guess = _Lines(reference), np.array(guess, float), np.array(guess, float)
    for width in WIDTHS:
        moved = move(pose, moving)
        target, normal, known = lines.partners(moved)
        residual = ((moved - target) * normal).sum(1)
        weight = np.where(known, 1 / (1 + (residual / width) ** 2) ** 2, 0)
        arm = moved - pose[:2]
        slope = np.column_stack([normal, normal[:, 1] * arm[:, 0] - normal[:, 0] * arm[:, 1]])
        normal_matrix = (slope * weight[:, None]).T @ slope + HOLD * np.eye(3)
        step = -(slope * weight[:, None]).T @ residual - HOLD * (pose - guess)
        pose = pose + np.linalg.solve(normal_matrix, step)
    share = float((weight > 0.25).mean())
    return pose if share >= LEAST_SHARE and np.isfinite(pose).all() else None


class _Lines:
    """A scan by azimuth, with the direction across the surface at every beam."""

    def __init__(self, points):
        order = np.argsort(np.arctan2(points[:, 1], points[:, 0]))
        self.points = points[order]
        self.azimuth = np.arctan2(self.points[:, 1], self.points[:, 0])
        # A line through one or two neighbours would follow their noise, and turns come out short.
        around = (np.arange(len(points))[:, None] + np.arange(-BESIDE, BESIDE + 1)) % len(points)
        apart = self.points[around] - self.points[:, None]
        reach = 0.1 + 0.1 * np.linalg.norm(self.points, axis=1)
        near = (np.abs(apart).max(2) < reach[:, None]).astype(float)
        count = near.sum(1)
        middle = (apart * near[..., None]).sum(1) / count[:, None]
        apart = (apart - middle[:, None]) * near[..., None]
        xx, yy = (apart ** 2).sum(1).T / count
        xy = apart.prod(2).sum(1) / count
        angle = 0.5 * np.arctan2(2 * xy, xx - yy)
        self.normals = np.column_stack([-np.sin(angle), np.cos(angle)])
        self.anchors = self.points + middle
        least = (xx + yy) / 2 - np.hypot((xx - yy) / 2, xy)
        self.known = (count > BESIDE) & (least < STRAIGHT ** 2)

    def partners(self, moved):
        at = np.searchsorted(self.azimuth, np.arctan2(moved[:, 1], moved[:, 0]))
        around = (at[:, None] + np.arange(-NEAR, NEAR + 1)) % len(self.points)
        best = ((self.points[around] - moved[:, None]) ** 2).sum(2).argmin(1)
        index = around[np.arange(len(at)), best]
        return self.anchors[index], self.normals[index], self.known[index]


class Path:
    """Poses of the LiDAR over a short while, seconds of its own clock; smooth between scans."""

    def __init__(self, times, poses):
        """Take the times (K,) of the poses (K, 3); a pose is that of the middle of a turn."""
        self.times, self.poses = np.asarray(times, float), np.asarray(poses, float)
        self.speeds = np.gradient(self.poses, self.times, axis=0)

    def at(self, times):
        """Poses (..., 3) at any times, by cubic Hermite pieces; straight on before and after."""
        times = np.asarray(times, float)
        inside = np.clip(times, self.times[0], self.times[-1])
        index = np.clip(np.searchsorted(self.times, inside) - 1, 0, len(self.times) - 2)
        length = (self.times[index + 1] - self.times[index])[..., None]
        share = (inside - self.times[index])[..., None] / length
        start, end = self.poses[index], self.poses[index + 1]
        before, after = self.speeds[index] * length, self.speeds[index + 1] * length
        smooth = share ** 2 * (3 - 2 * share)
        pose = (start + smooth * (end - start) + share * (1 - share) ** 2 * before
                - share ** 2 * (1 - share) * after)
        beyond = (times - inside)[..., None]
        return pose + beyond * np.where(beyond < 0, self.speeds[0], self.speeds[-1])


class Odometry:
    """Matches successive scans; what two scans say at first sight is kept."""

    def __init__(self):
        """Start without any."""
        self._steps = {}

    def path(self, turns):
        """Return the `Path` through successive `Turn`s, or None when one cannot be matched."""
        if len(turns) < 2:
            return None
        steps = self._first_steps(turns)
        if steps is None:
            return None
        times = np.array([turn.middle for turn in turns])
        if any(turn.offsets.any() for turn in turns):
            steps = _straightened(turns, steps, np.diff(times))
        if steps is None:
            return None
        poses = [np.zeros(3)]
        for step in steps:
            poses.append(compose(poses[-1], step))
        return Path(times, poses)

    def _first_steps(self, turns):
        steps, step = [], np.zeros(3)
        for before, after in zip(turns[:-1], turns[1:]):
            key = before.seconds, after.seconds
            if key not in self._steps:
                self._steps[key] = match(before.points[:, :2], after.points[:, :2], step)
            step = self._steps[key]
            if step is None:
                return None
            steps.append(step)
        return steps


def _straightened(turns, steps, lengths):
    """Match again (None: cannot), every beam moved to the middle of its turn by its own speed."""
    speeds = np.array(steps) / lengths[:, None]
    speeds = np.vstack([speeds[:1], (speeds[1:] + speeds[:-1]) / 2, speeds[-1:]])
    straight = [move((turn.seconds + turn.offsets - turn.middle)[:, None] * speed,
                     turn.points[:, :2]) for turn, speed in zip(turns, speeds)]
    found = [match(*pair, step) for *pair, step in zip(straight[:-1], straight[1:], steps)]
    return None if any(step is None for step in found) else found
