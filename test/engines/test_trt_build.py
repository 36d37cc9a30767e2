# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""One code path of builds for TensorRT 8.6, 10, 11 and RTX, on fakes that differ as those do."""

from dataclasses import replace
import threading
import time

from depth_ros.engines import EngineError
from depth_ros.engines.precision import typed
from depth_ros.engines.trt_build import build, BuildOptions
from depth_ros.engines.trt_progress import Progress
from depth_ros.model import read_spec
from fake_tensorrt import fake_libraries
import pytest
from tiny_networks import make_tiny_network

VERSIONS = {'8.6': ('8.6.1', 'tensorrt'), '10': ('10.3.0', 'tensorrt'),
            '11': ('11.4.0.106', 'tensorrt'), 'rtx': ('1.7.1.116', 'tensorrt_rtx')}


@pytest.fixture
def spec(tmp_path):
    return read_spec(make_tiny_network(tmp_path / 'tiny.onnx'))


@pytest.fixture(params=VERSIONS)
def libraries(request):
    return fake_libraries(*VERSIONS[request.param])


def built(libraries, spec, folder, precision='fp32', **options):
    lines = []
    old = libraries.trt.generation == '8'
    content = build(libraries, typed(spec, precision, folder, old=old), spec, 64, 96,
                    BuildOptions(precision, **options), lines.append)
    return content, lines


def test_each_version_gets_what_it_has(spec, tmp_path, libraries):
    content, _ = built(libraries, spec, tmp_path, 'fp16', workspace_mib=300)
    assert isinstance(content, bytes) and content
    seen, generation = libraries.trt.seen, libraries.trt.generation
    flags, creation = seen['config'].named, seen['network'].flags
    assert creation == {'8': {'EXPLICIT_BATCH'}, '10': {'EXPLICIT_BATCH', 'STRONGLY_TYPED'}}.get(
        generation, {'STRONGLY_TYPED'})
    # Flags only where types alone do not decide; TF32 never.
    weak = {'FP16', 'OBEY_PRECISION_CONSTRAINTS'} if generation == '8' else set()
    assert flags == weak
    assert seen['config'].pools == {'WORKSPACE': 300 << 20}
    assert seen['config'].profiles[0].shapes == {
        'image': ((1, 64, 96, 3),) * 3, 'sparse_depth': ((1, 64, 96),) * 3}


def test_a_weakly_typed_network_keeps_float32_where_the_file_has_it(spec, tmp_path):
    libraries = fake_libraries(*VERSIONS['8.6'])
    built(libraries, spec, tmp_path, 'fp16')
    layers = libraries.trt.seen['network'].layers
    float32 = libraries.trt.DataType.FLOAT
    kinds = libraries.trt.LayerType
    for layer in layers:
        free = layer.type in (kinds.CONSTANT, kinds.CAST) or layer.outputs[0].endswith('_low')
        assert (layer.precision is None) if free else (layer.precision == float32), layer
    assert any(layer.precision == float32 for layer in layers)
    assert any(layer.outputs[0].endswith('_low') for layer in layers)


@pytest.mark.parametrize('precision', ['int8', 'bf16'])
def test_int8_and_bf16_of_a_weakly_typed_network(spec, tmp_path, precision):
    libraries = fake_libraries(*VERSIONS['8.6'])
    if precision == 'bf16':
        with pytest.raises(EngineError, match='8.6.1 has no bf16'):
            built(libraries, spec, tmp_path, precision)
        return
    built(libraries, spec, tmp_path, precision)
    assert libraries.trt.seen['config'].named == {'INT8'}


def test_timings_are_kept_but_not_on_rtx(spec, tmp_path, libraries):
    file = tmp_path / 'kept' / 'timings'
    built(libraries, spec, tmp_path, timing_cache=file)
    if libraries.kind == 'tensorrt_rtx':
        assert not file.exists()
        return
    assert file.read_bytes() == b'timings '
    built(libraries, spec, tmp_path, timing_cache=file)
    assert file.read_bytes() == b'timings timings '
    # Of another version: a new one.
    file.write_bytes(b'foreign')
    built(libraries, spec, tmp_path, timing_cache=file)
    assert file.read_bytes() == b'timings '
    assert [path.name for path in file.parent.iterdir()] == ['timings']
    # Where it cannot be kept, the engine is built all the same.
    assert built(libraries, spec, tmp_path, timing_cache=file / 'below a file')[0]


def test_a_dla_core(spec, tmp_path):
    libraries = fake_libraries()
    built(libraries, spec, tmp_path, 'fp16', dla_core=1)
    config = libraries.trt.seen['config']
    assert config.DLA_core == 1 and config.default_device_type == libraries.trt.DeviceType.DLA
    assert config.named == {'GPU_FALLBACK'}
    with pytest.raises(EngineError, match=r'no DLA core 2 here \(it has 2\)'):
        built(libraries, spec, tmp_path, 'fp16', dla_core=2)
    with pytest.raises(EngineError, match='fp16 or int8, not in fp32'):
        built(libraries, spec, tmp_path, dla_core=0)


def test_lines_of_progress(spec, tmp_path, libraries):
    _, lines = built(libraries, spec, tmp_path)
    what = f'building tiny 96x64 fp32 with {libraries.kind} {libraries.version}'
    assert lines[0] == f'{what} ...' and lines[-1].startswith(f'{what}: done in ')
    monitor = getattr(libraries.trt.seen['config'], 'progress_monitor', None)
    assert (monitor is None) == (libraries.trt.generation == '8')


def test_a_long_build_speaks_every_few_seconds_with_its_phase():
    lines, enough = [], threading.Event()

    def report(line):
        lines.append(line)
        if len(lines) > 3:
            enough.set()
    with Progress('building', report, period_s=0.02) as progress:
        monitor = progress.monitor(fake_libraries().trt)
        monitor.phase_start('tactics', None, 9)
        monitor.step_complete('tactics', 3)
        assert enough.wait(10)
    assert any(line == 'building: 0 s: tactics 4/9' for line in lines)
    count = len(lines)
    time.sleep(0.1)
    assert len(lines) == count
    assert Progress('quiet').monitor(fake_libraries('8.6.1').trt) is None


def test_files_that_it_does_not_read_and_networks_that_it_cannot_build(spec, tmp_path, libraries):
    damaged = tmp_path / 'damaged.onnx'
    damaged.write_bytes(spec.file.read_bytes()[:100])
    with pytest.raises(EngineError, match='does not read damaged.onnx: cannot read'):
        build(libraries, damaged, spec, 64, 96)
    # The shipped order, transposing before casting, is what the real parser refuses.
    with pytest.raises(EngineError, match='does not read tiny.onnx: .*(has type UInt8|than 17)'):
        build(libraries, spec.file, spec, 64, 96)
    # An input that the spec does not name gets no shape.
    with pytest.raises(EngineError, match='finds an input sparse_depth beyond the contract'):
        build(libraries, typed(spec, 'fp32', tmp_path, old=True),
              replace(spec, inputs=('image',)), 64, 96)
    if libraries.trt.generation == '8':
        with pytest.raises(EngineError, match='cannot build .*: the network needs the flag FP16'):
            build(libraries, typed(spec, 'fp16', tmp_path, old=True), spec, 64, 96,
                  BuildOptions('fp32'))
