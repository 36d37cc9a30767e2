# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`depth_ros doctor`."""
from importlib import util
import json
import os
import subprocess
import sys

from broken_tensorrt import broken_libraries, no_gpu
from depth_ros import dds, engines, model
from depth_ros.cli import main
from depth_ros.commands import doctor, doctor_engines, doctor_screen
from depth_ros.engines import choice, UnavailableError
from depth_ros.engines.cache import engine_key, EngineCache
from depth_ros.version import VERSION
import pytest
from tiny_models import make_tiny_model


def findings(group):
    """Return {name: Check} of one group."""
    return {check.name: check for check in group()}


def test_this_environment(capsys):
    main(['doctor', '--json'])
    checks = {c['name']: c for c in json.loads(capsys.readouterr().out)['checks']}
    assert checks['python']['level'] == 'ok' and sys.executable in checks['python']['found']
    assert {'numpy', 'opencv', 'onnxruntime', 'tensorrt', 'openvino', 'DDS profile',
            '/dev/shm'} <= set(checks)
    assert checks['onnxruntime']['level'] == 'ok' and 'CPU' in checks['onnxruntime']['found']
    assert all(c['advice'] for c in checks.values() if c['level'] != 'ok')
    assert all(c['get'] for c in checks.values()
               if c['level'] == 'ok' and c['found'].startswith('not installed'))


def test_the_table_gives_advice(capsys, monkeypatch):
    monkeypatch.setitem(doctor.LIBRARIES, 'numpy', ('no_such_module', True, 'everything'))
    assert main(['doctor', '--all']) == 1
    lines = capsys.readouterr().out.splitlines()
    (index,) = [i for i, line in enumerate(lines) if line.startswith('error  numpy ')]
    assert lines[index + 1].split() == ['->', 'pip', 'install', 'numpy']


def test_one_screen(capsys, monkeypatch, tmp_path):
    """24 lines of 100 columns: what runs each model, what is missing and how to get it."""
    monkeypatch.setenv('DEPTH_ROS_CACHE', str(tmp_path))
    monkeypatch.setenv('ROS_DISTRO', 'jazzy')
    monkeypatch.setitem(doctor.LIBRARIES, 'rosbags', ('no_such_module', False, 'recordings'))
    monkeypatch.setitem(doctor.ROS_PACKAGES, 'no_such_package', 'a test; without it no test')
    assert main(['doctor']) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= doctor_screen.ROWS
    assert all(len(line) <= doctor_screen.COLUMNS for line in lines), lines
    text = ' '.join(' '.join(lines).split())
    assert lines[0].startswith(f'depth_ros {VERSION}, Python ')
    for name in ('completion', 'student'):
        (line,) = [line for line in lines if line.split()[0] == name]
        assert 'onnxruntime' in line and ' at ' in line
    assert 'rosbags recordings -> pip install rosbags' in text
    assert 'no_such_package: a test' in text and 'ros-jazzy-no-such-package' in text
    assert 'without it no test' not in text


def test_more_than_a_screen_is_counted():
    checks = [doctor.Check(f'part {k}', doctor.ERROR, 'is broken ' * 20, 'mend it')
              for k in range(12)] + [doctor.Check('python', doctor.OK, '3.11')]
    lines = doctor_screen.screen(checks)
    assert len(lines) == doctor_screen.ROWS and '12 errors' in lines[0]
    assert lines[1].split()[:3] == ['error', 'part', '0']
    assert lines[-1].endswith(': depth_ros doctor --all')
    assert int(lines[-1].split()[0]) >= 13


def test_what_auto_will_take(tmp_path):
    """As `load` decides, without measuring."""
    spec, options = model.find('student'), {'cache': str(tmp_path), 'threads': 1}
    text, settled = choice.known(spec, 64, 96, **options)
    if not util.find_spec('openvino'):
        assert settled and 'no other engine' in text
        return
    assert not settled and 'the first start times them' in text
    engine = engines.load('auto', spec, 64, 96, **options)
    assert choice.known(spec, 64, 96, **options) == (engine.choice, True)


def test_the_profile_of_the_shell(monkeypatch):
    for name in dds.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert findings(doctor.transport)['DDS profile'].level == 'warn'
    assert 'export FASTRTPS_DEFAULT' in findings(doctor.transport)['DDS profile'].advice
    monkeypatch.setenv(dds.VARIABLES[0], '/nowhere.xml')
    assert findings(doctor.transport)['DDS profile'].level == 'error'
    monkeypatch.setenv(dds.VARIABLES[0], str(dds.profile_file()))
    assert findings(doctor.transport)['DDS profile'].level == 'ok'


