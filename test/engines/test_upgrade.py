# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime answers while an engine is built, and stays when it is refused."""

import json
import threading
import time

from broken_tensorrt import broken_libraries, same
from depth_ros.camera import Camera
from depth_ros.engines import upgrade
from depth_ros.engines.precision import typed
from depth_ros.engines.trt_build import build
from depth_ros.engines.trt_libraries import Libraries
from depth_ros.estimator import Estimator
from depth_ros.model import find, read_spec
import numpy as np
import pytest
from tiny_models import make_tiny_model

CAMERA = Camera(192, 128, 150.0, 150.0, 95.5, 63.5)
WIDE = Camera(256, 64, 150.0, 150.0, 127.5, 31.5)


@pytest.fixture
def make(tmp_path):
    """Return a function that makes an Estimator as a node does."""
    def made(how='good', engine='tensorrt', lines=None, **model):
        spec = read_spec(make_tiny_model(tmp_path / 'tiny.onnx', depth=2.0, image_gain=5.0,
                                         **model))
        libraries = broken_libraries(how, tmp_path / 'go')
        estimator = Estimator(spec, engine, loader=upgrade.load, libraries=libraries, threads=1,
                              precision='fp32', cache=str(tmp_path / 'engines'),
                              report=[].append if lines is None else lines.append)
        estimator.prepare()
        return estimator, libraries
    yield made
    # A build that still waits would hold up those of the next test.
    (tmp_path / 'go').touch()


def wait(condition, seconds=30.0):
    """Wait for a thread."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def frame(estimator, camera=CAMERA):
    """Depth of one image."""
    image = np.random.default_rng(0).integers(0, 255, (camera.height, camera.width, 3), np.uint8)
    return estimator.estimate(image, camera).depth


def test_it_answers_while_it_builds_and_changes_afterwards(make, tmp_path):
    lines = []
    estimator, libraries = make('slow', lines=lines)
    assert estimator.engine.building == '' and not estimator.engine.busy
    before = frame(estimator)
    wait(lambda: any('building' in line for line in lines))
    engine = estimator.engine
    assert engine.name == 'onnxruntime' and engine.busy and engine.note == ''
    assert 'until the TensorRT engine is ready' in engine.building and lines[-1] in engine.building
    (tmp_path / 'go').touch()
    wait(lambda: engine.name == 'tensorrt')
    after = frame(estimator)
    assert estimator.engine is engine and libraries.trt.seen['runs'] > 0
    assert same({'depth': before}, {'depth': after})
    assert engine.building == '' and engine.note == '' and 'fp32 Orin' in engine.describe()
    assert engine.record['check']['parity']['passed']
    wait(lambda: 'now runs in tensorrt' in lines[-1])
    estimator.close()
    assert not libraries.cuda.module.left()


def test_a_size_without_a_camera_is_not_built(make):
    estimator, libraries = make()
    time.sleep(0.2)
    assert libraries.trt.seen['builds'] == 0
    estimator.expect(WIDE)
    wait(lambda: libraries.trt.seen['builds'] == 1)
    frame(estimator, WIDE)
    wait(lambda: estimator.engine.name == 'tensorrt')
    assert libraries.trt.seen['builds'] == 1
    estimator.close()


def test_another_camera_gets_its_own_engine(make):
    estimator, libraries = make()
    for camera in (CAMERA, WIDE, CAMERA):
        frame(estimator, camera)
        wait(lambda: estimator.engine.name == 'tensorrt')
    assert libraries.trt.seen['builds'] == 2
    estimator.close()
    assert not libraries.cuda.module.left()


@pytest.mark.parametrize('how', ['wrong', 'no memory'])
def test_a_refused_engine_leaves_onnx_runtime(make, how):
    lines = []
    estimator, libraries = make(how, lines=lines)
    before = frame(estimator)
    wait(lambda: estimator.engine.note)
    assert estimator.engine.name == 'onnxruntime' and estimator.engine.building == ''
    assert ('median 40 %' if how == 'wrong' else '112MB') in estimator.engine.note
    assert np.array_equal(frame(estimator), before)
    assert libraries.trt.seen['builds'] == (how == 'wrong')
    assert not libraries.cuda.module.left()


def test_an_engine_that_fails_later_is_given_up(make):
    estimator, libraries = make()
    before = frame(estimator)
    wait(lambda: estimator.engine.name == 'tensorrt')
    libraries.cuda.module.fail['cudaStreamSynchronize'] = ('cudaErrorIllegalAddress', 1)
    assert np.array_equal(frame(estimator), before)
    assert estimator.engine.name == 'onnxruntime'
    assert 'it failed: cudaStreamSynchronize failed' in estimator.engine.note
    assert np.array_equal(frame(estimator), before)
    estimator.close()


@pytest.mark.parametrize('times, expected', [(0.5, 'tensorrt'), (2.0, 'onnxruntime')])
def test_auto_takes_the_faster(make, tmp_path, times, expected):
    estimator, _ = make()
    frame(estimator)
    wait(lambda: estimator.engine.name == 'tensorrt')
    estimator.close()
    (sidecar,) = (tmp_path / 'engines').glob('*.json')
    record = json.loads(sidecar.read_text())
    record['check']['latency_ms']['median'] = (
        times * record['check']['reference_latency_ms']['median'])
    sidecar.write_text(json.dumps(record))
    lines = []
    estimator, libraries = make(engine='auto', lines=lines)
    frame(estimator)
    wait(lambda: not estimator.engine.busy)
    assert estimator.engine.name == expected and libraries.trt.seen['builds'] == 0
    assert estimator.engine.note == '' and estimator.engine.building == ''
    assert any('ONNX Runtime is faster' in line for line in lines) is (expected != 'tensorrt')
    estimator.close()
    assert not libraries.cuda.module.left()


def test_closed_while_it_builds(make, tmp_path):
    estimator, libraries = make('slow')
    frame(estimator)
    wait(lambda: estimator.engine.busy)
    engine = estimator.engine
    estimator.close()
    assert engine.busy
    (tmp_path / 'go').touch()
    wait(lambda: not engine.busy)
    assert not libraries.cuda.module.left()
    assert list((tmp_path / 'engines').glob('*.engine'))


def test_a_fixed_size_is_built_at_once(make):
    estimator, libraries = make(size_multiple=0)
    wait(lambda: estimator.engine.name == 'tensorrt')
    assert libraries.trt.seen['builds'] == 1
    estimator.close()


@pytest.mark.trt
def test_the_real_builder_lets_the_other_threads_work(tmp_path):
    """Building in a thread would stop the whole node if the library kept Python to itself."""
    trt = pytest.importorskip('tensorrt_rtx_bindings', reason='TensorRT-RTX is not installed: '
                              'make test, or requirements/tensorrt_rtx.txt')
    libraries, spec = Libraries(trt, None, 'tensorrt_rtx', trt.__version__), find('student')
    file = typed(spec, 'fp16', tmp_path)
    times, ended = [time.monotonic()], threading.Event()

    def work():
        while not ended.wait(0.005):
            times.append(time.monotonic())

    worker = threading.Thread(target=work)
    worker.start()
    start = time.monotonic()
    build(libraries, file, spec, spec.input_height, spec.input_width)
    seconds = time.monotonic() - start
    ended.set()
    worker.join()
    times.append(time.monotonic())
    assert np.diff(times).max() < seconds / 2
