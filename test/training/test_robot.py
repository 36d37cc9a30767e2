# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""From a recording to a model in one command: the whole way, going on, and bad recordings."""
import json
import os
import shutil
import signal
import subprocess
import sys
import time

from depth_ros.datasets import Options
from depth_ros.model import find
import numpy as np
from posts_bag import make_posts_bag
import pytest

torch = pytest.importorskip('torch', reason='training needs the train extra: torch')
pytest.importorskip('lightning', reason='training needs the train extra')
pytest.importorskip('onnx')
from training.__main__ import main  # noqa: E402
from training.robot.measure import AFTER, BEFORE, FILL, TEACHER  # noqa: E402
from training.robot.prepare import warnings_of  # noqa: E402
from training.robot.settings import Settings  # noqa: E402
from training.robot.stages import Stages  # noqa: E402

SMALL = ('data.batch_size=2', 'data.steps.size=[64,96]', 'data.steps.crop=[64,96]',
         'trainer.checkpoint_steps=1', 'trainer.log_every_n_steps=1')


def words(bag, out, *more, steps=6, settings=SMALL):
    """Return a command line on a tiny scale."""
    return ['r2m', '--bag', str(bag), '--out', str(out), '--steps', str(steps),
            '--measure-frames', '6', *more, '--set', *settings]


@pytest.fixture(scope='module')
def bag(tmp_path_factory):
    """Return a recording of posts before a wall, 4 s."""
    return make_posts_bag(tmp_path_factory.mktemp('posts') / 'yard', frames=40)


@pytest.fixture(scope='module')
def whole(bag, tmp_path_factory):
    """Return the folder of one command that nothing interrupted."""
    out = tmp_path_factory.mktemp('robot') / 'out'
    assert main(words(bag, out, '--take', 'trained', '--json', str(out.parent / 'all.json'))) == 0
    return out


def figures(out):
    """Return the figures of a folder."""
    return json.loads((out / 'r2m.json').read_text())['stages']['figures']['found']


def test_one_command_gives_a_model(whole, bag, capsys):
    """Model, card, report and figures are there, and a second call does nothing again."""
    spec = find(str(whole / 'model.onnx'))
    assert spec.task == 'completion' and spec.name == 'yard' and spec.size_multiple == 32
    assert 'recording yard' in spec.lineage and 'teacher: student' in spec.lineage
    assert find('completion').sha256[:12] in spec.lineage and 'Apache-2.0' in spec.licence
    assert spec.figures['r2m_steps'] == 6
    found = figures(whole)
    assert set(found['beams']) == {BEFORE, AFTER, FILL, TEACHER} and found['truth'] is None
    assert all(0 < one['abs_rel'] < 2 and one['pixels'] > 50 for one in found['beams'].values())
    everything = json.loads((whole.parent / 'all.json').read_text())
    assert everything['figures']['beams'] == found['beams']
    assert 'camera_info:=/camera/camera_info image:=/camera/image' in everything['launch']
    assert 'scan:=' not in everything['launch']
    page, card = (whole / 'report.html').read_text(), (whole / 'model.md').read_text()
    assert page.count('data:image') >= 6 and 'polyline' in page and 'usable images are few' in page
    for part in ('<canvas', 'Errors by distance', 'The worst frames', 'How to do it again',
                 spec.sha256, '--steps 6'):
        assert part in page, part
    assert len(page) < 4_000_000
    assert str(whole.parent) not in card and f'{found["beams"][AFTER]["abs_rel"]:.3f}' in card
    before = (whole / 'run' / 'last.ckpt').stat().st_mtime_ns
    capsys.readouterr()
    assert main(words(bag, whole, '--take', 'trained')) == 0
    said = capsys.readouterr()
    assert (whole / 'run' / 'last.ckpt').stat().st_mtime_ns == before
    assert 'ros2 launch depth_ros completion.launch.py' in said.out and said.err == ''


@pytest.mark.ros
def test_the_node_runs_the_model(whole, tmp_path):
    """The completion node loads the file and publishes over DDS; the line is kept."""
    pytest.importorskip('rclpy', reason='ROS 2 is not installed: make venv')
    from depth_ros.messages import image_to_depth
    from node_bench import Bench, POSE
    with Bench('completion', folder=tmp_path, model=str(whole / 'model.onnx'), **POSE) as node:
        depth = image_to_depth(node.good_frame(width=320, height=240))
    row = round(119.5 + 320 / 1.2 * 0.1 / 2)
    assert depth.shape == (240, 320) and np.abs(depth[row] - 2.0).max() < 0.02


