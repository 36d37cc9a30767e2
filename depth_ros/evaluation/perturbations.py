# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Spoils the inputs of a sample the way sensors and mountings do; the ground truth stays as it is.

Every function takes and returns a ``datasets.Sample``. Random ones take a NumPy generator.
"""
from dataclasses import replace

import cv2
from depth_ros.lidar import sparse_depth, transform
import numpy as np

# Display gamma of cameras, roughly: exposure acts on light, not on pixel values.
GAMMA = 2.2
MID_GREY = 127
AXES = {'x': 0, 'y': 1, 'z': 2}


def line_points(sample):
    """Return the line's points (N, 3) metres in the optical frame of the camera."""
    depth = np.where(sample.sparse > 0, sample.sparse, np.float32(np.nan))
    return sample.camera.back_project(depth)[sample.sparse > 0]


def drop_beams(sample, share, rng):
    """Forget a random share (0..1) of the measurements."""
    kept = rng.random(sample.sparse.shape) >= share
    return replace(sample, sparse=sample.sparse * kept.astype(np.float32))


def range_noise(sample, metres, rng):
    """Add Gaussian noise of that standard deviation along each beam."""
    rays = sample.camera.rays()
    length = np.sqrt(1.0 + (rays.astype(float) ** 2).sum(-1))
    noisy = sample.sparse + rng.normal(0.0, metres, sample.sparse.shape) / length
    return replace(sample, sparse=np.where(
        (sample.sparse > 0) & (noisy > 0), noisy, 0).astype(np.float32))


def move_line(sample, matrix):
    """
    Put the line where it lands when its points are moved by a rigid 4x4 transform.

    Points beyond the edge of the image were never in the sample, so none come in from there.
    """
    points = transform(line_points(sample), matrix)
    return replace(sample, sparse=sparse_depth(points, sample.camera))


def rotation(axis, degrees):
    """Return the 4x4 turn about an axis of the camera: x right, y down, z ahead."""
    matrix, vector = np.eye(4), np.zeros(3)
    vector[AXES[axis]] = np.radians(degrees)
    matrix[:3, :3] = cv2.Rodrigues(vector)[0]
    return matrix


def translation(axis, metres):
    """Return the 4x4 transform that shifts along an axis of the camera."""
    matrix = np.eye(4)
    matrix[AXES[axis], 3] = metres
    return matrix


def expose(sample, stops):
    """Take 2^stops as much light, with clipping; pixel values follow light^(1/2.2)."""
    light = (sample.image / 255.0) ** GAMMA * 2.0 ** stops
    image = np.rint(255.0 * np.clip(light, 0, 1) ** (1 / GAMMA))
    return replace(sample, image=image.astype(np.uint8))


def motion_blur(sample, pixels):
    """Smear the image sideways over a number of pixels, as a turning camera does."""
    pixels = int(pixels)
    kernel = np.full((1, pixels), 1.0 / pixels, np.float32)
    return replace(sample, image=cv2.filter2D(sample.image, -1, kernel,
                                              borderType=cv2.BORDER_REPLICATE))


def without_image(sample):
    """Show one grey instead of the image."""
    return replace(sample, image=np.full_like(sample.image, MID_GREY))


def part_of_motion(motion, share):
    """Return the share (0..1) of a rigid 4x4 motion at constant turn rate and velocity."""
    matrix = np.eye(4)
    vector = cv2.Rodrigues(np.ascontiguousarray(motion[:3, :3]))[0] * share
    matrix[:3, :3], matrix[:3, 3] = cv2.Rodrigues(vector)[0], motion[:3, 3] * share
    return matrix


def row_seen_from(sample, motion):
    """
    Take the line's row from another pose, and leave it in the image where it would have been.

    That is what happens when the line is measured while the camera is elsewhere: its ranges
    belong to that place. motion: 4x4 pose of the other camera in this camera's frame. The
    view from there is made of the true points of this view; holes are filled from the pixels
    beside them, and what this view does not see stays unknown.
    """
    rows = np.flatnonzero((sample.sparse > 0).any(1))
    depth = np.where(sample.sparse > 0, sample.sparse, sample.depth)
    points = sample.camera.back_project(depth).reshape(-1, 3)
    points = points[np.isfinite(points).all(1)]
    other = sparse_depth(transform(points, np.linalg.inv(motion)), sample.camera)
    line = np.zeros_like(sample.sparse)
    for row in rows:
        near = other[max(row - 1, 0):row + 2]
        filled = np.where(other[row] > 0, other[row], near.max(0))
        beside = np.maximum(np.append(filled[1:], 0), np.append(0, filled[:-1]))
        line[row] = np.where(filled > 0, filled, beside)
    return replace(sample, sparse=line)
