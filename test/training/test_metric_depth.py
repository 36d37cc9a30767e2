# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Supervised and distilled metric depth: training, stopping, resuming, measuring."""
import csv
import os
import subprocess
import sys

from depth_ros.contracts import InputError
from depth_ros.evaluation.edges import edge_metrics
from depth_ros.evaluation.protocols import PROTOCOLS
import numpy as np
import pytest

torch = pytest.importorskip('torch')
lightning = pytest.importorskip('lightning')
cv2 = pytest.importorskip('cv2')
import training.__main__  # noqa: E402
from training.experiment import build, fit, load_config  # noqa: E402
from training.methods.distillation import Distillation  # noqa: E402
from training.methods.supervised import Supervised  # noqa: E402
from training.networks.blocks import parameter_count  # noqa: E402
from training.networks.metric import build_network, load_network  # noqa: E402

SMALL = {'network': 'mff_student', 'encoder': 'mobilenet_v2', 'imagenet': False}


def batch(count=2, height=32, width=48, seed=0):
    """Make images whose depth can be read off their brightness."""
    generator = torch.Generator().manual_seed(seed)
    image = torch.rand(count, 1, 4, 6, generator=generator)
    image = torch.nn.functional.interpolate(image, (height, width), mode='bilinear')
    return {'image': (image - 0.5).expand(-1, 3, -1, -1) * 4, 'depth': 1.0 + 3.0 * image[:, 0],
            'camera': torch.tensor([[60.0, 60.0, width / 2, height / 2]]).repeat(count, 1),
            'labelled': torch.ones(count, dtype=torch.bool),
            'name': [f'frame {k}' for k in range(count)]}


class Constant(torch.nn.Module):
    """Answers the same whatever it sees."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, image):
        return self.answer


def train(method, data, steps, lr):
    """Take a few steps by hand; returns the losses."""
    optimizer = torch.optim.Adam(method.net.parameters(), lr)
    method.train()
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = method.losses(data)['loss']
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize('network, encoder, terms', [
    ('high_resolution', 'resnet18', ['depth', 'grad', 'normal']),
    ('mff_student', 'mobilenet_v2', ['depth']), ('fcrn', 'resnet18', ['depth', 'normal'])])
def test_supervised_learns(network, encoder, terms):
    """A few steps on one batch bring the loss down by much."""
    torch.manual_seed(0)
    method = Supervised(network, encoder, imagenet=False, terms=terms)
    losses = train(method, batch(), 10, 1e-3)
    assert losses[-1] < losses[0] - 0.3


def test_supervised_on_procedural_batches():
    """Raw images, sky and unknown depth of mixed sizes of ground truth are taken as they are."""
    torch.manual_seed(0)
    data = batch()
    data['image'] = torch.randint(0, 255, (2, 32, 48, 3), dtype=torch.uint8)
    data['depth'][0, :9] = torch.inf
    data['depth'][1, 5:] = torch.nan
    del data['name'], data['labelled']
    losses = train(Supervised('high_resolution', 'resnet18', imagenet=False), data, 4, 1e-3)
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


def test_unknown_depth_counts_as_published():
    """Without the mask unknown depth is a target of 0 m; with it, it is none."""
    data = batch()
    data['depth'][:, :16] = torch.nan
    predicted = torch.full((2, 1, 16, 24), 2.0)
    for masked in (True, False):
        method = Supervised(**SMALL, masked=masked, terms=['depth'])
        method.net = Constant(predicted)
        target = torch.nan_to_num(data['depth'][:, 1::2, 1::2])  # the centres, as Pillow has it
        error = torch.log((predicted[:, 0] - target).abs() + 0.5)
        expected = error[target > 0].mean() if masked else error.mean()
        assert method.losses(data)['loss'].item() == pytest.approx(expected.item(), abs=1e-5)


def test_focal_length():
    """One network for several cameras: twice the focal length means twice the depth."""
    method = Supervised(**SMALL, focal=60.0).eval()
    data = batch()
    with torch.no_grad():
        near = method.predict_depth(data)
        data['camera'][:, :2] *= 2.0
        far = method.predict_depth(data)
    assert torch.allclose(far, 2.0 * near)
    assert method.targets(data, (32, 48))[:, 0] == pytest.approx(data['depth'] / 2.0)
    assert near.shape == data['depth'].shape


def test_frozen_normalisation():
    """`freeze_norm` keeps the statistics while the weights learn."""
    method = Supervised(**SMALL, freeze_norm=True)
    norm = method.net.encoder.features[0][1]
    before, weight = norm.running_mean.clone(), norm.weight.clone()
    train(method, batch(), 2, 1e-3)
    assert torch.equal(norm.running_mean, before)
    assert not torch.equal(norm.weight, weight)


def test_broken_sample_is_named():
    """A loss that is not finite names the sample, or says that the weights diverged."""
    method, data = Supervised(**SMALL), batch(3)
    data['image'] = data['image'].clone()
    data['image'][1, 0, 0, 0] = torch.nan
    with pytest.raises(InputError, match='the image is not finite of frame 1. Remove'):
        method.training_step(data, 0)
    with torch.no_grad():
        method.net.refinement[-1].bias.fill_(torch.nan)
    with pytest.raises(InputError, match='frame 0, frame 1, frame 2. The weights diverged'):
        method.training_step(batch(3), 0)


def test_validation_figures():
    """What is logged is the evaluation's protocol over all images."""
    method = Supervised(**SMALL, protocol='image_mse').eval()
    with torch.no_grad():
        method.net.refinement[-1].bias.fill_(2.0)
    logged = {}
    method.log = lambda name, value, **_: logged.update({name: value})
    images, edges = [], []
    with torch.no_grad():
        for seed in (1, 2):
            data = batch(seed=seed)
            data['depth'][:, :, :5 * seed - 5] = torch.nan
            method.validation_step(data, 0)
            images += [PROTOCOLS['image_mse'].image(p, t) for p, t in zip(
                method.predict_depth(data).numpy(), data['depth'].numpy())]
            edges += [edge_metrics(p, t, 0.5)['f1'] for p, t in zip(
                method.predict_depth(data).numpy(), data['depth'].numpy()) if seed == 1]
    method.on_validation_epoch_end()
    combined = PROTOCOLS['image_mse'].combine(images)
    assert logged['val/rmse'] == pytest.approx(combined['rmse'])
    assert logged['val/delta1'] == pytest.approx(combined['delta1'])
    # Edges need ground truth at every pixel, which only the first two images have.
    assert logged['val/edge_f1'] == pytest.approx(np.mean(edges))
    assert 0.1 < np.mean(edges) < 1.0
    assert not method.measured


