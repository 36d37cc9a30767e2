# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Geometric changes of a frame that keep image, depth, line and intrinsics consistent.

Each function takes and gives a `depth_ros.datasets.Sample`: what a pixel back-projects to stays
the same point, up to the mirror or the roll of the camera. Samples of a dense map move by the
nearest pixel (depths are never mixed), measured points move one by one.
"""
from dataclasses import replace
from math import cos, radians, sin

from depth_ros.contracts import InputError
from depth_ros.lidar import measured_pixels, resize_sparse
import numpy as np
import torch
from torch.nn import functional


def nearest(values, height, width):
    """Resize (H, W) by taking the pixel at each new centre, as image libraries do."""
    rows = ((np.arange(height) + 0.5) * (values.shape[0] / height)).astype(int)
    columns = ((np.arange(width) + 0.5) * (values.shape[1] / width)).astype(int)
    return values[rows[:, None], columns]


def resize_image(image, height, width):
    """Resize (H, W, 3) uint8, bilinear over the area of the new pixels; equals Pillow's."""
    if image.shape[:2] == (height, width):
        return image
    # Images of recordings are views of the messages, which torch must not write to.
    planes = torch.from_numpy(np.require(image, requirements='CW')).permute(2, 0, 1)[None]
    planes = functional.interpolate(planes, (height, width), mode='bilinear', antialias=True)
    return np.ascontiguousarray(planes[0].permute(1, 2, 0).numpy())


def resize(sample, height, width):
    """Resize a frame; of measured points that fall together the nearest stays."""
    return replace(sample, image=resize_image(sample.image, height, width),
                   depth=nearest(sample.depth, height, width),
                   sparse=resize_sparse(sample.sparse, height, width),
                   camera=sample.camera.scaled(width, height))


def crop(sample, top, left, height, width):
    """Cut a window out; one that leaves the frame is an InputError."""
    camera = sample.camera.cropped(left, top, width, height)
    window = np.s_[top:top + height, left:left + width]
    return replace(sample, image=sample.image[window], depth=sample.depth[window],
                   sparse=sample.sparse[window], camera=camera)


def _require_pinhole(sample, change):
    if sample.camera.distortion:
        raise InputError(f'{sample.name}: a frame with lens distortion cannot be {change}; '
                         'rectify the recording (image_proc) or turn that augmentation off')


def flip(sample):
    """Mirror left and right: points (x, y, z) become (-x, y, z)."""
    _require_pinhole(sample, 'mirrored')
    camera = replace(sample.camera, cx=sample.camera.width - 1 - sample.camera.cx)
    return replace(sample, image=sample.image[:, ::-1], depth=sample.depth[:, ::-1],
                   sparse=sample.sparse[:, ::-1], camera=camera)


def roll_matrix(degrees):
    """Return the (3, 3) turn of points about the optical axis that `rotate` applies."""
    c, s = cos(radians(degrees)), sin(radians(degrees))
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def rotate(sample, degrees):
    """
    Roll the camera about its optical axis, which leaves every depth as it is.

    Points turn by `roll_matrix`; positive is clockwise in the image. The axis goes through the
    principal point, and unequal focal lengths are allowed for, so that the intrinsics stay true.
    Corners that were outside become black and of unknown depth.
    """
    import cv2
    _require_pinhole(sample, 'rolled')
    matrix, (height, width) = sample.camera.matrix, sample.depth.shape
    affine = (matrix @ roll_matrix(degrees) @ np.linalg.inv(matrix))[:2]
    image = cv2.warpAffine(np.ascontiguousarray(sample.image), affine, (width, height),
                           flags=cv2.INTER_LINEAR)
    depth = cv2.warpAffine(np.ascontiguousarray(sample.depth), affine, (width, height),
                           flags=cv2.INTER_NEAREST, borderValue=float('nan'))
    return replace(sample, image=image, depth=depth,
                   sparse=_move_points(sample.sparse, affine))


def _move_points(sparse, affine):
    rows, columns = measured_pixels(sparse)
    values = sparse[rows, columns]
    places = affine @ np.stack([columns, rows, np.ones(len(rows))])
    column, row = np.rint(places).astype(int)
    inside = (row >= 0) & (row < sparse.shape[0]) & (column >= 0) & (column < sparse.shape[1])
    moved = np.full(sparse.shape, np.inf, np.float32)
    np.minimum.at(moved, (row[inside], column[inside]), values[inside])
    return np.where(np.isinf(moved), np.float32(0), moved)