def kill_when(there, command):
    """Run a command, kill it without warning as soon as something is there."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})
    try:
        while not there() and process.poll() is None:
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        _, error = process.communicate()
    assert process.returncode == -signal.SIGKILL, error


def test_killed_and_called_again(whole, bag, tmp_path):
    """Killed while the teacher is asked, then in training, it ends where the other one ended."""
    out = tmp_path / 'out'
    command = [sys.executable, '-m', 'training', *words(bag, out, '--take', 'trained')]

    def answers():
        return sorted(out.glob('teacher_cache/*/*.npz'))
    every = len(list(whole.glob('teacher_cache/*/*.npz')))
    kill_when(lambda: len(answers()) >= every // 3, command)
    kept = {file: file.stat().st_mtime_ns for file in answers()}
    assert every // 3 <= len(kept) < every and not (out / 'run' / 'last.ckpt').exists()
    kill_when(lambda: (out / 'run' / 'last.ckpt').exists(), command)
    step = torch.load(out / 'run' / 'last.ckpt', weights_only=False)['global_step']
    assert 1 <= step < 6
    assert not (out / 'model.onnx').exists()
    assert main(words(bag, out, '--take', 'trained')) == 0
    # What the teacher had said was not asked again.
    assert {file: file.stat().st_mtime_ns for file in kept} == kept
    assert len(answers()) == every
    kept, other = (torch.load(folder / 'run' / 'last.ckpt', weights_only=False)
                   for folder in (out, whole))
    assert kept['global_step'] == other['global_step'] == 6
    for name, value in other['state_dict'].items():
        torch.testing.assert_close(kept['state_dict'][name], value, rtol=1e-3, atol=1e-4)
    for name in (BEFORE, AFTER):
        assert figures(out)['beams'][name]['abs_rel'] == pytest.approx(
            figures(whole)['beams'][name]['abs_rel'], rel=1e-3)


def test_what_changes_is_done_anew_and_the_old_is_kept(whole, bag, tmp_path):
    """More steps train again beside the old run, on the same frames."""
    out = tmp_path / 'out'
    shutil.copytree(whole, out)
    frames = (out / 'frames' / '0' / 'frames.json').stat().st_mtime_ns
    assert main(words(bag, out, steps=1, settings=(*SMALL, 'model.lr=10.0'))) == 0
    assert (out / 'run.old-1' / 'last.ckpt').exists() and (out / 'model.onnx.old-1').exists()
    assert (out / 'frames' / '0' / 'frames.json').stat().st_mtime_ns == frames
    # A step that ruins the weights does not help: the shipped model is delivered.
    assert find(str(out / 'model.onnx')).name == 'completion'
    assert 'training did not help' in (out / 'report.html').read_text()


def refused(capsys, *line):
    """Return what a command that cannot work says."""
    assert main(list(line)) == 2
    return capsys.readouterr().err


def test_forecast_leaves_nothing_behind(bag, tmp_path, capsys):
    """It says what a step costs, and trains nothing."""
    out = tmp_path / 'out'
    assert main(words(bag, out, '--check-only')) == 0
    said = capsys.readouterr().out
    assert 'a training step takes' in said and '6 steps' in said
    assert not (out / 'run').exists() and not (out / 'model.onnx').exists()


def test_bad_recordings(tmp_path, capsys):
    """Each is refused, or gone on with, with a sentence that says why."""
    def refusal(bag, *more, name='out'):
        return refused(capsys, *words(bag, tmp_path / name, *more))
    said = refusal(make_posts_bag(tmp_path / 'turned', yaw_deg=180.0), name='turned_out')
    assert 'does not fall into the image' in said and '--force goes on' in said
    assert not (tmp_path / 'turned_out' / 'frames').exists()
    said = refusal(make_posts_bag(tmp_path / 'late', scan_delay_ns=10 ** 10), name='late_out')
    assert 'apart (median)' in said and 'clocks differ' in said
    assert 'neither a LaserScan' in refusal(
        make_posts_bag(tmp_path / 'blind', leave_out=['/scan']), name='blind_out')
    assert 'no recording at' in refusal(tmp_path / 'absent')
    short = make_posts_bag(tmp_path / 'short', frames=8)
    assert 'record longer' in refusal(short, name='short_out')
    (tmp_path / 'full').mkdir()
    (tmp_path / 'full' / 'thesis.tex').write_text('years of work')
    assert 'holds other files' in refusal(short, name='full')


def test_folder_of_another_recording_and_absent_teachers(whole, bag, tmp_path, capsys):
    """Nothing of the folder is touched."""
    other = make_posts_bag(tmp_path / 'other', frames=30)
    kept = (whole / 'r2m.json').read_bytes()
    assert 'was begun with' in refused(capsys, *words(other, whole))
    assert "no teacher 'oracle'" in refused(capsys, *words(bag, whole, '--teacher', 'oracle'))
    assert 'another recording' in refused(
        capsys, *words(bag, whole, '--validation-bag', str(bag)))
    assert '--minutes is 0' in refused(
        capsys, 'r2m', '--bag', str(bag), '--out', str(whole), '--minutes', '0')
    assert (whole / 'r2m.json').read_bytes() == kept


def test_standing_robot_and_damaged_file(tmp_path):
    """They are warned of; what is left of a truncated file is used."""
    bag = make_posts_bag(tmp_path / 'stands', frames=40, speed=0.0)
    file = next(bag.glob('*.mcap'))
    content = file.read_bytes()
    file.write_bytes(content[:int(0.5 * len(content))])
    said = []
    stages = Stages(Settings((bag,), tmp_path / 'out', Options(unlabelled=True)), said.append)
    said += warnings_of(stages.check()['recordings'], False)
    assert 'is damaged: going on with what could be read' in said[0]
    assert any('stands still' in sentence for sentence in said)
    part, = stages.frames()['parts']
    assert 15 <= part['usable'] < 40
    # Called again it opens what was recovered.
    assert Stages(stages.settings, said.append).whole(bag).is_dir()
