# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
One camera's image seen from another: depth to points, moved, projected, sampled.

Zhou et al., Unsupervised Learning of Depth and Ego-Motion from Video (2017). Pixel centres lie at
whole numbers, as in `depth_ros.camera`.
"""
from __future__ import annotations

import torch
from torch.nn import functional

DEPTH_MIN, DEPTH_MAX = 0.1, 100.0  # of a disparity of 1 and of 0, in an unknown unit
NEAREST = 1e-6  # points nearer than this, or behind the camera, are outside the image


def disparity_to_depth(disparity, nearest: float = DEPTH_MIN, farthest: float = DEPTH_MAX):
    """
    Turn a network's 0..1 into inverse depth and depth, between two limits.

    :returns: 1/far + (1/near - 1/far) disparity, and one over that.
    """
    inverse = 1.0 / farthest + (1.0 / nearest - 1.0 / farthest) * disparity
    return inverse, 1.0 / inverse


def rotation_matrix(axis_angle):
    """Turn axis times angle (N, 3) into rotations (N, 3, 3): exp of the cross product."""
    x, y, z = axis_angle.unbind(1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], 1).view(-1, 3, 3)
    return torch.linalg.matrix_exp(cross)


def rigid_matrix(axis_angle, translation, invert: bool = False):
    """
    Make (N, 4, 4) transforms x -> R x + t of axis times angle and translation, each (N, 3).

    :param invert: give the inverse transform.
    """
    rotation, shift = rotation_matrix(axis_angle), translation[:, :, None]
    if invert:
        rotation = rotation.transpose(1, 2)
        shift = -rotation @ shift
    bottom = torch.tensor([0.0, 0.0, 0.0, 1.0], dtype=shift.dtype, device=shift.device)
    return torch.cat([torch.cat([rotation, shift], 2),
                      bottom.expand(len(shift), 1, 4)], dim=1)


def scaled_camera(camera, old, new):
    """Scale intrinsics (N, 4) fx, fy, cx, cy from an image size (H, W) to another."""
    factor = camera.new_tensor([new[1] / old[1], new[0] / old[0]])
    return torch.cat([camera[:, :2] * factor, (camera[:, 2:] + 0.5) * factor - 0.5], dim=1)


def back_project(depth, camera):
    """Depth (N, 1, H, W) and intrinsics (N, 4) to points (N, 3, H, W)."""
    height, width = depth.shape[2:]
    fx, fy, cx, cy = camera.to(depth)[:, :, None, None].unbind(1)
    u = torch.arange(width, dtype=depth.dtype, device=depth.device).view(1, 1, width)
    v = torch.arange(height, dtype=depth.dtype, device=depth.device).view(1, height, 1)
    x, y = ((u - cx) / fx).expand(-1, height, -1), ((v - cy) / fy).expand(-1, -1, width)
    return depth * torch.stack([x, y, torch.ones_like(x)], dim=1)


def project(points, camera):
    """
    Points (N, 3, H, W) to pixels.

    :returns: (N, H, W, 2) columns and rows, not bounded; (N, H, W) bool: in front of the camera.
    """
    fx, fy, cx, cy = camera.to(points)[:, :, None, None].unbind(1)
    x, y, z = points.unbind(1)
    front = z > NEAREST
    safe = torch.where(front, z, 1.0)
    return torch.stack([fx * x / safe + cx, fy * y / safe + cy], dim=-1), front


def sample(image, pixels, padding: str = 'border'):
    """Read (N, C, H, W) at pixels (N, h, w, 2), bilinear."""
    height, width = image.shape[2:]
    size = pixels.new_tensor([max(width - 1, 1), max(height - 1, 1)])
    # With aligned corners -1 and 1 are the centres of the outermost pixels.
    return functional.grid_sample(image, 2.0 * pixels / size - 1.0, mode='bilinear',
                                  padding_mode=padding, align_corners=True)


def warp(source, depth, camera, motion, padding: str = 'border'):
    """
    Show the source image as the target camera would see it.

    :param source: (N, C, H, W); depth: (N, 1, H, W) of the target.
    :param camera: (N, 4) fx, fy, cx, cy of both.
    :param motion: (N, 4, 4) target points in the source's frame.
    :returns: (N, C, H, W), and (N, 1, H, W) bool: seen by the source at all.
    """
    points = back_project(depth, camera)
    moved = torch.einsum('nij,njhw->nihw', motion[:, :3, :3], points)
    pixels, front = project(moved + motion[:, :3, 3, None, None], camera)
    limits = pixels.new_tensor([source.shape[3] - 1, source.shape[2] - 1])
    inside = front & ((pixels >= 0) & (pixels <= limits)).all(-1)
    return sample(source, pixels, padding), inside[:, None]
