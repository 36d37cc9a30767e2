# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Geometric and colour changes leave image, depth, line and intrinsics consistent."""
from depth_ros.camera import Camera
from depth_ros.contracts import InputError
from depth_ros.datasets import open_dataset, Sample
import numpy as np
import pytest
from tiny_bags import make_tiny_bag

torch = pytest.importorskip('torch')
from training.datasets import colour, geometry, published  # noqa: E402
from training.datasets.pipeline import Augmentation, make_item  # noqa: E402

CAMERA = Camera(64, 48, 60.0, 50.0, 29.0, 26.5)
NORMAL, DISTANCE = np.array([0.25, -0.15, 1.0]), 3.0  # a slanted wall: NORMAL . p = DISTANCE


def wall(camera=CAMERA):
    """Return a frame of the wall; its colours tell the direction (x/z, y/z) of each pixel."""
    rays = camera.rays().astype(float)
    depth = DISTANCE / (rays @ NORMAL[:2] + NORMAL[2])
    image = np.zeros((camera.height, camera.width, 3), np.uint8)
    image[..., :2] = np.rint(100 * rays + 128)
    image[..., 2] = 50
    sparse = np.zeros(depth.shape, np.float32)
    sparse[30, 3:61:3] = depth[30, 3:61:3]
    depth[:4, :6] = np.nan
    return Sample('wall', image, depth.astype(np.float32), sparse, camera)


@pytest.fixture(scope='module', params=['drawn', 'recorded'])
def scene(request, tmp_path_factory):
    """Return a frame with measured points, and the wall it shows: normal and distance."""
    if request.param == 'drawn':
        return wall(), NORMAL, DISTANCE
    bag = make_tiny_bag(tmp_path_factory.mktemp('bags') / 'bag', frames=1)
    sample = next(open_dataset('bag', bag).samples())
    assert (sample.sparse > 0).sum() > 30
    return sample, np.array([0.0, 0.0, 1.0]), 4.0


# Change, where its points come from in the original camera, colour tolerance.
CHANGES = {
    'flip': (geometry.flip, np.diag([-1.0, 1.0, 1.0])),
    'crop': (lambda s: geometry.crop(s, 5, 9, 40, 50), np.eye(3)),
    'shrink': (lambda s: geometry.resize(s, 24, 32), np.eye(3)),
    'zoom': (lambda s: geometry.resize(s, 67, 90), np.eye(3)),
    'unequal': (lambda s: geometry.resize(s, 60, 50), np.eye(3)),
    'roll': (lambda s: geometry.rotate(s, 7.0), geometry.roll_matrix(7.0).T),
    'roll back': (lambda s: geometry.rotate(s, -4.0), geometry.roll_matrix(-4.0).T),
    'all': (lambda s: geometry.crop(geometry.resize(geometry.rotate(geometry.flip(s), 3.0),
                                                    72, 96), 10, 12, 50, 70),
            np.diag([-1.0, 1.0, 1.0]) @ geometry.roll_matrix(3.0).T)}


@pytest.mark.parametrize('name', CHANGES)
def test_points_stay(name, scene):
    """Back-projected before and after, pixels are the same points of the same wall."""
    change, back = CHANGES[name]
    original, normal, distance = scene
    sample = change(original)
    camera = sample.camera
    assert sample.image.shape[:2] == sample.depth.shape == sample.sparse.shape
    assert sample.depth.shape == (camera.height, camera.width)
    assert np.isfinite(sample.depth).mean() > 0.8
    # A depth may come from up to a pixel diagonal away, no more.
    slope = distance / 2.0 * np.linalg.norm(normal[:2]) / 30.0 + 1e-5
    points = camera.back_project(sample.depth).reshape(-1, 3) @ back.T
    off = np.abs(points @ normal - distance)
    assert np.nanmax(off) < 2.0 * slope
    assert abs(np.nanmean(points @ normal - distance)) < 0.3 * slope


