# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Camera geometry against exact numbers and against OpenCV."""

import cv2
from depth_ros.camera import Camera
from depth_ros.contracts import InputError
import numpy as np
import pytest

PINHOLE = Camera(640, 480, 500.0, 510.0, 321.5, 238.25)
LENSES = {
    'pinhole': ((), 'plumb_bob'),
    'plumb_bob': ((-0.28, 0.09, 0.001, -0.0007, -0.01), 'plumb_bob'),
    'four': ((0.12, -0.2, 0.001, 0.002), 'plumb_bob'),
    'rational': ((0.6, 0.05, 0.0002, -0.0003, 0.001, 0.95, 0.2, 0.01), 'rational_polynomial'),
    'wide': ((-0.33, 0.12, 0.0, 0.0, -0.018), 'plumb_bob'),
}


def lens(name):
    """Camera of 160x120 with a lens of LENSES; `wide` sees 110 degrees corner to corner."""
    focal = 100.0 if name == 'wide' else 120.0
    return Camera(160, 120, focal, focal * 1.02, 81.3, 57.9, *LENSES[name])


@pytest.mark.parametrize('name', LENSES)
def test_projection_undoes_back_projection_at_every_pixel(name):
    camera = lens(name)
    depth = np.random.default_rng(1).uniform(0.5, 30, (120, 160)).astype(np.float32)
    pixels, z = camera.project(camera.back_project(depth).reshape(-1, 3))
    u, v = np.meshgrid(np.arange(160), np.arange(120))
    assert np.abs(pixels[:, 0] - u.ravel()).max() < 0.02
    assert np.abs(pixels[:, 1] - v.ravel()).max() < 0.02
    assert np.array_equal(z.astype(np.float32), depth.ravel())


@pytest.mark.parametrize('name', LENSES)
def test_projection_agrees_with_opencv(name):
    camera = lens(name)
    rng = np.random.default_rng(2)
    points = rng.uniform((-0.8, -0.5, 1), (0.8, 0.5, 1), (500, 3)) * rng.uniform(1, 20, (500, 1))
    expected, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), camera.matrix,
                                    np.array(camera.distortion or (0.0,) * 4))
    expected = expected[:, 0]
    pixels, _ = camera.project(points)
    inside = ((expected > 0) & (expected < (160, 120))).all(1)
    assert inside.sum() > 200
    assert np.abs(pixels[inside] - expected[inside]).max() < 1e-6


@pytest.mark.parametrize('name', LENSES)
def test_a_point_lands_in_the_image_only_where_its_ray_is_seen(name):
    # A distortion polynomial folds over outside of the view: far-off points would come back in.
    camera = lens(name)
    x, y = np.meshgrid(np.linspace(-8, 8, 321), np.linspace(-8, 8, 321))
    points = np.stack([x.ravel(), y.ravel(), np.ones(x.size)], 1)
    pixels, _ = camera.project(points)
    column, row = np.rint(np.nan_to_num(pixels, nan=-1)).astype(int).T
    inside = (column >= 0) & (column < 160) & (row >= 0) & (row < 120)
    assert inside.sum() > 100
    seen = camera.rays()[row[inside], column[inside]]
    # Half a pixel, widened for the edge of the lens.
    assert np.abs(seen - points[inside, :2]).max() < 1.5 / camera.fx + 0.03


def test_exact_pinhole_numbers():
    pixels, z = PINHOLE.project([[1.0, -2.0, 4.0], [0, 0, 7.0]])
    assert pixels.tolist() == [[500 / 4 + 321.5, -510 / 2 + 238.25], [321.5, 238.25]]
    assert z.tolist() == [4.0, 7.0]
    depth = np.full((480, 640), 2.0)
    assert PINHOLE.back_project(depth)[100, 40] == pytest.approx(
        [2 * (40 - 321.5) / 500, 2 * (100 - 238.25) / 510, 2.0])


@pytest.mark.parametrize('name', LENSES)
def test_points_without_an_image(name, recwarn):
    points = [[0, 0, 0], [0, 0, -1], [1, 1, -2], [np.nan, 0, 1], [0, np.inf, 1], [0, 0, np.inf],
              [0, 0, np.nan], [1e9, 0, -1e-9]]
    pixels, z = lens(name).project(points)
    assert np.isnan(pixels).all() and len(z) == len(points)
    assert lens(name).project(np.zeros((0, 3)))[0].shape == (0, 2)
    assert not recwarn.list


def test_unknown_depth_gives_nan_points(recwarn):
    camera = Camera(4, 3, 2.0, 2.0, 1.0, 1.0)
    depth = np.full((3, 4), np.nan, np.float32)
    depth[1, 1], depth[0, 3] = np.inf, 5.0
    points = camera.back_project(depth)
    assert np.isfinite(points).all(2).sum() == 1
    assert points[0, 3].tolist() == [5.0, -2.5, 5.0]
    assert not recwarn.list
    with pytest.raises(InputError, match='4x2 but the camera is 4x3'):
        camera.back_project(depth[:2])


@pytest.mark.parametrize('name', LENSES)
def test_scaling_keeps_rays(name):
    camera = lens(name)
    half = camera.scaled(80, 60)
    # The centre of a 2x2 block is the centre of the half-size pixel.
    blocks = camera.rays().reshape(60, 2, 80, 2, 2).mean((1, 3))
    assert np.abs(half.rays() - blocks).max() < 3e-3
    assert half.scaled(160, 120).matrix == pytest.approx(camera.matrix)
    stretched = camera.scaled(320, 60)
    assert (stretched.fx, stretched.fy) == (camera.fx * 2, camera.fy / 2)


