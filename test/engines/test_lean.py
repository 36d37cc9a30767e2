# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A model cut to the outputs that somebody wants: same answers, and nothing else is computed."""
from dataclasses import replace

from depth_ros import engines
from depth_ros.engines import parity
from depth_ros.engines.cut import cut
from depth_ros.engines.lean import lean
from depth_ros.model import ModelError, read_spec
import numpy as np
import pytest
from tiny_networks import make_tiny_network

onnx = pytest.importorskip('onnx')
helper, numpy_helper, TensorProto = onnx.helper, onnx.numpy_helper, onnx.TensorProto


def add_saliency(path, masks=False):
    """
    Add a branch with weights of its own and a choice (If) that reads names from outside of it.

    :param masks: depth is multiplied by it, as in a composed model.
    """
    model = onnx.load(str(path))
    graph, node = model.graph, helper.make_node
    weights = np.random.default_rng(1).normal(0, 0.5, (1, 3, 3, 3)).astype(np.float32)
    graph.initializer.append(numpy_helper.from_array(weights, 'own'))
    plain = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ('x', 'y')]
    one = helper.make_graph([node('Sigmoid', ['s2'], ['x'])], 'one', [], [plain[0]])
    other = helper.make_graph([node('Identity', ['s2'], ['y'])], 'other', [], [plain[1]])
    graph.node.extend([
        node('Conv', ['normal', 'own'], ['s1'], pads=[1] * 4),
        node('Squeeze', ['s1', 'channel'], ['s2']),
        node('Greater', ['tiny', 'zero'], ['yes']),
        node('If', ['yes'], ['saliency'], then_branch=one, else_branch=other)])
    graph.output.append(helper.make_tensor_value_info(
        'saliency', TensorProto.FLOAT, (1, 'height', 'width')))
    if masks:
        last = next(n for n in graph.node if 'depth' in n.output)
        last.output[0] = 'bare'
        graph.node.append(node('Mul', ['bare', 's2'], ['depth']))
        for unused in [n for n in graph.node if {'yes', 'saliency'} & set(n.output)]:
            graph.node.remove(unused)
        # A node that does nothing is all that only the output needs.
        graph.node.append(node('Identity', ['s2'], ['saliency']))
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return read_spec(path)


@pytest.fixture
def spec(tmp_path):
    """Return the spec of a completion model with saliency."""
    return add_saliency(make_tiny_network(tmp_path / 'tiny.onnx'))


def answer(spec):
    engine = engines.load('onnxruntime', spec, spec.input_height, spec.input_width)
    return engine.run(**parity.stored_input(spec, spec.input_height, spec.input_width))


def test_lean(spec, tmp_path):
    """Depth to the last bit, metadata as they were, no trace of the branch; made once."""
    smaller = lean(spec, cache=tmp_path)
    whole, cutout = answer(spec), answer(smaller)
    assert set(whole) == {'depth', 'saliency'} and set(cutout) == {'depth'}
    assert np.array_equal(whole['depth'], cutout['depth'])
    assert whole['saliency'].min() > 0 and whole['saliency'].max() < 1
    differences = {name for name in spec.__dataclass_fields__
                   if getattr(spec, name) != getattr(smaller, name)}
    assert differences == {'file', 'sha256', 'outputs'}
    graph = onnx.load(str(smaller.file)).graph
    assert 'own' not in {value.name for value in graph.initializer}
    assert 'If' not in {node.op_type for node in graph.node}
    assert len(graph.node) == len(onnx.load(str(spec.file)).graph.node) - 4
    onnx.checker.check_model(onnx.load(str(smaller.file)))
    written = smaller.file.stat().st_mtime_ns
    assert lean(spec, cache=tmp_path) == smaller and smaller.file.stat().st_mtime_ns == written
    smaller.file.write_bytes(b'damaged')
    assert answer(lean(spec, cache=tmp_path))['depth'].shape == (64, 96)


def test_only_the_branch(spec):
    """The other way round the names that a branch of If reads stay."""
    content = cut(spec.file.read_bytes(), ['saliency'])
    graph = onnx.load_from_string(content).graph
    assert [value.name for value in graph.output] == ['saliency']
    assert {'first', 'last', 'mix'}.isdisjoint(value.name for value in graph.initializer)
    onnx.checker.check_model(onnx.load_from_string(content))
    path = spec.file.with_name('saliency.onnx')
    path.write_bytes(content)
    import onnxruntime
    session = onnxruntime.InferenceSession(str(path))
    feed = parity.stored_input(spec, 64, 96)
    found = session.run(None, {'image': feed['image'][None],
                               'sparse_depth': feed['sparse_depth'][None]})[0]
    assert np.array_equal(found[0], answer(spec)['saliency'])


def test_nothing_to_leave_out(tmp_path):
    """Without such an output, or where depth needs it, the model stays as it is."""
    plain = read_spec(make_tiny_network(tmp_path / 'plain.onnx'))
    assert lean(plain, cache=tmp_path / 'cache') is plain
    composed = add_saliency(make_tiny_network(tmp_path / 'composed.onnx'), masks=True)
    assert composed.outputs == ('depth', 'saliency')
    assert lean(composed, cache=tmp_path / 'cache') is composed
    assert not (tmp_path / 'cache').exists()


def test_faults(spec, tmp_path):
    """No folder to write into is a warning, no readable file an error."""
    (tmp_path / 'taken').write_text('a file')
    with pytest.warns(UserWarning, match='saliency is computed for every frame'):
        assert lean(spec, cache=tmp_path / 'taken') is spec
    with pytest.raises(ModelError, match='cannot be cut'):
        lean(replace(spec, file=tmp_path / 'none.onnx'), cache=tmp_path)
    for content in (b'', b'\x0f', b'\x3a\xff\xff', b'\x3a'):
        with pytest.raises(ValueError, match='these bytes'):
            cut(content, ['depth'])
    with pytest.raises(ValueError, match='no output confidence'):
        cut(spec.file.read_bytes(), ['confidence'])
