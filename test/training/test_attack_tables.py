# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Tables, reports, model files and cards of attacks, from the command line."""
import json

from depth_ros import engines
from depth_ros.engines.lean import lean
from depth_ros.model import read_spec
import numpy as np
import pytest

torch = pytest.importorskip('torch')
cv2 = pytest.importorskip('cv2')
pytest.importorskip('lightning')
from tiny_frames import batch  # noqa: E402
from tiny_runs import leave_run  # noqa: E402
import training.__main__  # noqa: E402
from training.experiment import build, load_config, resolve  # noqa: E402
from training.export import export  # noqa: E402
from training.runs import load_method  # noqa: E402
from training.tables import attacks, find_table  # noqa: E402
from training.tables.attack_networks import network_config, RECIPES  # noqa: E402
from training.tables.data import find_data, Found  # noqa: E402
from training.tables.rerun import Settings  # noqa: E402
from training.targets import load_target  # noqa: E402
import yaml  # noqa: E402

NET = {'network': 'fast_student', 'encoder': 'efficientnet_lite0', 'imagenet': False}
MASK = {'mask_net': 'light', 'imagenet': False}


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """Write four frames in a folder named as TUM's are."""
    folder = tmp_path_factory.mktemp('data') / 'tum_desk'
    folder.mkdir()
    for number in range(4):
        frame = batch(1, 48, 64, seed=number)
        cv2.imwrite(str(folder / f'{number}.png'), (frame['image'][0] * 60 + 128).permute(
            1, 2, 0).clamp(0, 255).byte().numpy())
        cv2.imwrite(str(folder / f'{number}_depth.png'),
                    (frame['depth'][0] * 5000).numpy().astype(np.uint16))
    return folder.parent


@pytest.fixture(scope='module')
def runs(tmp_path_factory, root):
    """Leave runs of N, G and G_adv with random weights, whose data are the frames."""
    folder = tmp_path_factory.mktemp('runs')
    source = [{'dataset': 'tum', 'path': str(root / 'tum_desk')}]
    data = {'class_path': 'FrameData', 'init_args': {
        'train': source, 'validation': source,
        'steps': {'size': [32, 64], 'crop': None}, 'batch_size': 3, 'workers': 0}}
    n = leave_run(folder / 'N', 'Supervised', NET, 0.0)
    paths = {'N': n, 'G': leave_run(folder / 'G', 'Saliency', {**MASK, 'target': str(n)}, 0.0),
             'G_adv': leave_run(folder / 'G_adv', 'Defence', {**MASK, 'target': str(n)}, 0.3)}
    for path in paths.values():
        config = yaml.safe_load((path.parent / 'config.yaml').read_text())
        (path.parent / 'config.yaml').write_text(yaml.safe_dump({**config, 'data': data}))
    return paths


@pytest.fixture(scope='module')
def files(runs, tmp_path_factory):
    """Export them; returns the paths of the model files."""
    folder = tmp_path_factory.mktemp('files')
    for name, path in runs.items():
        assert export(path, folder / f'{name}.onnx', focal=50.0) < 1e-4
    return {name: folder / f'{name}.onnx' for name in runs}


def test_recipes(root, tmp_path):
    """Each network is made on small data and by the published recipe, with what it refers to."""
    found = find_data(('nyu',), root, halves=True)
    full = Found({'nyu': [{'dataset': 'nyu_lists', 'path': 'x'}]}, [])
    others = {name: f'{name}.ckpt' for name in RECIPES}
    for name, recipe in RECIPES.items():
        for data in (found, full):
            config = network_config(name, data, Settings(tmp_path), others)
            options = config['model']['init_args']
            for key, other in recipe.refers.items():
                assert options[key] == f'{other}.ckpt'
            options.update(imagenet=False, start=None) if 'start' in options else \
                options.update(imagenet=False)
            with torch.device('meta'):
                method = build(config['model'])
            if data is full:
                assert (method.hparams.lr, method.hparams.weight_decay) == (1e-4, 1e-4)
                assert config['data']['init_args']['steps']['crop'] == [228, 304]
                assert config['trainer']['max_epochs'] == (20 if 'network' in options else 10)
                # What stands in the published recipe of the attacks in training.
                if name in ('G_adv', 'N_adv'):
                    assert (options['attack_share'], options['eps'], options['attack_steps']) == (
                        0.5, [0.01, 0.3], [1, 10])
                    assert options['against'] == 'target'
            else:
                assert config['trainer']['max_steps'] == recipe.small_steps
    assert network_config('G_adv', full, Settings(tmp_path), others)[
        'model']['init_args']['sparsity'] == 2.5


