# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
How well the line and the image agree, without labels.

Where the range jumps from beam to beam an object ends, and mostly the image has an edge there,
across the line. A pixel's agreement is the share of its row whose gradient is smaller: 0.5 by
chance. If jumps agree clearly better after the line is turned about the vertical axis of the
camera, the extrinsics are suspicious. Turns about the other axes move the line along edges
rather than across them, and show little.
"""
import cv2
import numpy as np

# Range jumps: relative and absolute.
JUMP, LEAST_JUMP_M = 0.15, 0.2
TURNS_DEG = np.arange(-12, 12.01, 0.5)
LEAST_JUMPS = 60
# Turns below this are within what beams and edges resolve.
LEAST_TURN_DEG = 1.0
# The better turn must raise the agreement by this much, and by this many standard errors.
LEAST_GAIN, LEAST_ERRORS = 0.05, 4.0
LARGEST_RESIDUAL = 0.05


class Agreement:
    """Collects the agreement of line and image, frame by frame."""

    def __init__(self, camera):
        """Camera: of the images."""
        self.camera = camera
        self.frames, self.residuals = [], []

    def add(self, image, points, placed, truth):
        """
        Take a frame.

        image (H, W, 3) uint8; points, placed (N, 3): the line in the frame of its LiDAR and in
        that of the camera; truth (H, W) metres or None.
        """
        if truth is not None:
            self._compare(placed, truth)
        jumps = _jumps(points, placed)
        if len(jumps):
            scores = self._scores(image, jumps)
            if scores is not None:
                self.frames.append(scores)

    def _compare(self, placed, truth):
        pixels, z = self.camera.project(placed)
        near = np.rint(np.nan_to_num(pixels, nan=-1)).astype(int)
        inside = ((near >= 0) & (near < (self.camera.width, self.camera.height))).all(1)
        seen = truth[near[inside, 1], near[inside, 0]]
        known = np.isfinite(seen) & (seen > 0)
        self.residuals += list(np.abs(z[inside][known] - seen[known]) / seen[known])

    def _scores(self, image, jumps):
        """Return sums and counts of the agreement for every turn, (2, turns)."""
        pixels, _ = self.camera.project(jumps)
        pixels = pixels[np.isfinite(pixels).all(1)]
        if len(pixels) < 2:
            return None
        spread = pixels.std(axis=0)
        upright = spread[1] > spread[0]
        ranks = _edge_ranks(image, upright)
        scale = np.array([ranks.shape[1] / image.shape[1], ranks.shape[0] / image.shape[0]])
        result = np.zeros((2, len(TURNS_DEG)))
        for index, angle in enumerate(np.radians(TURNS_DEG)):
            pixels, _ = self.camera.project(jumps @ _turn(angle, upright).T)
            with np.errstate(invalid='ignore'):
                near = np.rint((pixels + 0.5) * scale - 0.5)
                inside = ((near >= 0) & (near < ranks.shape[::-1])).all(1)
            near = near[inside].astype(int)
            result[:, index] = ranks[near[:, 1], near[:, 0]].sum(), len(near)
        return result if result[1, len(TURNS_DEG) // 2] else None

    def result(self):
        """
        Return the section ``calibration`` of the report.

        truth_residual: median relative difference of line and depth images, None without.
        edges: jumps, score (agreement as recorded), best_yaw_deg, best_score, gain, errors
        (standard errors of the gain), suspicious; curve: agreement over turns_deg.
        """
        return {'truth_residual': float(np.median(self.residuals)) if self.residuals else None,
                'largest_residual': LARGEST_RESIDUAL, 'edges': self._edges()}

    def _edges(self):
        unknown = {'jumps': 0, 'score': None, 'best_yaw_deg': None, 'best_score': None,
                   'gain': None, 'errors': None, 'suspicious': False, 'turns_deg': [],
                   'curve': []}
        if not self.frames:
            return unknown
        sums, counts = np.moveaxis(np.array(self.frames), 1, 0)
        middle = len(TURNS_DEG) // 2
        jumps = int(counts[:, middle].sum())
        if jumps < LEAST_JUMPS:
            return {**unknown, 'jumps': jumps}
        total = counts.sum(0)
        with np.errstate(invalid='ignore', divide='ignore'):
            curve = np.where(total >= jumps / 2, sums.sum(0) / total, np.nan)
            single = sums / counts
        best = int(np.nanargmax(curve))
        gains = single[:, best] - single[:, middle]
        gains = gains[np.isfinite(gains)]
        gain = float(curve[best] - curve[middle])
        spread = float(gains.std() / np.sqrt(len(gains))) if len(gains) > 1 else 0.0
        errors = gain / spread if spread > 0 else 0.0
        return {'jumps': jumps, 'score': float(curve[middle]),
                'best_yaw_deg': float(TURNS_DEG[best]), 'best_score': float(curve[best]),
                'gain': gain, 'errors': float(errors),
                'suspicious': bool(abs(TURNS_DEG[best]) >= LEAST_TURN_DEG and gain >= LEAST_GAIN
                                   and errors >= LEAST_ERRORS),
                'turns_deg': TURNS_DEG.tolist(),
                'curve': [None if np.isnan(value) else float(value) for value in curve]}


def _turn(angle, upright):
    """Rotation about the camera's y axis (down), or about x for an upright line."""
    c, s = np.cos(angle), np.sin(angle)
    if upright:
        return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def _jumps(points, placed):
    """Return the points (M, 3), in the camera, where objects end along the line."""
    if len(points) < 3:
        return np.zeros((0, 3))
    azimuth = np.arctan2(points[:, 1], points[:, 0])
    order = np.argsort(azimuth)
    azimuth, placed = azimuth[order], placed[order]
    ranges = np.linalg.norm(points[order], axis=1)
    steps = np.diff(azimuth)
    near = np.minimum(ranges[1:], ranges[:-1])
    jump = ((np.abs(np.diff(ranges)) > np.maximum(JUMP * near, LEAST_JUMP_M))
            & (steps < 3 * np.median(steps)))
    # Two surfaces that alternate (two rings of a cloud, thin poles, noise) end nowhere.
    alone = jump.copy()
    alone[1:] &= ~jump[:-1]
    alone[:-1] &= ~jump[1:]
    at = np.flatnonzero(alone)
    nearer = at + (ranges[at + 1] < ranges[at])
    return placed[nearer]


def _edge_ranks(image, upright):
    """Return for every pixel the share of its row with weaker edges across the line."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    if grey.shape[1] > 640:
        grey = cv2.resize(grey, (640, round(grey.shape[0] * 640 / grey.shape[1])),
                          interpolation=cv2.INTER_AREA)
    if upright:
        grey = grey.T
    edges = np.abs(cv2.Sobel(cv2.GaussianBlur(grey, (0, 0), 1.0), cv2.CV_32F, 1, 0))
    # Edges of objects go on above and below; a few pixels aside are within a beam.
    edges = cv2.dilate(cv2.blur(edges, (1, 7)), np.ones((1, 5), np.uint8))
    ranks = np.argsort(np.argsort(edges, axis=1), axis=1) / (edges.shape[1] - 1)
    return np.ascontiguousarray(ranks.T if upright else ranks, np.float32)
