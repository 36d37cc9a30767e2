# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What all measurements see: one camera, images with structure, the line of a wall."""
from depth_ros.camera import Camera
import numpy as np

WIDTH, HEIGHT, FOCAL = 640, 480, 500.0
# LiDAR (x forward, y left, z up) in the optical frame (x right, y down, z forward).
LIDAR_TO_CAMERA = (0.5, -0.5, 0.5, -0.5)
BEAMS, DISTANCE = 361, 3.0


def camera():
    """Return the camera of all measurements."""
    return Camera(WIDTH, HEIGHT, FOCAL, FOCAL, (WIDTH - 1) / 2, (HEIGHT - 1) / 2)


def picture(index=0):
    """Make an image `(480, 640, 3) uint8` with structure at several scales."""
    import cv2
    rng = np.random.default_rng(index)
    parts = [cv2.resize(rng.uniform(0, 255, (n * 3, n * 4, 3)).astype(np.float32),
                        (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR) for n in (2, 8, 32)]
    return np.mean(parts, 0).astype(np.uint8)


def line():
    """Make the line of a wall straight ahead, `(480, 640) float32` metres, 0 = none."""
    sparse = np.zeros((HEIGHT, WIDTH), np.float32)
    sparse[HEIGHT // 2, ::2] = DISTANCE
    return sparse


def beams():
    """Return angles (radians) and ranges (metres) of a scan that sees that wall."""
    angles = np.linspace(-np.pi / 2, np.pi / 2, BEAMS)
    return angles, DISTANCE / np.maximum(np.cos(angles), 1e-3)
