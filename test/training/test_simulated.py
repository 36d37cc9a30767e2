# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Images of simulators with the ids of their things: files, geometry, parts of a set."""
from dataclasses import replace

from depth_ros.contracts import InputError, write_depth
import numpy as np
import pytest

torch = pytest.importorskip('torch')
cv2 = pytest.importorskip('cv2')
pytest.importorskip('lightning')
from tiny_simulator import drawn  # noqa: E402
from training.datasets import simulated, stored  # noqa: E402
from training.datasets.frames import Source  # noqa: E402
from training.datasets.pipeline import Augmentation  # noqa: E402
from training.datasets.simulated import SimulatedData, SimulatedFrames  # noqa: E402

STEPS = {'size': None, 'crop': [24, 32], 'lighting': 0.0, 'jitter': 0.0}


@pytest.fixture
def folder(tmp_path):
    """Write three frames with ids as a stored data set."""
    stored.write_frames(tmp_path / 'sim', [drawn(k) for k in range(3)])
    return tmp_path / 'sim'


@pytest.mark.parametrize('dataset', ['stored', 'images'])
def test_ids_follow_the_image(folder, dataset):
    """After flip, roll and crop each pixel still has the id of what it shows."""
    steps = Augmentation(size=None, crop=(24, 32), place='random', lighting=0.0, jitter=0.0)
    frames = SimulatedFrames(Source(dataset, str(folder)), steps)
    assert frames.has_instances and len(frames) == 3
    torch.manual_seed(3)
    for index in range(3):
        item = frames[index]
        ids = item['instances']
        assert ids.dtype == torch.int64 and ids.shape == item['image'].shape[1:]
        red = (item['image'][0] * 0.229 + 0.485) * 255 / 5
        inside = ids > 0  # corners that the roll brought in are 0
        sharp = (red - red.round()).abs() < 0.02  # not mixed by the roll
        assert inside.float().mean() > 0.8 and (inside & sharp).float().mean() > 0.5
        wrong = inside & sharp & (red.round() != ids)
        assert wrong.float().mean() < 0.03  # beside edges the nearest pixel is another's
        assert set(ids[inside].tolist()) <= set(range(12 * index + 1, 12 * index + 13))
        assert 'depth' not in item


def test_without_ids(folder, tmp_path):
    """A source without any ids has zeros; one that lacks some is refused."""
    (folder / 'instance' / '00001.png').unlink()
    with pytest.raises(InputError, match='1 of 3 files of instance ids are missing.*00001.png'):
        SimulatedFrames(Source('stored', str(folder)), Augmentation(**STEPS))
    for file in (folder / 'instance').iterdir():
        file.unlink()
    frames = SimulatedFrames(Source('stored', str(folder)), Augmentation(**STEPS))
    assert not frames.has_instances and not frames[0]['instances'].any()
    small = np.ones((7, 9), np.uint8)
    for number in range(3):
        cv2.imwrite(str(folder / 'instance' / f'{number:05d}.png'), small)
    with pytest.raises(InputError, match='f0: the image is 40x30 but its instances are 9x7'):
        SimulatedFrames(Source('stored', str(folder)), Augmentation(**STEPS))[0]
    with pytest.raises(InputError, match='cannot be read as an image of instance ids'):
        simulated.read_instances(tmp_path / 'none.png')


def test_colours_are_ids(tmp_path):
    """Three channels are one number; sixteen bits stay whole."""
    cv2.imwrite(str(tmp_path / 'a.png'), np.array([[[3, 2, 1]]], np.uint8))  # BGR
    cv2.imwrite(str(tmp_path / 'b.png'), np.array([[40000]], np.uint16))
    assert simulated.read_instances(tmp_path / 'a.png').tolist() == [[1 + 512 + 3 * 65536]]
    assert simulated.read_instances(tmp_path / 'b.png').tolist() == [[40000]]


def test_scenenet_ids(tmp_path):
    """The native layout has its ids beside photo and depth."""
    place = tmp_path / 'val' / '0' / '7'
    sample, ids = drawn(0)
    for part in ('photo', 'depth', 'instance'):
        (place / part).mkdir(parents=True)
    cv2.imwrite(str(place / 'photo' / '25.jpg'), sample.image)
    write_depth(place / 'depth' / '25.png', sample.depth, 'mm')
    cv2.imwrite(str(place / 'instance' / '25.png'), ids.astype(np.uint16))
    frames = SimulatedFrames(Source('scenenet', str(tmp_path)),
                             Augmentation(size=None, crop=None), training=False)
    assert np.array_equal(frames[0]['instances'].numpy(), ids)


def data_of(folder, **options):
    """Open training data on a folder."""
    data = SimulatedData(train=[Source('stored', str(folder))], steps=STEPS, batch_size=2,
                         workers=0, **options)
    data.setup('fit')
    return data


def test_parts_by_seed(tmp_path):
    """A smaller part is within a larger one of the same seed; another seed takes others."""
    stored.write_frames(tmp_path / 'sim', [replace(drawn(0)[0], name=str(k)) for k in range(12)])

    def names(number, seed=1):
        data = data_of(tmp_path / 'sim', number=number, subset_seed=seed)
        return [data.training_frames[k]['name'] for k in range(len(data.training_frames))]
    assert set(names(3)) < set(names(8)) and len(set(names(8))) == 8
    assert names(3) == names(3) != names(3, 2)
    assert sorted(map(int, names(None))) == list(range(12))
    for number, message in ((13, 'number=13, but there are 12'), (0, 'number=0: give at least')):
        with pytest.raises(InputError, match=message):
            names(number)


def test_blank_images():
    """Methods that make their images get batches of the right size from nothing."""
    data = SimulatedData(train=[], steps=STEPS, batch_size=2, workers=0, blank=5)
    data.setup('fit')
    found = list(data.train_dataloader())
    assert len(found) == 2 and found[0]['image'].shape == (2, 3, 24, 32)
    with pytest.raises(InputError, match='data.blank needs data.steps.crop'):
        SimulatedData(train=[], steps={'size': None, 'crop': None}, blank=5).setup('fit')


def test_procedural_things():
    """The world knows which thing each pixel shows; images are those of `samples`."""
    from training.datasets.procedural import kinds
    sample, ids = next(kinds.simulated('room', 4, (96, 128)))
    plain = next(kinds.samples('room', 4, (96, 128)))
    assert np.array_equal(sample.image, plain.image) and ids.shape == (96, 128)
    assert 5 < len(np.unique(ids)) < 400
    # Depth is steeper between two things than within one.
    step = np.abs(np.diff(np.log(sample.depth), axis=1))
    border = np.diff(ids, axis=1) != 0
    assert np.nanmean(step[border]) > 4 * np.nanmean(step[~border])


def test_write_kinds(tmp_path):
    """Ids are written where they are asked for, and only there."""
    from training.datasets.procedural.kinds import write_kinds
    for instances in (True, False):
        place = tmp_path / str(instances)
        write_kinds(place, ['corridor'], {'train': 1}, 2, (48, 64), instances)
        frames = SimulatedFrames(Source('stored', str(place / 'corridor' / 'train')),
                                 Augmentation(size=None, crop=None), training=False)
        assert frames.has_instances == instances
        assert (len(frames[0]['instances'].unique()) > 3) == instances
