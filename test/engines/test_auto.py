# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What `auto` takes on this machine: timed once, remembered, forgotten when something changes."""

import json
import shutil
import subprocess
import sys
import time

from broken_tensorrt import broken_libraries
from depth_ros import engines
from depth_ros.camera import Camera
from depth_ros.engines import choice, UnavailableError, upgrade
from depth_ros.engines.candidates import Candidate, candidates, REFERENCE
from depth_ros.engines.choice import fastest
from depth_ros.engines.memory import FOLDER, Memory
from depth_ros.engines.parity import stored_input
from depth_ros.estimator import Estimator
from depth_ros.model import find, read_spec
import numpy as np
from onnxruntime import get_available_providers
import pytest
from tiny_models import make_tiny_model

pytest.importorskip('openvino', reason='OpenVINO is not installed: pip install openvino')
OPENVINO = Candidate('openvino', 'fp32', 'CPU')
SIZE = (96, 128)


class Auto:
    """Loads the student by `auto` with a folder of its own."""

    def __init__(self, folder):
        self.folder, self.lines = folder, []

    def load(self, **options):
        self.lines = []
        return engines.load('auto', find('student'), *SIZE, **{
            'threads': 1, 'cache': str(self.folder), 'report': self.lines.append, **options})

    def files(self):
        return sorted((self.folder / FOLDER).glob('*.json'))

    def prefer(self, candidate):
        """Rewrite what is remembered, as if this candidate had been the fastest."""
        (path,) = self.files()
        content = json.loads(path.read_text())
        content['found']['chosen'] = vars(candidate)
        for row in content['found']['candidates']:
            row['chosen'] = row['candidate'] == vars(candidate)
        path.write_text(json.dumps(content))

    def measured(self):
        return any('(measured ' in line for line in self.lines)


@pytest.fixture(scope='module')
def measured(tmp_path_factory):
    """Folder in which the student was measured once."""
    first = Auto(tmp_path_factory.mktemp('measured'))
    first.load()
    return first.folder


@pytest.fixture
def kept(auto, measured):
    """Return an Auto that remembers the student."""
    shutil.copytree(measured, auto.folder)
    return auto


@pytest.fixture
def auto(tmp_path, monkeypatch):
    """Return an Auto; a few rounds are enough for what is tested here."""
    monkeypatch.setattr(choice, 'ROUNDS', 2)
    return Auto(tmp_path / 'engines')


@pytest.mark.parametrize('candidate', [OPENVINO, REFERENCE])
def test_it_is_timed_once_and_remembered(auto, candidate):
    first = auto.load()
    assert auto.measured() and len(auto.files()) == 1 and first.note == ''
    rows = json.loads(auto.files()[0].read_text())['found']['candidates']
    assert {Candidate(**row['candidate']) for row in rows} == {REFERENCE, OPENVINO}
    assert all(0 < row['latency_ms']['median'] <= row['latency_ms']['p99'] for row in rows)
    chosen = next(Candidate(**row['candidate']) for row in rows if row['chosen'])
    assert chosen.engine == first.name and chosen == fastest(
        {Candidate(**row['candidate']): row['latency_ms']['median'] for row in rows})
    assert 'onnxruntime fp32 ' in first.choice and 'openvino fp32 CPU ' in first.choice
    # What is remembered is what is taken, and nothing is timed again.
    auto.prefer(candidate)
    again = auto.load()
    assert again.name == candidate.engine and not auto.measured()
    feed = stored_input(find('student'), *SIZE)
    assert np.allclose(again.run(**feed)['depth'], first.run(**feed)['depth'], rtol=1e-4)
    if candidate == OPENVINO:
        assert again.record['check']['parity']['passed']
        assert again.record['check']['latency_ms']['median'] > 0


def test_only_what_is_clearly_faster_takes_the_place_of_the_reference():
    assert fastest({REFERENCE: 10.0, OPENVINO: 8.0}) == OPENVINO
    assert fastest({REFERENCE: 10.0, OPENVINO: 9.5}) == REFERENCE
    assert fastest({REFERENCE: 10.0, OPENVINO: 11.0}) == REFERENCE
    assert fastest({REFERENCE: 10.0}) == REFERENCE


