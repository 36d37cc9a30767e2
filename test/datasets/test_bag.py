# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Recordings as data sets."""
from depth_ros.contracts import InputError
from depth_ros.datasets import open_dataset, Options
import numpy as np
from posts_bag import make_posts_bag
import pytest
from tiny_bags import HEIGHT, make_tiny_bag, WIDTH

# The wall is 4 m ahead and the scan 0.1 m above the camera: 50 * 0.1 / 4 = 1.25 px up.
LINE_ROW = 22


@pytest.mark.parametrize('truth, compressed', [('depth', False), ('png', True)])
def test_scan_is_the_line_and_depth_images_the_truth(tmp_path, truth, compressed):
    dataset = open_dataset('bag', make_tiny_bag(
        tmp_path / 'bag', truth=truth, compressed=compressed))
    assert len(dataset) == 4 and '4 of 4' in dataset.line
    samples = list(dataset.samples())
    assert [sample.name for sample in samples] == ['1.000', '1.100', '1.200', '1.300']
    sample = samples[1]
    assert sample.image.shape == (HEIGHT, WIDTH, 3) and (sample.image == 90).all()
    assert np.flatnonzero((sample.sparse > 0).any(axis=1)).tolist() == [LINE_ROW]
    assert sample.sparse[LINE_ROW, 30] == pytest.approx(4.0, abs=1e-5)
    assert np.isnan(sample.depth[0, 0]) and sample.depth[1, 1] == 4.0
    assert np.isnan(sample.depth[sample.sparse > 0]).all()


def test_cloud_points_in_the_plane_of_the_scan_are_no_truth(tmp_path):
    dataset = open_dataset('bag', make_tiny_bag(tmp_path / 'bag', truth='cloud'))
    sample = next(dataset.samples(1))
    rows = np.flatnonzero(np.isfinite(sample.depth[:, 31]))
    # Rings at +-5 degrees: 1.25 px up plus or minus 50 * tan(5 deg) = 4.4 px.
    assert rows.tolist() == [18, 27]
    assert np.nanmax(sample.depth) == pytest.approx(4.0, abs=1e-3)


def test_images_without_scan_are_left_out_and_counted(tmp_path):
    dataset = open_dataset('bag', make_tiny_bag(tmp_path / 'bag', frames=5, skip_scan=(2,)))
    assert dataset.names == ('1.000', '1.100', '1.300', '1.400')
    assert '4 of 5' in dataset.line
    assert [s.name for s in dataset.samples(2)] == ['1.100', '1.400']


def test_no_partner_at_all(tmp_path):
    path = make_tiny_bag(tmp_path / 'bag', frames=3, skip_scan=(0, 1))
    assert len(open_dataset('bag', path)) == 1
    path = make_tiny_bag(tmp_path / 'none', frames=3, truth='none')
    with pytest.raises(InputError, match='no cloud topic'):
        open_dataset('bag', path)


def test_several_cameras_ask_for_a_choice(tmp_path):
    path = make_tiny_bag(tmp_path / 'bag', extra_image=True)
    with pytest.raises(InputError, match='/camera/image, /rear/image.*--image-topic'):
        open_dataset('bag', path)
    assert len(open_dataset('bag', path, Options(image_topic='/camera/image'))) == 4
    with pytest.raises(InputError, match="no image topic '/front'"):
        open_dataset('bag', path, Options(image_topic='/front'))


def test_missing_transforms_name_the_frames(tmp_path):
    dataset = open_dataset('bag', make_tiny_bag(tmp_path / 'bag', static=False))
    with pytest.raises(InputError, match="'laser' and 'camera'"):
        list(dataset.samples())


def test_line_options_do_not_apply(tmp_path):
    with pytest.raises(InputError, match='the scan of the bag'):
        open_dataset('bag', make_tiny_bag(tmp_path / 'bag'), Options(elevation=0.0))


def test_noise_moves_only_the_line(tmp_path):
    path = make_tiny_bag(tmp_path / 'bag')
    exact = next(open_dataset('bag', path).samples(1))
    noisy = next(open_dataset('bag', path, Options(noise=0.05)).samples(1))
    measured = exact.sparse > 0
    assert 0.02 < np.std(noisy.sparse[measured] - exact.sparse[measured]) < 0.1
    np.testing.assert_array_equal(noisy.depth, exact.depth)


def test_real_recording(shared):
    dataset = open_dataset('bag', shared / 'data' / 'bags' / 'kitti_sfnd_converted')
    assert len(dataset) == 16
    sample = next(dataset.samples(1))
    assert 300 < np.count_nonzero(sample.sparse) < 360
    assert np.isfinite(sample.depth).mean() > 0.05


@pytest.mark.parametrize('given', [
    (0, -0.1, 0, np.pi / 2, -np.pi / 2, 0), (0, -0.1, 0, 0.5, -0.5, 0.5, 0.5),
    (0, -1, 0, 0, 0, 0, -1, -0.1, 1, 0, 0, 0, 0, 0, 0, 1)])
@pytest.mark.parametrize('truth', ['depth', 'cloud'])
def test_extrinsics_by_hand_stand_for_transforms(tmp_path, given, truth):
    # The LiDAR looks ahead, 0.1 m above the camera, as in the recorded transforms.
    recorded = next(open_dataset('bag', make_tiny_bag(tmp_path / 'a', truth=truth)).samples(1))
    path = make_tiny_bag(tmp_path / 'b', truth=truth, static=False)
    sample = next(open_dataset('bag', path, Options(extrinsics=given)).samples(1))
    np.testing.assert_allclose(sample.sparse, recorded.sparse, atol=1e-5)
    np.testing.assert_allclose(sample.depth, recorded.depth, atol=1e-5)


def test_extrinsics_by_hand_replace_transforms(tmp_path):
    path = make_tiny_bag(tmp_path / 'bag')
    sample = next(open_dataset('bag', path, Options(
        extrinsics=(0, 0.9, 0, np.pi / 2, -np.pi / 2, 0))).samples(1))
    # Now 0.9 m below: 50 * 0.9 / 4 = 11.25 px down.
    assert np.flatnonzero((sample.sparse > 0).any(axis=1)).tolist() == [35]
    with pytest.raises(InputError, match='extrinsics of 3 numbers'):
        open_dataset('bag', path, Options(extrinsics=(0, 0, 0)))


def test_a_camera_by_hand_stands_for_camera_info(tmp_path):
    options = Options(unlabelled=True)
    recorded = next(open_dataset('bag', make_posts_bag(tmp_path / 'a'), options).samples(1))
    path = make_posts_bag(tmp_path / 'b', leave_out=('/camera/camera_info',))
    with pytest.raises(InputError, match='no camera_info topic'):
        open_dataset('bag', path, options)
    sample = next(open_dataset('bag', path, Options(
        unlabelled=True, camera=recorded.camera)).samples(1))
    np.testing.assert_array_equal(sample.sparse, recorded.sparse)
