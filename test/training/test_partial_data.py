# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Every data set of which a file is missing is one error, and can be used all the same."""
from depth_ros.contracts import InputError
import numpy as np
import pytest

torch = pytest.importorskip('torch')
cv2 = pytest.importorskip('cv2')
pytest.importorskip('lightning')
from tiny_bags import make_tiny_bag  # noqa: E402
from training.datasets.frames import Frames, READERS, Source, WHERE  # noqa: E402
from training.datasets.pipeline import Augmentation  # noqa: E402

WHOLE = Augmentation(size=None, crop=None)
DRIVE = '2011_09_26_drive_0001_sync'
TRUTH = 'train/{}/proj_depth/{}/image_02/000000000{}.png'
NAME = '2011_09_26_drive_0002_sync_{}_000000000{}_image_02'


def image(path, depth=None):
    """Write an image, or a depth map of one value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((48, 64, 3), 90, np.uint8) if depth is None else np.full(
        (48, 64), depth, np.uint16)
    cv2.imwrite(str(path), pixels)


def text(path, words):
    """Write a text file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(words)


def pairs(root, colour, depth):
    """Write three frames; the image of the second is what will be missing."""
    for k in range(3):
        image(root / colour.format(k))
        image(root / depth.format(k), 1500)
    return root, root / colour.format(1)


def tum(root):
    """Write a sequence with lists."""
    for kind in ('rgb', 'depth'):
        text(root / f'{kind}.txt', ''.join(f'{k}.0 {kind}/{k}.png\n' for k in range(3)))
    return pairs(root, 'rgb/{}.png', 'depth/{}.png')


def scannet(root):
    """Write a scene with its intrinsics."""
    text(root / 's' / 'intrinsic' / 'intrinsic_depth.txt', '50 0 31 0 50 23 0 0 1')
    return pairs(root, 's/color/{}.jpg', 's/depth/{}.png')


def kitti_object(root):
    """Write frames with a scan of one ring."""
    for k in range(3):
        text(root / 'training' / 'calib' / f'{k}.txt',
             'P2: 50 0 31 0 0 50 23 0 0 0 1 0\nR0_rect: 1 0 0 0 1 0 0 0 1\n'
             'Tr_velo_to_cam: 0 -1 0 0 0 0 -1 0 1 0 0 0\n')
        scan = root / 'training' / 'velodyne' / f'{k}.bin'
        scan.parent.mkdir(exist_ok=True)
        np.float32([[10, 0, z, 0] for z in (-1, 0, 1)]).tofile(scan)
        image(root / 'training' / 'image_2' / f'{k}.png')
    return root, root / 'training' / 'calib' / '1.txt'


def kitti_depth_completion(root):
    """Write frames of one drive."""
    text(root / '2011_09_26' / 'calib_cam_to_cam.txt',
         'P_rect_02: 50 0 31 0 0 50 23 0 0 0 1 0\nR_rect_00: 1 0 0 0 1 0 0 0 1\n')
    text(root / '2011_09_26' / 'calib_velo_to_cam.txt', 'R: 0 -1 0 0 0 -1 1 0 0\nT: 0 0 0\n')
    for k in range(3):
        for kind in ('groundtruth', 'velodyne_raw'):
            image(root / TRUTH.format(DRIVE, kind, k), 2560)
        image(root / '2011_09_26' / DRIVE / 'image_02' / 'data' / f'000000000{k}.png')
    return root, root / TRUTH.format(DRIVE, 'velodyne_raw', 1)


def kitti_raw(root):
    """Write frames of one drive with scans that are projected already."""
    text(root / 'calib_cam_to_cam.txt', 'P_rect_02: 50 0 31 0 0 50 23 0 0 0 1 0\n'
         'R_rect_00: 1 0 0 0 1 0 0 0 1\nS_rect_02: 64 48\n')
    text(root / 'calib_velo_to_cam.txt', 'R: 0 -1 0 0 0 -1 1 0 0\nT: 0 0 0\n')
    for k in range(3):
        image(root / 'image_02' / f'{k}.jpg')
        image(root / 'velodyne_raw' / f'{k}.png', 2560)
    return root, root / 'velodyne_raw' / '1.png'


def nyu_lists(root):
    """Write a list of frames."""
    text(root / 'list.csv', ''.join(f'{k}.jpg,{k}.png\n' for k in range(3)))
    return root / 'list.csv', pairs(root, '{}.jpg', '{}.png')[1]


# How each is made: what to open, and the file to remove.
LAYOUTS = {
    'kitti_object': kitti_object, 'kitti_depth_completion': kitti_depth_completion, 'tum': tum,
    'redwood': lambda root: pairs(root, 'color/{}.jpg', 'depth/{}.png'),
    'icl_nuim': lambda root: pairs(root, 'rgb/{}.png', 'depth/{}.png'),
    'seven_scenes': lambda root: pairs(root, 'frame-{}.color.png', 'frame-{}.depth.png'),
    'nyu': lambda root: pairs(root, 'room/rgb{}.png', 'room/depth{}.png'),
    'kitti_raw': kitti_raw, 'nyu_lists': nyu_lists, 'scannet': scannet,
    'scenenet': lambda root: pairs(root, '0/1/photo/{}.jpg', '0/1/depth/{}.png')}


def test_every_reader_is_here():
    """A new data set gets a line above, if it has several files; where all are from."""
    single = {'bag', 'nyu_labelled', 'images', 'robot_frames', 'stored'}
    assert set(LAYOUTS) | single == set(READERS) == set(WHERE)


@pytest.mark.parametrize('name', LAYOUTS)
def test_missing_file(tmp_path, name):
    """A file is named with the layout and where to get it; the rest can be used if asked for."""
    path, file = LAYOUTS[name](tmp_path)
    assert len(Frames(Source(name, str(path)), WHOLE)) == 3
    file.unlink()
    with pytest.raises(InputError, match='1 (files|of 6 files) of .* missing, first .*Expected '
                                         'layout: .*Get it from http') as caught:
        Frames(Source(name, str(path)), WHOLE)
    assert file.stem in str(caught.value) and '\n' not in str(caught.value)
    if name != 'nyu_lists':  # a list says what there must be
        frames = Frames(Source(name, str(path), partial=True), WHOLE, training=False)
        assert len([frame['image'] for frame in frames]) == 2


def test_missing_part_of_a_recording(tmp_path):
    """A recording that was cut off says how to repair it."""
    bag = make_tiny_bag(tmp_path / 'bag')
    file = next(bag.glob('*.mcap'))
    file.write_bytes(file.read_bytes()[:900])
    with pytest.raises(InputError, match='ros2 bag reindex.*Get it from your own recording'):
        Frames(Source('bag', str(bag)), WHOLE)
