# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""KITTI depth completion: projected scans and semi-dense ground truth as 16-bit images."""
from pathlib import Path

from depth_ros.camera import Camera
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

LAYOUT = ('<any>/DRIVE_sync/proj_depth/{groundtruth,velodyne_raw}/image_0[23]/N.png with '
          '[raw/]DATE/DRIVE_sync/image_0[23]/data/N.png and [raw/]DATE/calib_*.txt at PATH or '
          'beside it; or val_selection_cropped/{image,groundtruth_depth,velodyne_raw,intrinsics}')
# Nominal LiDAR to colour camera 2 of the recording car: axes swapped, and the LiDAR 0.08 m
# above and 0.27 m behind. Used where frames come without calibration files.
NOMINAL_CAMERA_FROM_LIDAR = np.array([
    [0.0, -1.0, 0.0, 0.06],
    [0.0, 0.0, -1.0, -0.08],
    [1.0, 0.0, 0.0, -0.27],
    [0.0, 0.0, 0.0, 1.0]])


def open_dataset(path, options):
    """
    Open KITTI depth-completion frames.

    The line is one elevation bin of the projected scan; errors are measured on the semi-dense
    ground truth without the pixels of the line.
    """
    lines.refuse(options.row, '--line-row', 'kitti_depth_completion', '--line-elevation')
    angle = lines.DEFAULT_ELEVATION_DEG if options.elevation is None else options.elevation
    path = Path(path)
    frames, missing = whole_frames(_drive_frames(path) + _selection_frames(path),
                                   lambda frame: frame[1:4])
    require_frames(frames, path, 'kitti_depth_completion', LAYOUT)

    def read(index):
        name, image_file, raw_file, truth_file, calibrate = frames[index]
        image = read_image(image_file)
        camera, transform = calibrate(image.shape[1], image.shape[0])
        camera = options.camera or camera
        sparse = lines.binned_ring(read_depth(raw_file, 'kitti'), transform, camera, angle)
        depth = lines.without_line(read_depth(truth_file, 'kitti'), sparse)
        if depth.shape != image.shape[:2]:
            raise InputError(f'{truth_file} and {image_file} differ in size')
        sparse = lines.add_noise(sparse, options.noise, (options.seed, index))
        return Sample(name, image, depth, sparse, camera)

    line = f'elevation bin at {angle:g} degrees of the projected scan'
    return from_files([frame[0] for frame in frames], line, read, missing)


def _drive_frames(path):
    """
    List (name, image, scan, ground truth, calibration) of the by-drive layout.

    Drives whose raw folder is not there at all are left out; files may be missing.
    """
    frames = []
    pattern = '**/proj_depth/groundtruth/image_0[23]/*.png'
    for truth in sorted(path.glob(pattern)) if path.is_dir() else []:
        lens, drive = truth.parent.name, truth.parents[3].name
        scan = truth.parents[2] / 'velodyne_raw' / lens / truth.name
        image = _raw_image(path, drive, lens, truth.stem)
        if image is not None:
            frames.append((f'{drive}/{lens}/{truth.stem}', image, scan, truth,
                           _drive_calibration(image.parents[3], lens)))
    return frames


def _raw_image(path, drive, lens, stem):
    folders = [root / drive[:10] / drive / lens / 'data' for root in (
        path, path / 'raw', path / 'kitti_raw', path.parent, path.parent / 'raw')]
    files = [folder / f'{stem}{suffix}' for folder in folders if folder.is_dir()
             for suffix in ('.png', '.jpg')]
    return next(filter(Path.is_file, files), files[0] if files else None)


def _drive_calibration(folder, lens):
    """Return a function (width, height) -> camera, LiDAR transform for one recording day."""
    def calibrate(width, height):
        cameras, lidar = folder / 'calib_cam_to_cam.txt', folder / 'calib_velo_to_cam.txt'
        projection, rectification = kitti.calibration_keys(
            kitti.read_calibration(cameras), cameras,
            **{f'P_rect_{lens[-2:]}': (3, 4), 'R_rect_00': (3, 3)})
        rotation, translation = kitti.calibration_keys(
            kitti.read_calibration(lidar), lidar, R=(3, 3), T=(3, 1))
        transform = kitti.camera_from_lidar(
            projection, rectification, np.hstack([rotation, translation]))
        return kitti.camera(projection, width, height), transform
    return calibrate


def _selection_frames(path):
    """List frames of the cropped selection, whose intrinsics are files beside the images."""
    frames = []
    pattern = '**/groundtruth_depth/*_groundtruth_depth_*.png'
    for truth in sorted(path.glob(pattern)) if path.is_dir() else []:
        folder = truth.parents[1]
        image = folder / 'image' / truth.name.replace('_groundtruth_depth_', '_image_')
        scan = folder / 'velodyne_raw' / truth.name.replace(
            '_groundtruth_depth_', '_velodyne_raw_')
        matrix = (folder / 'intrinsics' / image.name).with_suffix('.txt')
        if matrix.is_file():
            frames.append((image.stem, image, scan, truth, _matrix_calibration(matrix)))
    return frames


def _matrix_calibration(file):
    def calibrate(width, height):
        try:
            matrix = np.array(file.read_text().split(), float).reshape(3, 3)
        except ValueError as error:
            raise InputError(f'{file} does not hold a 3x3 camera matrix: {error}') from error
        return Camera.from_matrix(matrix, width, height), NOMINAL_CAMERA_FROM_LIDAR
    return calibrate
