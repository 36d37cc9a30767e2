# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The complete command: files in, files out."""
import cv2
from depth_ros.cli import main
from depth_ros.contracts import metres_to_millimetres, write_depth
import numpy as np
import pytest
from tiny_models import make_tiny_model

HEIGHT, WIDTH = 48, 64


@pytest.fixture
def inputs(tmp_path):
    """Write an image, a line at 3 m in row 30, a calibration and a model that says 2 m."""
    sparse = np.zeros((HEIGHT, WIDTH), np.float32)
    sparse[30] = 3.0
    cv2.imwrite(str(tmp_path / 'image.png'), np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    cv2.imwrite(str(tmp_path / 'sparse.png'), metres_to_millimetres(sparse))
    write_depth(tmp_path / 'kitti.png', sparse, 'kitti')
    np.save(tmp_path / 'sparse.npy', sparse)
    (tmp_path / 'K.yaml').write_text(
        f'width: {WIDTH}\nheight: {HEIGHT}\nfx: 50.0\nfy: 50.0\ncx: 31.5\ncy: 23.5\n')
    make_tiny_model(tmp_path / 'tiny.onnx', depth=2.0)
    make_tiny_model(tmp_path / 'mono.onnx', 'monocular', depth=2.0, focal=50.0, height=HEIGHT,
                    width=WIDTH, size_multiple=0)
    return tmp_path


def complete(folder, sparse, out, *arguments, model='tiny.onnx'):
    lines = ['--sparse', str(folder / sparse)] if sparse else []
    return main(['complete', '--image', str(folder / 'image.png'), *lines, '--camera',
                 str(folder / 'K.yaml'), '--model', str(folder / model), '--out',
                 str(folder / out), *arguments])


@pytest.mark.parametrize('sparse, arguments, out, unit, scale', [
    ('sparse.png', (), 'depth.png', 'mm', 1000), ('sparse.npy', (), 'depth.png', 'kitti', 256),
    ('kitti.png', ('--sparse-unit', 'kitti'), 'new/depth.png', 'mm', 1000)])
def test_png_units(inputs, sparse, arguments, out, unit, scale):
    assert complete(inputs, sparse, out, '--unit', unit, *arguments) == 0
    depth = cv2.imread(str(inputs / out), cv2.IMREAD_UNCHANGED)
    assert depth.dtype == np.uint16 and depth.shape == (HEIGHT, WIDTH)
    assert (depth[30] == 3 * scale).all() and depth[0, 0] == 2 * scale
    colour = cv2.imread(str((inputs / out).with_name('depth_color.png')))
    assert colour.shape == (HEIGHT, WIDTH, 3)
    assert (colour[30, 5] != colour[0, 5]).any()


def test_npy_in_metres(inputs, capsys):
    assert complete(inputs, 'sparse.png', 'depth.npy') == 0
    depth = np.load(inputs / 'depth.npy')
    assert depth.dtype == np.float32 and (depth[30] == 3.0).all()
    assert 'on the line (64 points)' in capsys.readouterr().out


def test_without_anchoring_the_model_has_its_way(inputs):
    assert complete(inputs, 'sparse.png', 'depth.npy', '--no-anchor') == 0
    assert np.load(inputs / 'depth.npy') == pytest.approx(2.0)


def test_monocular_needs_no_line(inputs):
    assert complete(inputs, None, 'depth.npy', model='mono.onnx') == 0
    assert np.load(inputs / 'depth.npy') == pytest.approx(2.0)


@pytest.mark.parametrize('sparse, out, arguments, message', [
    (None, 'depth.png', (), '--sparse'),
    ('absent.png', 'depth.png', (), 'absent.png'),
    ('image.png', 'depth.png', (), '16-bit'),
    ('sparse.png', 'depth.jpg', (), '.png (16-bit) or .npy'),
    ('sparse.png', 'depth.png', ('--unit', 'm'), 'does not fit'),
    ('sparse.png', 'depth.npy', ('--unit', 'mm'), 'does not fit')])
def test_bad_input(inputs, capsys, sparse, out, arguments, message):
    assert complete(inputs, sparse, out, *arguments) == 2
    assert message in capsys.readouterr().err
    assert not (inputs / out).exists()


def test_line_of_another_size_is_refused(inputs, capsys):
    np.save(inputs / 'small.npy', np.ones((4, 5), np.float32))
    assert complete(inputs, 'small.npy', 'depth.png') == 2
    assert '5x4' in capsys.readouterr().err
