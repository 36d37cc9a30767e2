# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Data sets on disk become batches; missing and broken files are named."""
import csv

from depth_ros.contracts import InputError
import numpy as np
import pytest

torch = pytest.importorskip('torch')
cv2 = pytest.importorskip('cv2')
pytest.importorskip('lightning')
from training.datasets import frames, nyu_lists, scannet, scenenet  # noqa: E402
from training.datasets.frames import FrameData, Frames, Source  # noqa: E402
from training.datasets.pipeline import Augmentation  # noqa: E402

SMALL = Augmentation(size=(24, 32), crop=(20, 28))


def write_pair(image_path, depth_path, value=1500, dtype=np.uint16, size=(48, 64)):
    """Write one image and a depth map of `value`."""
    for path in (image_path, depth_path):
        path.parent.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(value).integers(0, 255, (*size, 3), dtype=np.uint8)
    cv2.imwrite(str(image_path), image)
    depth = np.full(size, value, dtype)
    depth[0] = 0
    cv2.imwrite(str(depth_path), depth)


@pytest.fixture
def nyu_list(tmp_path):
    """Write a list of four frames: 8-bit depth in the first two, 16-bit in the others."""
    rows = []
    for k in range(4):
        row = [f'data/nyu2/{k}.jpg', f'data/nyu2/{k}.png']
        value, dtype = (51 * (k + 1), np.uint8) if k < 2 else (1000 * k, np.uint16)
        write_pair(tmp_path / row[0], tmp_path / row[1], value, dtype)
        rows.append(row)
    path = tmp_path / 'data' / 'nyu2.csv'
    with path.open('w', newline='') as file:
        csv.writer(file).writerows(rows)
    return path


def make_scannet(root):
    """Write a ScanNet scene whose colour images are larger than their depth."""
    for k in (0, 10):
        write_pair(root / 'scene0' / 'color' / f'{k}.jpg', root / 'scene0' / 'depth' / f'{k}.png')
        image = cv2.imread(str(root / 'scene0' / 'color' / f'{k}.jpg'))
        cv2.imwrite(str(root / 'scene0' / 'color' / f'{k}.jpg'), cv2.resize(image, (130, 97)))
    matrix = np.diag([57.0, 58.0, 1.0, 1.0])
    matrix[:2, 2] = 31.5, 23.5
    (root / 'scene0' / 'intrinsic').mkdir()
    np.savetxt(root / 'scene0' / 'intrinsic' / 'intrinsic_depth.txt', matrix)


def make_scenenet(root):
    """Write a SceneNet trajectory."""
    folder = root / 'val' / '0' / '123'
    for k in (0, 25):
        write_pair(folder / 'photo' / f'{k}.jpg', folder / 'depth' / f'{k}.png', 2000,
                   size=(240, 320))


def test_nyu_list(nyu_list):
    """Both depth encodings of the lists, 0 as unknown, a line, intrinsics of the image's size."""
    data = Frames(Source('nyu_lists', str(nyu_list)), SMALL, training=False)
    depths = [torch.nan_to_num(item['depth']).max().item() for item in data]
    assert depths == pytest.approx([2.0, 4.0, 2.0, 3.0], abs=1e-5)
    item = data[2]
    assert torch.isnan(item['depth']).any() == False  # noqa: E712  the crop leaves row 0 out
    assert (item['sparse_depth'] > 0).any(1).sum() == 1
    assert item['camera'][0].item() == pytest.approx(518 * 32 / 640)
    assert item['name'].endswith('data/nyu2/2.jpg')


def test_scannet(tmp_path):
    """Colour is brought to the depth's size; intrinsics are the depth camera's."""
    make_scannet(tmp_path)
    data = scannet.open_dataset(tmp_path, frames.Options())
    sample = next(iter(data.read([1])))
    assert data.names == ('scene0/color/0.jpg', 'scene0/color/10.jpg')
    assert sample.image.shape == (48, 64, 3)
    assert (sample.camera.fx, sample.camera.fy, sample.camera.cx) == (57.0, 58.0, 31.5)
    assert np.nanmax(sample.depth) == pytest.approx(1.5)
    (tmp_path / 'scene0' / 'intrinsic' / 'intrinsic_depth.txt').unlink()
    with pytest.raises(InputError, match='intrinsic_depth.txt.*SensReader'):
        scannet.open_dataset(tmp_path, frames.Options())


