# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Between the image size and the size a model runs at."""

import cv2
import numpy as np

# Neighbouring depths farther apart than this belong to two surfaces and are never blended.
EDGE_RATIO = 0.05


def shrink(image, height, width):
    """Image at another size, without aliasing where it becomes smaller."""
    shrinks = height * width < image.shape[0] * image.shape[1]
    # Halving first is the same average at half the time.
    while all(full % 2 == 0 and full >= 2 * size
              for full, size in zip(image.shape, (height, width))):
        image = cv2.resize(image, (image.shape[1] // 2, image.shape[0] // 2),
                           interpolation=cv2.INTER_AREA)
    return cv2.resize(image, (width, height),
                      interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def enlarge_depth(depth, camera):
    """Enlarge without blending foreground and background into flying pixels."""
    if depth.shape == (camera.height, camera.width):
        return np.array(depth, np.float32)
    size = (camera.width, camera.height)
    smooth = cv2.resize(depth, size, interpolation=cv2.INTER_LINEAR)
    square = np.ones((3, 3), np.uint8)
    edge = cv2.dilate(depth, square) > (1 + EDGE_RATIO) * cv2.erode(depth, square)
    if edge.any():
        nearest = cv2.resize(depth, size, interpolation=cv2.INTER_NEAREST)
        edge = cv2.resize(edge.view(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        cv2.copyTo(nearest, edge, smooth)
    return smooth


def enlarge(values, camera):
    """Output of a model at the image size, blended; None stays None."""
    if values is None or values.shape == (camera.height, camera.width):
        return values
    return cv2.resize(values, (camera.width, camera.height), interpolation=cv2.INTER_LINEAR)