@pytest.mark.parametrize('name', CHANGES)
def test_image_follows(name):
    """The image shows at each pixel what lies in that pixel's direction."""
    change, back = CHANGES[name]
    sample = change(wall())
    directions = np.concatenate([sample.camera.rays(), np.ones((*sample.depth.shape, 1))], -1)
    directions = directions @ back.T
    expected = 100 * directions[..., :2] + 128
    inside = np.isfinite(sample.depth)
    inside &= sample.image[..., 2] == 50  # not mixed with the black outside
    edge = np.s_[2:-2, 2:-2]
    error = np.abs(sample.image[..., :2] - expected)[edge][inside[edge]]
    assert error.max() < 1.6  # 100 / 50 levels a pixel: less than a pixel, rounding included
    assert error.mean() < 0.6


@pytest.mark.parametrize('name', CHANGES)
def test_line_follows(name, scene):
    """Measured points keep their depth and land within half a pixel of where they belong."""
    change, back = CHANGES[name]
    original, sample = scene[0], change(scene[0])
    points = original.camera.back_project(np.where(original.sparse > 0, original.sparse, np.nan))
    points = points[original.sparse > 0] @ back  # inverse of a rotation or mirror
    pixels, depths = sample.camera.project(points)
    column, row = np.rint(pixels - 1e-6).astype(int).T
    inside = ((pixels > 0.5) & (pixels < np.array(sample.sparse.shape[::-1]) - 1.5)).all(1)
    found = 0
    for r, c, z in zip(row[inside], column[inside], depths[inside]):
        near = sample.sparse[r - 1:r + 2, c - 1:c + 2]
        found += (np.abs(near - z) < 1e-5).any()
    assert found >= 0.9 * inside.sum() > 5
    assert set(np.unique(sample.sparse)) <= set(np.unique(original.sparse))


def test_nothing_is_mixed():
    """At an edge between 1 m and 5 m no depth in between appears."""
    sample = wall()
    sample.depth[:] = np.where(np.arange(64) < 31, 1.0, 5.0)
    for change, _ in CHANGES.values():
        depth = change(sample).depth
        assert set(np.unique(depth[np.isfinite(depth)])) <= {1.0, 5.0}


def test_lens_distortion():
    """Frames of a distorted lens can be cropped, but not mirrored or rolled."""
    camera = Camera(64, 48, 60.0, 60.0, 31.5, 23.5, (0.1, 0.0, 0.0, 0.0))
    sample = wall(camera)
    assert geometry.crop(sample, 1, 1, 20, 20).camera.distortion
    for change in (geometry.flip, lambda s: geometry.rotate(s, 2.0)):
        with pytest.raises(InputError, match='wall: .*rectify'):
            change(sample)


def test_published_rotation():
    """As published, corners become depth 0 and edges get depths that nothing has."""
    sample = wall()
    depth = np.where(np.arange(64) < 31, 1.0, 5.0) * np.ones((48, 1))
    image, rotated = published.rotate(sample.image, depth, 5.0)
    assert image.shape == sample.image.shape
    assert image.dtype == np.uint8
    assert rotated[0, 0] == 0.0
    assert ((rotated > 1.5) & (rotated < 4.5)).any()
    image, same = published.rotate(sample.image, depth, 0.0)
    assert np.array_equal(image, sample.image)
    assert np.abs(same - depth).max() <= 0.5 * published.METRES_PER_STEP + 1e-6


def test_colour_changes():
    """Extremes by hand: all the way to black, to the mean grey, to grey; nothing is clipped."""
    image = np.random.default_rng(1).random((3, 4, 5)).astype(np.float32)
    grey = 0.299 * image[0] + 0.587 * image[1] + 0.114 * image[2]
    assert np.abs(colour.brightness(image, 1.0)).max() == 0.0
    assert colour.contrast(image, 1.0) == pytest.approx(np.full_like(image, grey.mean()))
    assert colour.saturation(image, 1.0) == pytest.approx(np.stack([grey] * 3))
    assert colour.lighting(image, np.zeros(3)) == pytest.approx(image)
    assert colour.brightness(image, -0.4).max() == pytest.approx(1.4 * image.max())
    assert colour.normalise(np.full((3, 1, 1), 0.485, np.float32))[0, 0, 0] == 0.0