def test_scenenet(tmp_path):
    """Lengths of rays become depths: equal lengths lie on a sphere, not on a plane."""
    make_scenenet(tmp_path)
    data = scenenet.open_dataset(tmp_path, frames.Options())
    sample = next(iter(data.read([0])))
    points = sample.camera.back_project(sample.depth)[1:]
    assert np.linalg.norm(points, axis=-1) == pytest.approx(2.0, abs=1e-5)
    rays = sample.camera.rays()
    # The outer borders of the outermost pixels span 60 by 45 degrees.
    half = np.degrees(np.arctan(rays[-1, -1] + 0.5 / np.array([277.128, 289.706])))
    assert half == pytest.approx([30.0, 22.5], abs=1e-3)


def test_nyu_labelled(tmp_path):
    """The labelled file as h5py sees it, axes swapped."""
    h5py = pytest.importorskip('h5py')
    path = tmp_path / 'nyu_depth_v2_labeled.mat'
    with h5py.File(path, 'w') as file:
        file['images'] = np.arange(2 * 3 * 8 * 6, dtype=np.uint8).reshape(2, 3, 8, 6)
        depths = np.arange(2 * 8 * 6, dtype=np.float32).reshape(2, 8, 6)
        file['depths'] = depths
    data = Frames(Source('nyu_labelled', str(path)), Augmentation(None, crop=None), False)
    assert len(data) == 2
    assert data[0]['depth'].shape == (6, 8)
    assert torch.isnan(data[0]['depth'][0, 0])
    assert data[1]['depth'][2, 3].item() == depths[1, 3, 2]
    (tmp_path / 'other.mat').write_bytes(b'MATLAB 5.0')
    with pytest.raises(InputError, match='other.mat cannot be read .* Expected layout'):
        Frames(Source('nyu_labelled', str(tmp_path / 'other.mat')), SMALL)


def test_nyu_labelled_without_h5py(tmp_path, monkeypatch):
    """What is missing is named with its command."""
    monkeypatch.setitem(__import__('sys').modules, 'h5py', None)
    (tmp_path / 'x.mat').write_bytes(b'')
    with pytest.raises(InputError, match='needs h5py: pip install h5py'):
        Frames(Source('nyu_labelled', str(tmp_path / 'x.mat')), SMALL)


@pytest.mark.parametrize('name', sorted(frames.READERS))
def test_missing_data(tmp_path, name):
    """Every data set that is not there is one error with its layout and where to get it."""
    with pytest.raises(InputError, match='(?s)(nothing|layout|bag).*Get it from') as caught:
        Frames(Source(name, str(tmp_path / 'nothing')), SMALL)
    assert str(caught.value).count('\n') == 0


def test_unknown_data_set():
    """The choices are named."""
    with pytest.raises(InputError, match='unknown data set .nyu2.*kitti_object.*scenenet'):
        Frames(Source('nyu2', 'x'), SMALL)


def test_partial_list(nyu_list):
    """Missing files of a list are counted and the first is named."""
    (nyu_list.parent / 'nyu2' / '1.png').unlink()
    (nyu_list.parent / 'nyu2' / '3.jpg').unlink()
    with pytest.raises(InputError, match=r'2 of 8 files of .*nyu2.csv are missing, first '
                                         r'.*nyu2/1.png. Expected layout'):
        nyu_lists.open_dataset(nyu_list, frames.Options())


@pytest.mark.parametrize('text, message', [('', 'is empty'), ('a.jpg\n', ':1 has 1 columns')])
def test_broken_list(tmp_path, text, message):
    """A list of another form says which row."""
    (tmp_path / 'list.csv').write_text(text)
    with pytest.raises(InputError, match=message):
        nyu_lists.open_dataset(tmp_path / 'list.csv', frames.Options())


