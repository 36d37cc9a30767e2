# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The estimator with models whose answer is known; metres, not impressions."""

import cv2
from depth_ros import lidar
from depth_ros.camera import Camera
from depth_ros.contracts import InputError
from depth_ros.estimator import Estimator, NoLineError
from depth_ros.model import find, ModelError, MODELS, read_spec
from depth_ros.resizing import enlarge_depth, input_size
import numpy as np
import pytest
from tiny_models import make_tiny_model

CAMERA = Camera(320, 240, 260.0, 260.0, 159.5, 119.5)
GREY = np.full((240, 320, 3), 128, np.uint8)
OPTICAL = np.array([[0, -1, 0, 0], [0, 0, -1, 0.1], [1, 0, 0, 0], [0, 0, 0, 1.0]])


def wall(distance=2.0, pose=OPTICAL):
    """Points of a flat wall across the optical axis, seen by a scan, in the optical frame."""
    angles = np.radians(np.arange(-45, 45.1, 0.25))
    scan = lidar.Scan(distance / np.cos(angles), angles[0], np.radians(0.25), 0.1, 30.0)
    return lidar.transform(lidar.scan_points(scan)[0], pose)


def tiny(tmp_path, task='completion', **changes):
    return str(make_tiny_model(tmp_path / 'm.onnx', task, **changes))


def test_the_wall_is_right_on_the_line_though_the_model_is_not(tmp_path):
    estimator = Estimator(tiny(tmp_path, depth=2.6))
    frame = estimator.estimate(GREY, CAMERA, points=wall())
    row = round(119.5 + 260 * 0.1 / 2)
    assert set(np.nonzero(frame.sparse_depth)[0]) == {row}
    assert np.abs(frame.depth[row] - 2.0).max() < 0.01
    assert frame.depth.shape == (240, 320) and frame.depth.dtype == np.float32
    assert frame.residual.median_rel == pytest.approx(0.3, abs=1e-3)
    assert frame.residual.bias_rel == pytest.approx(np.log(1.3), abs=1e-3)
    assert frame.residual.anchored_median_abs < 1e-6
    assert frame.metric and frame.confidence is None
    assert set(frame.timings_ms) == {'preprocess', 'inference', 'postprocess'}


def test_points_and_sparse_image_are_the_same_input(tmp_path):
    estimator = Estimator(tiny(tmp_path, depth=2.6))
    by_points = estimator.estimate(GREY, CAMERA, points=wall())
    by_image = estimator.estimate(GREY, CAMERA, sparse=lidar.sparse_depth(wall(), CAMERA))
    assert np.array_equal(by_points.depth, by_image.depth)


def test_anchoring_leaves_what_is_far_from_the_line(tmp_path):
    with_line = Estimator(tiny(tmp_path, depth=2.6)).estimate(GREY, CAMERA, points=wall())
    assert with_line.depth[:20] == pytest.approx(2.6, rel=1e-4)
    off = Estimator(tiny(tmp_path, depth=2.6), anchor=False)
    assert np.unique(off.estimate(GREY, CAMERA, points=wall()).depth).tolist() == [np.float32(2.6)]


def test_anchoring_is_exact_at_every_measured_pixel(tmp_path):
    rng = np.random.default_rng(0)
    estimator = Estimator(tiny(tmp_path, depth=0.0, image_gain=30.0))
    for share in (0.0002, 0.01, 0.2):
        image = rng.integers(0, 255, (240, 320, 3), np.uint8)
        sparse = np.where(rng.random((240, 320)) < share, rng.uniform(0.3, 80, (240, 320)), 0)
        frame = estimator.estimate(image, CAMERA, sparse=sparse)
        measured = sparse > 0
        assert np.array_equal(frame.depth[measured], sparse.astype(np.float32)[measured])
        assert np.array_equal(frame.sparse_depth, sparse.astype(np.float32))