def test_what_it_depends_on_is_in_the_key(auto, tmp_path):
    names = candidates()
    spec, other = find('student'), find('completion')

    def key(spec=spec, height=96, names=names, **options):
        return json.dumps(choice.key(spec, height, 128, names, options), sort_keys=True)
    keys = [key(), key(spec=other), key(height=128), key(threads=1), key(threads=3),
            key(names=candidates('int8'))]
    assert len(set(keys)) == len(keys) and key() == key(threads=0)
    text = key()
    for part in ('"onnxruntime": "1.', '"openvino": "20', '"processor": ', '"gate": '):
        assert part in text


def test_another_number_of_threads_is_measured_anew(kept):
    auto = kept
    auto.load(threads=2)
    assert auto.measured() and len(auto.files()) == 2
    auto.load(threads=2)
    assert not auto.measured()
    auto.load(threads=2, force=True)
    assert auto.measured() and len(auto.files()) == 2


@pytest.mark.parametrize('damage', [
    lambda path: path.write_text(path.read_text()[:99]),
    lambda path: path.write_bytes(b'\x00\xff'),
    lambda path: path.write_text('[]'),
    lambda path: path.write_text(path.read_text().replace('"chosen"', '"lost"')),
    lambda path: path.write_text(path.read_text().replace('"threads": 1', '"threads": 9'))])
def test_a_file_that_cannot_be_used_is_measured_anew(kept, damage):
    auto = kept
    (path,) = auto.files()
    damage(path)
    auto.load()
    assert auto.measured() and auto.files() == [path]
    auto.load()
    assert not auto.measured()


def test_a_folder_that_cannot_be_written(auto):
    auto.folder.touch()
    engine = auto.load()
    assert auto.measured() and 'not kept: ' in engine.choice
    assert engine.run(**stored_input(find('student'), *SIZE))['depth'].shape == SIZE


def test_what_was_chosen_may_be_gone(kept):
    auto = kept
    auto.prefer(Candidate('openvino', 'fp32', 'WARP'))
    (path,) = auto.files()
    content = json.loads(path.read_text())
    content['found']['candidates'][1].update(chosen=True)
    path.write_text(json.dumps(content))
    engine = auto.load()
    assert engine.name == 'onnxruntime'
    assert engine.note.startswith('ONNX Runtime instead of openvino fp32 WARP: OpenVINO has no de')


def test_a_network_that_takes_no_time_stays_in_onnx_runtime(auto, tmp_path):
    spec = read_spec(make_tiny_model(tmp_path / 'tiny.onnx'))
    engine = engines.load('auto', spec, 64, 96, cache=str(auto.folder), threads=1)
    assert engine.name == 'onnxruntime' and 'less than 1 ms' in engine.choice
    assert not auto.files()


def test_a_lower_precision_is_taken_only_where_it_was_asked_for():
    assert candidates() == candidates('fp32') == [REFERENCE, OPENVINO]
    assert candidates('bf16') == [REFERENCE, OPENVINO, Candidate('openvino', 'bf16', 'CPU')]
    assert candidates('int8') == [
        REFERENCE, OPENVINO, Candidate('openvino', 'int8', 'CPU'),
        Candidate('onnxruntime', 'int8')]
    assert candidates(providers='cpu') == candidates()
    for name in set(get_available_providers()) - {'CPUExecutionProvider'}:
        assert Candidate('onnxruntime', 'fp32', name) in candidates(providers=name)


def test_what_was_asked_for_and_is_not_here_is_an_error(auto):
    for load in (engines.load, upgrade.load):
        with pytest.raises(UnavailableError, match='has no Warp: choose from .*CPUExecution'):
            load('auto', find('student'), *SIZE, providers='Warp')
        with pytest.raises(UnavailableError, match='no device WARP here: choose from .*CPU'):
            load('auto', find('student'), *SIZE, device='WARP')


