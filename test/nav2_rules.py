# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
What the costmap layers of nav2 and STVL do with a cloud and a scan, in a few lines of NumPy.

Read in navigation2 (main, August 2026), laser_geometry, spatio_temporal_voxel_layer (ros2) and the
Point Cloud Library; each rule names the file that it is found in.  The global frame is the level
frame at the robot; parameters carry the names of the layers.
"""
from dataclasses import dataclass, field

from depth_ros import messages
import numpy as np


def cloud_xyz(msg):
    """
    Points `(N, 3)` of a PointCloud2 as a layer reads them.

    sensor_msgs/point_cloud2_iterator.hpp: fields are found by name, and read as float32 whatever
    they are; all width * height points are walked, point_step apart.
    """
    kinds = {item.name: (item.datatype, item.count) for item in msg.fields}
    assert all(kinds[axis] == (7, 1) for axis in 'xyz'), 'x, y and z must be FLOAT32'
    assert len(msg.data) == msg.row_step * msg.height == msg.point_step * msg.width * msg.height
    data = messages.cloud_fields(msg)
    return np.stack([data[axis] for axis in 'xyz'], -1).astype(float)


def project_scan(msg, inf_is_valid=False):
    """
    Points `(N, 3)` of a LaserScan in its own frame.

    nav2_costmap_2d/plugins/obstacle_layer.cpp, laserScanValidInfCallback: +Inf becomes 0.1 mm less
    than range_max.  laser_geometry.cpp, projectLaser_: kept are range_min <= range < range_max, so
    neither NaN nor Inf; beam i points to angle_min + i * angle_increment in the x-y plane.
    """
    ranges = np.array(msg.ranges, np.float32)
    if inf_is_valid:
        ranges[np.isposinf(ranges)] = np.float32(msg.range_max - 1e-4)
    with np.errstate(invalid='ignore'):
        kept = (ranges >= msg.range_min) & (ranges < msg.range_max)
    angles = (msg.angle_min + np.arange(len(ranges)) * msg.angle_increment)[kept]
    ranges = ranges[kept].astype(float)
    return np.stack([ranges * np.cos(angles), ranges * np.sin(angles), 0 * ranges], -1)


def buffered(points, pose, min_obstacle_height, max_obstacle_height):
    """
    Points of a source in the global frame within its heights.

    nav2_costmap_2d/src/observation_buffer.cpp, bufferCloud: z is compared with both limits, and a
    NaN fails; the same cloud then serves marking and clearing.
    """
    moved = points @ pose[:3, :3].T + pose[:3, 3]
    with np.errstate(invalid='ignore'):
        return moved[(moved[:, 2] <= max_obstacle_height) & (moved[:, 2] >= min_obstacle_height)]


def along(origin, rays, length, reach, resolution):
    """Points on each ray up to its reach, two in a cell: the layers walk them cell by cell."""
    steps = np.arange(0, reach.max(initial=0) + resolution / 2, resolution / 2)
    steps = np.minimum(steps, reach[:, None])[..., None]
    return (origin + steps * (rays / np.maximum(length, 1e-9)[:, None])[:, None]).reshape(
        -1, rays.shape[1])


@dataclass
class ObstacleLayer:
    """A 2-D grid around the robot: True is lethal (nav2_costmap_2d/plugins/obstacle_layer.cpp)."""

    resolution: float = 0.05
    size: int = 240
    grid: np.ndarray = field(init=False)

    def __post_init__(self):
        """Start with nothing marked."""
        self.grid = np.zeros((self.size, self.size), bool)

    def cells(self, points):
        """Columns and rows `(N, 2)` of points; those outside are dropped (worldToMap)."""
        index = np.floor(points[:, :2] / self.resolution + self.size / 2).astype(int)
        return index[((index >= 0) & (index < self.size)).all(1)]

    def clear(self, points, origin, raytrace_max_range):
        """Free the cells from the origin to each point, its own included (raytraceFreespace)."""
        rays = points[:, :2] - origin[:2]
        length = np.hypot(*rays.T)
        cells = self.cells(along(origin[:2], rays, length, np.minimum(length, raytrace_max_range),
                                 self.resolution))
        self.grid[cells[:, 0], cells[:, 1]] = False

    def mark(self, points, origin, obstacle_max_range):
        """Make the cells of points within the range lethal (updateBounds, after clearing)."""
        near = np.hypot(*(points - origin)[:, :2].T) <= obstacle_max_range
        cells = self.cells(points[near])
        self.grid[cells[:, 0], cells[:, 1]] = True


@dataclass
class VoxelLayer:
    """
    Columns of voxels; a cell is lethal while more than mark_threshold of its voxels are marked.

    nav2_costmap_2d/plugins/voxel_layer.cpp: the origin of the sensor must lie inside the grid,
    also in z, or nothing is cleared; a ray ends two cells before its point; marking asks for the
    distance in three dimensions, and puts points below origin_z into the lowest voxel.
    """

    origin_z: float
    z_resolution: float
    z_voxels: int
    mark_threshold: int = 0
    resolution: float = 0.05
    size: int = 240
    grid: np.ndarray = field(init=False)

    def __post_init__(self):
        """Start with nothing marked; a column is 16 bits at most (nav2_voxel_grid)."""
        assert self.z_voxels <= 16
        self.grid = np.zeros((self.size, self.size, self.z_voxels), bool)

    def voxels(self, points):
        """Return the indices `(N, 3)` of points inside the grid."""
        plane = points[:, :2] / self.resolution + self.size / 2
        index = np.floor(np.column_stack(
            [plane, (points[:, 2] - self.origin_z) / self.z_resolution])).astype(int)
        return index[((index >= 0) & (index < self.grid.shape)).all(1)]

    def clear(self, points, origin, raytrace_max_range):
        """Free the voxels along each ray; returns whether the origin allows it."""
        if not len(self.voxels(origin[None])):
            return False
        rays = points - origin
        length = np.linalg.norm(rays, axis=1)
        reach = np.clip(length - 2 * self.resolution, 0, raytrace_max_range)
        index = self.voxels(along(origin, rays, length, reach, self.resolution))
        self.grid[tuple(index.T)] = False
        return True

    def mark(self, points, origin, obstacle_max_range):
        """Mark the voxels of points within the range."""
        near = points[np.linalg.norm(points - origin, axis=1) < obstacle_max_range]
        near[:, 2] = np.maximum(near[:, 2], self.origin_z)
        self.grid[tuple(self.voxels(near).T)] = True

    def lethal(self):
        """Cells `(size, size) bool` that the planner must not enter."""
        return self.grid.sum(2) > self.mark_threshold


def stvl_points(points, pose, source):
    """
    Points that STVL marks, in the global frame.

    spatio_temporal_voxel_layer/src/measurement_buffer.cpp: `passthrough` and `voxel` are PCL
    filters along z, which drop what is not finite (filters/src/passthrough.cpp); without one of
    them all points go on.  src/spatio_temporal_voxel_grid.cpp, operator(): skipped are points
    farther than obstacle_range and nearer than 1 cm: a NaN is neither, and would be marked.
    """
    moved = points @ pose[:3, :3].T + pose[:3, 3]
    if source.get('filter', 'passthrough') in ('passthrough', 'voxel'):
        with np.errstate(invalid='ignore'):
            moved = moved[np.isfinite(moved).all(1)
                          & (moved[:, 2] >= source['min_obstacle_height'])
                          & (moved[:, 2] <= source['max_obstacle_height'])]
    square = ((moved - pose[:3, 3]) ** 2).sum(1)
    with np.errstate(invalid='ignore'):
        return moved[~((square > source['obstacle_range'] ** 2) | (square < 1e-4))]


def stvl_frustum(points, source):
    """
    Whether points in the frame of the message lie in the frustum that STVL clears faster.

    src/frustum_models/depth_camera_frustum.cpp: a pyramid along +Z of the frame, its angles
    horizontal_fov_angle about y and vertical_fov_angle about x, from min_z to max_z.
    """
    x, y, z = points.T
    with np.errstate(invalid='ignore', divide='ignore'):
        return ((np.abs(np.arctan2(x, z)) <= source['horizontal_fov_angle'] / 2)
                & (np.abs(np.arctan2(y, z)) <= source['vertical_fov_angle'] / 2)
                & (z >= source['min_z']) & (z <= source['max_z']))
