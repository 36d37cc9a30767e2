# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What goes into an ONNX teacher of others is told by its graph or by the user, never guessed."""
from depth_ros.contracts import InputError
import numpy as np
import pytest

torch = pytest.importorskip('torch')
onnx = pytest.importorskip('onnx')
from tiny_teachers import write_onnx  # noqa: E402
from training.teacher_depth import Layout, open_teacher  # noqa: E402
from training.teacher_input import own_normalisation  # noqa: E402

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
INSIDE = ('Sub', MEAN), ('Div', STD)
GREY = np.full((40, 60, 3), 102, np.uint8)
NORMALISED = np.mean((0.4 - np.array(MEAN)) / STD)


@pytest.mark.parametrize('first, found', [
    ((), None), (INSIDE, 'unit'), ([('Mul', (1 / 255,)), *INSIDE], 'bytes'),
    ([('Div', (255.0,)), *INSIDE], 'bytes'), ([('Sub', (123.7, 116.3, 103.5))], 'bytes'),
    ([('Add', (-0.485, -0.456, -0.406))], 'unit'), ([('Mul', (2.0,)), ('Sub', (1.0,))], 'unit'),
    ([('Div', STD)], 'unit')])
def test_graph_tells(tmp_path, first, found):
    """Means, deviations and factors at the beginning of a graph say what goes in."""
    told = own_normalisation(write_onnx(tmp_path / 'x.onnx', first=first))
    assert (told and told[0]) == found


@pytest.mark.parametrize('shape', [(1, 3, 384, 384), (1, 256, 256, 3), ('n', 3, 'h', 'w')])
def test_normalisation_inside(tmp_path, shape):
    """A file that normalises gets what it wants without a word; a contradiction is refused."""
    path = write_onnx(tmp_path / 'x.onnx', shape, first=INSIDE, takes='0', names=('797',))
    for layout in (Layout('depth'), Layout('depth', takes='unit')):
        depth = open_teacher(path, layout).depth(GREY)
        np.testing.assert_allclose(depth, 4.0 + NORMALISED, rtol=1e-4)
    with pytest.raises(InputError, match='normalises its image itself .it begins with Sub 0.485 '
                                         '0.456 0.406.: set .* to unit, not imagenet'):
        open_teacher(path, Layout('depth', takes='imagenet'))


def test_normalisation_outside(tmp_path):
    """A file that does not must be told; each name gives its numbers."""
    path = write_onnx(tmp_path / 'x.onnx')
    with pytest.raises(InputError, match='how they are normalised: set .takes. .--teacher-input.'):
        open_teacher(path, Layout('disparity'))
    with pytest.raises(InputError, match="unknown input of a teacher 'rgb'.*symmetric"):
        open_teacher(path, Layout('depth', takes='rgb'))
    for name, value in (('imagenet', NORMALISED), ('symmetric', -0.2), ('unit', 0.4),
                        ('bytes', 102.0)):
        depth = open_teacher(path, Layout('depth', takes=name)).depth(GREY)
        np.testing.assert_allclose(depth, 4.0 + value, rtol=1e-4)


def test_half_floats(tmp_path):
    """Files of 16-bit floats run, too."""
    path = write_onnx(tmp_path / 'x.onnx', kind='FLOAT16')
    depth = open_teacher(path, Layout('depth', takes='unit')).depth(GREY)
    np.testing.assert_allclose(depth, 4.4, rtol=1e-3)


def test_old_files_list_their_weights(tmp_path):
    """Weights among the inputs are not the image; a network begins with a convolution."""
    helper, real = onnx.helper, onnx.TensorProto.FLOAT
    weights = helper.make_tensor('w', real, (1, 3, 1, 1), [0.1, 0.2, 0.3])
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node('Conv', ['image', 'w'], ['map'])], 'old',
        [info('w', real, (1, 3, 1, 1)), info('image', real, (1, 3, 32, 48))],
        [info('map', real, None)], [weights])
    path = tmp_path / 'x.onnx'
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid('', 11)], ir_version=4),
              path)
    assert own_normalisation(path) is None
    with pytest.raises(InputError, match='how they are normalised'):
        open_teacher(path, Layout('depth'))
    depth = open_teacher(path, Layout('depth', takes='unit')).depth(GREY)
    np.testing.assert_allclose(depth, 0.6 * 0.4, rtol=1e-4)
