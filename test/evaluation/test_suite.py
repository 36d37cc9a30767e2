# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The suite on made sets: which rows there are, their means, absent sets, blind parts."""
import json

import cv2
from depth_ros.cli import main
from depth_ros.datasets.sample import Dataset
from depth_ros.estimator import Estimator
from depth_ros.evaluation import robustness, suite, tables
from depth_ros.evaluation.baselines import line_baselines
from depth_ros.evaluation.protocols import find_protocol
from depth_ros.evaluation.scaled import ScaledByLine
import made_sets
import numpy as np
import pytest
from tiny_models import make_tiny_model


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Folder with three of the sets, one of them blind."""
    monkeypatch.delenv('DEPTH_ROS_TEACHER', raising=False)
    made_sets.redwood(tmp_path / 'data' / 'redwood')
    made_sets.seven_scenes(tmp_path / 'data' / '7scenes_redkitchen')
    made_sets.redwood(tmp_path / 'data' / 'realsense_boxes', height=480, width=640)
    return tmp_path / 'data'


@pytest.fixture
def model(tmp_path):
    return make_tiny_model(tmp_path / 'tiny.onnx', depth=2.0, confidence=0.7)


def test_table_means_and_absent_sets(data, model):
    report = suite.run_suite(data, Estimator(str(model)), find_protocol('image_rmse'),
                             line_baselines())
    rows = {row['name']: row for row in report['rows']}
    assert list(rows) == ['seven_scenes', 'redwood'] and not report['blind']
    assert {'tum', 'nyu', 'bag kitti_sfnd', 'kitti_object@-2'} <= set(report['absent'])
    assert 'realsense_boxes' not in report['absent']
    redwood = rows['redwood']
    assert redwood['frames'] == 2 and len(redwood['variants']) == 3
    assert redwood['metrics']['abs_rel'] == pytest.approx(np.mean(
        [variant['metrics']['abs_rel'] for variant in redwood['variants']]))
    mean = report['means']['indoor']
    assert mean['metrics']['rmse'] == pytest.approx(
        (redwood['metrics']['rmse'] + rows['seven_scenes']['metrics']['rmse']) / 2)
    assert [goal['row'] for goal in report['goals']] == ['mean of the indoor rows']
    text = tables.suite_table(report)
    assert 'Absent, not measured: kitti_object@-5' in text and 'missed' in text
    json.dumps(report, allow_nan=False)


def test_blind_part_is_apart(data, model, tmp_path, capsys):
    def run(*options):
        return main(['suite', str(data), '--model', str(model), '--out',
                     str(tmp_path / 'out'), *options])
    assert run() == 0
    assert 'realsense_boxes' not in capsys.readouterr().out
    assert run('--blind') == 0
    text = capsys.readouterr().out
    assert 'realsense_boxes' in text and 'redwood |' not in text and 'blindness' in text
    report = json.loads((tmp_path / 'out' / 'blind.json').read_text())['table']
    assert report['blind'] and [row['name'] for row in report['rows']] == ['realsense_boxes']
    assert run('--blind', '--parts', 'worst') == 2
    assert 'end its blindness' in capsys.readouterr().err
    assert not list((tmp_path / 'out').glob('worst*'))


def test_monocular_model_has_a_table(data, tmp_path):
    student = make_tiny_model(tmp_path / 'student.onnx', 'monocular')
    out = tmp_path / 'out'
    assert main(['suite', str(data), '--model', str(student), '--out', str(out)]) == 0
    report = json.loads((out / 'table.json').read_text())['table']
    assert report['rows'][0]['metrics']['rmse'] > 0
    assert report['rows'][0]['residual_on_line']['median_rel'] is None


def test_halves_of_the_object_frames_share_nothing(monkeypatch):
    names = tuple(f'{part}/{number:06d}' for part in ('testing', 'training')
                  for number in range(4))
    monkeypatch.setattr(suite, 'open_dataset',
                        lambda *_: Dataset(names, 'ring', lambda wanted: iter(wanted)))
    halves = [suite.Row('x', 'kitti_object', '', suite.ROAD, half=half).frames('', None).names
              for half in (0, 1)]
    assert not set(halves[0]) & set(halves[1]) and sorted(sum(halves, ())) == sorted(names)
    assert all(int(name[-1]) % 2 == 0 for name in halves[0])
    blind = {row.name for row in suite.rows(blind=True)}
    assert blind & {row.name for row in suite.rows()} == set()
    assert {row.half for row in suite.SUITE if row.dataset == 'kitti_object'} == {0, 1}


def test_all_parts_are_written(data, model, tmp_path, capsys):
    pytest.importorskip('matplotlib', reason='plots need matplotlib')
    out = tmp_path / 'out'
    assert main(['suite', str(data), '--model', str(model), '--out', str(out), '--parts',
                 'robustness', 'confidence', 'worst']) == 0
    assert {'robustness.json', 'robustness.md', 'robustness.png', 'confidence.png',
            'worst.md', 'worst_redwood.jpg', 'worst_seven_scenes.jpg'} <= {
                file.name for file in out.iterdir()}
    curves = {curve['name']: curve for curve in json.loads(
        (out / 'robustness.json').read_text())['robustness']['curves']}
    assert {trouble.name for trouble in robustness.TROUBLES} <= set(curves)
    assert {'line height', robustness.NO_LINE, 'skew, camera in the hand'} <= set(curves)
    assert all(len(curve['rel']) == len(curve['levels']) for curve in curves.values())
    # The tiny model answers 2 m and is anchored to the line: its colours mean nothing to it.
    assert curves['exposure']['change'] == [0.0] * 4
    assert curves['line height']['change'][3] == 0.0
    worst = json.loads((out / 'worst.json').read_text())['worst']['redwood']
    assert worst[0]['abs_rel'] >= worst[1]['abs_rel']
    sheet = cv2.imread(str(out / 'worst_redwood.jpg'))
    assert sheet.shape[1] == 4 * 360 and sheet.std() > 20
    page = (out / 'worst.md').read_text()
    assert page.index(worst[0]['name']) < page.index(worst[1]['name'])


def test_line_as_scale_only(tmp_path):
    """A model that never sees the line: its answer times one factor, so that the line agrees."""
    model = make_tiny_model(tmp_path / 'gain.onnx', depth=1.0, image_gain=2.0, fill=True)
    image = np.full((64, 96, 3), 0, np.uint8)
    image[32:] = 255  # answers 1 m above and 3 m below
    sparse = np.zeros((64, 96), np.float32)
    sparse[48] = 6.0
    plain = Estimator(str(model))
    camera = suite.REALSENSE.scaled(96, 64)
    frame = ScaledByLine(plain).estimate(image, camera, sparse=sparse)
    assert frame.depth[5, 5] == pytest.approx(2.0) and frame.depth[60, 5] == pytest.approx(6.0)
    assert frame.metric and frame.residual is None
    nothing = ScaledByLine(plain).estimate(image, camera, sparse=np.zeros_like(sparse))
    assert not nothing.metric


def test_bad_input(data, model, tmp_path, capsys):
    def run(*words):
        code = main(['suite', *words, '--out', str(tmp_path / 'out')])
        error = capsys.readouterr().err.strip()
        assert code == 2 and '\n' not in error
        return error
    assert 'holds none of the sets' in run(str(tmp_path), '--model', str(model))
    student = make_tiny_model(tmp_path / 'student.onnx', 'monocular')
    assert 'monocular' in run(str(data), '--model', str(student), '--parts', 'robustness')
    assert 'monocular' in run(str(data), '--model', str(student), '--line', 'scale')
    teacher = make_tiny_model(tmp_path / 'teacher.onnx', 'relative', size_multiple=1)
    assert '--teacher' in run(str(data), '--model', str(teacher))
    unsure = make_tiny_model(tmp_path / 'unsure.onnx')
    assert 'no confidence' in run(str(data), '--model', str(unsure), '--parts', 'confidence')