@pytest.mark.parametrize('line', ['points', 'sparse', 'nothing', 'behind', 'not finite'])
def test_without_a_line_depth_is_not_metric(tmp_path, line):
    given = {'points': {'points': np.zeros((0, 3))}, 'nothing': {},
             'sparse': {'sparse': np.zeros((240, 320))},
             'behind': {'points': wall() * (1, 1, -1)},
             'not finite': {'sparse': np.full((240, 320), np.nan)}}[line]
    frame = Estimator(tiny(tmp_path)).estimate(GREY, CAMERA, **given)
    assert not frame.metric and frame.residual is None
    assert np.unique(frame.depth).tolist() == [2.0]
    with pytest.raises(NoLineError):
        Estimator(tiny(tmp_path), require_line=True).estimate(GREY, CAMERA, **given)


def test_what_is_no_measurement_in_a_sparse_image_is_ignored(tmp_path, recwarn):
    sparse = lidar.sparse_depth(wall(), CAMERA)
    dirty = sparse.copy()
    dirty[5], dirty[6], dirty[7], dirty[8] = np.nan, np.inf, -np.inf, -3.0
    estimator = Estimator(tiny(tmp_path, depth=2.6))
    clean = estimator.estimate(GREY, CAMERA, sparse=sparse)
    assert np.array_equal(estimator.estimate(GREY, CAMERA, sparse=dirty).depth, clean.depth)
    assert not recwarn.list


def test_beyond_range_is_inf_and_no_distance_is_nan(tmp_path):
    """Stripes of -5, 0, 25 and 100 m by a model that reaches from 0.5 m to 30 m."""
    model = tiny(tmp_path, 'monocular', depth=-5.0, image_gain=105.0, depth_min=0.5,
                 depth_max=30.0, height=240, width=320, size_multiple=0, focal=260.0)
    image = np.zeros((240, 320, 3), np.uint8)
    for stripe, metres in enumerate((-5, 0.2, 25, 100)):
        image[:, 80 * stripe:80 * stripe + 80] = round((metres + 5) / 105 * 255)
    depth = Estimator(model).estimate(image, CAMERA).depth
    assert np.isnan(depth[:, :160]).all()
    assert depth[:, 160:240] == pytest.approx(25.0, abs=0.3)
    assert np.isposinf(depth[:, 240:]).all()


def test_a_measurement_beyond_the_range_of_the_model_stays(tmp_path):
    sparse = np.zeros((240, 320), np.float32)
    sparse[100, ::2] = 45.0
    model = tiny(tmp_path, depth=50.0, depth_max=30.0, confidence=0.1)
    frame = Estimator(model, min_confidence=0.5).estimate(GREY, CAMERA, sparse=sparse)
    assert np.array_equal(frame.depth[sparse > 0], sparse[sparse > 0])
    assert not np.isfinite(frame.depth[0]).any()


@pytest.mark.parametrize('minimum,known', [(0.0, True), (0.3, True), (0.5, False)])
def test_low_confidence_is_unknown(tmp_path, minimum, known):
    model = tiny(tmp_path, 'monocular', depth=2.0, confidence=0.4)
    frame = Estimator(model, min_confidence=minimum).estimate(GREY, CAMERA)
    assert np.isfinite(frame.depth).all() == known and np.isnan(frame.depth).all() != known
    assert frame.confidence.shape == (240, 320)
    assert frame.confidence == pytest.approx(0.4)


@pytest.mark.parametrize('zoom_x,zoom_y', [(1.0, 1.0), (2.0, 2.0), (0.5, 0.5), (2.0, 0.5), (3, 1)])
def test_monocular_depth_scales_with_the_focal_length(tmp_path, zoom_x, zoom_y):
    """Depth is for focal length 100 at the input of 96x64: sqrt(fx fy) there decides."""
    camera = Camera(320, 240, 260.0 * zoom_x, 260.0 * zoom_y, 159.5, 119.5)
    model = tiny(tmp_path, 'monocular', depth=3.0, size_multiple=0)
    focal = np.sqrt(260 * zoom_x * 96 / 320 * 260 * zoom_y * 64 / 240)
    frame = Estimator(model).estimate(GREY, camera)
    assert frame.depth == pytest.approx(3.0 * focal / 100.0, rel=1e-5)
    assert frame.residual is None and frame.sparse_depth is None


