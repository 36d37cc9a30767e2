# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Every file layout in miniature, and the real samples where they are."""
import cv2
from depth_ros.contracts import InputError
from depth_ros.datasets import DATASETS, open_dataset, Options
import numpy as np
import pytest

HEIGHT, WIDTH = 48, 64


def write_pair(colour, depth, metres=2.0, units=1000.0):
    """Write a red image and a depth file of one distance with an unknown corner."""
    for file in (colour, depth):
        file.parent.mkdir(parents=True, exist_ok=True)
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[..., 2] = 255
    cv2.imwrite(str(colour), image)
    raw = np.full((HEIGHT, WIDTH), metres * units, np.uint16)
    raw[0, 0] = 0
    cv2.imwrite(str(depth), raw)


def only(dataset):
    """Return the single sample of a data set of one frame."""
    samples = list(dataset.samples())
    assert len(samples) == len(dataset) == 1
    return samples[0]


def check_rgbd(sample, focal):
    """Check what every RGB-D reader must deliver."""
    assert sample.image.shape == (HEIGHT, WIDTH, 3) and sample.image[0, 0].tolist() == [255, 0, 0]
    row = round(0.6 * (HEIGHT - 1))
    assert (sample.sparse[row] == 2.0).all() and np.count_nonzero(sample.sparse) == WIDTH
    assert np.isnan(sample.depth[0, 0]) and np.isnan(sample.depth[row]).all()
    assert sample.depth[1, 1] == 2.0
    assert sample.camera.fx == pytest.approx(focal)


@pytest.mark.parametrize('name, colour, depth, units, focal', [
    ('redwood', 'color/00000.jpg', 'depth/00000.png', 1000, 525.0),
    ('nyu', 'room/color/1.png', 'room/depth/1.pgm', 1000, 518.0),
    ('nyu', 'kitchen/rgb1.png', 'kitchen/depth1.png', 1000, 518.0),
    ('tum', 'set/1.png', 'set/1_depth.png', 5000, 520.9),
    ('seven_scenes', 'seq-01/frame-000000.color.png', 'seq-01/frame-000000.depth.png', 1000,
     585.0)])
def test_rgbd_layouts(tmp_path, name, colour, depth, units, focal):
    write_pair(tmp_path / colour, tmp_path / depth, units=units)
    sample = only(open_dataset(name, tmp_path))
    if not colour.endswith('jpg'):  # JPEG changes the red a little
        check_rgbd(sample, focal)
    assert sample.camera.fx == focal


def test_tum_sequence_pairs_by_stamp(tmp_path):
    folder = tmp_path / 'rgbd_dataset_freiburg1_desk'
    write_pair(folder / 'rgb/1.00.png', folder / 'depth/1.01.png', units=5000)
    write_pair(folder / 'rgb/5.00.png', folder / 'depth/9.00.png', units=5000)
    (folder / 'rgb.txt').write_text('# stamp file\n1.00 rgb/1.00.png\n5.00 rgb/5.00.png\n')
    (folder / 'depth.txt').write_text('1.01 depth/1.01.png\n9.00 depth/9.00.png\n')
    check_rgbd(only(open_dataset('tum', tmp_path)), 517.3)


def test_seven_scenes_invalid_value_and_own_intrinsics(tmp_path):
    write_pair(tmp_path / 'frame-000001.color.png', tmp_path / 'frame-000001.depth.png', 65.535)
    (tmp_path / 'camera-intrinsics.txt').write_text('90 0 31\n0 91 23\n0 0 1\n')
    sample = only(open_dataset('seven_scenes', tmp_path))
    assert np.isnan(sample.depth).all() and not sample.sparse.any()
    assert (sample.camera.fx, sample.camera.fy, sample.camera.cx) == (90.0, 91.0, 31.0)


def test_unequal_sizes_are_refused(tmp_path):
    write_pair(tmp_path / 'color/1.png', tmp_path / 'depth/1.png')
    cv2.imwrite(str(tmp_path / 'color/1.png'), np.zeros((HEIGHT, 2 * WIDTH, 3), np.uint8))
    with pytest.raises(InputError, match='registered'):
        only(open_dataset('redwood', tmp_path))


def make_kitti_object(root):
    """Write one frame: a cylinder of 10 m around the LiDAR, four rings."""
    for folder in ('image_2', 'velodyne', 'calib'):
        (root / 'training' / folder).mkdir(parents=True)
    cv2.imwrite(str(root / 'training/image_2/000007.png'), np.zeros((100, 200, 3), np.uint8))
    azimuth = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    rings = [np.stack([10 * np.cos(azimuth), 10 * np.sin(azimuth),
                       np.full(720, 10 * np.tan(np.radians(angle))), 0 * azimuth], 1)
             for angle in (4, 1, -2, -5)]
    np.concatenate(rings).astype(np.float32).tofile(root / 'training/velodyne/000007.bin')
    (root / 'training/calib/000007.txt').write_text(
        'P2: 100 0 99.5 20 0 100 49.5 0 0 0 1 0.5\nR0_rect: 1 0 0 0 1 0 0 0 1\n'
        'Tr_velo_to_cam: 0 -1 0 0 0 0 -1 0 1 0 0 0\n\n')


