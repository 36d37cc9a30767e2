# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""OpenVINO, the real library: its numbers, its outputs, and what it says when something is off."""

from dataclasses import replace
import subprocess
import sys

from depth_ros import engines
from depth_ros.camera import Camera
from depth_ros.engines import EngineError, onnxruntime, parity, RefusedError, UnavailableError
from depth_ros.engines.calibration import Calibration
from depth_ros.engines.parity import compare, stored_input
from depth_ros.estimator import Estimator
from depth_ros.model import find, read_spec
import numpy as np
import pytest
from tiny_models import make_tiny_model

openvino = pytest.importorskip('openvino', reason='OpenVINO is not installed: pip install '
                               'openvino')
from depth_ros.engines import openvino as engine_module  # noqa: E402, I100


@pytest.fixture
def spec(tmp_path):
    """Completion model: depth is 2 m + brightness, measured pixels keep their value."""
    return read_spec(make_tiny_model(tmp_path / 'tiny.onnx', depth=2.0, image_gain=10.0, fill=True,
                                     confidence=0.5))


def here(precision):
    """Skip where the CPU has no such precision."""
    if precision not in engine_module.precisions(engine_module.the_core(openvino)):
        pytest.skip(f'this CPU has no {precision}')


SIGNALS = """
import gc, os, signal, sys, threading
from depth_ros.engines import openvino
from depth_ros.model import find
spec, kept, seen = find('student'), [], []


def load():
    kept.append(openvino.load(spec, 64, 96, check=False))


load()
thread = threading.Thread(target=lambda: (kept.clear(), gc.collect()))
thread.start()
thread.join()
signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
for _ in range(3):
    os.kill(os.getpid(), signal.SIGUSR1)
if not os.fork():
    os._exit(0)
os.wait()
print(len(seen))
"""