def test_the_same_scene_through_a_bigger_image_has_the_same_depth(tmp_path):
    model = tiny(tmp_path, 'monocular', depth=3.0)
    estimator = Estimator(model)
    small = estimator.estimate(GREY, CAMERA).depth[0, 0]
    big = estimator.estimate(np.full((480, 640, 3), 128, np.uint8), CAMERA.scaled(640, 480))
    assert big.depth[0, 0] == pytest.approx(small)


def test_no_flying_pixels_between_near_and_far(tmp_path):
    focal = np.sqrt(260 * 96 / 320 * 260 * 64 / 240)
    model = tiny(tmp_path, 'monocular', depth=2.0, image_gain=18.0, focal=focal)
    image = np.zeros((240, 320, 3), np.uint8)
    image[:, 160:] = 255
    depth = Estimator(model).estimate(image, CAMERA).depth
    flying = (depth > 2.2) & (depth < 19.0)
    assert not flying.any()
    assert depth[0, 0] == pytest.approx(2.0) and depth[0, -1] == pytest.approx(20.0, rel=0.01)


def test_enlarging_blends_slopes_and_keeps_steps():
    small = np.tile(np.float32([1, 1, 1, 8, 8, 8]), (4, 1))
    large = enlarge_depth(small, Camera(60, 40, 9.0, 9.0, 1.0, 1.0))
    assert set(np.unique(large)) == {1.0, 8.0}
    assert np.abs(np.argmax(large[0] > 4) - 30) <= 1
    slope = np.tile(np.linspace(10, 10.5, 6, dtype=np.float32), (4, 1))
    assert len(np.unique(enlarge_depth(slope, Camera(60, 40, 9.0, 9.0, 1.0, 1.0)))) > 20
    shrunk = enlarge_depth(np.tile(np.float32([1] * 30 + [8] * 30), (40, 1)),
                           Camera(6, 4, 9.0, 9.0, 1.0, 1.0))
    assert shrunk[0].tolist() == [1, 1, 1, 8, 8, 8]


def test_the_image_size_may_change_in_mid_stream(tmp_path):
    estimator = Estimator(tiny(tmp_path, depth=2.6))
    for width, height in ((320, 240), (640, 128), (320, 240), (48, 64), (31, 17)):
        camera = CAMERA.scaled(width, height)
        image = np.zeros((height, width, 3), np.uint8)
        frame = estimator.estimate(image, camera, points=wall())
        assert frame.depth.shape == (height, width)
        assert frame.depth[frame.sparse_depth > 0] == pytest.approx(2.0, abs=0.01)


def test_another_aspect_does_not_load_the_model_again(tmp_path):
    estimator = Estimator(tiny(tmp_path))
    estimator.prepare(Camera(96, 64, 80.0, 80.0, 47.5, 31.5))
    first = estimator.engine
    estimator.prepare(Camera(640, 160, 300.0, 300.0, 319.5, 79.5))
    assert (estimator.engine.height, estimator.engine.width) != (first.height, first.width)
    assert estimator.engine.session is first.session


def test_the_image_is_not_changed_and_may_be_a_view(tmp_path):
    estimator = Estimator(tiny(tmp_path, depth=0.0, image_gain=20.0))
    wide = np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)
    view = wide[::2, ::-2]
    before = wide.copy()
    frame = estimator.estimate(view, CAMERA, points=wall())
    again = estimator.estimate(np.ascontiguousarray(view), CAMERA, points=wall())
    assert np.array_equal(frame.depth, again.depth)
    assert np.array_equal(wide, before)


def test_results_do_not_share_memory_between_frames(tmp_path):
    model = tiny(tmp_path, depth=2.0, confidence=0.5, height=240, width=320, size_multiple=0)
    estimator = Estimator(model)
    first = estimator.estimate(GREY, CAMERA, points=wall())
    kept = first.depth.copy()
    estimator.estimate(GREY, CAMERA, points=wall(5.0))
    assert np.array_equal(first.depth, kept)


