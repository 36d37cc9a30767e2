# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Tables of lifelong learning: what is published, which stages are trained, what is reported."""
from dataclasses import replace

from depth_ros.contracts import InputError
import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
from training.lifelong.sequence import needed, Stage, summary  # noqa: E402
from training.tables import find_table  # noqa: E402

AB, ABC = ('a', 'b'), ('a', 'b', 'c')


def test_published_averages():
    """The mean of each published row is the mean of its two data sets, within rounding."""
    table = find_table('lifelong-nyu-kitti')
    assert len(table.rows) == 12
    for row in table.rows:
        assert set(row.published) == set(table.columns)
        for metric in ('rmse', 'abs_rel', 'delta1'):
            nyu, kitti, mean = (row.published[f'{name}_{metric}']
                                for name in ('nyu', 'kitti', 'mean'))
            assert mean == pytest.approx((nyu + kitti) / 2, abs=0.0011)


def test_frozen_rows_equal_the_first_network():
    """FAL keeps the first domain's figures: published so, and what `plasticity` builds on."""
    rows = {row.name: row.published for row in find_table('lifelong-nyu-kitti').rows}
    for name, domain in (('frozen-nyu-kitti', 'nyu'), ('frozen-kitti-nyu', 'kitti')):
        assert {k: v for k, v in rows[name].items() if k.startswith(domain)} == {
            k: v for k, v in rows['single'].items() if k.startswith(domain)}


def test_stages():
    """Every strategy goes on from the same first network, and its own stages after that."""
    ours = Stage('ours', ABC)
    assert [one.name for one in ours.history] == ['single-a', 'ours-a-b', 'ours-a-b-c']
    assert Stage('joint', AB).history == [Stage('joint', AB)]
    names = [one.name for one in needed([Stage('ewc', AB), ours, Stage('single', ('b',))])]
    assert names == ['single-a', 'ewc-a-b', 'ours-a-b', 'ours-a-b-c', 'single-b']
    with pytest.raises(InputError, match='unknown strategy .magic.: choose one of ewc'):
        Stage('magic', AB)


def _scores(**errors):
    return {name: {'correct': {'abs_rel': error}} for name, error in errors.items()}


def test_forgetting_and_plasticity():
    """Forgetting is since a domain was learnt, plasticity when it was learnt."""
    last = Stage('ours', ABC)
    scores = {Stage('single', ('a',)): _scores(a=0.2), Stage('single', ('b',)): _scores(b=0.4),
              Stage('single', ('c',)): _scores(c=0.5),
              Stage('ours', AB): _scores(a=0.21, b=0.44), last: _scores(a=0.3, b=0.55, c=0.4)}
    found = summary(last, scores)
    assert found['forgetting'] == pytest.approx({'a': 0.5, 'b': 0.25})
    assert found['plasticity'] == pytest.approx({'b': 0.1, 'c': -0.2})
    joint = Stage('joint', AB)
    found = summary(joint, {**scores, joint: _scores(a=0.3, b=0.2)})
    assert found == {'forgetting': {}, 'plasticity': pytest.approx({'a': 0.5, 'b': -0.5})}


def _constant(head, metres):
    """Make a head say one depth for every pixel."""
    head[-1].weight.data.zero_()
    head[-1].bias.data.fill_(metres)


@pytest.fixture
def method():
    """Make a method whose predictors say 2 and 5 units, for cameras of 50 and 100 pixels."""
    from training.methods.lifelong import Lifelong
    made = Lifelong('b', 'efficientnet_lite0', imagenet=False, focal=100.0,
                    older={'a': 50.0}).eval()
    for predictor, metres in zip(made.net.predictors, (2.0, 5.0)):
        _constant(predictor.depth, metres)
    return made


def _batch(seed, metres):
    image = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(seed))
    depth = torch.full((2, 32, 32), float(metres))
    depth[0, 0] = torch.nan
    return {'image': image, 'depth': depth, 'camera': torch.tensor([[100.0, 100, 16, 16]] * 2)}