@pytest.mark.parametrize('name', LENSES)
def test_a_crop_is_a_window_of_the_rays(name):
    camera = lens(name)
    window = camera.cropped(13, 7, 50, 40)
    assert np.abs(window.rays() - camera.rays()[7:47, 13:63]).max() < 1e-5
    with pytest.raises(InputError, match='leaves the 160x120 image'):
        camera.cropped(120, 0, 41, 10)
    with pytest.raises(InputError):
        camera.cropped(0, 0, 0, 10)


def test_scaling_then_projecting_agrees_with_resizing_pixels():
    points = np.array([[0.3, -0.2, 2.0]])
    pixel = PINHOLE.project(points)[0][0]
    small = PINHOLE.scaled(320, 160).project(points)[0][0]
    assert small == pytest.approx((pixel + 0.5) * (0.5, 1 / 3) - 0.5)


@pytest.mark.parametrize('change,says', [
    ({'fx': 0.0}, 'focal length'), ({'fy': -1.0}, 'focal length'),
    ({'fx': float('nan')}, 'focal length'), ({'cx': float('inf')}, 'not calibrated'),
    ({'fx': 1e30}, 'no lens'), ({'cy': -1e9}, 'no lens'),
    ({'width': 0}, 'camera size is 0x480'), ({'height': -1}, 'camera size'),
    ({'model': 'equidistant'}, 'rectify'), ({'model': 'fisheye'}, 'rectify'),
    ({'distortion': (0.1, 0.2, 0.3)}, '3 distortion coefficients'),
    ({'distortion': (float('nan'),) * 5}, 'distortion'),
    ({'distortion': (0.1,) * 5, 'model': 'rational_polynomial'}, '5 distortion coefficients')])
def test_unusable_intrinsics_are_refused(change, says):
    values = {'width': 640, 'height': 480, 'fx': 500.0, 'fy': 500.0, 'cx': 320.0, 'cy': 240.0}
    with pytest.raises(InputError, match=says):
        Camera(**{**values, **change})


@pytest.mark.parametrize('distortion', [(10.0, -3.0, 5.0, 2.0, 1.0), (1e300, 0, 0, 0, 0)])
def test_a_lens_without_rays_is_refused(distortion):
    camera = Camera(1920, 1080, 900.0, 900.0, 960.0, 540.0, distortion)
    for look in (camera.check_lens, camera.rays):
        with pytest.raises(InputError, match='% of the image without a ray') as error:
            look()
        assert error.value.reason == 'camera_info'


def test_from_matrix_takes_k_and_p():
    k = [500, 0, 320, 0, 510, 240, 0, 0, 1]
    p = [500, 0, 320, 0, 0, 510, 240, 0, 0, 0, 1, 0]
    expected = Camera(640, 480, 500.0, 510.0, 320.0, 240.0)
    assert Camera.from_matrix(k, 640, 480) == Camera.from_matrix(p, 640, 480) == expected
    assert Camera.from_matrix(k, 640, 480, np.zeros(5)) == expected
    with pytest.raises(InputError, match='rectify'):
        Camera.from_matrix(k, 640, 480, np.zeros(4), 'equidistant')


def test_from_yaml(tmp_path):
    path = tmp_path / 'camera.yaml'
    path.write_text('image_width: 640\nimage_height: 480\ncamera_matrix: {rows: 3, cols: 3, data: '
                    '[500, 0, 321.5, 0, 510, 238.25, 0, 0, 1]}\ndistortion_model: plumb_bob\n'
                    'distortion_coefficients: {rows: 1, cols: 5, data: [0, 0, 0, 0, 0]}\n')
    assert Camera.from_yaml(path) == PINHOLE
    path.write_text('{width: 640, height: 480, fx: 500, fy: 510, cx: 321.5, cy: 238.25}')
    assert Camera.from_yaml(path) == PINHOLE


@pytest.mark.parametrize('text', [
    '', '[]', 'text', '{width: 3}', 'camera_matrix: 3', 'camera_matrix: {data: [1, 2]}',
    'camera_matrix: {data: [1, 2, 3]}\nimage_width: 4\nimage_height: 4',
    'camera_matrix: {data: [1,0,0,0,1,0,0,0,1]}\nimage_width: 4\nimage_height: 4\n'
    'distortion_coefficients: 7',
    'camera_matrix: {data: [1,0,0,0,1,0,0,0,1]}\nimage_width: wide\nimage_height: 4',
    '{unbalanced', '\x00\x01', '{width: 4, height: 4, fx: 0, fy: 1, cx: 1, cy: 1}'])
def test_a_broken_yaml_is_an_input_error(tmp_path, text):
    (tmp_path / 'camera.yaml').write_text(text)
    with pytest.raises(InputError):
        Camera.from_yaml(tmp_path / 'camera.yaml')


def test_a_missing_or_binary_yaml_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match='no camera file at'):
        Camera.from_yaml(tmp_path / 'nowhere.yaml')
    (tmp_path / 'binary.yaml').write_bytes(bytes(range(128, 256)))
    with pytest.raises(InputError, match='not a camera file'):
        Camera.from_yaml(tmp_path / 'binary.yaml')


def test_rays_cannot_be_spoilt_through_the_cache():
    with pytest.raises(ValueError):
        PINHOLE.rays()[0, 0] = 1
