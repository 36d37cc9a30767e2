# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Cameras of the renderer: a pinhole, or one whose lens bends the image."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch


@dataclass
class View:
    """
    A camera in the world: size, K and pose (4, 4) camera (optical) -> world.

    lens: k1, k2 of the radial distortion x' = x (1 + k1 r^2 + k2 r^4) on the image plane at
    z = 1 (the first two of `plumb_bob`); image, depth and everything else are rendered
    through it.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    pose: np.ndarray
    lens: tuple = (0.0, 0.0)


@dataclass
class Cameras:
    """Views of one size as tensors: k (B, 4), pose (B, 4, 4), lens (B, 2); bent: any lens."""

    size: tuple
    k: torch.Tensor
    pose: torch.Tensor
    lens: torch.Tensor
    bent: bool

    def to(self, device) -> Cameras:
        """Copy to a device."""
        return Cameras(self.size, self.k.to(device), self.pose.to(device), self.lens.to(device),
                       self.bent)


def stack(views: list[View]) -> Cameras:
    """Put views of one size together."""
    k = torch.tensor([[w.fx, w.fy, w.cx, w.cy] for w in views], dtype=torch.float32)
    pose = torch.as_tensor(np.stack([w.pose for w in views]), dtype=torch.float32)
    lens = torch.tensor([w.lens for w in views], dtype=torch.float32)
    return Cameras((views[0].height, views[0].width), k, pose, lens,
                   any(any(w.lens) for w in views))


def bend(plane, lens):
    """Distort points x, y (B, 2, ...) of the plane z = 1 by lenses (B, 2)."""
    lens = lens.reshape(len(lens), 2, *[1] * (plane.dim() - 2))
    square = plane.square().sum(1, keepdim=True)
    return plane * (1 + lens[:, 0:1] * square + lens[:, 1:2] * square.square())


def unbend(plane, lens):
    """Undo `bend` by Newton's method on the radius."""
    lens = lens.reshape(len(lens), 2, *[1] * (plane.dim() - 2))
    bent = plane.square().sum(1, keepdim=True).sqrt()
    r = bent
    for _ in range(5):
        square = r * r
        value = r * (1 + lens[:, 0:1] * square + lens[:, 1:2] * square * square)
        slope = 1 + 3 * lens[:, 0:1] * square + 5 * lens[:, 1:2] * square * square
        r = r - (value - bent) / slope.clamp(min=0.2)
    return plane * (r / bent.clamp(min=1e-9))


def rays(cameras: Cameras):
    """
    Make the rays of all pixels.

    :returns: origins (B, 3), plane (B, 2, H, W) on z = 1 in the camera, directions (B, 3, H, W)
        in the world; their camera z is 1, so that a ray's parameter IS the depth.
    """
    k, (height, width) = cameras.k, cameras.size
    v, u = torch.meshgrid(torch.arange(height, device=k.device, dtype=torch.float32),
                          torch.arange(width, device=k.device, dtype=torch.float32),
                          indexing='ij')
    c = k[:, :, None, None]
    plane = torch.stack([(u - c[:, 2]) / c[:, 0], (v - c[:, 3]) / c[:, 1]], dim=1)
    if cameras.bent:
        plane = unbend(plane, cameras.lens)
    local = torch.cat([plane, torch.ones_like(plane[:, :1])], dim=1)
    directions = (cameras.pose[:, :3, :3] @ local.flatten(2)).reshape(local.shape)
    return cameras.pose[:, :3, 3], plane, directions


def project(points, cameras_k, lens):
    """
    Project camera points (B, P, 3) -> u, v (B, P) pixels, through the lens.

    :param cameras_k: (B, 4) fx, fy, cx, cy; lens: (B, 2). Points must lie ahead.
    """
    z = points[..., 2].clamp(min=1e-6)
    plane = torch.stack([points[..., 0] / z, points[..., 1] / z], dim=1)
    plane = bend(plane, lens)
    k = cameras_k[:, :, None]
    return plane[:, 0] * k[:, 0] + k[:, 2], plane[:, 1] * k[:, 1] + k[:, 3]
