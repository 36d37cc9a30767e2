# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Masks of what a depth network needs: loss, learning, plain masks, figures, runs, tables."""
import json

from depth_ros.contracts import InputError
from depth_ros.evaluation.protocols import find_protocol
import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
pytest.importorskip('cv2')
from tiny_frames import batch, frame_config, train  # noqa: E402
from tiny_runs import leave_run  # noqa: E402
from training.__main__ import main  # noqa: E402
from training.experiment import build, fit, load_config  # noqa: E402
from training.losses.mask import mask_loss  # noqa: E402
from training.methods.saliency import Saliency  # noqa: E402
from training.networks.blocks import parameter_count  # noqa: E402
from training.networks.masks import build_mask_net, MASK_NETS  # noqa: E402
from training.runs import lineage  # noqa: E402
from training.saliency import masks as plain  # noqa: E402
from training.saliency.direct import optimise_mask  # noqa: E402
from training.saliency.measure import combine, masked_views, measure_batch  # noqa: E402
from training.tables import find_table  # noqa: E402
from training.tables.masked import row_config  # noqa: E402
from training.tables.rerun import Settings  # noqa: E402
from training.targets import Target  # noqa: E402


class LeftHalf(torch.nn.Module):
    """A depth network that looks at the left half of its image only."""

    def forward(self, image, line=None):
        """Give 2 m and the brightness of the left half, mirrored to the right."""
        left = image.mean(1, keepdim=True)[..., :image.shape[3] // 2]
        return 2.0 + 0.5 * torch.cat([left, left.flip(3)], dim=3)


def half_target():
    """Return the network as a target."""
    net = LeftHalf()
    return Target(net, net, 'monocular', 'half')


def numpy_loss(depth, whole, mask, sparsity):
    """Compute the loss of the publication by hand, for single images (H, W)."""
    def sobel(d):
        p = np.pad(d, 1)
        across = p[:, :-2] - p[:, 2:]
        down = p[:-2] - p[2:]
        return (across[:-2] + 2 * across[1:-1] + across[2:],
                down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:])

    def log_mean(x):
        return np.log(np.abs(x) + 0.5).mean()
    (ax, ay), (bx, by) = sobel(depth), sobel(whole)
    cosine = (ax * bx + ay * by + 1) / np.sqrt((ax ** 2 + ay ** 2 + 1) * (bx ** 2 + by ** 2 + 1))
    return (log_mean(depth - whole) + log_mean(ax - bx) + log_mean(ay - by)
            + np.abs(1 - cosine).mean() + sparsity * mask.mean())


def test_loss_by_hand():
    """l_dif of N(x M) against N(x), and lambda times the mean of the mask."""
    rng = np.random.default_rng(0)
    depth, whole = rng.uniform(1, 4, (2, 9, 12))
    mask = rng.uniform(0, 1, (18, 24))
    given = [torch.from_numpy(x)[None, None] for x in (depth, whole, mask)]
    given[1].requires_grad_()
    parts = mask_loss(*given, 5.0)
    assert parts['loss'].item() == pytest.approx(numpy_loss(depth, whole, mask, 5.0), abs=1e-12)
    assert parts['mask'].item() == pytest.approx(mask.mean())
    assert not parts['dif'].requires_grad  # the whole image's answer is a target, nothing else
    assert mask_loss(*given[1::-1], given[2], 0.0)['dif'].requires_grad


@pytest.mark.parametrize('name', MASK_NETS)
def test_mask_networks(name):
    """All give masks of the image's size, a light one of sizes that do not halve, too."""
    with torch.device('meta'):
        net = build_mask_net(name)
        assert net(torch.empty(2, 3, 70, 90)).shape == (2, 1, 70, 90)
    counts = {'drn_d_22': 25_259_761, 'drn_d_38': 35_367_921, 'light': 1_596_305}
    assert parameter_count(net) == counts[name]


def test_unknown_mask_network():
    """An unknown name lists the choices."""
    with pytest.raises(InputError, match='drn_d_22, drn_d_38, light'):
        build_mask_net('vgg')


def method_of(target, **options):
    """Make a light method for a target."""
    torch.manual_seed(0)
    method = Saliency('given', mask_net='light', imagenet=False, **options)
    method.kept = (target,)
    return method


class OneMask(torch.nn.Module):
    """The simplest mask network: the same mask for every image."""

    def __init__(self):
        """Show half of everything at first."""
        super().__init__()
        self.logits = torch.nn.Parameter(torch.zeros(1, 1, 32, 64))

    def forward(self, image):
        """Give (N, 1, H, W)."""
        return self.logits.sigmoid().expand(len(image), -1, -1, -1)