def test_corrupt_depth(nyu_list):
    """A truncated file is named when it is read."""
    file = nyu_list.parent / 'nyu2' / '2.png'
    file.write_bytes(file.read_bytes()[:40])
    data = Frames(Source('nyu_lists', str(nyu_list)), SMALL)
    with pytest.raises(InputError, match='2.png cannot be decoded'):
        data[2]


def test_corrupt_depth_in_a_loader_process(nyu_list):
    """The error of another process is one line too."""
    file = nyu_list.parent / 'nyu2' / '2.png'
    file.write_bytes(file.read_bytes()[:40])
    data = FrameData(train=[], validation=[Source('nyu_lists', str(nyu_list))], workers=1)
    with pytest.raises(InputError, match='^[^\\n]*2.png cannot be decoded[^\\n]*$'):
        list(data.val_dataloader())


def test_batches(nyu_list, tmp_path):
    """Labelled and unlabelled sources mix; validation is not changed; config files work."""
    make_scannet(tmp_path)
    data = FrameData(
        train=[{'dataset': 'nyu_lists', 'path': str(nyu_list)},
               {'dataset': 'scannet', 'path': str(tmp_path), 'labelled': False}],
        validation=[{'dataset': 'nyu_lists', 'path': str(nyu_list), 'limit': 2}],
        steps={'size': [24, 32], 'crop': [20, 28], 'target': [10, 14], 'author_mode': True},
        batch_size=3, workers=0, in_memory=True)
    data.setup()
    torch.manual_seed(0)
    batches = list(data.train_dataloader())
    assert [batch['image'].shape for batch in batches] == [(3, 3, 20, 28)] * 2
    assert batches[0]['depth'].shape == (3, 10, 14)
    assert sorted(sum((batch['labelled'].tolist() for batch in batches), [])) == [
        False, False, True, True, True, True]
    once, again = (list(data.val_dataloader()) for _ in range(2))
    assert len(once) == 1
    assert once[0]['depth'].shape == (2, 20, 28)
    assert torch.equal(once[0]['image'], again[0]['image'])


def test_seed_decides(nyu_list):
    """The same seed gives the same random changes, another seed others."""
    data = Frames(Source('nyu_lists', str(nyu_list)), SMALL)
    images = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        images.append(data[0]['image'])
    assert torch.equal(images[0], images[1])
    assert not torch.equal(images[0], images[2])


def test_parts(nyu_list):
    """Even and odd frames never overlap."""
    names = [{item['name'] for item in Frames(Source('nyu_lists', str(nyu_list), part=part),
                                              SMALL, False)} for part in ('even', 'odd')]
    assert len(names[0] | names[1]) == 4
    assert not names[0] & names[1]


@pytest.mark.parametrize('change, message', [
    ({'steps': {'rotation': 3}}, 'unknown option of Augmentation .rotation.*degrees'),
    ({'train': [{'data': 'nyu'}]}, 'unknown option of Source .data.*dataset'),
    ({'batch_size': 9}, '4 training frames do not fill a batch of 9: lower data.batch_size')])
def test_unusable_options(nyu_list, change, message):
    """Mistakes in a config file name the choices or the cure."""
    options = {'train': [{'dataset': 'nyu_lists', 'path': str(nyu_list)}], 'workers': 0, **change}
    with pytest.raises(InputError, match=message):
        data = FrameData(**options)
        data.setup()
        data.train_dataloader()


def test_real_frames(shared):
    """Data sets that evaluation reads serve training as well."""
    path = shared / 'data' / 'tum'
    if not path.is_dir():
        pytest.skip(f'{path} is absent')
    item = Frames(Source('tum', str(path)), Augmentation(), False)[0]
    assert item['image'].shape == (3, 228, 304)
    assert 0.3 < item['depth'][torch.isfinite(item['depth'])].median() < 10.0
    item = Frames(Source('tum', str(path)), Augmentation(size=None, crop=None), False)[0]
    line = item['sparse_depth'] > 0
    assert line.sum() > 300
    assert torch.equal(item['depth'][line], item['sparse_depth'][line])
