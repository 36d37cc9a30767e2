# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A made street canyon with patterned walls, seen from any pose: image and true depth."""
from depth_ros.camera import Camera
import numpy as np

CAMERA = Camera(96, 64, 80.0, 80.0, 47.5, 31.5)
# Planes n . X = d in the world (x right, y down, z forward), metres.
PLANES = (((0, 1, 0), 1.2), ((1, 0, 0), -2.0), ((1, 0, 0), 2.5), ((0, 0, 1), 9.0),
          ((0, 1, 0), -2.0))
WAVES = np.random.default_rng(5).normal(0, 2.0, (9, 3))  # radians per metre
PHASES = np.random.default_rng(6).uniform(0, 2 * np.pi, 9)


def pose(x=0.0, z=0.0, yaw=0.0):
    """Return (4, 4) world <- camera: moved right and ahead, turned to the right by radians."""
    matrix = np.eye(4)
    c, s = np.cos(yaw), np.sin(yaw)
    matrix[:3, :3] = [[c, 0, s], [0, 1, 0], [-s, 0, c]]
    matrix[:3, 3] = x, 0.0, z
    return matrix


def view(world_from_camera, camera=CAMERA):
    """Return the image (H, W, 3) uint8 and the depth (H, W) float32 metres of a pose."""
    rays = np.concatenate([camera.rays(), np.ones((camera.height, camera.width, 1))], -1)
    rays = rays @ world_from_camera[:3, :3].T
    origin, depth = world_from_camera[:3, 3], np.full(rays.shape[:2], np.inf)
    for normal, distance in PLANES:
        with np.errstate(divide='ignore', invalid='ignore'):
            hit = (distance - origin @ normal) / (rays @ np.array(normal, float))
        depth = np.where((hit > 0.05) & (hit < depth), hit, depth)
    points = origin + depth[..., None] * rays
    waves = np.sin(points @ WAVES.T + PHASES)
    colours = 0.5 + 0.12 * np.stack([waves[..., k::3].sum(-1) for k in range(3)], -1)
    return (255 * colours.clip(0, 1)).astype(np.uint8), depth.astype(np.float32)


def line(depth, row=44):
    """Take one row of a depth map as what was measured: (H, W), 0 none."""
    sparse = np.zeros_like(depth)
    sparse[row] = depth[row]
    return sparse