@pytest.fixture
def teacher(tmp_path):
    """Write a teacher's weights; returns the path and the network."""
    torch.manual_seed(5)
    net = build_network('mff_student', 'mobilenet_v2').eval()
    torch.save(net.state_dict(), tmp_path / 'teacher.pth')
    return tmp_path / 'teacher.pth', net


def distilled(path, **options):
    """Make a method with its teacher read."""
    method = Distillation(**SMALL, teacher_encoder='mobilenet_v2', teacher_checkpoint=str(path),
                          **options)
    method.setup('fit')
    return method


def test_distillation_learns(teacher):
    """Without labels the student comes nearer to its teacher, who stays as it is."""
    path, net = teacher
    torch.manual_seed(1)
    method, data = distilled(path, terms=['depth']), batch()
    data['labelled'][:] = False
    data['depth'][:] = torch.nan
    losses = train(method, data, 10, 1e-3)
    assert losses[-1] < losses[0] - 0.1
    assert all(torch.equal(value, net.state_dict()[key])
               for key, value in method.teacher[0].state_dict().items())
    assert not any('teacher' in key for key in method.state_dict())
    assert sum(p.numel() for p in method.parameters()) == parameter_count(net) == 1_673_905


def test_distillation_mixes(teacher):
    """Labelled images are drawn to their ground truth, unlabelled ones to the teacher."""
    method, data = distilled(teacher[0], truth_share=1.0, terms=['depth']), batch()
    data['labelled'][1] = False
    method.eval()
    with torch.no_grad():
        image = data['image']
        truth = torch.stack([data['depth'][:1], method.teacher[0](image)[1]])
        expected = torch.log((method.net(image) - truth).abs() + 0.5).mean()
        assert method.losses(data)['loss'].item() == pytest.approx(expected.item(), abs=1e-5)