def test_kitti_object(tmp_path):
    make_kitti_object(tmp_path)
    sample = only(open_dataset('kitti_object', tmp_path, Options(elevation=-2.5)))
    assert sample.name == 'training/000007'
    # The fourth column of P2 puts the colour camera half a metre behind camera 0.
    assert sample.sparse.max() == pytest.approx(10.5, abs=0.01)
    assert np.isfinite(sample.depth[:, 100]).sum() == 3
    one_split = open_dataset('kitti_object', tmp_path / 'training')
    assert one_split.names == ('training/000007',)


def test_truncated_scan_is_named(tmp_path):
    make_kitti_object(tmp_path)
    scan = tmp_path / 'training/velodyne/000007.bin'
    scan.write_bytes(scan.read_bytes()[:-6])
    with pytest.raises(InputError, match='000007.bin'):
        only(open_dataset('kitti_object', tmp_path))


def test_short_calibration_is_named(tmp_path):
    make_kitti_object(tmp_path)
    file = tmp_path / 'training/calib/000007.txt'
    file.write_text(file.read_text().replace('R0_rect: 1 0', 'R0_rect:'))
    with pytest.raises(InputError, match='000007.txt lacks the calibration R0_rect of 9'):
        only(open_dataset('kitti_object', tmp_path))


def make_selection(root):
    """Write one frame of the cropped selection: rings of a 20 m cylinder as depth images."""
    name = '2011_09_26_drive_0002_sync_{}_0000000005_image_02'
    raw = np.zeros((352, 1216), np.uint16)
    truth = np.full((352, 1216), 20 * 256, np.uint16)
    raw[172 + 13, ::3], raw[172 + 40, ::3] = 20 * 256, 20 * 256
    for folder, kind, pixels in (
            ('image', 'image', np.zeros((352, 1216, 3), np.uint8)),
            ('velodyne_raw', 'velodyne_raw', raw),
            ('groundtruth_depth', 'groundtruth_depth', truth)):
        (root / folder).mkdir(parents=True)
        cv2.imwrite(str(root / folder / f'{name.format(kind)}.png'), pixels)
    (root / 'intrinsics').mkdir()
    (root / 'intrinsics' / f'{name.format("image")}.txt').write_text(
        '721.5 0 596.6 0 721.5 149.9 0 0 1')


def test_kitti_selection(tmp_path):
    make_selection(tmp_path / 'val_selection_cropped')
    # Row 185 is 35 px below the horizon: 2.8 degrees, less the LiDAR's 0.08 m height.
    sample = only(open_dataset('kitti_depth_completion', tmp_path, Options(elevation=-3.0)))
    assert np.flatnonzero((sample.sparse > 0).any(axis=1)).tolist() == [185]
    assert np.isnan(sample.depth[sample.sparse > 0]).all()
    assert np.isfinite(sample.depth).sum() == 352 * 1216 - np.count_nonzero(sample.sparse)


@pytest.mark.parametrize('name', sorted(DATASETS))
def test_missing_and_empty_folders_name_the_layout(tmp_path, name):
    for path in (tmp_path, tmp_path / 'absent'):
        with pytest.raises(InputError, match='(?s)Expected layout') as error:
            open_dataset(name, path)
        assert str(path) in str(error.value)


def test_unknown_name_lists_choices(tmp_path):
    with pytest.raises(InputError, match='kitti_object.*redwood'):
        open_dataset('middlebury', tmp_path)


def test_line_options_of_the_other_kind_are_refused(tmp_path):
    make_kitti_object(tmp_path)
    write_pair(tmp_path / 'color/1.png', tmp_path / 'depth/1.png')
    with pytest.raises(InputError, match='--line-elevation'):
        open_dataset('kitti_object', tmp_path, Options(row=0.5))
    with pytest.raises(InputError, match='--line-row'):
        open_dataset('redwood', tmp_path, Options(elevation=-1.0))


def test_limit_spreads_evenly(tmp_path):
    for index in range(10):
        write_pair(tmp_path / f'color/{index}.png', tmp_path / f'depth/{index}.png')
    dataset = open_dataset('redwood', tmp_path)
    assert dataset.spread(2) == [2, 7] and dataset.spread(None) == list(range(10))
    assert [sample.name for sample in dataset.samples(2)] == ['color/2', 'color/7']
    with pytest.raises(InputError, match='at least 1'):
        dataset.spread(0)


@pytest.mark.parametrize('name, folder, frames, line', [
    ('kitti_object', 'kitti/object', 8, 250), ('tum', 'tum', 2, 400),
    ('kitti_depth_completion', 'kitti/depth_completion', 24, 250),
    ('redwood', 'redwood', 3, 400), ('seven_scenes', '7scenes_redkitchen', 82, 400),
    ('nyu', 'nyu', 5, 250)])
def test_real_samples(shared, name, folder, frames, line):
    dataset = open_dataset(name, shared / 'data' / folder)
    assert len(dataset) == frames
    for sample in dataset.samples(2):
        assert sample.image.shape[:2] == sample.depth.shape == sample.sparse.shape
        assert np.count_nonzero(sample.sparse) > line
        assert np.isfinite(sample.depth).mean() > 0.02