@pytest.mark.parametrize('image,says', [
    (np.zeros((240, 320), np.uint8), 'expected'), (np.zeros((240, 320, 4), np.uint8), 'expected'),
    (np.zeros((240, 320, 3), np.uint16), 'uint16'), (np.zeros((120, 320, 3), np.uint8), '320x120'),
    (np.zeros((240, 320, 3), np.float32), 'float32')])
def test_a_wrong_image_is_an_input_error(tmp_path, image, says):
    with pytest.raises(InputError, match=says):
        Estimator(tiny(tmp_path)).estimate(image, CAMERA)


def test_a_sparse_image_of_another_size_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match='10x20 but the image is 320x240'):
        Estimator(tiny(tmp_path)).estimate(GREY, CAMERA, sparse=np.zeros((20, 10)))


def test_sizes_that_the_model_cannot_run_at(tmp_path):
    fixed, free = tiny(tmp_path, size_multiple=0), str(make_tiny_model(tmp_path / 'free.onnx'))
    with pytest.raises(InputError, match='only runs at 96x64'):
        Estimator(fixed, size=(64, 128)).prepare()
    for size in ((64, 100), (0, 96), (-32, 96)):
        with pytest.raises(InputError, match='multiples of 32'):
            Estimator(free, size=size).prepare()
    with pytest.raises(InputError, match='unknown engine'):
        Estimator(free, engine='warp')
    with pytest.raises(ModelError, match='unknown model'):
        Estimator('no such model')


@pytest.mark.parametrize('width,height', [(640, 480), (1242, 375), (480, 640), (64, 48),
                                          (5000, 4)])
def test_input_size_keeps_budget_and_aspect(tmp_path, width, height):
    spec = read_spec(tiny(tmp_path, height=256, width=320))
    rows, columns = input_size(spec, Camera(width, height, 99.0, 99.0, 1.0, 1.0))
    assert rows % 32 == columns % 32 == 0 and rows > 0 and columns > 0
    if width < 5000:
        assert 0.6 < rows * columns / (256 * 320) < 1.6
        assert 0.75 < (columns / rows) / (width / height) < 1.34


@pytest.mark.parametrize('width,height', [(65536, 1), (1, 65536), (10 ** 6, 4)])
def test_a_camera_that_would_make_the_model_huge_is_refused(tmp_path, width, height):
    spec = read_spec(make_tiny_model(tmp_path / 'm.onnx'))
    with pytest.raises(InputError, match='too long and narrow') as error:
        input_size(spec, Camera(width, height, 99.0, 99.0, 1.0, 1.0))
    assert error.value.reason == 'camera_info'
    input_size(spec, Camera(4096, 256, 99.0, 99.0, 1.0, 1.0))


@pytest.mark.parametrize('task', ['completion', 'monocular'])
def test_the_shipped_model_in_three_lines(task):
    if not list(MODELS.glob('*.onnx')):
        pytest.skip('no model is shipped in this checkout')
    image = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8),
                             (0, 0), 5)
    frame = Estimator(find('', task)).estimate(image, CAMERA, points=wall())
    assert frame.depth.shape == (240, 320) and frame.metric
    assert np.isfinite(frame.depth).mean() > 0.5
    if task == 'completion':
        assert frame.depth[frame.sparse_depth > 0] == pytest.approx(2.0, abs=0.01)


def test_the_shipped_completion_model_has_no_scale_of_its_own():
    """The same picture with every measurement times k gives every depth times k."""
    if not (MODELS / 'completion.onnx').is_file():
        pytest.skip('no completion model is shipped in this checkout')
    estimator = Estimator('completion', anchor=False)
    image = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8),
                             (0, 0), 8)
    one, four = (estimator.estimate(image, CAMERA, points=wall(2.0) * k).depth for k in (1, 4))
    both = np.isfinite(one) & np.isfinite(four)
    assert both.mean() > 0.3
    assert four[both] / one[both] == pytest.approx(4.0, rel=1e-3)
