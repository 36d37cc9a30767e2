# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`depth_ros convert`: files that work, and figures that are those of the files."""
import json

from depth_ros.camera import Camera
from depth_ros.cli import main
from depth_ros.datasets.sample import Dataset, Sample
from depth_ros.estimator import Estimator
from depth_ros.evaluation.precisions import compare
from depth_ros.evaluation.protocols import find_protocol
from depth_ros.model import read_spec
import numpy as np
import pytest
from tiny_models import make_tiny_model
from tiny_networks import make_tiny_network

pytest.importorskip('onnx')


def test_files_and_figures(tmp_path, capsys):
    model = make_tiny_network(tmp_path / 'tiny.onnx')
    assert main(['convert', str(model), '--precision', 'fp16', 'bf16', 'int8', '--frames', '2',
                 '--out', str(tmp_path / 'made'), '--json', str(tmp_path / 'out.json')]) == 0
    said = capsys.readouterr().out
    report = json.loads((tmp_path / 'out.json').read_text())
    for precision in ('fp16', 'int8'):
        made = tmp_path / 'made' / f'tiny_{precision}.onnx'
        assert read_spec(made).name == 'tiny' and str(made) in said
        assert report['precisions'][precision]['bytes'] == made.stat().st_size
    row, = report['sets']
    assert row['set'] == 'demo bag' and row['frames'] == 2 and '| demo bag | 2 |' in said
    # Less precise, farther away; REL of random weights changes little all the same.
    assert 0 < row['fp16']['median'] < row['bf16']['median'] < 0.1
    assert row['fp16']['median'] <= row['fp16']['p99'] <= row['fp16']['largest']
    assert row['int8']['rel'] == pytest.approx(row['rel'], rel=0.1)


def test_the_differences_are_those_of_the_network(tmp_path):
    camera = Camera(96, 64, 80.0, 80.0, 47.5, 31.5)
    sparse = np.zeros((64, 96), np.float32)
    sparse[40, ::4] = 2.0
    sample = Sample('frame', np.zeros((64, 96, 3), np.uint8), np.full((64, 96), 4.0, np.float32),
                    sparse, camera)
    sets = {'made': Dataset(('frame',), 'row', lambda indices: iter([sample] * len(indices)))}
    exact, other = (Estimator(str(make_tiny_model(tmp_path / f'{depth}.onnx', depth=depth)),
                              'onnxruntime', anchor=False) for depth in (2.0, 2.2))
    row, = compare(sets, exact, {'other': other}, find_protocol('image_rmse'))
    assert row['other']['median'] == row['other']['largest'] == pytest.approx(0.1, rel=1e-5)
    assert row['rel'] == pytest.approx(0.5) and row['other']['rel'] == pytest.approx(0.45)


@pytest.mark.parametrize('words, text', [
    (['convert', 'nothing'], 'unknown model'),
    (['convert', 'student', '--precision', 'int8', '--calibration', 'nowhere'],
     'nowhere is no recording')])
def test_bad_input_is_one_line(capsys, words, text):
    assert main(words) == 2
    said, = capsys.readouterr().err.splitlines()
    assert text in said
