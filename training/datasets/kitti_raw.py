# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Raw KITTI drives: images of camera 2 with whole scans, or with scans projected already."""
from pathlib import Path

from depth_ros.contracts import InputError, read_depth
from depth_ros.datasets import kitti, lines
from depth_ros.datasets.sample import (
    from_files,
    read_image,
    require_frames,
    Sample,
    whole_frames,
)
import numpy as np

LAYOUT = ('[DATE/][DRIVE/]image_02/data/N.png with velodyne_points/data/N.bin, or image_02/N.jpg '
          'with velodyne_raw/N.png (16-bit, metres times 256); calib_cam_to_cam.txt and '
          'calib_velo_to_cam.txt of the day at PATH, below it, above it or beside it')
FILES = 'calib_cam_to_cam.txt', 'calib_velo_to_cam.txt'


def open_dataset(path, options):
    """
    Open raw drives below a folder; the line is the ring (or bin) nearest to an elevation.

    All other points of the same scan are the ground truth.
    """
    lines.refuse(options.row, '--line-row', 'kitti_raw', '--line-elevation')
    angle = lines.DEFAULT_ELEVATION_DEG if options.elevation is None else options.elevation
    path = Path(path)
    frames, missing = whole_frames(_frames(path), lambda frame: frame[2:])
    require_frames(frames, path, 'kitti_raw', LAYOUT)
    calibrate = _calibration(path)

    def read(index):
        name, take, image_file, scan_file = frames[index]
        image = read_image(image_file)
        camera, transform = calibrate(image.shape[1], image.shape[0])
        camera = options.camera or camera
        sparse, depth = take(scan_file, transform, camera, angle)
        sparse = lines.add_noise(sparse, options.noise, (options.seed, index))
        return Sample(name, image, depth, sparse, camera)

    return from_files([frame[0] for frame in frames], f'ring nearest {angle:g} degrees elevation',
                      read, missing)


def _frames(path):
    """List (name, function that takes the line, image, scan), in order."""
    found = []
    for folder in sorted(path.glob('**/image_02')):
        root = folder.parent
        for inner, scans, suffix, take in (
                ('data', 'velodyne_points/data', '.bin', _of_scan),
                ('.', 'velodyne_raw', '.png', _of_projection)):
            for image in sorted((folder / inner).iterdir()) if (root / scans).is_dir() else ():
                if image.suffix in ('.png', '.jpg'):
                    name = str((root / image.stem).relative_to(path))
                    found.append((name, take, image, root / scans / f'{image.stem}{suffix}'))
    return found


def _of_scan(file, transform, camera, angle):
    line = lines.ring_line(kitti.read_scan(file), transform, camera, angle)
    return line.sparse, line.depth


def _of_projection(file, transform, camera, angle):
    scan = read_depth(file, 'kitti')
    if scan.shape != (camera.height, camera.width):
        raise InputError(f'{file} and its image differ in size')
    sparse = lines.binned_ring(scan, transform, camera, angle)
    return sparse, lines.without_line(np.where(scan > 0, scan, np.float32(np.nan)), sparse)


def _calibration(path):
    """Return a function (width, height) -> camera, LiDAR transform."""
    places = [*path.glob(f'**/{FILES[0]}'), path.parent / FILES[0],
              *sorted(path.parent.glob(f'*/*/{FILES[0]}'))]
    cameras = next((place for place in places if place.is_file()), None)
    if cameras is None:
        raise InputError(f'no {FILES[0]} in or beside {path}: put there the calibration files of '
                         'the day of the drive')
    lidar = cameras.with_name(FILES[1])
    projection, rectification, size = kitti.calibration_keys(
        kitti.read_calibration(cameras), cameras,
        P_rect_02=(3, 4), R_rect_00=(3, 3), S_rect_02=(2,))
    turn, move = kitti.calibration_keys(
        kitti.read_calibration(lidar), lidar, R=(3, 3), T=(3, 1))
    transform = kitti.camera_from_lidar(projection, rectification, np.hstack([turn, move]))
    whole = kitti.camera(projection, int(size[0]), int(size[1]))
    return lambda width, height: (whole.scaled(width, height), transform)
