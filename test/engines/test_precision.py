# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Model files in other precisions: same contract, near numbers, float32 where it is needed."""

from dataclasses import replace
import subprocess
import sys

from depth_ros import engines
from depth_ros.contracts import InputError
from depth_ros.engines import int8, onnx_graph, parity
from depth_ros.engines.calibration import Calibration
from depth_ros.engines.half import to_half
from depth_ros.engines.precision import emulated, typed
from depth_ros.model import find, read_spec
import numpy as np
import pytest
from tiny_models import make_tiny_model
from tiny_networks import make_tiny_network

onnx = pytest.importorskip('onnx')
STEEP = {'Log', 'Exp', 'ReduceSum', 'ReduceMean', 'Div', 'Pow', 'Softmax', 'Sqrt'}


@pytest.fixture
def spec(tmp_path):
    return read_spec(make_tiny_network(tmp_path / 'tiny.onnx'))


def outputs(file):
    spec = file if hasattr(file, 'task') else read_spec(file)
    height, width = spec.input_height, spec.input_width
    engine = engines.load('onnxruntime', spec, height, width)
    return engine.run(**parity.stored_input(spec, height, width))


def types(file):
    """Return {tensor: ONNX type} of a model file and its graph."""
    graph = onnx.shape_inference.infer_shapes(onnx.load(str(file))).graph
    found = {value.name: value.type.tensor_type.elem_type
             for value in (*graph.input, *graph.output, *graph.value_info)}
    found.update((tensor.name, tensor.data_type) for tensor in graph.initializer)
    return found, graph


@pytest.mark.parametrize('precision', ['fp32', 'fp16', 'int8'])
def test_converted_files_are_models_of_the_same_contract(shipped, converted, precision):
    spec, file = find(shipped), converted(shipped, precision)
    made = read_spec(file)
    assert replace(made, file=spec.file, sha256=spec.sha256) == spec
    assert made.figures == spec.figures
    found = parity.compare(outputs(spec), outputs(made), precision)
    assert found.passed, found.text()
    # float32 is only put into another order.
    assert found.max_rel == 0 if precision == 'fp32' else found.median_rel > 0
    share = file.stat().st_size / spec.file.stat().st_size
    assert {'fp32': 0.99 < share < 1.01, 'fp16': share < 0.52, 'int8': share < 0.35}[precision]


def test_bf16_keeps_the_contract_and_its_rounding_is_within_limits(shipped, converted, tmp_path):
    spec = find(shipped)
    before, after = onnx.load(str(spec.file)), onnx.load(str(converted(shipped, 'bf16')))
    assert list(after.graph.input) == list(before.graph.input)
    assert list(after.graph.output) == list(before.graph.output)
    assert list(after.metadata_props) == list(before.metadata_props)
    onnx.checker.check_model(after, full_check=True)
    # The same rounding in float32, since ONNX Runtime has no bf16 kernels.
    found = parity.compare(outputs(spec), outputs(emulated(spec, 'bf16', tmp_path)), 'bf16')
    assert found.passed and found.median_rel > 1e-4, found.text()


def test_emulated_fp16_errs_as_fp16_does(converted, tmp_path):
    spec = find('student')
    exact = outputs(spec)['depth']

    def error(file):
        return np.median(np.abs(outputs(file)['depth'] / exact - 1))
    real = error(converted('student', 'fp16'))
    assert 0.3 * real < error(emulated(spec, 'fp16', tmp_path)) < 3 * real


@pytest.mark.parametrize('precision, kind', [('fp16', onnx_graph.FLOAT16),
                                             ('bf16', onnx_graph.BFLOAT16)])
def test_scale_logarithms_and_sums_stay_float32(shipped, converted, precision, kind):
    found, graph = types(converted(shipped, precision))
    convolutions = [node for node in graph.node if node.op_type == 'Conv']
    assert len(convolutions) > 50
    assert {found[name] for node in convolutions for name in (*node.input, *node.output)} == {kind}
    steep = [name for node in graph.node if node.op_type in STEEP for name in node.output]
    assert steep and {found[name] for name in steep if name in found} == {onnx_graph.FLOAT}


def test_int8_keeps_what_it_costs_most(shipped, converted):
    found, graph = types(converted(shipped, 'int8'))
    made = {output: node for node in graph.node for output in node.output}
    low = [node for node in graph.node if node.op_type == 'Conv'
           and all(made[name].op_type == 'DequantizeLinear' for name in node.input[:2])]
    high = [node for node in graph.node if node.op_type == 'Conv'
            and not any(name in made and made[name].op_type == 'DequantizeLinear'
                        for name in node.input)]
    assert {found[node.output[0]] for node in (*low, *high)} == {onnx_graph.FLOAT16}
    assert len(low) > 25 and len(low) + len(high) == sum(
        node.op_type == 'Conv' for node in graph.node)
    assert all(onnx.helper.get_node_attr_value(node, 'group') == 1 for node in low)
    # First and last convolutions are among the float ones; TensorRT wants symmetric scales.
    order = [node.name for node in graph.node if node.op_type == 'Conv']
    assert {order[0], order[-1]} <= {node.name for node in high}
    zeros = [tensor for tensor in graph.initializer if tensor.name.endswith('_zero')]
    assert zeros and not any(onnx.numpy_helper.to_array(tensor).any() for tensor in zeros)
    assert not {name for node in low for name in node.input[2:] if name in made}, 'a bias in int8'


def test_casting_first_changes_no_number(spec, tmp_path):
    model = onnx.load(str(spec.file))
    onnx_graph.cast_first(model)
    onnx.checker.check_model(model, full_check=True)
    assert [node.op_type for node in model.graph.node][:2] == ['Cast', 'Transpose']
    again = model.SerializeToString()
    onnx_graph.cast_first(model)
    assert model.SerializeToString() == again
    assert np.array_equal(outputs(typed(spec, 'fp32', tmp_path))['depth'], outputs(spec)['depth'])