@pytest.mark.parametrize('times, expected', [(0.5, 'tensorrt'), (2.0, 'openvino')])
def test_tensorrt_has_to_be_faster_than_the_choice(kept, times, expected):
    """With the fake of TensorRT: its numbers are right, its times are written by hand."""
    kept.prefer(OPENVINO)
    (path,) = kept.files()
    rows = json.loads(path.read_text())['found']['candidates']
    before = next(row['latency_ms']['median'] for row in rows if row['chosen'])
    options = {'libraries': broken_libraries(), 'precision': 'fp32', 'cache': str(kept.folder)}
    engines.close(engines.load('tensorrt', find('student'), *SIZE, **options))
    (sidecar,) = kept.folder.glob('*.json')
    record = json.loads(sidecar.read_text())
    record['check'].update(latency_ms={'median': times * before, 'p99': 1.0},
                           reference_latency_ms={'median': 1e3, 'p99': 1e3})
    sidecar.write_text(json.dumps(record))
    lines = []
    engine = upgrade.load('auto', find('student'), *SIZE, threads=1, report=lines.append,
                          **options)
    engine.expect(*SIZE)
    end = time.monotonic() + 60
    while engine.busy:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert engine.name == expected and engine.note == engine.building == ''
    assert any('now runs in openvino' in line for line in lines)
    assert any('OpenVINO is faster here than the TensorRT engine' in line
               for line in lines) is (expected == 'openvino')
    engine.close()


def test_two_processes_measure_once(auto):
    code = ('import sys\nfrom depth_ros import engines\nfrom depth_ros.model import find\n'
            f'engine = engines.load("auto", find("student"), {SIZE[0]}, {SIZE[1]}, threads=1, '
            f'cache="{auto.folder}", report=lambda line: print("line", line))\n'
            'print("took", engine.name)\n')
    running = [subprocess.Popen([sys.executable, '-c', code], stdout=subprocess.PIPE, text=True)
               for _ in range(2)]
    found = [process.communicate(timeout=120)[0] for process in running]
    assert all(process.returncode == 0 for process in running)
    assert sum('(measured ' in output for output in found) == 1, found
    assert len({output.splitlines()[-1] for output in found}) == 1 and len(auto.files()) == 1
    assert not list((auto.folder / FOLDER).glob('*.tmp'))


def test_memory_keeps_what_it_was_given(tmp_path):
    memory, other = (Memory(tmp_path, {'a': number}) for number in (1, 2))
    assert memory.write({'x': [1.5, None]}) == '' and memory.read() == {'x': [1.5, None]}
    assert other.read() is None
    assert (tmp_path / FOLDER).stat().st_mode & 0o777 == 0o700


def test_a_node_does_not_wait(auto):
    """As a node does it: ONNX Runtime answers, a thread measures, the next frame changes."""
    lines = []
    estimator = Estimator('student', loader=upgrade.load, size=SIZE, threads=1,
                          cache=str(auto.folder), report=lines.append)
    for remembered in (None, OPENVINO, REFERENCE):
        if remembered:
            auto.prefer(remembered)
        estimator.close()
        estimator.prepare()
        engine = estimator.engine
        assert engine.building == engine.note == ''
        image = np.full((96, 128, 3), 90, np.uint8)
        camera = Camera(128, 96, 100.0, 100.0, 63.5, 47.5)
        before = estimator.estimate(image, camera).depth
        end = time.monotonic() + 60
        while engine.busy:
            assert time.monotonic() < end
            time.sleep(0.01)
        assert np.allclose(estimator.estimate(image, camera).depth, before, rtol=1e-4)
        assert '(measured ' in engine.choice and engine.building == engine.note == ''
        if remembered:
            assert engine.name == remembered.engine
            assert any('now runs in openvino' in line for line in lines) is (
                remembered == OPENVINO)
        lines.clear()
    estimator.close()
