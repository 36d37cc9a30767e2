# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Which images a model of several domains calls unlike all of them."""
import json

import cv2
import numpy as np
import pytest
from tiny_domain_model import make_tiny_domains

pytest.importorskip('torch')
from training.__main__ import main  # noqa: E402


@pytest.fixture
def folders(tmp_path):
    """Images of the grey of rooms (60) and of streets (180), and of neither."""
    for name, levels in {'room': (60, 62, 64), 'street': (178, 180), 'sky': (250, 255)}.items():
        (tmp_path / name).mkdir()
        for level in levels:
            cv2.imwrite(str(tmp_path / name / f'{level}.png'), np.full((60, 80, 3), level))
    return tmp_path


def _arguments(model, folders):
    return ['domain-strangers', '--model', str(model), '--frames', f'room={folders / "room"}',
            f'street={folders / "street"}', '--strangers', f'sky={folders / "sky"}']


def test_what_is_unlike(folders, tmp_path, capsys):
    """Own images are like their domain, a bright sky is not, and of spoiled ones some are."""
    model = make_tiny_domains(tmp_path / 'm.onnx', unlikeness=True)
    out = tmp_path / 'out.json'
    assert main([*_arguments(model, folders), '--json', str(out)]) == 0
    printed = capsys.readouterr().out
    rows = json.loads(out.read_text())['rows']
    assert rows['room'] == {'frames': 3, 'unlike': 0.0, 'far': 0.0, 'chosen': {'room': 3},
                            'median': pytest.approx(0.04, abs=1e-3)}
    assert rows['street']['chosen'] == {'street': 2} and rows['sky']['unlike'] == 1.0
    assert rows['upside down']['unlike'] == 0.0 and rows['upside down']['frames'] == 5
    assert rows['black']['unlike'] == rows['an eighth of the light']['unlike'] == 1.0
    assert rows['noise']['unlike'] == 1.0 and rows['noise']['chosen'] == {'street': 5}
    # Rooms at four times their light are brighter than streets, these are white.
    assert rows['four times the light']['unlike'] == 1.0
    assert '| sky | 2 | 100% | ' in printed
    # A greater limit takes the sky for a street.
    main([*_arguments(model, folders), '--json', str(out), '--unknown', '99'])
    assert json.loads(out.read_text())['rows']['sky']['unlike'] == 0.0


def test_what_cannot_be_asked(folders, tmp_path, capsys):
    """A model that does not tell, and folders that hold nothing."""
    model = make_tiny_domains(tmp_path / 'm.onnx')
    assert main(_arguments(model, folders)) == 2
    assert 'does not tell how unlike its domains' in capsys.readouterr().err
    model = make_tiny_domains(tmp_path / 'm.onnx', unlikeness=True)
    (tmp_path / 'sky' / '250.png').unlink()
    (tmp_path / 'sky' / '255.png').unlink()
    assert main(_arguments(model, folders)) == 2
    assert 'holds neither stored frames nor images' in capsys.readouterr().err
    assert main([*_arguments(model, folders), '--strangers', 'sky']) == 2
    assert 'sky is no NAME=DIR' in capsys.readouterr().err