def test_the_rule_may_be_replaced_by_a_pattern(spec, tmp_path):
    def low(keep):
        file = typed(spec, 'int8', tmp_path, Calibration(frames=1, keep=keep))
        found, graph = types(file)
        made = {output: node.op_type for node in graph.node for output in node.output}
        return {node.name for node in graph.node if node.op_type == 'Conv'
                and made.get(node.input[0]) == 'DequantizeLinear'}
    assert low(None) == {'mix'}
    assert low('^$') == {'first', 'depthwise', 'mix', 'last'}
    assert low('first|mix') == {'depthwise', 'last'}


def test_files_for_tensorrt_8_have_its_operators_and_the_same_numbers(shipped, tmp_path):
    spec = find(shipped)
    file = typed(spec, 'fp32', tmp_path, old=True)
    model = onnx.load(str(file))
    assert [item.version for item in model.opset_import] == [17]
    means = [node for node in model.graph.node if node.op_type == 'ReduceMean']
    assert means and all(len(node.input) == 1 for node in means)
    assert replace(read_spec(file), file=spec.file, sha256=spec.sha256) == spec
    assert np.array_equal(outputs(file)['depth'], outputs(spec)['depth'])


def test_the_middle_is_between_the_convolutions(spec):
    assert onnx_graph.middle(onnx.load(str(spec.file))) == set('abcdefg')


def test_weights_beyond_fp16_are_clipped_and_bf16_is_rounded_to_the_nearest(spec):
    values = np.array([1.0, 1.00390625, 1.01171875, -3e38, 7e4, 1e-9], np.float32)

    def rounded(name):
        model = onnx.load(str(spec.file))
        weights = next(tensor for tensor in model.graph.initializer if tensor.name == 'last')
        content = np.zeros((1, 8, 1, 1), np.float32)
        content.ravel()[:6] = values
        weights.CopyFrom(onnx.numpy_helper.from_array(content, 'last'))
        made = to_half(model, name, emulate=True)
        return next(onnx.numpy_helper.to_array(tensor).ravel()[:6]
                    for tensor in made.graph.initializer if tensor.name == 'last_low')
    half, brain = rounded('FLOAT16'), rounded('BFLOAT16')
    assert half[3] == -65504 and half[4] == 65504 and half[5] == 0
    # Ties go to the even one: 7 bits after the point.
    assert list(brain[:3]) == [1.0, 1.0, 1.015625]
    assert np.allclose(brain[3:], values[3:], rtol=2 ** -8)


def test_scales_are_numbers_of_fp16():
    scales = int8.fitting(np.array([1e-9, 0.0123, 3.0]))
    assert np.array_equal(scales, scales.astype(np.float16)) and scales[0] == 2 ** -14
    assert np.allclose(scales[1:], [0.0123, 3.0], rtol=1e-3)


def test_ranges_of_activations_clip_outliers_only():
    # All magnitudes alike: nothing is worth clipping. One outlier among many: it is.
    assert int8.best_clip(np.ones(2048), 8.0) == 8.0
    counts = np.zeros(2048)
    counts[:100], counts[-1] = 1e6, 1
    assert int8.best_clip(counts, 8.0) < 2.0


def test_files_are_kept_under_what_they_come_from(spec, tmp_path):
    lines = []
    file = typed(spec, 'int8', tmp_path / 'kept', Calibration(frames=1), lines.append)
    stamp = file.stat().st_mtime_ns
    assert typed(spec, 'int8', tmp_path / 'kept', Calibration(frames=1), lines.append) == file
    assert file.stat().st_mtime_ns == stamp and lines == ['converting tiny to int8']
    others = {typed(spec, 'int8', tmp_path / 'kept', Calibration(frames=2)),
              typed(spec, 'int8', tmp_path / 'kept', Calibration(frames=1), old=True),
              typed(spec, 'fp16', tmp_path / 'kept'),
              typed(read_spec(make_tiny_model(tmp_path / 'other.onnx', depth=3.0)), 'fp16',
                    tmp_path / 'kept')}
    assert len(others | {file}) == 5
    assert onnx_graph.FLOAT16 in types(file)[0].values()
    assert onnx_graph.FLOAT16 not in types(typed(
        spec, 'int8', tmp_path / 'kept', Calibration(frames=1), old=True))[0].values()
    blocked = tmp_path / 'file'
    blocked.write_text('no folder')
    assert read_spec(typed(spec, 'fp16', blocked / 'kept')).name == 'tiny'


def test_what_cannot_be_converted_says_so(spec, tmp_path):
    with pytest.raises(InputError, match="unknown precision 'fp8': choose one of .*int8"):
        typed(spec, 'fp8', tmp_path)
    with pytest.raises(InputError, match='nowhere is no recording'):
        typed(spec, 'int8', tmp_path, Calibration(tmp_path / 'nowhere'))
    with pytest.raises(InputError, match='none'):
        int8.to_int8(onnx.load(str(spec.file)), [])


def test_without_the_package_onnx_one_line_says_what_to_install(spec, tmp_path):
    code = ('import sys; sys.modules["onnx"] = None\n'
            'from depth_ros.engines.precision import typed\n'
            'from depth_ros.model import read_spec\n'
            f'spec = read_spec({str(spec.file)!r})\n'
            'try:\n'
            f'    typed(spec, "fp16", {str(tmp_path)!r})\n'
            'except Exception as error:\n    print(type(error).__name__, error)\n')
    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert result.stdout.startswith('UnavailableError')
    assert 'pip install onnx' in result.stdout
