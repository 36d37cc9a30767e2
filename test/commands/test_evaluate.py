# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The evaluate command, through the command line."""
import json

import cv2
from depth_ros.cli import main
import numpy as np
import pytest
from tiny_models import make_tiny_model

KEYS = {'rmse', 'mae', 'abs_rel', 'log10', 'irmse', 'delta1', 'delta2', 'delta3', 'coverage'}


@pytest.fixture
def frames(tmp_path):
    """Four RGB-D frames of a slope and a model that knows nothing."""
    folder = tmp_path / 'data'
    raw = np.tile(np.linspace(1000, 3000, 48)[:, None], (1, 64)).astype(np.uint16)
    for kind, pixels in (('color', np.zeros((48, 64, 3), np.uint8)), ('depth', raw)):
        (folder / kind).mkdir(parents=True)
        for index in range(4):
            cv2.imwrite(str(folder / kind / f'{index}.png'), pixels)
    return folder, make_tiny_model(tmp_path / 'tiny.onnx', depth=2.0)


def evaluate(frames, out, *arguments):
    folder, model = frames
    return main(['evaluate', str(folder), '--dataset', 'redwood', '--model', str(model),
                 '--json', str(out), *arguments])


def test_report_table_and_pictures(frames, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv('DEPTH_ROS_TEACHER', raising=False)
    out, pictures = tmp_path / 'new' / 'report.json', tmp_path / 'pictures'
    assert evaluate(frames, out, '--line-row', '0.5', '--limit', '2',
                    '--pictures', str(pictures)) == 0
    report = json.loads(out.read_text())
    assert report['frames'] == 2 and report['dataset'] == 'redwood'
    assert KEYS <= set(report['metrics'])
    assert list(report['baselines']) == ['line_median', 'nearest_fill']
    assert all(KEYS <= set(metrics) for metrics in report['baselines'].values())
    assert {'median', 'p99'} <= set(report['latency_ms'])
    assert report['environment']['packages']['numpy'] == np.__version__
    assert [frame['name'] for frame in report['per_frame']] == ['color/1', 'color/3']
    text = capsys.readouterr().out
    assert 'nearest_fill' in text and 'abs_rel' in text and '2 frames of redwood' in text
    written = sorted(pictures.iterdir())
    assert [file.name for file in written] == ['color_1.png', 'color_3.png']
    assert cv2.imread(str(written[0])).std() > 20


def test_a_page_stands_alone_and_says_how_to_do_it_again(frames, tmp_path, capsys):
    out, page = tmp_path / 'report.json', tmp_path / 'new' / 'page.html'
    assert evaluate(frames, out, '--html', str(page)) == 0
    text, report = page.read_text(encoding='utf-8'), json.loads(out.read_text())
    assert f'page: {page}' in capsys.readouterr().out
    for value in (report['model_details']['sha256'], report['data_sha256'],
                  report['protocol_definition'].split(';')[1]):
        assert value in text
    assert '<canvas' in text and 'nearest fill' in text
    assert len(text) < 4_000_000
    # The same data again, and other data.
    digests = []
    for limit in ('4', '3'):
        assert evaluate(frames, out, '--limit', limit) == 0
        digests.append(json.loads(out.read_text())['data_sha256'])
    assert digests[0] == report['data_sha256'] != digests[1]


def test_a_page_alone_will_do_and_the_table_alone(frames, tmp_path, capsys):
    folder, model = frames
    words = ['evaluate', str(folder), '--dataset', 'redwood', '--model', str(model), '--limit',
             '1']
    assert main([*words, '--html', str(tmp_path / 'page.html')]) == 0
    capsys.readouterr()
    assert main(words) == 0
    assert 'nearest_fill' in (text := capsys.readouterr().out) and 'page:' not in text


def test_noise_and_anchoring_reach_the_report(frames, tmp_path):
    def report(*arguments):
        assert evaluate(frames, tmp_path / 'out.json', *arguments) == 0
        return json.loads((tmp_path / 'out.json').read_text())
    anchored, free = report(), report('--no-anchor')
    assert anchored['metrics']['mae'] != free['metrics']['mae']
    assert free['metrics'] != report('--no-anchor', '--line-noise', '0.1')['residual_on_line']
    noisy = report('--no-anchor', '--line-noise', '0.5')
    assert noisy['residual_on_line']['median_abs'] > free['residual_on_line']['median_abs']
    assert noisy['options']['line_noise'] == 0.5


def test_teacher_baseline(frames, tmp_path):
    teacher = make_tiny_model(tmp_path / 'teacher.onnx', 'relative', size_multiple=1)
    assert evaluate(frames, tmp_path / 'out.json', '--teacher', str(teacher)) == 0
    report = json.loads((tmp_path / 'out.json').read_text())
    teacher, median = report['baselines']['teacher'], report['baselines']['line_median']
    assert teacher['mae'] == pytest.approx(median['mae'], rel=1e-3)


@pytest.mark.parametrize('arguments, message', [
    (('--line-elevation', '-1'), '--line-row'),
    (('--line-row', '7'), 'fraction of the height'),
    (('--line-noise', '-1'), 'must not be negative'),
    (('--limit', '0'), 'at least 1'),
    (('--teacher', 'absent.onnx'), 'absent.onnx'),
    (('--camera', 'absent.yaml'), 'absent.yaml')])
def test_bad_input_is_one_line_and_exit_code_2(frames, tmp_path, capsys, arguments, message):
    assert evaluate(frames, tmp_path / 'out.json', *arguments) == 2
    error = capsys.readouterr().err.strip()
    assert message in error and '\n' not in error
    assert not (tmp_path / 'out.json').exists()


def test_relative_model_is_no_candidate(frames, tmp_path, capsys):
    teacher = make_tiny_model(tmp_path / 'teacher.onnx', 'relative', size_multiple=1)
    assert evaluate((frames[0], teacher), tmp_path / 'out.json') == 2
    assert '--teacher' in capsys.readouterr().err


def test_report_that_cannot_be_written_is_refused_before_the_work(frames, tmp_path, capsys):
    assert evaluate(frames, tmp_path) == 2
    assert 'names a file' in capsys.readouterr().err
    (tmp_path / 'file').write_text('')
    assert evaluate(frames, tmp_path / 'file' / 'out.json') == 2
    assert 'cannot make the folder' in capsys.readouterr().err