@pytest.mark.parametrize('options, message', [
    ({}, 'needs model.teacher_checkpoint: the last.ckpt of a supervised run'),
    ({'teacher_checkpoint': 'no.ckpt'}, 'no weights at no.ckpt'),
    ({'truth_share': 1.5}, 'truth_share is 1.5'),
    ({'teacher_network': 'mff', 'teacher_checkpoint': 'x'}, 'unknown network .mff.*high_resol'),
    ({'protocol': 'eigen'}, 'unknown protocol .eigen.*image_mse')])
def test_unusable_options(options, message):
    """Mistakes in the config are one clear error."""
    with pytest.raises(InputError, match=message):
        Distillation(**{**SMALL, **options}).setup('fit')


def test_wrong_teacher(teacher):
    """Weights of another network are refused with the keys that do not fit."""
    with pytest.raises(InputError, match='teacher.pth does not fit MFFStudent: .* missing'):
        method = Distillation(**SMALL, teacher_checkpoint=str(teacher[0]))
        method.setup('fit')


@pytest.fixture
def config(tmp_path):
    """Write six small frames and a config that trains on them."""
    rows = []
    for k in range(6):
        data = batch(1, 48, 64, seed=k)
        cv2.imwrite(str(tmp_path / f'{k}.jpg'),
                    (data['image'][0] * 60 + 128).permute(1, 2, 0).clamp(0, 255).byte().numpy())
        cv2.imwrite(str(tmp_path / f'd{k}.png'),
                    (data['depth'][0] * 1000).numpy().astype(np.uint16))
        rows.append([f'{k}.jpg', f'd{k}.png'])
    with (tmp_path / 'list.csv').open('w', newline='') as file:
        csv.writer(file).writerows(rows)
    source = {'dataset': 'nyu_lists', 'path': str(tmp_path / 'list.csv')}
    return {
        'seed': 3, 'average': 0.0,
        'model': {'class_path': 'training.methods.supervised.Supervised',
                  'init_args': {**SMALL, 'lr': 1e-3}},
        'data': {'class_path': 'training.datasets.frames.FrameData',
                 'init_args': {'train': [source], 'validation': [{**source, 'limit': 2}],
                               'steps': {'size': [36, 48], 'crop': [32, 40]},
                               'batch_size': 3, 'workers': 0}},
        'trainer': {'accelerator': 'cpu', 'devices': 1, 'max_epochs': 1, 'checkpoint_steps': 1,
                    'log_every_n_steps': 1}}


def test_fit_and_resume(config, tmp_path, capsys):
    """A run leaves what it was made from, goes on where it was, can be measured and can teach."""
    run = tmp_path / 'run'
    assert fit(config, run).global_step == 2
    config['trainer']['max_epochs'] = 2
    trainer = fit(config, run)
    assert trainer.global_step == 4
    assert {'last.ckpt', 'config.yaml', 'provenance.json'} <= {x.name for x in run.iterdir()}
    logged = max(run.rglob('metrics.csv'), key=lambda path: path.stat().st_mtime).read_text()
    assert 'val/abs_rel' in logged
    assert 'train/loss' in logged
    net = build_network('mff_student', 'mobilenet_v2')
    load_network(net, run / 'last.ckpt')
    trained = trainer.lightning_module.net.state_dict()
    assert all(torch.equal(value, trained[key]) for key, value in net.state_dict().items())
    assert training.__main__.main(['validate', '--checkpoint', str(run / 'last.ckpt')]) == 0
    assert 'REL 0.' in capsys.readouterr().out


def test_broken_run_keeps_its_checkpoint(config, tmp_path, monkeypatch, capsys):
    """A run whose data break stops with one line; the checkpoint before can be gone on from."""
    import yaml
    run = tmp_path / 'run'
    fit(config, run)
    before = (run / 'last.ckpt').read_bytes()
    file = tmp_path / 'd4.png'
    file.write_bytes(file.read_bytes()[:50])
    config['trainer']['max_epochs'] = 5
    (tmp_path / 'config.yaml').write_text(yaml.safe_dump(config))
    words = ['fit', '--config', str(tmp_path / 'config.yaml'), '--run', str(run)]
    assert training.__main__.main(words) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith('training: ')
    assert 'd4.png cannot be decoded' in error
    content = torch.load(run / 'last.ckpt', weights_only=True)
    assert content['global_step'] in (2, 3)
    assert len(before) > 1_000_000


