# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The command line of training: every command loads, mistakes give one line."""
import subprocess
import sys

import pytest

pytest.importorskip('torch')
pytest.importorskip('lightning')
from training.__main__ import COMMANDS, main, parser_for  # noqa: E402


@pytest.mark.parametrize('name', COMMANDS)
def test_commands_are_whole(name):
    """Each has its options and says what it is for."""
    parser, command = parser_for(name)
    assert command.HELP and callable(command.run)
    assert len(parser._actions) > 1


def test_usage_and_unknown_commands(capsys):
    """No command lists them; an unknown one too, on stderr."""
    assert main(['--help']) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in COMMANDS)
    assert main(['fitt']) == 2
    captured = capsys.readouterr()
    assert "unknown command 'fitt'" in captured.err and not captured.out
    assert main(['fit', '--config', 'nowhere.yaml', '--run', 'nowhere']) == 2
    assert 'nowhere.yaml' in capsys.readouterr().err


def test_usage_needs_no_torch(repository):
    """The list of commands is there at once: nothing large is imported for it."""
    code = ('import sys; from training.__main__ import main; main(["--help"]); '
            'sys.exit("torch" in sys.modules or "cv2" in sys.modules)')
    done = subprocess.run([sys.executable, '-c', code], cwd=repository, capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert 'render-pool' in done.stdout


@pytest.mark.parametrize('words', [
    ['add-domain', '--model', 'a', '--data', 'b', '--name', 'c', '--out', 'd', '--steps', '0'],
    ['distill', '--teacher', 'a', '--images', 'b', '--out', 'd', '--number', '0']])
def test_nothing_is_no_number_of_steps_or_images(words, capsys):
    assert main(words) == 2
    assert f'{words[-2]} 0: at least 1' in capsys.readouterr().err