@pytest.mark.parametrize('name', ['cpu/defence', 'cpu/adversarial'])
def test_small_configs(repository, name):
    """Configs for a few real frames are valid; the published ones are built in `test_recipes`."""
    config = load_config(repository / 'config' / 'training' / f'{name}.yaml', [
        'model.imagenet=false'])
    config['model']['init_args'].pop('start', None)
    resolved = yaml.safe_load(resolve(config))
    assert resolved['model']['init_args']['eps'] == [0.01, 0.3]


@pytest.mark.parametrize('name', ['attack-fgsm', 'attack-ifgsm'])
def test_published(name):
    """Rows are those of the publication, adaptive ones have no published figures."""
    table = find_table(name)
    rows = {row.name: row for row in table.rows}
    assert len(rows) == len(table.rows)
    steps = {'attack-fgsm': 1, 'attack-ifgsm': 10}[name]
    assert table.attack.steps == steps
    assert rows['N-0'].published['rmse'] == 0.555
    if steps == 10:
        assert rows['N.G_adv-0.2'].published == dict(zip(
            table.columns, (0.703, 0.165, 0.071, 0.754, 0.933, 0.979)))
        assert {row.eps for row in table.rows if row.setting == 'adaptive'} == {
            0.05, 0.1, 0.15, 0.2}
        assert not any(row.published for row in table.rows if row.setting == 'adaptive')
    else:
        assert rows['N.G-0.1'].published == {'rmse': 0.943}
        assert not rows['N_adv-0.1'].published


def test_table(root, runs, tmp_path, capsys, monkeypatch):
    """Networks trained for a step, or given, and measured; nothing done twice."""
    monkeypatch.setattr('training.tables.attack_networks.SMALL_SIZE', [32, 64])
    words = ['table', 'attack-ifgsm', '--data', str(root), '--runs', str(tmp_path / 'runs'),
             '--rows', 'N-0.1', 'N_adv-0.1', 'N_adv-0.1-adaptive', 'N.G_adv-0.1', '--steps', '1',
             '--json', str(tmp_path / 'out.json'), '--weights', f'G={runs["G"]}']
    assert training.__main__.main(words) == 0
    output = capsys.readouterr().out
    assert 'eps 0.1: N(x*.G_adv(x*))' in output and '0.655 / 0.160' in output
    assert 'not comparable with the published ones' in output and 'not asked for' in output
    report = json.loads((tmp_path / 'out.json').read_text())
    rows = {row['name']: row for row in report['rows'] if row['measured']}
    assert set(rows) == {'N-0.1', 'N_adv-0.1', 'N_adv-0.1-adaptive', 'N.G_adv-0.1'}
    assert set(report['networks']) == {'N', 'G', 'G_adv', 'N_adv'}
    assert rows['N_adv-0.1']['measured'] != rows['N_adv-0.1-adaptive']['measured']
    assert rows['N-0.1']['measured_on'] == {'tum': 2}
    run = tmp_path / 'runs' / 'attacks'
    made = ('N', 'G_adv', 'N_adv')
    written = {name: (run / f'{name}-small' / 'last.ckpt').stat().st_mtime_ns for name in made}
    assert training.__main__.main([*words[:7], 'N-0.1', '--steps', '1', '--weights',
                                   f'N={run / "N-small" / "last.ckpt"}']) == 0
    assert 'given checkpoints of N' in capsys.readouterr().out
    assert written == {name: (run / f'{name}-small' / 'last.ckpt').stat().st_mtime_ns
                       for name in made}
    assert training.__main__.main([*words[:7], 'N-0.1', '--steps', '2']) == 2
    assert 'N-small holds a run with other settings' in capsys.readouterr().err
    assert training.__main__.main([*words[:7], 'N-0.1', '--weights', 'N=gone']) == 2
    assert 'no checkpoint of N at gone' in capsys.readouterr().err


