# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The cache of built engines: what makes a new one, what is damaged, refused, listed, pruned."""

import hashlib
import json
import os
from pathlib import Path
import stat

from depth_ros.engines import NotBuiltError, RefusedError
from depth_ros.engines.cache import default_folder, engine_key, EngineCache, models_folder
from depth_ros.engines.maker import private_folder
import pytest

FIELDS = {'onnx_sha256': 'a' * 64, 'library': 'tensorrt', 'version': '10.3.0', 'gpu': 'Orin',
          'compute_capability': '8.7', 'precision': 'fp16',
          'shapes': {'image': (1, 240, 320, 3)}, 'options': {'workspace_mib': 1024}}
OTHER = {'onnx_sha256': 'b' * 64, 'library': 'tensorrt_rtx', 'version': '10.4.0', 'gpu': 'Thor',
         'compute_capability': '8.9', 'precision': 'fp32',
         'shapes': {'image': (1, 240, 352, 3)}, 'options': {'workspace_mib': 512}}
KEY = engine_key(**FIELDS)
ENGINE = bytes(range(256)) * 40


class Builder:
    """Counts how often it was asked to build."""

    def __init__(self, content=ENGINE):
        self.content, self.times = content, 0

    def __call__(self):
        self.times += 1
        return self.content


@pytest.fixture
def cache(tmp_path):
    """Return an empty cache."""
    return EngineCache(tmp_path / 'engines')


def test_it_is_built_once_and_the_sidecar_says_all(cache):
    build = Builder()
    first = cache.obtain(KEY, build, lambda content: {'bytes': len(content)}, about={'model': 'm'})
    again = EngineCache(cache.folder).obtain(KEY, build)
    assert build.times == 1 and first.built and not again.built
    assert first.kept and again.content == ENGINE == first.content
    record = json.loads(cache.path(KEY, 'json').read_text())
    assert again.record == record == first.record
    assert record['key'] == json.loads(json.dumps(FIELDS))
    assert record['check'] == {'bytes': len(ENGINE)} and record['model'] == 'm'
    assert record['engine_bytes'] == len(ENGINE) and record['build_seconds'] >= 0
    assert stat.S_IMODE(cache.folder.stat().st_mode) == 0o700
    assert not list(cache.folder.glob('*.tmp'))


@pytest.mark.parametrize('field', FIELDS)
def test_another_value_of_anything_is_another_engine(cache, field):
    build = Builder()
    cache.obtain(KEY, build)
    changed = engine_key(**{**FIELDS, field: OTHER[field]})
    assert changed.digest != KEY.digest
    assert cache.obtain(changed, build).built and build.times == 2
    assert not cache.obtain(KEY, build).built and build.times == 2


def test_the_order_of_shapes_and_options_does_not_matter():
    one = engine_key(**{**FIELDS, 'options': {'a': 1, 'b': (2,)}})
    two = engine_key(**{**FIELDS, 'options': {'b': [2], 'a': 1}})
    assert one.digest == two.digest


def truncate(cache):
    cache.path(KEY).write_bytes(ENGINE[:100])


def flip(cache):
    cache.path(KEY).write_bytes(ENGINE[:50] + bytes([ENGINE[50] ^ 1]) + ENGINE[51:])


def empty(cache):
    cache.path(KEY).write_bytes(b'')


def lose(cache):
    cache.path(KEY).unlink()


def make_folder(cache):
    cache.path(KEY).unlink()
    cache.path(KEY).mkdir()


def cut_sidecar(cache):
    path = cache.path(KEY, 'json')
    path.write_text(path.read_text()[:80])


def binary_sidecar(cache):
    cache.path(KEY, 'json').write_bytes(b'\xff\x00' * 50)


def other_json(cache):
    cache.path(KEY, 'json').write_text('[1, 2]')


def foreign(cache):
    """Copy the engine of another GPU under this name, as a user would who copies the folder."""
    other = engine_key(**{**FIELDS, 'gpu': 'Thor'})
    cache.obtain(other, Builder(b'for another GPU'))
    for suffix in ('engine', 'json'):
        os.replace(cache.path(other, suffix), cache.path(KEY, suffix))


def lose_sidecar(cache):
    cache.path(KEY, 'json').unlink()


@pytest.mark.parametrize('damage, words', [
    (truncate, 'is damaged'), (flip, 'is damaged'), (empty, 'is damaged'),
    (lose, 'cannot be read'), (cut_sidecar, 'cannot be read'), (binary_sidecar, 'cannot be read'),
    (other_json, 'cannot be read'), (foreign, 'belongs to another engine'), (lose_sidecar, '')])
def test_what_is_damaged_or_foreign_is_built_anew(cache, damage, words):
    cache.obtain(KEY, Builder())
    damage(cache)
    build, lines = Builder(b'new'), []
    entry = cache.obtain(KEY, build, report=lines.append)
    assert entry.built and entry.kept and entry.content == b'new' and build.times == 1
    assert (words in lines[0] and 'built anew' in lines[0]) if words else not lines
    assert not cache.obtain(KEY, build).built and build.times == 1


def test_an_engine_that_cannot_be_replaced_is_still_used(cache):
    cache.obtain(KEY, Builder())
    make_folder(cache)
    entry = cache.obtain(KEY, Builder(b'new'))
    assert entry.content == b'new' and not entry.kept and 'cannot be kept' in entry.warning