def test_signals_after_an_engine_was_given_back_in_another_thread():
    """The plugin unmaps the signal stack of the thread that loaded first."""
    done = subprocess.run([sys.executable, '-c', SIGNALS], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.split() == ['3'], (done.returncode, done.stderr)


@pytest.fixture(scope='module')
def cache(tmp_path_factory):
    """Folder that int8 files are converted into once."""
    return tmp_path_factory.mktemp('engines')


@pytest.mark.parametrize('precision', ['fp32', 'bf16', 'int8'])
def test_shipped_models_give_the_depth_of_onnx_runtime(shipped, precision, cache):
    """At the input sizes of a 4:3 camera and of a wide one."""
    here(precision)
    spec = find(shipped)
    for height, width in ((spec.input_height, spec.input_width), (96, 320)):
        feed = stored_input(spec, height, width)
        reference = onnxruntime.load(spec, height, width).run(**feed)
        engine = engine_module.load(spec, height, width, precision, cache=cache,
                                    calibration=Calibration(frames=2))
        outputs = engine.run(**feed)
        found = compare(reference, outputs, precision)
        assert found.passed, found.text()
        if precision == 'fp32':
            # Not bf16, which OpenVINO takes by itself on a CPU that has it.
            assert found.median_rel < 1e-5 and found.p99_rel < 1e-4, found.text()
        assert set(outputs) == set(spec.outputs)
        assert outputs['depth'].dtype == np.float32 and outputs['depth'].shape == (height, width)


def test_outputs_stay_what_they_were():
    spec = find('completion')
    engine = engine_module.load(spec, 160, 224, check=False)
    feed = stored_input(spec, 160, 224)
    first = engine.run(**feed)
    before = {name: value.copy() for name, value in first.items()}
    engine.run(255 - feed['image'], 2 * feed['sparse_depth'])
    assert all(np.array_equal(first[name], before[name]) for name in before)
    again = engine.run(**feed)
    assert np.array_equal(again['depth'], before['depth'])


def test_inputs_are_only_read():
    feed = stored_input(find('student'), 128, 160)
    image = feed['image'].copy()
    image.flags.writeable = False
    engine_module.load(find('student'), 128, 160).run(image)
    assert np.array_equal(image, feed['image'])


def test_views_and_other_float_types_are_taken(spec):
    engine = engines.load('openvino', spec, 64, 96, threads=1)
    image = np.random.default_rng(0).integers(0, 255, (128, 192, 3), np.uint8)
    view, copy = image[::2, ::-2], np.ascontiguousarray(image[::2, ::-2])
    sparse = np.zeros((64, 192), np.float64)
    sparse[10, 20] = 7.5
    outputs = engine.run(view, sparse[:, ::2])
    assert np.array_equal(outputs['depth'],
                          engine.run(copy, sparse[:, ::2].astype(np.float32))['depth'])
    assert outputs['depth'][10, 10] == 7.5


def test_threads_are_taken_and_give_the_same_depth(spec):
    feed = {'image': np.full((64, 96, 3), 90, np.uint8),
            'sparse_depth': np.zeros((64, 96), np.float32)}
    depths = []
    for threads in (0, 1, 2):
        engine = engine_module.load(spec, 64, 96, threads=threads)
        compiled = engine.request.get_compiled_model()
        if threads:
            assert compiled.get_property('INFERENCE_NUM_THREADS') == threads
        assert not compiled.get_property('ENABLE_CPU_PINNING')
        assert compiled.get_property('INFERENCE_PRECISION_HINT').to_string() == 'f32'
        depths.append(engine.run(**feed)['depth'])
    assert np.allclose(depths[0], depths[1]) and np.allclose(depths[0], depths[2])


def test_an_estimator_takes_another_size(spec):
    estimator = Estimator(spec, 'openvino', threads=1)
    for camera in (Camera(192, 128, 150.0, 150.0, 95.5, 63.5),
                   Camera(256, 64, 150.0, 150.0, 127.5, 31.5)):
        image = np.zeros((camera.height, camera.width, 3), np.uint8)
        frame = estimator.estimate(image, camera, sparse=np.zeros(image.shape[:2], np.float32))
        assert estimator.engine.name == 'openvino' and frame.depth.shape == image.shape[:2]
    assert (estimator.engine.height, estimator.engine.width) != (64, 96)
    estimator.close()


def test_it_describes_itself_and_was_compared(spec):
    engine = engines.load('openvino', spec, 64, 96)
    assert engine.describe().startswith(f'openvino {openvino.__version__.split("-")[0]} fp32 CPU')
    assert engine.record['check']['parity']['passed'] and engine.note == ''


def test_what_is_wrong_is_one_line(spec, tmp_path):
    fixed = read_spec(make_tiny_model(tmp_path / 'fixed.onnx', size_multiple=0))
    engine = engine_module.load(fixed, 64, 96)
    with pytest.raises(EngineError, match='tiny failed on a 30x20 image: .*incompatible'):
        engine.run(np.zeros((20, 30, 3), np.uint8), np.zeros((20, 30)))
    engine.close()
    with pytest.raises(EngineError, match='closed'):
        engine.run(np.zeros((64, 96, 3), np.uint8), np.zeros((64, 96)))
    with pytest.raises(EngineError, match='cannot load .*gone.onnx: no model file'):
        engine_module.load(replace(spec, file=tmp_path / 'gone.onnx'), 64, 96)
    with pytest.raises(UnavailableError, match='no device WARP here: choose from .*CPU'):
        engines.load('openvino', spec, 64, 96, device='WARP')
    here = engine_module.precisions(engine_module.the_core(openvino))
    absent = sorted({'fp16', 'bf16'} - set(here))
    if absent:
        with pytest.raises(EngineError, match=f'has no {absent[0]} in OpenVINO: .*fp32.*int8'):
            engine_module.load(spec, 64, 96, absent[0])


def test_wrong_numbers_are_refused_and_onnx_runtime_answers(spec, tmp_path, monkeypatch):
    """A limit that nothing meets stands for a library with wrong numbers."""
    here('bf16')
    student = find('student')
    monkeypatch.setitem(parity.LIMITS, 'bf16', parity.Limit(1e-9, 1e-9, 1e-9, 1e-9))
    with pytest.raises(RefusedError, match='the bf16 engine of student differs from ONNX Runt'):
        engines.load_only('openvino', student, 128, 160, precision='bf16')
    lines = []
    engine = engines.load('openvino', student, 128, 160, precision='bf16', report=lines.append)
    assert engine.name == 'onnxruntime' and lines == [engine.note]
    assert engine.note.startswith('ONNX Runtime instead of OpenVINO: the bf16 engine of student')


def test_a_missing_library_names_its_install_command():
    code = ('import sys; sys.modules["openvino"] = None\n'
            'from depth_ros import engines\n'
            'from depth_ros.engines import upgrade\n'
            'for load in (engines.load, upgrade.load):\n'
            '    try:\n        load("openvino", None, 64, 96)\n'
            '    except engines.UnavailableError as error:\n        print(error)\n')
    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    lines = result.stdout.splitlines()
    assert len(lines) == 2 and all(line.endswith('pip install openvino') for line in lines), (
        result.stderr)