def test_scores(method):
    """Each frame is measured with its own predictor and with the nearest domain's."""
    from training.lifelong.domains import Domain
    from training.lifelong.scores import score, unlike
    batches = {'a': _batch(1, 4.0), 'b': _batch(2, 4.0), 'c': _batch(3, 8.0)}
    with torch.no_grad():
        features = {name: method.net.features(batch['image']) for name, batch in batches.items()}
    domains = [Domain(name, focal, 1.0, 9.0, features[name].mean(0).numpy(), 0.1, 1e6)
               for name, focal in (('a', 50.0), ('b', 100.0))]
    found = score(method, domains, {name: [batch] for name, batch in batches.items()})
    # 2 units of a camera of 50 pixels are 4 m for one of 100.
    assert found['a']['correct']['abs_rel'] == pytest.approx(0.0, abs=1e-6)
    assert found['a']['chosen'] == {'a': 2} and found['b']['chosen'] == {'b': 2}
    assert found['b']['correct']['abs_rel'] == pytest.approx(0.25, abs=1e-6)
    assert found['b']['correct']['pixels'] == 2 * 32 * 32 - 32
    assert found['c']['correct'] is None and sum(found['c']['chosen'].values()) == 2
    assert found['c']['selected']['abs_rel'] > 0.3
    # The same with the means exchanged: the choice follows them, the right predictor does not.
    swapped = [Domain(one.name, one.focal, 1.0, 9.0, other.mean, 0.1, 1e-30)
               for one, other in zip(domains, domains[::-1])]
    found = score(method, swapped, {'a': [batches['a']]})['a']
    assert found['chosen'] == {'b': 2}
    assert found['correct']['abs_rel'] == pytest.approx(0.0, abs=1e-6)
    assert found['selected']['abs_rel'] == pytest.approx(0.25, abs=1e-6)
    assert unlike(found, 1.0) == 1.0 and unlike({'over': [0.5, 1.5, 2.5, 9.0]}, 2.0) == 0.5


@pytest.fixture
def table(tmp_path):
    """Write frames of three made-up domains, and make a table of them."""
    from depth_ros.camera import Camera
    from depth_ros.datasets.sample import Sample
    from training.datasets.stored import write_frames
    from training.tables.lifelong_data import find_worlds
    for level, kind in enumerate(('room', 'street', 'corridor'), 1):
        for part, count in (('train', 4), ('validation', 2), ('test', 2)):
            random = np.random.default_rng([level, len(part)])
            write_frames(tmp_path / 'worlds' / kind / part, (Sample(
                f'{kind} {k}', random.integers(0, 80 * level, (32, 32, 3), dtype=np.uint8),
                random.uniform(level, 2 * level, (32, 32)).astype(np.float32),
                np.zeros((32, 32), np.float32), Camera(32, 32, 30.0, 30.0, 16.0, 16.0))
                for k in range(count)))

    def tiny_worlds(root, small=False):
        found = find_worlds(root, small)
        return replace(found, domains={name: replace(one, steps={**one.steps, 'size': [32, 32]})
                                       for name, one in found.domains.items()})
    whole = find_table('lifelong-procedural')
    change = {**whole.small_change, 'all': (
        *whole.small_change['all'], 'model.imagenet=false', 'data.batch_size=2',
        'model.fisher_frames=2')}
    return replace(whole, find=tiny_worlds, small_steps=2, small_change=change,
                   rows=tuple(replace(row, seeds=(1,)) for row in whole.rows))


def test_rerun(table, tmp_path):
    """A row trains the stages that it needs, once; its report has all there is to say."""
    from training.tables.report import markdown, text
    from training.tables.rerun import Settings
    settings = Settings(tmp_path / 'runs')
    report = table.rerun(table, tmp_path / 'worlds', settings, ['ours-room-street', 'single'])
    folder = tmp_path / 'runs' / 'lifelong-procedural-small' / 'seed1'
    assert {one.name for one in folder.iterdir()} == {
        'single-room', 'single-street', 'ours-room-street'}
    rows = {row['name']: row for row in report['rows']}
    assert rows['ewc-room-street']['measured'] is None
    ours = rows['ours-room-street']
    mean = ours['measured']
    assert mean['mean_abs_rel'] == pytest.approx(
        (mean['room_abs_rel'] + mean['street_abs_rel']) / 2)
    assert 'corridor_abs_rel' not in mean and ours['steps'] == 2
    assert [stage['name'] for stage in ours['stages']] == ['single-room', 'ours-room-street']
    first, last = (stage['errors']['mean'] for stage in ours['stages'])
    assert 'street correct rmse' not in first and 'street selected rmse' in first
    assert last['room correct abs_rel'] == pytest.approx(mean['room_abs_rel'])
    assert ours['changes']['abs_rel']['forgetting']['mean']['room'] == pytest.approx(
        mean['room_abs_rel'] / first['room correct abs_rel'] - 1)
    assert set(ours['selection']) == {'room', 'street', 'corridor'}
    assert sum(ours['selection']['corridor']['chosen'].values()) == 2
    page = markdown(report)
    assert 'corridor (never learnt)' in page and '(forgetting)' in page
    assert '| first stage | room |' in page
    assert 'There are no published figures' in text(report)
    # What is done is not done again.
    done = {path: path.stat().st_mtime_ns for path in folder.rglob('row.json')}
    again = table.rerun(table, tmp_path / 'worlds', settings, ['single'])
    assert all(path.stat().st_mtime_ns == at for path, at in done.items())
    assert {row['name']: row for row in again['rows']}['single'] == rows['single']
    with pytest.raises(InputError, match='holds a run with other settings .trainer'):
        table.rerun(replace(table, small_change={**table.small_change, 'all': (
            *table.small_change['all'], 'trainer.log_every_n_steps=3')}),
            tmp_path / 'worlds', settings, ['single'])


