# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The linters that ROS packages run: style, docstrings, import order, copyright, XML."""
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import pytest

HEADER = ['# Copyright 2026 depth_ros maintainers', '# SPDX-License-Identifier: Apache-2.0']
SKIPPED_FOLDERS = {'build', 'install', 'log', 'dist'}


def sources(repository, *patterns):
    """Return the project's own files that match, without hidden and generated folders."""
    found = []
    for pattern in patterns:
        for path in repository.rglob(pattern):
            parts = path.relative_to(repository).parts
            if not any(part.startswith('.') or part in SKIPPED_FOLDERS for part in parts):
                found.append(path)
    return sorted(found)


def python_files(repository):
    """Return every Python file, including executables without a suffix."""
    return sources(repository, '*.py') + sources(repository / 'resource' / 'executables', '*')


def test_ruff(repository):
    """PEP 8, pep257 docstrings, quotes and import order, as ament_flake8 and ament_pep257."""
    ruff = shutil.which('ruff', path=str(repository / '.venv' / 'bin')) or shutil.which('ruff')
    command = [ruff] if ruff else [sys.executable, '-m', 'ruff']
    paths = [str(path) for path in python_files(repository)]
    result = subprocess.run(command + ['check', '--no-cache', '--output-format=concise'] + paths,
                            cwd=repository, capture_output=True, text=True)
    if 'No module named ruff' in result.stderr:
        pytest.skip('ruff is not installed: pip install ruff, or make test')
    assert result.returncode == 0, '\n' + result.stdout + result.stderr


def test_copyright(repository):
    """Each Python file names its owner and licence in its first lines."""
    wrong = []
    for path in python_files(repository):
        lines = path.read_text().splitlines()
        if lines and lines[0].startswith('#!'):
            lines = lines[1:]
        if lines[:2] != HEADER:
            wrong.append(str(path.relative_to(repository)))
    assert not wrong, f'files without the copyright header: {wrong}'


def test_xml(repository):
    """Every XML file is well formed."""
    files = sources(repository, '*.xml')
    assert {path.name for path in files} >= {'package.xml', 'fastdds_shm.xml'}
    for path in files:
        ElementTree.parse(path)


def test_text_files(repository):
    """Text files end with one newline and hold no tabs or trailing blanks."""
    wrong = []
    for path in sources(repository, '*.py', '*.xml', '*.yaml', '*.toml', '*.cfg'):
        if path.name == 'metadata.yaml':  # of a recording: written by a program
            continue
        text = path.read_text()
        if text and (not text.endswith('\n') or text.endswith('\n\n')):
            wrong.append(f'{path.relative_to(repository)}: end of file')
        for number, line in enumerate(text.splitlines(), 1):
            if '\t' in line or line != line.rstrip():
                wrong.append(f'{path.relative_to(repository)}:{number}: tab or trailing blank')
    assert not wrong, '\n'.join(wrong)


@pytest.mark.parametrize('name', ['ament_flake8', 'ament_pep257', 'ament_xmllint'])
def test_ament_linter(repository, name):
    """The original ROS linters agree."""
    pytest.importorskip(name + '.main', reason=f'{name} is not installed')
    places = ['depth_ros', 'training', 'test', 'launch', 'setup.py']
    if name == 'ament_xmllint':
        places = ['package.xml', 'config']
    result = subprocess.run(
        [sys.executable, '-c', f'import sys; from {name}.main import main; sys.exit(main())',
         *places], cwd=repository, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
