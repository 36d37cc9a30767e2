# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A room on a level floor, cast ray by ray: walls, a box, a table top without legs, a doorway."""
import numpy as np

FLOOR = 0.5  # height of the camera above the floor, metres
# Boxes (x0, y0, z0), (x1, y1, z1) in the level frame: x forward, y left, z up from the floor.
BOX = ((2.0, 0.3, 0.0), (2.4, 0.8, 0.7))
TABLE = ((2.5, -1.1, 0.72), (3.3, -0.3, 0.76))
WALL = ((5.0, -4.0, 0.0), (5.2, 4.0, 3.0))
DOOR = (-0.2, 0.25)  # the wall is open between these y
THINGS = (BOX, TABLE, ((5.0, -4.0, 0.0), (5.2, DOOR[0], 3.0)),
          ((5.0, DOOR[1], 0.0), (5.2, 4.0, 3.0)))


def pose(tilt):
    """Rotation level <- optical `(3, 3)` of a camera that looks down by degrees."""
    s, c = np.sin(np.radians(tilt)), np.cos(np.radians(tilt))
    return np.array([[0, -s, c], [-1, 0, 0], [0, -c, -s]])


def room_depth(camera, tilt, things=True):
    """Return the true depth `(H, W) float32` metres; +Inf through the doorway and above."""
    rays = np.concatenate([camera.rays(), np.ones((camera.height, camera.width, 1))], -1)
    rays = rays.astype(float) @ pose(tilt).T
    origin, depth = np.array([0, 0, FLOOR]), np.full(rays.shape[:2], np.inf)
    with np.errstate(divide='ignore', invalid='ignore'):
        down = -FLOOR / rays[..., 2]
        depth = np.where(down > 0, down, depth)
        for low, high in THINGS if things else ():
            ends = np.sort([(np.array(edge) - origin) / rays for edge in (low, high)], 0)
            near, far = ends[0].max(-1), ends[1].min(-1)
            depth = np.where((near < far) & (near > 0) & (near < depth), near, depth)
    depth[~np.isfinite(camera.rays()).all(-1)] = np.nan
    return depth.astype(np.float32)