def test_the_cv_bridge_of_the_package_index_is_recognised(repository, tmp_path):
    (tmp_path / 'cv_bridge-1.13.0.dist-info').mkdir()
    (tmp_path / 'cv_bridge-1.13.0.dist-info' / 'METADATA').write_text(
        'Metadata-Version: 2.1\nName: cv-bridge\nVersion: 1.13.0.post0\n')
    (tmp_path / 'cv_bridge.py').write_text('raise SystemError("imported")\n')
    path = os.pathsep.join([str(tmp_path), str(repository)])
    result = subprocess.run([sys.executable, '-m', 'depth_ros.cli', 'doctor', '--json'],
                            env={**os.environ, 'PYTHONPATH': path}, capture_output=True, text=True)
    checks = {c['name']: c for c in json.loads(result.stdout)['checks']}
    assert checks['cv_bridge']['level'] == 'warn'
    assert 'pip uninstall cv-bridge' in checks['cv_bridge']['advice']


def test_a_changed_model_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(model, 'MODELS', tmp_path)
    path = make_tiny_model(tmp_path / 'completion.onnx', name='completion')
    digest = model.read_spec(path).sha256
    card = tmp_path / 'completion.md'
    card.write_text(f'SHA-256: `{digest}`\n')
    assert findings(doctor.models)['model completion'].level == 'ok'
    make_tiny_model(path, name='completion', depth=9.0)
    assert findings(doctor.models)['model completion'].level == 'warn'
    assert findings(doctor.models)['model student'].level == 'error'
    path.write_bytes(b'not a model')
    assert findings(doctor.models)['model completion.onnx'].level == 'error'


def test_shipped_models_are_what_their_cards_say():
    checks = findings(doctor.models)
    if not list(model.MODELS.glob('*.onnx')):
        pytest.skip('no model is shipped yet')
    assert all(check.level == 'ok' for check in checks.values()), checks


def test_an_old_opencv_major_is_asked_for(monkeypatch):
    import cv2
    monkeypatch.setattr(cv2, '__version__', '5.0.0')
    assert findings(doctor.libraries)['opencv'].level == 'warn'


def engine_findings(libraries):
    """Return {name: (good, found, advice)} with these libraries."""
    return {name: rest for name, *rest in doctor_engines.findings(lambda: libraries)}


def test_tensorrt_and_its_engines(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor_engines.util, 'find_spec', lambda name: True)
    monkeypatch.setenv('DEPTH_ROS_CACHE', str(tmp_path))
    tmp_path.chmod(0o700)
    EngineCache().obtain(engine_key('a', 'tensorrt', '10.7', 'Orin', '8.7', 'fp16', {}, {}),
                         lambda: bytes(3 << 20))
    found = engine_findings(broken_libraries(version='10.7.0'))
    assert found['tensorrt'] == [True, 'tensorrt 10.7.0', '']
    assert found['gpu'] == [True, 'Orin, compute capability 8.7', '']
    good, text, advice = found['engine cache']
    assert good and not advice and '1 engines, 3 MiB, 0 refused' in text and str(tmp_path) in text
    good, _, advice = engine_findings(broken_libraries(version='10.3.0'))['tensorrt']
    assert not good and 'wrong numbers' in advice
    tmp_path.chmod(0o777)
    assert 'chmod 700' in engine_findings(broken_libraries())['engine cache'][2]
    good, _, advice = engine_findings(no_gpu())['gpu']
    assert not good and 'no NVIDIA GPU' in advice


def test_openvino_and_what_auto_takes(monkeypatch, tmp_path):
    pytest.importorskip('openvino')
    assert ' with CPU (fp32' in findings(doctor.libraries)['openvino'].found
    monkeypatch.setenv('DEPTH_ROS_CACHE', str(tmp_path))
    assert 'nothing was timed here yet' in findings(doctor.tensorrt)['engine auto'].found
    for height in (128, 160):
        engines.load('auto', model.find('student'), height, 160, threads=1)
    found = findings(doctor.tensorrt)['engine auto'].found
    for text in ('student 160x128: ', '; student 160x160: ', 'onnxruntime fp32 ', '(measured 20'):
        assert text in found


def test_tensorrt_that_is_half_installed(monkeypatch):
    def missing():
        raise UnavailableError('the tensorrt engine needs cuda-python: pip install cuda-python')
    monkeypatch.setattr(doctor_engines.util, 'find_spec', lambda name: True)
    ((name, good, _, advice),) = doctor_engines.findings(missing)
    assert name == 'tensorrt' and not good and 'cuda-python' in advice
    monkeypatch.setattr(doctor_engines.util, 'find_spec', lambda name: None)
    ((name, good, text, _),) = doctor_engines.findings(missing)
    assert name == 'tensorrt' and good and 'not installed' in text
