# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Runs of masks: trained, measured, drawn, in the table of their publication; configs."""
import json

from depth_ros.contracts import InputError
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
cv2 = pytest.importorskip('cv2')
from tiny_frames import frame_config  # noqa: E402
from tiny_runs import leave_run  # noqa: E402
from training.__main__ import main  # noqa: E402
from training.experiment import build, fit, load_config  # noqa: E402
from training.methods.saliency import Saliency  # noqa: E402
from training.runs import lineage  # noqa: E402
from training.tables import find_table  # noqa: E402
from training.tables.masked import row_config  # noqa: E402
from training.tables.rerun import Settings  # noqa: E402


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    """Folder with frames, a depth network, and a run of two steps of masks for it."""
    folder = tmp_path_factory.mktemp('saliency')
    target = leave_run(folder / 'depth', 'Supervised', {
        'network': 'fast_student', 'encoder': 'efficientnet_lite0', 'imagenet': False})
    config = frame_config(folder)
    config['model'] = {'class_path': 'Saliency', 'init_args': {
        'target': str(target), 'mask_net': 'light', 'imagenet': False, 'lr': 1e-3,
        'sparsity': 2.0}}
    fit(config, folder / 'mask')
    return folder


def test_run_and_sheets(runs, capsys):
    """A run keeps the mask network alone, is measured, drawn and put on a page by one command."""
    content = torch.load(runs / 'mask' / 'last.ckpt', weights_only=False)
    assert all(key.startswith('net.') for key in content['state_dict'])
    logged = max((runs / 'mask').rglob('metrics.csv'), key=lambda p: p.stat().st_mtime).read_text()
    assert {'train/dif', 'train/mask', 'val/rmse_soft', 'val/sparseness'} <= set(
        logged.splitlines()[0].split(','))
    checkpoint = str(runs / 'mask' / 'last.ckpt')
    assert main(['validate', '--checkpoint', checkpoint]) == 0
    assert 'edge_f1' not in capsys.readouterr().out
    assert main(['saliency', checkpoint, f'again={checkpoint}', '--count', '2', '--direct', '2',
                 '--picture', str(runs / 'sheet.png'), '--html', str(runs / 'page.html'),
                 '--json', str(runs / 'figures.json')]) == 0
    figures = json.loads((runs / 'figures.json').read_text())
    assert list(figures) == ['depth, lambda 2', 'again'] and figures['again']['images'] == 2
    assert '| depth, lambda 2 | depth | 2.000 | ' in capsys.readouterr().out
    assert main(['saliency', checkpoint, '--thresholds', '0', '0.9', '--json',
                 str(runs / 'figures.json')]) == 0
    by_threshold = json.loads((runs / 'figures.json').read_text())
    assert [one['sparseness'] for one in by_threshold.values()] == [1.0, 0.0]
    assert list(by_threshold)[1] == 'depth, lambda 2, above 0.9'
    # Two frames of two tiles' height; image, network, two masks, a direct one.
    assert cv2.imread(str(runs / 'sheet.png')).shape == (4 * 154, 5 * 192, 3)
    html = (runs / 'page.html').read_text()
    assert 'optimised directly' in html and html.count('<img') == 2 * (3 + 3 * 4)


def test_errors_say_what_to_do(runs, capsys):
    """No target, a target that is not there, a lambda below 0, a checkpoint of something else."""
    with pytest.raises(InputError, match='needs model.target'):
        Saliency(mask_net='light', imagenet=False).setup()
    with pytest.raises(InputError, match='no weights at gone/last.ckpt'):
        Saliency('gone/last.ckpt', mask_net='light', imagenet=False).setup()
    with pytest.raises(InputError, match='give 0 or more'):
        Saliency(sparsity=-1.0)
    with pytest.raises(InputError, match='below 1'):
        Saliency(threshold=1.0)
    other = str(runs / 'depth' / 'last.ckpt')
    assert main(['saliency', other]) == 2
    assert 'a run of Supervised, not of Saliency' in capsys.readouterr().err