def test_model_files(runs, files, tmp_path):
    """A mask adds an output to N, a defence masks its input, too; the files agree with torch."""
    image = np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    specs = {name: read_spec(path) for name, path in files.items()}
    found = {name: engines.load('onnxruntime', spec, 64, 96).run(image)
             for name, spec in specs.items()}
    assert specs['G'].outputs == specs['G_adv'].outputs == ('depth', 'saliency')
    assert specs['G'].size_multiple == 32 and specs['G'].focal == 50.0
    assert 'masks for the network of: a run trained on tum' in specs['G_adv'].lineage
    assert np.allclose(found['N']['depth'], found['G']['depth'], rtol=1e-5)
    target = load_target(runs['N'])
    mean, std = (torch.tensor(x)[:, None, None] for x in (
        (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    x = (torch.from_numpy(image).permute(2, 0, 1)[None] / 255 - mean) / std
    with torch.no_grad():
        for name, masked in (('G', False), ('G_adv', True)):
            mask = load_method(runs[name])[0].net(x)
            depth = target.depth(x * mask if masked else x)
            assert np.allclose(found[name]['saliency'], mask[0, 0], atol=1e-4)
            assert np.allclose(found[name]['depth'], depth[0, 0], rtol=1e-3)
    assert lean(specs['G'], cache=tmp_path).outputs == ('depth',)
    assert lean(specs['G_adv'], cache=tmp_path) is specs['G_adv']


def test_completion_file(tmp_path):
    """Of the shipped completion model, too; it keeps its confidence."""
    outputs = ('depth', 'confidence', 'saliency')
    path = leave_run(tmp_path / 'run', 'Saliency', {**MASK, 'target': 'completion'}, 0.0)
    assert export(path, tmp_path / 'model.onnx', size=(64, 96)) < 1e-3
    spec = read_spec(tmp_path / 'model.onnx')
    assert (spec.task, spec.outputs, spec.focal) == ('completion', outputs, 0.0)
    assert 'masks for completion: ' in spec.lineage and spec.licence == 'Apache-2.0'


def test_report_and_card(runs, files, tmp_path, capsys, monkeypatch):
    """One command from checkpoints to figures and pictures, one from files to a card."""
    pytest.importorskip('matplotlib')
    words = ['attack', *(f'{name}={path}' for name, path in runs.items()), '--out',
             str(tmp_path / 'report'), '--eps', '0', '0.1', '--steps', '1', '--strong', '2', '2',
             '--strong-frames', '2', '--no-natural']
    assert training.__main__.main(words) == 0
    folder = tmp_path / 'report'
    assert {path.name for path in folder.iterdir()} == {
        'report.json', 'report.md', 'report.html', 'sheet.png', 'curves.png'}
    report = json.loads((folder / 'report.json').read_text())
    assert {curve['images'] for curve in report['curves']} == {4}
    assert {curve['images'] for curve in report['strong']} == {2}
    text = (folder / 'report.md').read_text()
    assert '| N(x* . G_adv(x*)) | 0.1 |' in text and 'adaptive, 2 steps, 2 starts' in text
    assert 'worst of all: RMSE over eps' in (folder / 'report.html').read_text()
    assert cv2.imread(str(folder / 'sheet.png')).shape == (8 * 96, 192 * 7, 3)
    assert training.__main__.main(['attack', f'G={runs["G"]}', '--out', str(folder)]) == 2
    assert training.__main__.main(['attack', 'M=x', '--out', str(folder)]) == 2
    assert 'give the depth network' in capsys.readouterr().err
    for name in ('TURNS', 'FRAMES_A_TURN'):
        monkeypatch.setattr(f'training.attack.card.{name}', 2)
    words = ['defence-card', str(files['G_adv']), '--plain', str(files['N']), '--saliency',
             str(files['G']), '--config', str(runs['G_adv'].parent / 'config.yaml'), '--attacks',
             str(folder / 'report.json')]
    assert training.__main__.main(words) == 0
    card = files['G_adv'].with_suffix('.md').read_text()
    assert '| tum | 4 |' in card and '| all | 4 |' in card
    assert '| N + saliency, not subscribed |' in card
    assert '| N(x* . G_adv(x*)), adaptive (4 frames) |' in card
    assert str(files['N'].parent) not in card
    words[1] = str(files['N'])
    assert training.__main__.main(words) == 2
    assert 'no output saliency' in capsys.readouterr().err
    assert attacks.PROTOCOL == report['protocol']