def test_learns_where_the_network_looks():
    """The mask leaves the half that matters and hides the other; more lambda hides more."""
    data, shown = batch(4, 32, 64), {}
    for sparsity in (0.5, 3.0):
        method = method_of(half_target(), sparsity=sparsity)
        method.net = OneMask()
        losses = train(method, data, 40, 0.2)
        mask = method.masks(data)[1].detach()
        shown[sparsity] = mask[..., :32].mean().item(), mask[..., 32:].mean().item()
        assert losses[-1] < losses[0]
    assert shown[0.5][0] > 10 * shown[0.5][1]
    assert shown[3.0][0] < 0.8 * shown[0.5][0]


def test_direct_optimisation():
    """Free logits find that the right half is not needed; images do not mix."""
    data = batch(2, 16, 32)
    mask, losses = optimise_mask(half_target(), data['image'], 1.0, steps=60)
    assert losses[-1] < losses[0] and not mask.requires_grad
    assert mask[..., 16:].max() < 0.1 < mask[..., :16].mean()
    alone, _ = optimise_mask(half_target(), data['image'][:1], 1.0, steps=60)
    torch.testing.assert_close(alone, mask[:1], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize('name', plain.PLAIN)
def test_plain_masks_show_as_much(name):
    """Each has the values of its image's mask; edges are those of the image."""
    image = torch.zeros(2, 3, 20, 30)
    image[:, :, :, 15:] = 1.0
    mask = torch.rand(2, 1, 20, 30)
    mask[1] *= 0.03
    binary = plain.binarise(mask)
    for kind in (mask, binary):
        made = plain.PLAIN[name](image, kind, torch.Generator().manual_seed(7))
        assert torch.equal(*(x.flatten(1).sort(1).values for x in (made, kind)))
        assert not torch.equal(made, kind)
    assert plain.shares(binary)[1] < 0.3
    if name == 'edges':
        step = torch.zeros_like(mask)
        step[..., 14:16] = 1.0
        assert torch.equal(plain.by_edges(image, step), step)
    else:
        again = plain.PLAIN[name](image, binary, torch.Generator().manual_seed(7))
        assert torch.equal(made, again)


def test_figures_by_hand():
    """A mask of the half that matters loses nothing, one of the other half all there is."""
    data, target, rule = batch(2, 16, 32), half_target(), find_protocol('image_mse')
    image = data['image']
    data['depth'] = target.depth(image)[:, 0]
    left = torch.zeros_like(image[:, :1])
    left[..., :16] = 1.0
    for mask, lost in ((left, 0.0), (1.0 - left, (image[..., :16].mean(1) / 2).square().mean())):
        figures = combine(measure_batch(target, data, image, mask, rule), rule)
        assert figures['rmse_binary'] == pytest.approx(float(lost) ** 0.5, abs=1e-6)
        assert figures['to_whole'] == pytest.approx(figures['rmse_binary'], rel=0.2, abs=1e-6)
        assert figures['sparseness'] == pytest.approx(0.5) and figures['rmse_whole'] == 0.0
        assert figures['images'] == 2 and figures['rmse_binary_random'] > 0.0
    soft = masked_views(target, data, image, 0.02 * left)
    assert soft['binary'][0].sum() == 0.0 < soft['soft'][0].sum()


def test_completion_keeps_its_line():
    """The line is not masked, and where it was measured nothing is scored."""
    seen = {}

    def answer(image, line):
        seen['line'] = line.clone()
        return 1.0 + image.mean(1, keepdim=True) * 0.0 + line[:, None]
    target = Target(torch.nn.Identity(), answer, 'completion', 'line')
    data = batch(1, 32, 64)
    data['sparse_depth'] = torch.zeros(1, 32, 64)
    data['sparse_depth'][:, 9] = 3.0
    data['depth'] = torch.ones(1, 32, 64)
    data['depth'][:, 9] = 50.0
    method = method_of(target)
    with torch.no_grad():
        figures = measure_batch(method.target, data, *method.masks(data), method.protocol)
    assert torch.equal(seen['line'], data['sparse_depth'])
    assert figures[0]['whole']['rmse'] == 0.0 and figures[0]['whole']['pixels'] == 31 * 64
    assert method.task == 'completion' and method.predict_depth(data).shape == (1, 32, 64)


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
    import cv2
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
