# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Model files that were replaced, that reach for other files, or whose names are paths."""
from pathlib import Path
import shutil

from depth_ros import engines, model
from depth_ros.commands.doctor import models
from depth_ros.contracts import InputError
from depth_ros.engines import EngineError
from depth_ros.model import available, find, ModelError, MODELS, read_spec
from depth_ros.model_file import read_model, SUMS, sums
import onnx
import pytest
from tiny_models import make_tiny_model


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """Return a copy of the folder of shipped models, which is the one in use."""
    folder = tmp_path / 'models'
    shutil.copytree(MODELS, folder)
    monkeypatch.setattr(model, 'MODELS', folder)
    return folder


def test_the_list_names_all_shipped_models():
    """SHA256SUMS is what `sha256sum` makes of the folder today."""
    assert sums(MODELS) == {path.name: read_spec(path).sha256 for path in MODELS.glob('*.onnx')}


def test_a_tampered_model_is_one_clear_error(shipped):
    """A byte of the weights, a whole other model, one that is added, one that is gone."""
    path = shipped / 'student.onnx'
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match='student.onnx is not the file that SHA256SUMS') as error:
        find(str(path))
    assert '\n' not in str(error.value)
    with pytest.raises(ModelError, match='student.onnx is not the file that SHA256SUMS'):
        find('', 'monocular')
    with pytest.warns(UserWarning, match='damaged or replaced'):
        assert [spec.name for spec in available()] == ['completion']
    assert any('SHA256SUMS' in check.found for check in models(shipped))
    shutil.copyfile(shipped / 'completion.onnx', path)
    with pytest.raises(ModelError, match='is not the file that'):
        read_spec(path)
    path.unlink()
    make_tiny_model(shipped / 'new.onnx')
    with pytest.warns(UserWarning) as told:
        assert [spec.name for spec in available()] == ['completion']
    said = ' '.join(str(one.message) for one in told)
    assert 'new.onnx is not listed in SHA256SUMS' in said and 'student.onnx is listed' in said


@pytest.mark.parametrize('text', ['no digest', 'a' * 63 + '  m.onnx', b'\xff\xfe', 'x\0'])
def test_a_damaged_list_is_named(tmp_path, text):
    """Half a list is none."""
    path = make_tiny_model(tmp_path / 'm.onnx')
    (tmp_path / SUMS).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ModelError, match='SHA256SUMS (is damaged|cannot be read)'):
        read_spec(path)


def test_what_was_looked_at_is_what_runs(tmp_path):
    """A file that is replaced between the two is not loaded."""
    spec = read_spec(make_tiny_model(tmp_path / 'm.onnx'))
    make_tiny_model(spec.file, depth=9.0)
    with pytest.raises(EngineError, match='changed since it was looked at'):
        engines.load_reference(spec, 64, 96)


def outside(path, location, attribute=False):
    """Give a model a weight that lies in another file."""
    made = onnx.load(str(path))
    tensor = made.graph.initializer[0]
    if attribute:
        node = made.graph.node.add(op_type='Constant', output=['c'])
        node.attribute.add(name='value', type=onnx.AttributeProto.TENSOR, t=tensor)
        made.graph.initializer.remove(tensor)
        tensor = node.attribute[0].t
    for field in ('raw_data', 'float_data', 'int64_data'):
        tensor.ClearField(field)
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key='location', value=str(location))
    Path(path).write_bytes(made.SerializeToString())
    return path


@pytest.mark.parametrize('attribute', [False, True])
@pytest.mark.parametrize('location', ['../secret', '/etc/passwd', 'beside'])
def test_weights_in_other_files_are_refused(tmp_path, location, attribute):
    """Neither out of the folder nor in it; a model is one file."""
    (tmp_path / 'secret').write_bytes(bytes(64))
    folder = tmp_path / 'folder'
    folder.mkdir()
    (folder / 'beside').write_bytes(bytes(64))
    path = outside(make_tiny_model(folder / 'm.onnx'), location, attribute)
    with pytest.raises(ModelError, match='keeps weights in other files'):
        find(str(path))
    # A model that merely speaks of a location is none of these.
    assert find(str(make_tiny_model(path, lineage='location'))).lineage == 'location'


@pytest.mark.parametrize('name', ['../../up', '/root/m', 'a/b', '.hidden', 'a\nb', 'x' * 200,
                                  'a\\b', '..'])
def test_a_name_that_is_a_path_is_refused(tmp_path, name):
    """It becomes part of the names of converted files."""
    with pytest.raises(ModelError, match='its name .* is part of file names') as error:
        read_spec(make_tiny_model(tmp_path / 'm.onnx', name=name))
    assert '\n' not in str(error.value)


def test_sizes_that_no_memory_holds(tmp_path):
    """Found by fuzzing: an input of two thousand million rows."""
    path = make_tiny_model(tmp_path / 'm.onnx', input_height=2 ** 31, size_multiple=32)
    with pytest.raises(ModelError, match='above 16384'):
        read_spec(path)


def test_no_file_and_names_that_are_none(tmp_path):
    """A folder, a name of a megabyte, a zero byte."""
    for name in (str(tmp_path), 'x' * 100_000, 'a\0b', tmp_path / 'no.onnx', 'a\0.onnx'):
        with pytest.raises(InputError) as error:
            find(name)
        assert '\n' not in str(error.value)
    with pytest.raises(ModelError, match='no model file'):
        read_model(tmp_path)
