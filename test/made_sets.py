# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Data sets of a few small frames in their native layouts, for tests."""
import cv2
import numpy as np


def slope(height=48, width=64, near=1.0, far=3.0):
    """Depth (H, W) metres that grows from the bottom to the top row."""
    return np.tile(np.linspace(far, near, height)[:, None], (1, width))


def redwood(folder, frames=2, brightness=100, **options):
    """Write RGB-D frames of a slope in the Redwood layout, a little farther in every frame."""
    for kind in ('color', 'depth'):
        (folder / kind).mkdir(parents=True)
    for index in range(frames):
        depth = slope(**options) * (1 + 0.1 * index)
        image = np.full((*depth.shape, 3), brightness, np.uint8)
        cv2.imwrite(str(folder / 'color' / f'{index}.png'), image)
        cv2.imwrite(str(folder / 'depth' / f'{index}.png'), (1000 * depth).astype(np.uint16))
    return folder


def seven_scenes(folder, frames=3, metres_per_frame=0.2, step=8):
    """Write frames of a slope seen by a camera that moves ahead, with its poses."""
    folder.mkdir(parents=True)
    np.savetxt(folder / 'camera-intrinsics.txt', [[60, 0, 31.5], [0, 60, 23.5], [0, 0, 1]])
    for index in range(frames):
        depth, name = slope(), f'frame-{index * step:06d}'
        image = np.full((*depth.shape, 3), 100, np.uint8)
        cv2.imwrite(str(folder / f'{name}.color.png'), image)
        cv2.imwrite(str(folder / f'{name}.depth.png'), (1000 * depth).astype(np.uint16))
        pose = np.eye(4)
        pose[2, 3] = index * metres_per_frame
        np.savetxt(folder / f'{name}.pose.txt', pose)
    return folder