def test_lineage():
    """A mask's origin is that of its data, its start and the network it was made for."""
    def of(data, **options):
        return lineage({'model': {'class_path': 'Saliency', 'init_args': options},
                        'data': {'init_args': data}})
    text, free = of({}, target='completion', mask_net='light')
    assert free and 'efficientnet-lite0' in text and 'masks for completion: ' in text
    text, free = of({}, target='completion')
    assert not free and 'public ImageNet weights of drn_d_22' in text
    text, free = of({}, target='gone/last.ckpt', mask_net='light')
    assert not free and 'masks for the network of: last.ckpt, of unknown origin' in text


def test_table(runs, tmp_path, capsys):
    """A row, from frames to a figure beside the published one; finished runs are not repeated."""
    data = tmp_path / 'data' / 'tum_desk'
    data.mkdir(parents=True)
    for k in range(6):
        (data / f'{k}.png').write_bytes((runs / f'{k}.jpg').read_bytes())
        (data / f'{k}_depth.png').write_bytes((runs / f'd{k}.png').read_bytes())
    words = ['table', 'iccv2019-lambda', '--data', str(tmp_path / 'data'), '--runs',
             str(tmp_path / 'runs'), '--rows', 'lambda3', '--steps', '1', '--seeds', '1', '2',
             '--teacher', f'N={runs / "depth" / "last.ckpt"}', '--json', str(tmp_path / 'o.json'),
             '--markdown', str(tmp_path / 'o.md')]
    assert main(words) == 0
    output = capsys.readouterr().out
    assert '0.699 / 0.668 / 0.589' in output and 'Measured on 3 frames: 3 tum' in output
    assert '| row | random | blocks | edges |' in (tmp_path / 'o.md').read_text()
    rows = {row['name']: row for row in json.loads((tmp_path / 'o.json').read_text())['rows']}
    assert [name for name, row in rows.items() if row['measured']] == ['network', 'lambda3']
    row = rows['lambda3']
    assert (row['trained_on'], row['steps'], row['seeds']) == ({'tum': 3}, 1, [1, 2])
    assert row['spread']['rmse_soft'] >= 0 and rows['network']['measured']['sparseness'] == 1.0
    before = {path: path.stat().st_mtime for path in (tmp_path / 'runs').rglob('last.ckpt')}
    assert len(before) == 2 and main(words) == 0
    assert all(path.stat().st_mtime == time for path, time in before.items())


def test_published_settings(tmp_path):
    """By the recipe: DRN-D-22, Adam 1e-4 held, 10 epochs of 8, lambda of the row."""
    from training.tables.data import Found
    table = find_table('iccv2019-lambda')
    found = Found({'nyu': [{'dataset': 'nyu_lists', 'path': 'x'}]}, [])
    for row in table.rows[1:]:
        config = row_config(row, found, Settings(tmp_path), 1, 'network.onnx')
        config['model']['init_args']['imagenet'] = False
        with torch.device('meta'):
            h = build(config['model']).hparams
        assert (h.mask_net, h.lr, h.weight_decay, h.decay_by, h.target) == (
            'drn_d_22', 1e-4, 1e-4, 1.0, 'network.onnx')
        assert h.sparsity == float(row.name.removeprefix('lambda'))
        assert config['trainer']['max_epochs'] == 10
        assert config['data']['init_args']['batch_size'] == 8
    network = row_config(table.rows[0], found, Settings(tmp_path), 1, None)
    assert network['model']['init_args']['encoder'] == 'resnet50'


@pytest.mark.parametrize('name', ['supervised_kitti', 'saliency_kitti', 'cpu/saliency',
                                  'cpu/saliency_completion'])
def test_configs_build(repository, name):
    """Config files make methods and data; KITTI is cropped at the bottom."""
    config = load_config(repository / 'config' / 'training' / f'{name}.yaml')
    config['model']['init_args']['imagenet'] = False
    with torch.device('meta'):
        build(config['model'])
    data = build(config['data'])
    if 'kitti' in name:
        assert (data.steps.crop, data.steps.place) == ((320, 480), 'bottom')
