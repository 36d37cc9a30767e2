# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Published tables: what is found to train on, a row from data to figures, resuming."""
import json

from depth_ros.contracts import InputError
from depth_ros.evaluation.edges import edge_metrics
from depth_ros.evaluation.protocols import find_protocol
import numpy as np
import pytest

torch = pytest.importorskip('torch')
cv2 = pytest.importorskip('cv2')
pytest.importorskip('lightning')
from tiny_frames import batch  # noqa: E402
import training.__main__  # noqa: E402
from training.experiment import build  # noqa: E402
from training.networks.metric import build_network  # noqa: E402
from training.tables import data as table_data  # noqa: E402
from training.tables import find_table, TABLES  # noqa: E402
from training.tables.rerun import rerun, row_config, Settings  # noqa: E402


def write_frame(folder, number, seed):
    """Write one frame of the layout of TUM and NYU samples."""
    frame = batch(1, 96, 128, seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / f'{number}.png'),
                (frame['image'][0] * 60 + 128).permute(1, 2, 0).clamp(0, 255).byte().numpy())
    raw = (frame['depth'][0] * 5000).numpy().astype(np.uint16)
    raw[:3, :9] = 0
    cv2.imwrite(str(folder / f'{number}_depth.png'), raw)


@pytest.fixture
def root(tmp_path):
    """Write six frames in a folder named as TUM's are."""
    for number in range(6):
        write_frame(tmp_path / 'data' / 'more' / 'tum_desk', number, number)
    return tmp_path / 'data'


@pytest.mark.parametrize('name', [name for name in TABLES if not find_table(name).rerun
                                  and name != 'datafree-nyu'])
def test_settings_build(name, root, tmp_path):
    """Every row of every table makes a method and data, on small data and by the recipe."""
    table = find_table(name)
    assert table.name == name
    found = table_data.find_data(table.needs, root)
    full = table_data.Found({role: [{'dataset': 'nyu_lists', 'path': 'x'}]
                             for role in table.needs}, [])
    for row in filter(lambda row: row.config, table.rows):
        assert set(row.published) <= set(table.columns)
        with torch.device('meta'):
            config = row_config(table, row, found, Settings(tmp_path))
            method, data = build(config['model']), build(config['data'])
            recipe = row_config(table, row, full, Settings(tmp_path))
            recipe['model']['init_args']['imagenet'] = False
            published = build(recipe['model']).hparams
        assert config['trainer']['max_steps'] == table.small_steps
        assert method.hparams.masked and not data.steps.author_mode
        assert (published.lr, published.decay_every, recipe['trainer']['max_epochs'],
                recipe['data']['init_args']['batch_size']) == (1e-4, 5, 20, 8)
        assert recipe['data']['init_args']['steps']['crop'] == [228, 304]
        assert (row.teacher is None) == ('teacher_checkpoint' not in config['model']['init_args'])