def test_item_for_training():
    """The pipeline gives tensors whose camera belongs to the image, whatever is drawn."""
    steps = Augmentation(size=(36, 48), crop=(30, 40), degrees=8.0, zoom=1.4, place='random',
                         target=(15, 20))
    random = np.random.default_rng(7)
    sample = wall()
    sample.image[20:26] = 255
    items = [make_item(sample, steps, random) for _ in range(12)]
    for item in items:
        assert item['image'].shape == (3, 30, 40)
        assert item['sparse_depth'].shape == (30, 40)
        assert item['depth'].shape == (15, 20)
        assert all(item[key].dtype == torch.float32
                   for key in ('image', 'depth', 'sparse_depth', 'camera'))
        assert bool(item['labelled']) and item['name'] == 'wall'
    assert len({tuple(item['camera'].tolist()) for item in items}) > 6
    white = (1 - 0.485) / 0.229
    assert any(item['image'][0].max() > white + 0.05 for item in items)  # nothing is clipped


def test_item_for_measuring():
    """Without randomness two runs agree, and only resizing and the centre crop happen."""
    steps = Augmentation(size=None, crop=(40, 60), degrees=20.0, zoom=2.0)
    first, second = make_item(wall(), steps), make_item(wall(), steps)
    assert all(torch.equal(first[key], second[key]) for key in ('image', 'camera'))
    sample = geometry.crop(wall(), 4, 2, 40, 60)
    expected = torch.from_numpy(colour.normalise(colour.to_float(sample.image)))
    assert torch.equal(first['image'], expected)
    assert first['camera'].tolist() == pytest.approx([60.0, 50.0, 27.0, 22.5])


def test_author_mode():
    """Unknown depth becomes 0, corners too, and there is no line."""
    steps = Augmentation(size=None, crop=None, flip=0.0, degrees=5.0, author_mode=True)
    item = make_item(wall(), steps, np.random.default_rng(3))
    assert torch.isfinite(item['depth']).all()
    assert item['depth'][0, 0] == 0.0
    assert not item['sparse_depth'].any()
    default = make_item(wall(), Augmentation(size=None, crop=None, flip=0.0),
                        np.random.default_rng(3))
    assert torch.isnan(default['depth'][0, 0])
    assert default['sparse_depth'].any()


def test_bottom_crop():
    """KITTI crops sit at the bottom, at a random column in training."""
    steps = Augmentation(size=None, crop=(20, 40), place='bottom', degrees=0.0, flip=0.0)
    random = np.random.default_rng(0)
    cameras = [make_item(wall(), steps, random)['camera'] for _ in range(8)]
    assert {camera[3].item() for camera in cameras} == {26.5 - 28}
    assert len({camera[2].item() for camera in cameras}) > 3
    assert make_item(wall(), steps)['camera'][2].item() == 29.0 - 12


@pytest.mark.parametrize('steps, message', [
    (Augmentation(size=None), r'wall is 64x48 \(width x height\), too small for the crop of 304'),
    (Augmentation(size=None, crop=(9, 9), place='top'), 'top.*choose one of bottom, centre'),
    (Augmentation(size=None, crop=None, target=(9, 9), target_filter='area'), 'area.*nearest')])
def test_unusable_steps(steps, message):
    """Impossible crops name the frame and the sizes, unknown places the choices."""
    with pytest.raises(InputError, match=message):
        make_item(wall(), steps)


def test_depth_without_any_valid_pixel():
    """A frame that teaches nothing is named; without labels it may be used."""
    sample = wall()
    sample.depth[:] = np.nan
    steps = Augmentation(size=None, crop=None)
    with pytest.raises(InputError, match='wall: its depth map has no valid pixel'):
        make_item(sample, steps)
    assert not make_item(sample, steps, labelled=False)['labelled']
