# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Frames kept on disk come back as they were, and a folder that is not whole says so."""
import json

from depth_ros.camera import Camera
from depth_ros.contracts import InputError
from depth_ros.datasets.sample import Options, Sample
import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('cv2')
pytest.importorskip('lightning')
from training.datasets import stored  # noqa: E402
from training.datasets.frames import Frames, Source  # noqa: E402
from training.datasets.pipeline import Augmentation  # noqa: E402

CAMERAS = [Camera(16, 12, 14.5, 15.25, 7.5, 5.75, (0.1, 0.0, 0.0, 0.02)),
           Camera(16, 12, 20.0, 20.0, 8.0, 6.0)]


def sample(number):
    """Make a frame; the row of its line is not in its depth, as readers give them."""
    random = np.random.default_rng(number)
    depth = random.integers(1, 80 * 256, (12, 16)).astype(np.float32) / 256
    sparse = np.zeros_like(depth)
    sparse[7] = depth[7]
    depth[7], depth[0, 0], depth[0, 1] = np.nan, np.inf, 300.0
    image = random.integers(0, 256, (12, 16, 3), dtype=np.uint8)
    return Sample(f'frame {number}', image, depth, sparse, CAMERAS[number % 2])


@pytest.fixture
def folder(tmp_path):
    """Keep three frames."""
    assert stored.write_frames(tmp_path / 'kept', map(sample, range(3)), 'made up') == 3
    return tmp_path / 'kept'


def test_frames_come_back(folder):
    """Image, camera and all known depth are as they were; what 16 bits cannot say is unknown."""
    data = stored.open_dataset(folder, Options(row=0.25))
    assert data.names == ('frame 0', 'frame 1', 'frame 2') and data.truth
    assert stored.read_source(folder) == 'made up'
    for number, read in zip((2, 1), data.read([2, 1])):
        made = sample(number)
        depth = np.where(made.sparse > 0, made.sparse, made.depth)
        depth[0, :2] = np.nan
        np.testing.assert_array_equal(read.image, made.image)
        np.testing.assert_array_equal(read.depth, depth)
        assert read.camera == made.camera
        assert set(np.nonzero(read.sparse)[0]) == {3}  # row 0.25 of the height


def test_as_training_data(folder):
    """It is a data set by name, and depth is labels."""
    item = Frames(Source('stored', str(folder)), Augmentation(size=None, crop=None), False)[1]
    assert item['name'] == 'frame 1' and int(torch.isfinite(item['depth']).sum()) == 12 * 16 - 2
    assert item['camera'].tolist() == [20.0, 20.0, 8.0, 6.0]


def test_interrupted_writing(folder):
    """Frames of which the last was not written are no data set, nor the old ones."""
    def broken():
        yield sample(5)
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        stored.write_frames(folder, broken())
    with pytest.raises(InputError, match='holds no stored frames.*Expected layout: frames.json'):
        stored.open_dataset(folder, Options())
    assert stored.write_frames(folder, [sample(5)]) == 1
    assert stored.open_dataset(folder, Options()).names == ('frame 5',)


def test_missing_file(folder):
    """A frame without its depth is one error, and the others can be used."""
    (folder / 'depth' / '00001.png').unlink()
    steps = Augmentation(size=None, crop=None)
    with pytest.raises(InputError, match='1 files of .* missing, first .*00001.png'):
        Frames(Source('stored', str(folder)), steps)
    frames = Frames(Source('stored', str(folder), partial=True), steps, False)
    assert [frame['name'] for frame in frames] == ['frame 0', 'frame 2']


@pytest.mark.parametrize('change', [
    lambda content: [], lambda content: {'frames': 3}, lambda content: {'frames': [{}]},
    lambda content: {'frames': [{'name': 'x', 'camera': {'fx': 1}}]},
    lambda content: {'frames': [{'name': 'x', 'camera': {
        **content['frames'][0]['camera'], 'width': 'wide'}}]},
    lambda content: {'frames': [{'name': 'x', 'camera': {
        **content['frames'][0]['camera'], 'distortion': None}}]}])
def test_broken_index(folder, change):
    """Whatever is wrong with frames.json is one line."""
    path = folder / 'frames.json'
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(InputError, match='holds no stored frames') as caught:
        stored.open_dataset(folder, Options())
    assert '\n' not in str(caught.value)


def test_nothing_to_keep(tmp_path):
    """No frames are an error, not an empty data set."""
    with pytest.raises(InputError, match='no frames to keep'):
        stored.write_frames(tmp_path, [])