def test_datafree_settings(root, tmp_path):
    """Ways of the data-free table: their images and steps, on small data and by the recipe."""
    table = find_table('datafree-nyu')
    rows = {row.name: row for row in table.rows}
    assert len(rows) == 4 + 4 + 5 * 6  # one pair shares its teacher, one is its own student
    assert rows['wacv-ours2'].published == {'abs_rel': .157, 'delta1': .760}
    assert rows['mnv2-ood1'].teacher == 'r34-teacher' and not rows['sarpn-dfad'].published
    found = table_data.find_data(table.needs, root)
    full = table_data.Found({role: [{'dataset': 'stored', 'path': 'x'}]
                             for role in table.needs}, [])
    for way, images, size in (('noise', None, 8), ('dfad', None, 64), ('ood1', 50_000, 8),
                              ('ours2', 300_000, 8)):
        row = rows[f'mnv2-{way}']
        with torch.device('meta'):
            small = row_config(table, row, found, Settings(tmp_path))
            method = build(small['model'])
            build(small['data'])
        recipe = row_config(table, row, full, Settings(tmp_path))
        data = recipe['data']['init_args']
        assert (data['number'], data['batch_size'], len(data['train'])) == (
            images, size, int(images is not None))
        assert ('blank' in data) == (images is None)
        assert method.hparams.lr == (0.1 if way == 'dfad' else 1e-3)
        assert small['data']['init_args']['number'] == (images and max(2, images // 150_000))


def test_roles_share_no_frame(root):
    """Images of each role and those measured on are different ones."""
    found = table_data.find_data(('nyu', 'scannet'), root)
    parts = [[source['part'] for source in sources]
             for sources in (found.train['nyu'], found.train['scannet'], found.measured)]
    assert parts == [['first'], ['middle'], ['last']]
    assert found.counts == {('tum', 'nyu'): 2, ('tum', 'scannet'): 2, ('tum', 'measured'): 2}
    assert 'nyu2_train.csv (0 of 45000 frames)' in found.lacks
    frames = [set(part(list(range(7)))) for name, part in table_data.PARTS.items()
              if name in ('first', 'middle', 'last')]
    assert set.union(*frames) == set(range(7)) and sum(map(len, frames)) == 7


def test_full_data_are_recognised(root, monkeypatch):
    """With the lists of NYU in place a table trains on them, and on nothing else."""
    for name, rows in (('nyu2_train.csv', 5), ('nyu2_test.csv', 3)):
        (root / name).write_text('a.jpg,a.png\n' * rows)
    monkeypatch.setitem(table_data.FULL, 'nyu', table_data.Full(
        'nyu_lists', 'nyu2_train.csv', 5, 'nyu2_test.csv', 3))
    found = table_data.find_data(('nyu',), root)
    assert found.full
    assert found.train == {'nyu': [{'dataset': 'nyu_lists',
                                    'path': str(root / 'nyu2_train.csv')}]}
    assert found.counts == {('nyu_lists', 'nyu'): 5, ('nyu_lists', 'measured'): 3}
    table = find_table('wacv2019-nyu')
    config = row_config(table, table.rows[2], found, Settings(root))
    assert config['trainer']['max_epochs'] == 20 and 'max_steps' not in config['trainer']
    assert config['data']['init_args']['steps']['author_mode']
    assert config['model']['init_args']['imagenet']
    assert not table_data.find_data(('nyu',), root, small=True).full
    with pytest.raises(InputError, match='6 of 6|5 of 10 files|10 of 10 files'):
        data = build(config['data'])
        data.setup()


def test_no_data(tmp_path):
    """One line names the layouts and where to get them."""
    with pytest.raises(InputError, match='no depth data under .*nyu2_train.csv: a CSV file.*'
                                         'github.com.*7scenes') as caught:
        table_data.find_data(('nyu',), tmp_path)
    assert '\n' not in str(caught.value)
    (tmp_path / 'tum').mkdir()
    with pytest.raises(InputError, match='cannot be used: .*tum holds no frame'):
        table_data.find_data(('nyu',), tmp_path)


def test_row(root, tmp_path, capsys):
    """A student and its teacher, from the command line; figures by hand; nothing done twice."""
    words = ['table', 'ksem2023', '--data', str(root), '--runs', str(tmp_path / 'runs'),
             '--rows', 'unlabelled', '--steps', '2', '--json', str(tmp_path / 'out.json'),
             '--markdown', str(tmp_path / 'out.md')]
    assert training.__main__.main(words) == 0
    output = capsys.readouterr().out
    assert 'not comparable with the published ones' in output
    assert '0.482 / 0.131 / 0.837' in output and 'Measured on 2 frames: 2 tum.' in output
    assert '| N_s(X u U), MobileNetV2 | 0.482 / 0.131 / 0.837 |' in (
        tmp_path / 'out.md').read_text()
    report = json.loads((tmp_path / 'out.json').read_text())
    rows = {row['name']: row for row in report['rows']}
    assert [name for name, row in rows.items() if row['measured']] == ['teacher', 'unlabelled']
    row = rows['teacher']
    assert (row['steps'], row['size'], row['trained_on'], rows['unlabelled']['trained_on']) == (
        2, [72, 96], {'tum': 2}, {'tum': 4})
    assert not report['comparable']
    check_figures(rows['teacher'], tmp_path / 'runs' / 'ksem2023' / 'teacher-small')
    # Again: measured rows stay as they are, whatever became of their data.
    written = (tmp_path / 'runs' / 'ksem2023' / 'teacher-small' / 'row.json').stat().st_mtime_ns
    assert training.__main__.main(words) == 0
    assert (tmp_path / 'runs' / 'ksem2023' / 'teacher-small' / 'row.json'
            ).stat().st_mtime_ns == written
    words[words.index('--steps') + 1] = '3'
    assert training.__main__.main(words) == 2
    assert 'teacher-small holds a run with other settings' in capsys.readouterr().err


def check_figures(row, run):
    """Compare a row with the evaluation of the checkpoint, frame by frame from the files."""
    from depth_ros.datasets import open_dataset
    from training.datasets.pipeline import Augmentation, make_item
    checkpoint = torch.load(run / 'last.ckpt', weights_only=True)
    net = build_network('mff_student', 'resnet34').eval()
    net.load_state_dict({key.removeprefix('net.'): value
                         for key, value in checkpoint['state_dict'].items()})
    source = row['sources']['measured'][0]
    dataset = open_dataset('tum', source['path'])
    protocol, images, edges = find_protocol('image_rmse'), [], []
    for sample in dataset.read([4, 5]):
        sample.depth[sample.sparse > 0] = sample.sparse[sample.sparse > 0]
        item = make_item(sample, Augmentation((78, 104), crop=(72, 96)))
        with torch.no_grad():
            depth = net(item['image'][None])[0, 0].numpy()
        images.append(protocol.image(depth, item['depth'].numpy()))
        edges.append(edge_metrics(depth, item['depth'].numpy(), 0.5)['f1'])
    expected = protocol.combine(images)
    for name in ('rmse', 'abs_rel', 'delta1'):
        assert row['measured'][name] == pytest.approx(expected[name], rel=1e-4)
    assert row['figures']['edge_f1'] == pytest.approx(np.mean(edges), abs=1e-4)


def test_interrupted_table_goes_on(root, tmp_path):
    """A row whose training was finished but not measured is only measured."""
    table, settings = find_table('ksem2023'), Settings(tmp_path / 'runs', 2)
    first = rerun(table, root, settings, ['teacher'])
    folder = tmp_path / 'runs' / 'ksem2023' / 'teacher-small'
    (folder / 'row.json').unlink()
    weights = torch.load(folder / 'last.ckpt', weights_only=True)['state_dict']
    again = rerun(table, root, settings, ['teacher'])
    assert again['rows'][0]['measured'] == first['rows'][0]['measured']
    after = torch.load(folder / 'last.ckpt', weights_only=True)['state_dict']
    assert all(torch.equal(value, after[key]) for key, value in weights.items())


def test_unusable_words(root, tmp_path, capsys):
    """Unknown tables and rows name the choices."""
    assert training.__main__.main(['table', 'wacv']) == 2
    assert "unknown table 'wacv'" in capsys.readouterr().err
    words = ['table', 'ksem2023', '--data', str(root), '--rows', 'resnet']
    assert training.__main__.main(words) == 2
    assert 'no row resnet: choose of teacher, supervised' in capsys.readouterr().err
    assert training.__main__.main(['table', '--list']) == 0
    output = capsys.readouterr().out
    assert all(name in output for name in TABLES)
