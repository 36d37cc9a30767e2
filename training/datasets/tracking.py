# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
How a camera turned between two images, from tracked corners and the essential matrix (OpenCV).

A small pose network learns from video how far a camera went, but hardly how it turned; two views
of the same corners tell that to a fraction of a degree, without learning.
"""
from __future__ import annotations

import cv2
import numpy as np

FEWEST = 40  # corners that must be found again
STILL = 0.3  # pixels; corners that moved less than this (median) say that nothing turned
BACK = 0.5  # pixels; how far from its place a corner may end when it is tracked there and back
AGREEING = 0.5  # of the corners, with one motion of the camera
LARGEST = 0.6  # radians between two frames; more is a wrong solution
WINDOW = {'winSize': (15, 15), 'maxLevel': 3}


def tracked(first, second):
    """
    Find corners of the first image in the second.

    :param first, second: (H, W) uint8.
    :returns: their places (N, 2), (N, 2) float32 pixels; there and back ends where it began.
    """
    corners = cv2.goodFeaturesToTrack(first, 600, 0.005, 4)
    if corners is None:
        return np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32)
    there, found, _ = cv2.calcOpticalFlowPyrLK(first, second, corners, None, **WINDOW)
    back, again, _ = cv2.calcOpticalFlowPyrLK(second, first, there, None, **WINDOW)
    kept = ((found[:, 0] > 0) & (again[:, 0] > 0)
            & (np.linalg.norm((back - corners)[:, 0], axis=1) < BACK))
    return corners[kept, 0], there[kept, 0]


def relative_turn(first, second, camera):
    """
    Tell the rotation of the first image's points into the second image's camera.

    :param first, second: (H, W, 3) uint8 without lens distortion.
    :param camera: `depth_ros.camera.Camera` of that size.
    :returns: axis times angle (3,) float32 radians; 0 where nothing moved, NaN where too few
        corners are found again or the solution is not plausible.
    """
    one, two = (cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (first, second))
    before, after = tracked(one, two)
    unknown = np.full(3, np.nan, np.float32)
    if len(before) < FEWEST:
        return unknown
    if np.median(np.linalg.norm(after - before, axis=1)) < STILL:
        return np.zeros(3, np.float32)
    cv2.setRNGSeed(0)
    essential, inliers = cv2.findEssentialMat(before, after, camera.matrix, cv2.RANSAC, 0.999, 0.5)
    if essential is None or essential.shape != (3, 3) or inliers.mean() < AGREEING:
        return unknown
    _, rotation, _, _ = cv2.recoverPose(essential, before, after, camera.matrix, mask=inliers)
    turn = cv2.Rodrigues(rotation)[0][:, 0].astype(np.float32)
    return turn if np.linalg.norm(turn) < LARGEST else unknown
