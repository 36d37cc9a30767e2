# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The cache of built engines between processes: two at once, one that dies, no place to keep."""
import os
from pathlib import Path
import subprocess
import sys

import pytest

BUILD = """
import os, sys, time
from pathlib import Path
from depth_ros.engines.cache import EngineCache, engine_key
folder, log = Path(sys.argv[1]), Path(sys.argv[2])
def build():
    with log.open('a') as file:
        file.write(f'{os.getpid()}\\n')
    time.sleep(1.0)
    return os.urandom(100000)
while not (log.parent / 'go').exists():
    time.sleep(0.01)
entry = EngineCache(folder).obtain(engine_key(*sys.argv[3:9], {}, {}), build)
print(entry.record['engine_sha256'], entry.built)
"""
WORDS = ['a' * 64, 'tensorrt', '10.3', 'Orin', '8.7', 'fp16']


def start(repository, *words, code=BUILD, **more):
    return subprocess.Popen([sys.executable, '-c', code, *map(str, words)], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env={**os.environ, 'PYTHONPATH': str(repository)}, **more)


def test_processes_that_start_together_build_once(repository, tmp_path):
    folder, log = tmp_path / 'engines', tmp_path / 'builds'
    running = [start(repository, folder, log, *WORDS) for _ in range(3)]
    (tmp_path / 'go').touch()
    answers = [process.communicate(timeout=60) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], answers
    assert len(log.read_text().split()) == 1
    assert len({out.split()[0] for out, _ in answers}) == 1
    assert sorted(out.split()[1] for out, _ in answers) == ['False', 'False', 'True']


def test_a_builder_that_dies_lets_the_next_one_build(repository, tmp_path):
    folder, log = tmp_path / 'engines', tmp_path / 'builds'
    (tmp_path / 'go').touch()
    first = start(repository, folder, log, *WORDS)
    while not log.exists():
        assert first.poll() is None, first.communicate()
    second = start(repository, folder, log, *WORDS)
    first.kill()
    first.communicate()
    out, problem = second.communicate(timeout=60)
    assert second.returncode == 0 and out.split()[1] == 'True', problem


KEEP = """
import os, resource, signal, sys
from depth_ros.engines.cache import EngineCache, engine_key
folder, how = sys.argv[1:3]
KEY = engine_key(*sys.argv[3:9], {}, {})
if how == 'read-only' and os.geteuid() == 0:
    # All modules must be loaded by then: another user may not be able to read them.
    EngineCache(folder + '_before').obtain(KEY, lambda: b'x')
    os.setuid(65534)
if how == 'full':
    # What a full disk does to a large file, in the middle of writing it.
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
lines = []
entry = EngineCache(folder).obtain(KEY, lambda: b'x' * 100000, report=lines.append)
assert len(entry.content) == 100000
print(entry.built, entry.kept, lines == [entry.warning], entry.warning)
"""


@pytest.mark.parametrize('how', ['read-only', 'full', 'no folder'])
def test_without_a_place_to_keep_it_the_engine_is_used_with_a_warning(repository, tmp_path, how):
    folder = tmp_path / 'engines'
    if how == 'no folder':
        (tmp_path / 'file').touch()
        folder = tmp_path / 'file' / 'engines'
    else:
        folder.mkdir(0o755)
        (folder / 'other.engine').touch()
    if how == 'read-only':
        # A process of another user must be able to look into it.
        for path in (tmp_path, *tmp_path.parents[:3]):
            if path.stat().st_uid == os.geteuid() and path != Path('/tmp'):
                path.chmod(path.stat().st_mode | 0o055)
        folder.chmod(0o555)
    process = start(repository, folder, how, *WORDS, code=KEEP)
    out, problem = process.communicate(timeout=60)
    assert process.returncode == 0, problem
    built, kept, told, warning = out.split(maxsplit=3)
    assert (built, kept, told) == ('True', 'False', 'True')
    assert 'cannot be kept' in warning and 'built again' in warning and str(folder) in warning
    if how != 'no folder':
        assert {path.suffix for path in folder.iterdir()} <= {'.engine', '.lock'}