def test_all_strategies(table, tmp_path):
    """Every strategy runs; what is frozen forgets nothing."""
    from training.tables.rerun import Settings
    names = [f'{name}-room-street' for name in ('joint', 'finetune', 'frozen', 'ewc')]
    table = replace(table, small_steps=1)
    report = table.rerun(table, tmp_path / 'worlds', Settings(tmp_path / 'runs'), names)
    rows = {row['name']: row for row in report['rows'] if row['measured']}
    assert list(rows) == names
    assert rows['frozen-room-street']['changes']['rmse']['forgetting']['mean'] == {'room': 0.0}
    assert rows['finetune-room-street']['changes']['rmse']['forgetting']['mean']['room'] != 0
    assert rows['joint-room-street']['stages'][0]['errors']['mean']['street correct rmse'] > 0
    assert rows['joint-room-street']['steps'] == 2


def test_settings_to_choose(table, tmp_path):
    """A setting of one strategy leaves the others' runs; it is chosen by validation frames."""
    from training.tables.lifelong_stages import asked
    from training.tables.rerun import Settings
    change = ('a=1', 'ours:model.b=2', 'ewc:model.b=x:3')
    assert asked(change, 'ours') == ['a=1', 'model.b=2']
    assert asked(change, 'ewc') == ['a=1', 'model.b=x:3'] and asked(change, 'single') == ['a=1']
    with pytest.raises(InputError, match='unknown strategy of --set .mine.: choose one of ewc'):
        asked(('mine:a=1',), 'ours')
    settings = Settings(tmp_path / 'runs', change=('ours:model.weight_consistency=3.5',))
    held = table.rerun(table, tmp_path / 'worlds', replace(settings, held=True),
                       ['ours-room-street'])
    assert 'validation frames' in held['note'] and 'weight_consistency=3.5' in held['note']
    folder = tmp_path / 'runs' / 'lifelong-procedural-small' / 'seed1'
    trained = (folder / 'ours-room-street' / 'last.ckpt').stat().st_mtime_ns
    assert 'weight_consistency: 3.5' in (folder / 'ours-room-street' / 'config.yaml').read_text()
    assert 'weight_consistency: 3.5' not in (folder / 'single-room' / 'config.yaml').read_text()
    report = table.rerun(table, tmp_path / 'worlds', settings, ['ours-room-street'])
    # The same network, other frames.
    assert (folder / 'ours-room-street' / 'last.ckpt').stat().st_mtime_ns == trained
    first, last = ({row['name']: row for row in one['rows']}['ours-room-street']['measured']
                   for one in (held, report))
    assert first['room_rmse'] != last['room_rmse']


def test_held_needs_frames(shared, tmp_path):
    """Where all frames are learnt from or reported, nothing is left to choose by."""
    from training.tables.rerun import Settings
    table = find_table('lifelong-nyu-kitti')
    with pytest.raises(InputError, match='no validation frames of nyu, kitti'):
        table.rerun(table, shared / 'data', Settings(tmp_path, 1, held=True), ['single'], True)


def test_spread_over_seeds():
    """Figures are means, in brackets what the seeds differ by."""
    from training.tables.lifelong import _over_seeds
    found = _over_seeds([{'a': 1.0, 'b': 5.0}, {'a': 3.0, 'b': 5.0}])
    assert found == {'mean': {'a': 2.0, 'b': 5.0}, 'spread': {'a': pytest.approx(2 ** 0.5),
                                                              'b': 0.0}}


def test_no_worlds(tmp_path):
    """What is missing is named with the command that makes it."""
    from training.tables.rerun import Settings
    table = find_table('lifelong-procedural')
    with pytest.raises(InputError, match='no frames in .*room/train: python -m training '
                                         'render-stored --out'):
        table.rerun(table, tmp_path, Settings(tmp_path / 'runs'))


def test_small_real_data(shared):
    """Rooms and streets that are here: labels of both, other frames to measure than to learn."""
    from training.datasets.frames import Frames, Source
    from training.datasets.pipeline import Augmentation
    from training.tables.lifelong_data import find_nyu_kitti
    found = find_nyu_kitti(shared / 'data')
    assert not found.full and 'missing' in found.lacks and list(found.domains) == ['nyu', 'kitti']
    for domain in found.domains.values():
        frames = {}
        for role in ('train', 'measured'):
            parts = [Frames(Source(**source), Augmentation(size=None, crop=None), False)
                     for source in getattr(domain, role)]
            assert all(part.labelled for part in parts)
            frames[role] = {(part.data.names[k], source['path']) for part, source in zip(
                parts, getattr(domain, role)) for k in part.indices}
            assert sum(domain.counts(role).values()) == len(frames[role]) > 0
        assert not frames['train'] & frames['measured']
