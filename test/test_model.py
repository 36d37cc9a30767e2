# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The model contract: what a file must be, and the message that a user sees when it is not."""

import hashlib

from depth_ros import model
from depth_ros.contracts import InputError
from depth_ros.model import find, ModelError, read_spec
import numpy as np
import onnx
from onnx import helper, numpy_helper, TensorProto
import pytest
from tiny_models import make_tiny_model


@pytest.fixture
def tiny(tmp_path):
    """Path of a good completion model."""
    return make_tiny_model(tmp_path / 'tiny.onnx')


def message(path):
    """Return what the user is told about a file."""
    with pytest.raises(ModelError) as error:
        read_spec(path)
    text = str(error.value)
    assert isinstance(error.value, InputError)
    assert '\n' not in text and str(path) in text
    return text


def edited(path, change):
    """Apply `change(model)` to a model file; the file may then break the contract."""
    loaded = onnx.load(str(path))
    change(loaded)
    onnx.save(loaded, str(path))
    return path


def test_a_good_file_says_what_it_is(tiny):
    spec = read_spec(tiny)
    assert (spec.name, spec.task, spec.input_height, spec.input_width) == (
        'tiny', 'completion', 64, 96)
    assert spec.sha256 == hashlib.sha256(tiny.read_bytes()).hexdigest()
    assert spec.inputs == ('image', 'sparse_depth') and spec.outputs == ('depth',)
    assert spec.summary()['input'] == {'height': 64, 'width': 96}


def test_missing_file(tmp_path):
    assert 'no model file' in message(tmp_path / 'nowhere.onnx')
    (tmp_path / 'folder.onnx').mkdir()
    assert 'no model file' in message(tmp_path / 'folder.onnx')


@pytest.mark.parametrize('share', [0.0, 0.1, 0.5, 0.9, 0.99])
def test_truncated_file(tiny, share):
    content = tiny.read_bytes()
    tiny.write_bytes(content[:int(len(content) * share)])
    assert any(word in message(tiny) for word in ('truncated', 'metadata'))


@pytest.mark.parametrize('content', [
    b'', b'not a model', b'\x89PNG\r\n\x1a\n' + bytes(1000), bytes(range(256)) * 40,
    b'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n'])
def test_file_that_is_no_onnx(tmp_path, content):
    (tmp_path / 'other.onnx').write_bytes(content)
    assert 'truncated or not ONNX' in message(tmp_path / 'other.onnx')


def test_foreign_onnx(tiny):
    """Any other network: good ONNX, but nothing says what goes in and comes out."""
    def strip(loaded):
        del loaded.metadata_props[:]
    assert 'without depth_ros metadata' in message(edited(tiny, strip))
    assert 'export' in message(tiny)


def test_newer_contract(tmp_path):
    path = make_tiny_model(tmp_path / 'm.onnx', contract='2')
    assert 'contract 2' in message(path) and 'update depth_ros' in message(path)


@pytest.mark.parametrize('key', ['input_height', 'input_width', 'size_multiple', 'focal',
                                 'depth_min', 'depth_max'])
@pytest.mark.parametrize('value', [None, '', 'wide', 'nan', 'inf'])
def test_missing_or_garbled_number(tmp_path, key, value):
    text = message(make_tiny_model(tmp_path / 'm.onnx', **{key: value}))
    assert key in text and 'export it again' in text


@pytest.mark.parametrize('key,value,says', [
    ('input_height', 0, 'input size'), ('input_width', -32, 'input size'),
    ('size_multiple', -1, 'multiple'), ('depth_min', -1, 'depth range'),
    ('depth_min', 200, 'depth range'), ('input_height', 65, 'multiple'),
    ('figures', '{broken', 'metadata'), ('figures', '[1]', 'figures'),
    ('task', 'segmentation', 'completion, monocular, relative'), ('task', '', 'task'),
    ('task', None, 'task'), ('name', None, 'name'), ('name', '', 'name')])
def test_unusable_metadata(tmp_path, key, value, says):
    changes = {key: value}
    if key in ('input_height', 'task'):
        path = make_tiny_model(tmp_path / 'm.onnx')

        def change(loaded):
            kept = [p for p in loaded.metadata_props if p.key != model.PREFIX + key]
            props = [(p.key, p.value) for p in kept]
            if value is not None:
                props.append((model.PREFIX + key, str(value)))
            helper.set_model_props(loaded, dict(props))
        edited(path, change)
    else:
        path = make_tiny_model(tmp_path / 'm.onnx', **changes)
    assert says in message(path)


@pytest.mark.parametrize('focal', [0.0, -1.0])
def test_monocular_needs_a_focal_length(tmp_path, focal):
    path = make_tiny_model(tmp_path / 'm.onnx', 'monocular', focal=focal)
    assert 'focal length' in message(path)


def write_graph(path, inputs, outputs, nodes, constants=(), **metadata):
    """Write any graph with good metadata (fixed input size 8x8)."""
    graph = helper.make_graph(
        nodes, 'odd', [helper.make_tensor_value_info(*i) for i in inputs],
        [helper.make_tensor_value_info(*o) for o in outputs],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in dict(constants).items()])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 18)], ir_version=9)
    values = {'contract': model.CONTRACT, 'name': 'odd', 'task': 'relative', 'input_height': 8,
              'input_width': 8, 'size_multiple': 0, 'focal': 0, 'depth_min': 0, 'depth_max': 0,
              **metadata}
    helper.set_model_props(made, {model.PREFIX + k: str(v) for k, v in values.items()})
    onnx.save(made, str(path))
    return path