@pytest.mark.parametrize('name', ['supervised', 'distillation'])
def test_shipped_configs(repository, name):
    """The published settings build; the recipe is the published one."""
    config = load_config(repository / 'config' / 'training' / f'{name}.yaml',
                         ['model.imagenet=false'])
    with torch.device('meta'):
        method, data = build(config['model']), build(config['data'])
    counts = {'supervised': 67_569_473, 'distillation': 1_673_905}
    assert parameter_count(method.net) == counts[name]
    recipe = method.configure_optimizers()
    assert type(recipe['optimizer']) is torch.optim.Adam
    assert recipe['optimizer'].defaults['lr'] == recipe['optimizer'].defaults['weight_decay']
    assert (recipe['lr_scheduler']['scheduler'].step_size, config['trainer']['max_epochs'],
            data.hparams.batch_size) == (5, 20, 8)
    with pytest.raises(InputError, match='no list at data/nyu2_train.csv.*Get it from'):
        data.setup()


def test_lightning_cli(config, tmp_path):
    """The methods and the data are typed well enough for Lightning's own command line."""
    pytest.importorskip('jsonargparse')
    from lightning.pytorch.cli import LightningCLI
    import yaml
    (tmp_path / 'cli.yaml').write_text(yaml.safe_dump(
        {'model': config['model'], 'data': config['data']}))
    cli = LightningCLI(lightning.LightningModule, lightning.LightningDataModule,
                       subclass_mode_model=True, subclass_mode_data=True, run=False,
                       args=['--config', str(tmp_path / 'cli.yaml'), '--trainer.logger=false'],
                       save_config_callback=None)
    assert cli.model.hparams.lr == 1e-3
    cli.datamodule.setup('fit')
    assert len(cli.datamodule.training_frames) == 6


PROCESSES = """
import lightning
import torch
from torch.utils.data import DataLoader, IterableDataset
from training.methods.supervised import Supervised


class Half(IterableDataset):
    # Every process takes its part of each batch of four.
    def __init__(self, frames, processes):
        self.frames, self.processes = frames, processes

    def __iter__(self):
        rank = torch.distributed.get_rank() if self.processes > 1 else 0
        share = 4 // self.processes
        for start in range(0, 12, 4):
            yield from self.frames[start + rank * share:start + (rank + 1) * share]


class Log(lightning.Callback):
    losses = ()

    def on_train_batch_end(self, trainer, module, outputs, batch, index):
        mean = trainer.strategy.reduce(outputs['loss'].detach().clone())
        self.losses += (mean.item(),)

    def on_train_end(self, trainer, module):
        if trainer.global_rank == 0:
            print('losses', *self.losses, flush=True)


def run(processes):
    lightning.seed_everything(1, verbose=False)
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(2)
    frames = [{'image': torch.randn(3, 32, 32, generator=generator).double(),
               'depth': 1 + torch.rand(32, 32, generator=generator).double()} for _ in range(12)]
    method = Supervised('mff_student', 'mobilenet_v2', imagenet=False, lr=1e-3, masked=False,
                        freeze_norm=True)
    trainer = lightning.Trainer(
        accelerator='cpu', devices=processes, strategy='ddp_fork' if processes > 1 else 'auto',
        max_epochs=1, precision='64-true', logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, callbacks=[Log()])
    trainer.fit(method, DataLoader(Half(frames, processes), 4 // processes))


run(2)
run(1)
"""


def test_two_processes(repository, tmp_path):
    """Two processes with half of each batch lose what one process loses, step by step."""
    script = tmp_path / 'processes.py'
    script.write_text(PROCESSES)
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, cwd=repository,
        timeout=120, env={**os.environ, 'PYTHONPATH': str(repository), 'OMP_NUM_THREADS': '1'})
    assert done.returncode == 0, done.stderr
    two, one = ([float(x) for x in line.split()[1:]] for line in done.stdout.splitlines()
                if line.startswith('losses'))
    assert len(one) == 3
    assert max(one) - min(one) > 0.001  # the weights do change
    assert two == pytest.approx(one, rel=1e-9)
