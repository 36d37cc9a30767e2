# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Which engine is taken, and what happens instead when it cannot be."""

import inspect
import json
import re

from broken_tensorrt import broken_libraries, no_gpu, same
from depth_ros import engines
from depth_ros.camera import Camera
from depth_ros.engines import EngineError, tensorrt, UnavailableError, upgrade
from depth_ros.estimator import Estimator
from depth_ros.model import read_spec
import numpy as np
import pytest
from tiny_models import make_tiny_model

CAMERA = Camera(192, 128, 150.0, 150.0, 95.5, 63.5)


@pytest.fixture
def spec(tmp_path):
    """Completion model: 2 m + brightness."""
    return read_spec(make_tiny_model(tmp_path / 'tiny.onnx', depth=2.0, image_gain=5.0))


@pytest.fixture
def options(tmp_path):
    """Options of a node, with the fake of TensorRT."""
    return {'threads': 1, 'device': 'CPU', 'providers': '', 'precision': 'fp16',
            'cache': str(tmp_path / 'engines'),
            'force': False, 'workspace_mib': 64, 'dla_core': -1,
            'libraries': broken_libraries()}


def frame(height=64, width=96):
    image = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
    return image, np.zeros((height, width), np.float32)


def slower(cache, by):
    """Write into the sidecars that the engine took `by` times as long as ONNX Runtime."""
    for path in cache.glob('*.json'):
        record = json.loads(path.read_text())
        record['check']['latency_ms']['median'] = (
            by * record['check']['reference_latency_ms']['median'])
        path.write_text(json.dumps(record))


def test_tensorrt_is_built_then_kept(spec, options, tmp_path):
    lines = []
    first = engines.load('tensorrt', spec, 64, 96, report=lines.append, **options)
    again = engines.load('tensorrt', spec, 64, 96, **options)
    assert first.name == again.name == 'tensorrt' and first.built and not again.built
    assert options['libraries'].trt.seen['builds'] == 1 and any('building' in x for x in lines)
    reference = engines.load('onnxruntime', spec, 64, 96, threads=1)
    assert same(again.run(*frame()), reference.run(*frame()))
    assert first.parity.passed and first.note == '' and first.latency_ms['median'] > 0
    assert first.file.parent == tmp_path / 'engines' and first.file.is_file()


def test_auto_builds_nothing_and_takes_what_is_kept_and_faster(spec, options, tmp_path):
    assert engines.load('auto', spec, 64, 96, **options).name == 'onnxruntime'
    assert options['libraries'].trt.seen['builds'] == 0
    engines.load('tensorrt', spec, 64, 96, **options)
    slower(tmp_path / 'engines', 0.5)
    assert engines.load('auto', spec, 64, 96, **options).name == 'tensorrt'
    assert engines.load('auto', spec, 96, 96, **options).name == 'onnxruntime'
    slower(tmp_path / 'engines', 2.0)
    assert engines.load('auto', spec, 64, 96, **options).name == 'onnxruntime'


def test_without_library_or_gpu(spec, options):
    options['libraries'] = no_gpu()
    with pytest.raises(UnavailableError, match='no NVIDIA GPU'):
        engines.load('tensorrt', spec, 64, 96, **options)
    assert engines.load('auto', spec, 64, 96, **options).name == 'onnxruntime'
    with pytest.raises(UnavailableError, match='no NVIDIA GPU'):
        upgrade.load('tensorrt', spec, 64, 96, **options)
    plain = upgrade.load('auto', spec, 64, 96, **options)
    assert plain.name == 'onnxruntime' and not getattr(plain, 'building', '')


@pytest.mark.parametrize('how, words', [
    ('wrong', r'fp16 engine of tiny differs from ONNX Runtime: median \d+ %'),
    ('no memory', 'Available: 112MB')])
def test_a_refused_or_failed_engine_is_replaced_and_it_says_so(spec, options, how, words):
    options['libraries'] = broken_libraries(how)
    lines = []
    engine = engines.load('tensorrt', spec, 64, 96, report=lines.append, **options)
    assert engine.name == 'onnxruntime' and lines[-1] == engine.note
    assert re.search('ONNX Runtime instead of TensorRT: .*' + words, engine.note)
    assert same(engine.run(*frame()), engines.load('onnxruntime', spec, 64, 96).run(*frame()))
    with pytest.raises(EngineError, match=words):
        engines.load_only('tensorrt', spec, 64, 96, **{**options, 'force': True})
    if how == 'wrong':
        # Not built again, and not forgotten.
        builds = options['libraries'].trt.seen['builds']
        for name in ('auto', 'tensorrt'):
            assert re.search(words, engines.load(name, spec, 64, 96, **options).note)
        assert options['libraries'].trt.seen['builds'] == builds


def test_auto_converts_nothing(spec, options, tmp_path):
    """A conversion to know the key of an engine that is not there would be for nothing."""
    engines.load('auto', spec, 64, 96, **options)
    assert not list((tmp_path / 'engines').rglob('*.onnx'))


def test_an_engine_that_cannot_be_kept_is_used_with_a_note(spec, options, tmp_path):
    (tmp_path / 'engines').touch()
    engine = engines.load('tensorrt', spec, 64, 96, **options)
    assert engine.name == 'tensorrt' and 'cannot be kept' in engine.note
    assert engines.load('auto', spec, 64, 96, **options).name == 'onnxruntime'


def test_an_estimator_takes_a_kept_engine_for_each_size(spec, options, tmp_path):
    engines.load('tensorrt', spec, 64, 96, **options)
    slower(tmp_path / 'engines', 0.5)
    estimator = Estimator(spec, **options)
    estimator.prepare(Camera(128, 128, 100.0, 100.0, 63.5, 63.5))
    assert estimator.engine.name == 'onnxruntime'
    estimator.prepare(CAMERA)
    assert (estimator.engine.height, estimator.engine.width) == (64, 96)
    assert estimator.engine.name == 'tensorrt'
    estimator.close()


def test_every_option_of_a_node_is_one_of_an_engine(spec, options):
    assert set(options) <= set(inspect.signature(tensorrt.load).parameters) | {
        'threads', 'device', 'providers'}
    with pytest.raises(TypeError, match='no engine has the option warp'):
        engines.load('onnxruntime', spec, 64, 96, warp=9)
    assert inspect.signature(tensorrt.load).parameters['precision'].default == (
        engines.DEFAULT_PRECISION)
