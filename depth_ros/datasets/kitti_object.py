# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""KITTI 3-D object frames: one image, one full HDL-64 scan, one calibration each."""
from pathlib import Path

from depth_ros.datasets import kitti, lines
from depth_ros.datasets.sample import (
    from_files,
    read_image,
    require_frames,
    Sample,
    whole_frames,
)

LAYOUT = ('[training|testing]/image_2/NNNNNN.png with velodyne/NNNNNN.bin and '
          'calib/NNNNNN.txt')


def open_dataset(path, options):
    """
    Open KITTI object frames; the line is the ring nearest to an elevation.

    path: the folder that holds training and/or testing, or one of the two. Frames without an
    image or calibration are left out.
    """
    lines.refuse(options.row, '--line-row', 'kitti_object', '--line-elevation')
    angle = lines.DEFAULT_ELEVATION_DEG if options.elevation is None else options.elevation
    path = Path(path)
    scans = sorted(path.glob('velodyne/*.bin')) + sorted(path.glob('*/velodyne/*.bin'))
    frames, missing = whole_frames(scans, lambda scan: (
        _beside(scan, 'image_2', '.png'), _beside(scan, 'calib', '.txt')))
    require_frames(frames, path, 'kitti_object', LAYOUT)
    names = [f'{scan.parents[1].name}/{scan.stem}' for scan in frames]

    def read(index):
        image, camera, transform = _image_and_calibration(frames[index], options)
        line = lines.ring_line(kitti.read_scan(frames[index]), transform, camera, angle)
        sparse = lines.add_noise(line.sparse, options.noise, (options.seed, index))
        return Sample(names[index], image, line.depth, sparse, camera)

    return from_files(names, f'ring nearest {angle:g} degrees elevation', read, missing)


def _beside(scan, folder, suffix):
    return scan.parents[1] / folder / f'{scan.stem}{suffix}'


def _image_and_calibration(scan, options):
    image = read_image(_beside(scan, 'image_2', '.png'))
    calibration = _beside(scan, 'calib', '.txt')
    projection, rectification, lidar = kitti.calibration_keys(
        kitti.read_calibration(calibration), calibration,
        P2=(3, 4), R0_rect=(3, 3), Tr_velo_to_cam=(3, 4))
    transform = kitti.camera_from_lidar(projection, rectification, lidar)
    camera = options.camera or kitti.camera(projection, image.shape[1], image.shape[0])
    return image, camera, transform