IMAGE = ('image', TensorProto.UINT8, (1, 8, 8, 3))
FLOAT_IMAGE = ('image', TensorProto.FLOAT, (1, 8, 8, 3))
PLANAR = ('image', TensorProto.UINT8, (1, 3, 8, 8))
DEPTH = ('depth', TensorProto.FLOAT, (1, 8, 8))


def graph_of(image, depth, to=TensorProto.FLOAT, axis=3, name='depth', keepdims=0):
    """Return the arguments of a graph that averages the channels."""
    nodes = [helper.make_node('Cast', [image[0]], ['colour'], to=TensorProto.FLOAT),
             helper.make_node('ReduceMean', ['colour', 'axis'], ['grey'], keepdims=keepdims),
             helper.make_node('Cast', ['grey'], [name], to=to)]
    return [image], [depth], nodes, {'axis': np.array([axis])}


WRONG = {
    'no image': (graph_of(('picture', *IMAGE[1:]), DEPTH), 'picture'),
    'float image': (graph_of(FLOAT_IMAGE, DEPTH), 'tensor(uint8)'),
    'planar image': (graph_of(PLANAR, DEPTH, axis=1), 'image'),
    'other size': (graph_of(('image', TensorProto.UINT8, (1, 16, 16, 3)),
                            ('depth', TensorProto.FLOAT, (1, 16, 16))), '16'),
    'no depth': (graph_of(IMAGE, ('disparity', *DEPTH[1:]), name='disparity'), 'disparity'),
    'double depth': (graph_of(IMAGE, ('depth', TensorProto.DOUBLE, (1, 8, 8)),
                              TensorProto.DOUBLE), 'tensor(double)'),
    'depth with a channel': (graph_of(IMAGE, ('depth', TensorProto.FLOAT, (1, 8, 8, 1)),
                                      keepdims=1), 'output depth'),
    'five-axis image': (graph_of(('image', TensorProto.UINT8, (1, 1, 8, 8, 3)),
                                 ('depth', TensorProto.FLOAT, (1, 1, 8, 8)), axis=4), 'image'),
}


@pytest.mark.parametrize('case', WRONG)
def test_graph_that_takes_or_gives_something_else(tmp_path, case):
    arguments, says = WRONG[case]
    text = message(write_graph(tmp_path / 'odd.onnx', *arguments))
    assert 'breaks the model contract' in text and says in text


def test_the_same_graph_done_right_is_taken(tmp_path):
    assert read_spec(write_graph(tmp_path / 'odd.onnx', *graph_of(IMAGE, DEPTH))).name == 'odd'


def test_completion_without_a_sparse_input(tmp_path):
    text = message(write_graph(tmp_path / 'odd.onnx', *graph_of(IMAGE, DEPTH), task='completion'))
    assert "expected ['image', 'sparse_depth']" in text


def test_free_size_needs_a_graph_with_free_axes(tmp_path):
    text = message(write_graph(tmp_path / 'odd.onnx', *graph_of(IMAGE, DEPTH), size_multiple=4))
    assert 'size_multiple' in text


def test_find_by_path_name_and_task(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(model, 'MODELS', tmp_path)
    make_tiny_model(tmp_path / 'b.onnx', name='completion')
    make_tiny_model(tmp_path / 'c.onnx', 'monocular', name='student')
    make_tiny_model(tmp_path / 'a.onnx', 'monocular', name='another')
    assert find(str(tiny)).file == find(tiny).file == tiny
    assert find('', 'completion').name == 'completion'
    assert find('', 'monocular').name == 'student'
    assert find('another').task == 'monocular'
    assert [s.name for s in model.available()][:2] == ['completion', 'student']
    with pytest.raises(ModelError, match='does monocular, this needs completion'):
        find('student', 'completion')
    with pytest.raises(ModelError, match='unknown model .nope.: choose one of .*student'):
        find('nope')
    with pytest.raises(ModelError, match='student'):
        find('')
    with pytest.raises(ModelError, match='no model file'):
        find(str(tmp_path / 'nope.onnx'))


def test_models_of_other_folders(tmp_path, monkeypatch):
    own, other = tmp_path / 'own', tmp_path / 'other'
    own.mkdir(), other.mkdir()
    make_tiny_model(own / 'm.onnx', name='mine')
    monkeypatch.setattr(model, 'MODELS', other)
    monkeypatch.setenv('DEPTH_ROS_MODELS', f'{own}:{tmp_path / "absent"}:')
    assert find('mine').file == own / 'm.onnx'


def test_nothing_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(model, 'MODELS', tmp_path)
    monkeypatch.delenv('DEPTH_ROS_MODELS', raising=False)
    with pytest.raises(ModelError, match='none installed'):
        find('', 'completion')


def test_a_damaged_neighbour_does_not_hide_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(model, 'MODELS', tmp_path)
    make_tiny_model(tmp_path / 'good.onnx', name='good')
    (tmp_path / 'bad.onnx').write_bytes(b'broken')
    assert find('good').name == 'good'
    with pytest.raises(ModelError, match='bad.onnx'):
        find('bad')
    with pytest.warns(UserWarning, match='bad.onnx'):
        assert len(model.available()) == 1
