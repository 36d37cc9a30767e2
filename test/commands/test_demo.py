# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`depth_ros demo`: real processes over DDS, figures and pictures."""
import json
import subprocess
import sys

import cv2
from depth_ros.cli import main
from depth_ros.demo.strip import COLUMN, strip
from depth_ros.pictures import error_colors
import numpy as np
import pytest
from tiny_bags import make_tiny_bag
from tiny_models import make_tiny_model
import yaml

FRAMES = 12


def run_demo(repository, folder, *arguments):
    """Run the command as a user does; return its result."""
    return subprocess.run(
        [sys.executable, '-m', 'depth_ros.cli', 'demo', '--output', str(folder / 'out'),
         *map(str, arguments)], cwd=repository, capture_output=True, text=True, timeout=120)


@pytest.mark.ros
@pytest.mark.parametrize('depth,truth', [(4.0, 'png'), (3.0, 'cloud')])
def test_every_frame_is_accounted_for(repository, tmp_path, depth, truth):
    pytest.importorskip('rclpy')
    bag = make_tiny_bag(tmp_path / 'bag', FRAMES, truth=truth, distance=4.0, compressed=True)
    model = make_tiny_model(tmp_path / 'tiny.onnx', depth=depth, size_multiple=0)
    result = run_demo(repository, tmp_path, '--bag', bag, '--model', model, '--pictures', '2',
                      '--rate', '0.5', '--json', tmp_path / 'copy.json')
    assert result.returncode == 0, result.stderr
    report = json.loads((tmp_path / 'out' / 'report.json').read_text())
    assert report == json.loads((tmp_path / 'copy.json').read_text())
    images = report['images']
    assert images['sent'] == images['in'] == FRAMES
    assert set(images['lost'].values()) == {0}
    # On a busy machine an image may be overtaken by the next; none may vanish.
    assert images['arrived'] == images['out'] == FRAMES - sum(images['dropped'].values())
    assert report['frames'] == images['arrived'] >= FRAMES // 2
    # The model says the same depth everywhere; anchoring corrects it near the measured line.
    assert report['metrics']['abs_rel'] <= (4.0 - depth) / 4.0 + 0.01
    assert report['metrics']['abs_rel'] < 0.2
    assert report['residual_on_line']['residual_m'] == pytest.approx(4.0 - depth, abs=0.02)
    assert report['residual_on_line']['anchored_residual_m'] < 0.01
    assert 9 < report['rate_hz']['recorded'] < 11 and report['rate_hz']['depth'] > 1
    assert 0 < report['latency_ms']['median'] <= report['latency_ms']['p99']
    assert f'{FRAMES} -> {images["arrived"]} of {FRAMES} recorded' in result.stdout
    assert 'lost without a reason  | 0' in result.stdout
    drawn = sorted(path.name for path in (tmp_path / 'out').glob('*.png'))
    assert len(drawn) == 3 and drawn[-1] == 'strip.png'
    assert cv2.imread(str(tmp_path / 'out' / 'strip.png')).shape[1] > 7 * COLUMN


@pytest.mark.ros
def test_drops_have_a_reason(repository, tmp_path):
    pytest.importorskip('rclpy')
    bag = make_tiny_bag(tmp_path / 'bag', FRAMES, skip_scan=(4, 5, 6))
    model = make_tiny_model(tmp_path / 'tiny.onnx', size_multiple=0)
    result = run_demo(repository, tmp_path, '--bag', bag, '--model', model, '--rate', '0.5',
                      '--json', '-')
    assert result.returncode == 0, result.stderr
    images = json.loads(result.stdout)['images']
    assert images['dropped'] == {'no scan within max_skew': 3}
    assert (images['out'], images['arrived']) == (FRAMES - 3, FRAMES - 3)


def test_vanished_images_fail_the_demo(tmp_path, monkeypatch, capsys):
    from depth_ros.commands import demo
    report = {
        'model': 'm', 'input': '1x1', 'engine': 'e', 'frames': 0, 'metrics': {},
        'images': {'sent': 5, 'in': 4, 'out': 4, 'dropped': {}, 'arrived': 2, 'lost': {
            'on the way to the node': 1, 'in the node': 0, 'on the way from the node': 2}},
        'rate_hz': {'recorded': 10.0, 'depth': 9.0},
        'latency_ms': {'median': None, 'p99': None, 'node_medians': {
            'work': None, 'inference': None}},
        'residual_on_line': {'residual_m': None, 'anchored_residual_m': None,
                             'line_points': None}}
    monkeypatch.setattr(demo, 'demo', lambda args: report)
    assert main(['demo', '--output', str(tmp_path)]) == 1
    output = capsys.readouterr()
    assert '1 on the way to the node, 2 on the way from the node' in output.out
    assert '3 images were lost without a reason' in output.err


@pytest.mark.ros
def test_a_model_that_cannot_run_is_named(repository, tmp_path):
    pytest.importorskip('rclpy')
    bag = make_tiny_bag(tmp_path / 'bag', 2)
    model = make_tiny_model(tmp_path / 'tiny.onnx', task='monocular')
    result = run_demo(repository, tmp_path, '--bag', bag, '--model', model)
    assert result.returncode == 2
    assert 'depth_ros demo: the completion node: ' in result.stderr
    assert 'does monocular, this needs completion' in result.stderr
    assert 'Traceback' not in result.stderr


@pytest.mark.parametrize('arguments,message', [
    (['--bag', '/nowhere'], '/nowhere does not exist'), (['--rate', '0'], 'must be positive')])
def test_bad_input_is_one_line(tmp_path, capsys, arguments, message):
    assert main(['demo', '--output', str(tmp_path), *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count('\n') == 1


def test_the_bundled_recording(repository):
    """It is what the documentation promises: a moving robot, long and small enough."""
    from depth_ros.commands.demo import BUNDLED
    from depth_ros.demo.session import inspect
    recording = inspect(BUNDLED)
    assert len(recording.stamps) >= 100 and recording.rate > 9.5
    assert np.linalg.norm(recording.rotation) == pytest.approx(1)
    assert sum(path.stat().st_size for path in BUNDLED.iterdir()) < 10e6


def test_the_parameters_of_the_demo_fit_the_bundled_recording(repository):
    from depth_ros.commands.demo import BUNDLED
    from depth_ros.demo.session import inspect
    text = (repository / 'config' / 'demo.yaml').read_text()
    parameters = yaml.safe_load(text)['/**']['ros__parameters']
    recording = inspect(BUNDLED)
    assert parameters['lidar_translation'] == pytest.approx(recording.translation, abs=1e-4)
    assert parameters['lidar_rotation'] == pytest.approx(recording.rotation, abs=1e-4)


def test_the_strip_shows_error_where_it_is():
    image = np.full((48, 64, 3), 120, np.uint8)
    truth = np.full((48, 64), 4.0, np.float32)
    depth = truth.copy()
    depth[:, 32:] = 6.0
    frame = (0.5, image, np.zeros_like(truth), depth, truth)
    picture = strip([frame] * 3, np.arange(4), np.array([0.1, np.nan, 0.3, 0.2]),
                    np.array([5.0, 7.0, 6.0, np.nan]), 3.0)
    assert picture.dtype == np.uint8 and picture.shape[1] > 3 * COLUMN
    wanted = error_colors(depth, truth)
    found = {tuple(pixel) for pixel in picture.reshape(-1, 3)}
    assert {tuple(wanted[0, 0]), tuple(wanted[0, 63])} <= found
