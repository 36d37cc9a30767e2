# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The command `depth_ros check` on recordings, good, bad and damaged."""
import json

import cv2
from depth_ros.cli import main
from posts_bag import HEIGHT, make_posts_bag, WIDTH
import pytest

# x y z roll pitch yaw of the LiDAR in the camera of these recordings.
EXTRINSICS = ('0', '-0.1', '0', '1.5707963', '-1.5707963', '0')


def test_a_good_recording_in_all_forms(tmp_path, capsys):
    path = make_posts_bag(tmp_path / 'bag')
    outputs = [tmp_path / 'out' / name for name in ('r.json', 'r.html', 'r.png')]
    assert main(['check', str(path), '--json', str(outputs[0]), '--html', str(outputs[1]),
                 '--picture', str(outputs[2]), '--frames', '20']) == 0
    shown = capsys.readouterr().out
    assert '30 of 30 images usable' in shown and 'fit for training, with warnings' in shown
    assert len(shown.splitlines()) < 30
    report = json.loads(outputs[0].read_text())
    assert report['line']['frames'] == 20 and report['findings'][0]['code'] == 'short'
    page = outputs[1].read_text()
    assert page.count('<img') == 6 and '/camera/image' in page and '<svg' in page
    picture = cv2.imread(str(outputs[2]))
    assert picture.shape == (3 * HEIGHT, 2 * WIDTH, 3)
    # The line is drawn in colour on grey images.
    assert (picture.max(2).astype(int) - picture.min(2) > 100).sum() > 6 * 100


def test_errors_are_exit_code_2_and_extrinsics_cure_them(tmp_path, capsys):
    path = make_posts_bag(tmp_path / 'bag', static=False)
    out = tmp_path / 'r.json'
    assert main(['check', str(path), '--json', str(out)]) == 2
    shown = ' '.join(capsys.readouterr().out.split())
    assert 'error: no static transform' in shown and shown.count('not fit for training') == 1
    assert json.loads(out.read_text())['findings'][0]['code'] == 'no_transform'
    assert main(['check', str(path), '--extrinsics', *EXTRINSICS]) == 0
    assert 'given: LiDAR at 0.000 -0.100 0.000 m' in capsys.readouterr().out


def test_a_damaged_recording_is_recovered(tmp_path, capsys):
    path = make_posts_bag(tmp_path / 'bag', frames=60)
    file = next(path.glob('*.mcap'))
    file.write_bytes(file.read_bytes()[:int(0.8 * file.stat().st_size)])
    assert main(['check', str(path)]) == 0
    assert 'cut off' in ' '.join(capsys.readouterr().out.split())  # wrapped by the path's length
    assert main(['check', str(path), '--recover', str(tmp_path / 'new')]) == 0
    shown = ' '.join(capsys.readouterr().out.split())
    assert 'cut off' not in shown and str(tmp_path / 'new') in shown
    assert main(['check', str(path), '--recover', str(tmp_path / 'new')]) == 2
    assert 'cannot write' in capsys.readouterr().err


@pytest.mark.parametrize('words, message', [
    (['absent'], 'does not exist'), (['BAG', '--frames', '0'], 'at least 1'),
    (['BAG', '--extrinsics', '1', '2'], 'extrinsics of 2 numbers'),
    (['BAG', '--extrinsics', *['1'] * 16], 'no rigid transform')])
def test_bad_words_are_one_line(tmp_path, capsys, words, message):
    path = str(make_posts_bag(tmp_path / 'bag', frames=3))
    assert main(['check', *(path if word == 'BAG' else word for word in words)]) == 2
    error = capsys.readouterr().err
    assert message in error and len(error.strip().splitlines()) == 1
