# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Table of data-free distillation on procedural worlds: what is trained on what, and measured."""
import json

from depth_ros.contracts import InputError
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
from tiny_frames import batch, SMALL  # noqa: E402
from tiny_simulator import drawn  # noqa: E402
import training.__main__  # noqa: E402
from training.datasets import stored  # noqa: E402
from training.methods.data_free import DataFree  # noqa: E402
from training.tables import find_table  # noqa: E402
from training.tables.datafree_worlds import (  # noqa: E402
    against_teacher,
    find_places,
    row_config,
)
from training.tables.rerun import Settings  # noqa: E402

NAME = 'datafree-procedural'


@pytest.fixture(scope='module')
def worlds(tmp_path_factory):
    """Write few frames of each part; returns the folder."""
    root = tmp_path_factory.mktemp('worlds')
    for kind, part, count in (('room', 'train', 8), ('room', 'test', 2), ('hall', 'train', 7),
                              ('corridor', 'train', 8)):
        stored.write_frames(root / kind / part, [drawn(k) for k in range(count)])
    return root


def _configs(root, runs, seed=3, steps=None):
    table = find_table(NAME)
    places, settings = find_places(root), Settings(runs, steps)
    return {row.name: row_config(table, row, places, settings, seed) for row in table.rows}


def test_rows(worlds, tmp_path):
    """Students never see rooms, but for the bound; the seed draws the part of the images."""
    configs = _configs(worlds, tmp_path)
    for name, config in configs.items():
        model, data = config['model']['init_args'], config['data']['init_args']
        seen = {source['path'].split('/')[-2] for source in data['train']}
        assert seen == {'teacher': {'room'}, 'own': {'room'}, 'own-twice': {'room'},
                        'noise': set(), 'dfad': set()}.get(name, {'hall', 'corridor'})
        assert [source['path'] for source in data['validation']] == [str(worlds / 'room/test')]
        assert all(source['labelled'] == (name == 'teacher') for source in data['train'])
        if name == 'teacher':
            continue
        assert model['teacher_checkpoint'] == str(tmp_path / NAME / 'teacher/seed1/last.ckpt')
        assert data.get('blank', 0) == (15 if name in ('noise', 'dfad') else 0)
        small = name.endswith('-part')
        assert data['number'] == (max(15 // 6, data['batch_size']) if small else None)
        assert not small or data['subset_seed'] == config['seed'] == 3

    def step(name):
        return configs[name]['model']['init_args'], configs[name]['data']['init_args']

    # The control: as many images per step as ours, which takes each of them twice.
    assert step('ood-twice')[1]['batch_size'] == 2 * step('ours')[1]['batch_size']
    assert step('ood')[0]['mix_share'] == 0 and not step('ood')[0]['transform']
    assert step('ours')[0]['mix_share'] == 0.5 and step('ours')[0]['transform']


def test_command(worlds, tmp_path, capsys):
    """A teacher and a student are trained and measured once; another seed is another run."""
    words = ['table', NAME, '--data', str(worlds), '--runs', str(tmp_path), '--steps', '1',
             '--rows', 'ours', '--json', str(tmp_path / 'out.json')]
    assert training.__main__.main([*words, '--seeds', '1', '2']) == 0
    report = json.loads((tmp_path / 'out.json').read_text())
    rows = {row['name']: row for row in report['rows']}
    assert rows['ood']['measured'] is None and rows['teacher']['spread'] is None
    ours = rows['ours']
    assert ours['seeds'] == [1, 2] and ours['trained_on'] == {'procedural frames': 15}
    assert ours['measured_on'] == {'procedural frames (room)': 2}
    assert len(set(ours['per_seed']['abs_rel'])) == 2 and ours['spread']['abs_rel'] > 0
    assert ours['measured']['abs_rel'] == pytest.approx(sum(ours['per_seed']['abs_rel']) / 2)
    near = ours['views']['teacher']['mean']
    assert near['abs_rel'] > 0 and near != ours['measured']
    assert rows['teacher']['views']['teacher'] == {'mean': {}, 'spread': None}
    assert 'no published figures' in capsys.readouterr().out
    done = tmp_path / NAME / 'ours' / 'seed2' / 'row.json'
    before = done.stat().st_mtime_ns
    assert training.__main__.main([*words, '--seeds', '2']) == 0
    assert done.stat().st_mtime_ns == before


def test_against_teacher(tmp_path):
    """A student that is its own teacher is right everywhere; one that answers farther is not."""
    torch.manual_seed(2)
    student = DataFree(**SMALL, teacher_encoder=SMALL['encoder'], focal=50.0,
                       teacher_checkpoint=str(tmp_path / 'net.pth')).eval()
    student.net.refinement[1].bias.data += 2.0
    torch.save(student.net.state_dict(), tmp_path / 'net.pth')
    found = against_teacher(student, [batch(2), batch(3)])
    assert found['abs_rel'] < 1e-5 and found['delta1'] == 1.0
    student.net.refinement[1].bias.data += 1.0
    found = against_teacher(student, [batch(2), batch(3)])
    assert 0.2 < found['abs_rel'] < 1.0


def test_missing(worlds, tmp_path):
    """Without frames, or without ids of things, the commands are named."""
    with pytest.raises(InputError, match=r'no frames in .*room/train: .*--kinds hall corridor'):
        find_places(tmp_path)
    for kind, part in (('room', 'train'), ('room', 'test'), ('hall', 'train'),
                       ('corridor', 'train')):
        stored.write_frames(tmp_path / kind / part, [
            drawn(0)[0] if kind == 'hall' else drawn(0)])
    with pytest.raises(InputError, match='hall/train has no ids of things.*--instances'):
        find_places(tmp_path)