def test_leftovers_of_a_crash_are_cleared(cache):
    cache.obtain(engine_key(**OTHER), Builder())
    mine = cache.folder / f'{KEY.digest}.abc.tmp'
    mine.write_bytes(b'half an engine')
    assert cache.obtain(KEY, Builder()).kept
    assert not mine.exists()


def test_nothing_is_built_where_that_is_not_allowed(cache):
    with pytest.raises(NotBuiltError, match='no engine of this model'):
        cache.obtain(KEY, None)
    assert not cache.folder.exists()
    cache.obtain(KEY, Builder())
    assert cache.obtain(KEY, None).content == ENGINE


def test_force_builds_again(cache):
    cache.obtain(KEY, Builder())
    assert cache.obtain(KEY, Builder(b'new'), force=True).built
    assert cache.obtain(KEY, None).content == b'new'


def refuse(content):
    raise RefusedError('the engine is wrong by 40 %', {'parity': {'median_rel': 0.4}})


def test_a_refusal_is_remembered_and_force_tries_again(cache):
    build = Builder()
    with pytest.raises(RefusedError, match='wrong by 40 %'):
        cache.obtain(KEY, build, refuse)
    for allowed in (build, None):
        with pytest.raises(RefusedError, match='40 %.*--force') as caught:
            cache.obtain(KEY, allowed, refuse)
        assert caught.value.figures == {'parity': {'median_rel': 0.4}}
    assert build.times == 1 and not cache.path(KEY).exists()
    assert cache.obtain(KEY, build, force=True).built
    assert not cache.obtain(KEY, None).record['refused']


def test_an_engine_that_is_refused_later_is_taken_away(cache):
    cache.obtain(KEY, Builder())
    with pytest.raises(RefusedError):
        cache.obtain(KEY, Builder(), refuse, force=True)
    assert not cache.path(KEY).exists()
    with pytest.raises(RefusedError):
        cache.obtain(KEY, None)


def test_a_failed_build_leaves_nothing(cache):
    def fail():
        raise RuntimeError('out of memory')
    with pytest.raises(RuntimeError):
        cache.obtain(KEY, fail)
    assert {path.suffix for path in cache.folder.iterdir()} == {'.lock'}
    assert cache.obtain(KEY, Builder()).built


def test_a_folder_that_anybody_may_write_is_told(cache):
    cache.folder.mkdir()
    cache.folder.chmod(0o777)
    assert 'chmod 700' in cache.obtain(KEY, Builder()).warning
    assert 'chmod 700' in cache.obtain(KEY, None).warning
    cache.folder.chmod(0o770)
    assert 'its group may write' in cache.obtain(KEY, None).warning
    cache.folder.chmod(0o755)
    assert cache.obtain(KEY, None).warning == ''


def test_a_folder_of_somebody_else_is_told(cache):
    cache.obtain(KEY, Builder())
    if os.geteuid():
        pytest.skip('only root can give a folder away')
    os.chown(cache.folder, 12345, -1)
    # Root reads it all the same; its engine would run as root.
    assert 'belongs to another user (uid 12345)' in cache.obtain(KEY, None).warning


def test_all_folders_that_are_made_are_for_their_owner_alone(tmp_path):
    before = os.umask(0)
    try:
        lean_folder = models_folder(tmp_path / 'a' / 'b' / 'engines')
        private_folder(lean_folder)
    finally:
        os.umask(before)
    made = [lean_folder, *list(lean_folder.parents)[:3]]
    assert [path.name for path in made] == ['models', 'engines', 'b', 'a']
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o700}


def test_the_folder_follows_the_xdg_rules(monkeypatch, tmp_path):
    monkeypatch.setenv('HOME', str(tmp_path))
    monkeypatch.delenv('DEPTH_ROS_CACHE', raising=False)
    monkeypatch.delenv('XDG_CACHE_HOME', raising=False)
    assert default_folder() == tmp_path / '.cache' / 'depth_ros' / 'engines'
    monkeypatch.setenv('XDG_CACHE_HOME', 'relative')
    assert default_folder() == tmp_path / '.cache' / 'depth_ros' / 'engines'
    monkeypatch.setenv('XDG_CACHE_HOME', '/var/cache/robot')
    assert EngineCache().folder == Path('/var/cache/robot/depth_ros/engines')
    monkeypatch.setenv('DEPTH_ROS_CACHE', '~/engines')
    assert EngineCache('').folder == tmp_path / 'engines'
    assert EngineCache('~/mine').folder == tmp_path / 'mine'


def test_engines_are_listed_and_pruned(cache):
    other = engine_key(**OTHER)
    cache.obtain(KEY, Builder(), about={'model': 'one'})
    cache.obtain(other, Builder(), about={'model': 'two'})
    (cache.folder / 'broken.json').write_text('{')
    (cache.folder / 'models').mkdir()
    used = engine_key(**{**FIELDS, 'onnx_sha256': hashlib.sha256(b'used').hexdigest()})
    cache.obtain(used, Builder(), about={'model': 'three'})
    for content in (b'used', b'old'):
        (cache.folder / 'models' / f'{content.decode()}.onnx').write_bytes(content)
    assert {record['model'] for record in cache.records()} == {'one', 'two', 'three'}
    removed = cache.prune(keep=[KEY.digest, used.digest])
    assert [record['digest'] for record in removed] == [other.digest]
    assert cache.obtain(KEY, None) and not cache.path(other).exists()
    assert [path.name for path in (cache.folder / 'models').iterdir()] == ['used.onnx']
