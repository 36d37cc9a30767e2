# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Runs of metric depth from a config: leave, resume, break, several processes."""
import os
import subprocess
import sys

from depth_ros.contracts import InputError
import pytest

torch = pytest.importorskip('torch')
lightning = pytest.importorskip('lightning')
pytest.importorskip('cv2')
from tiny_frames import frame_config  # noqa: E402
import training.__main__  # noqa: E402
from training.experiment import build, fit, load_config  # noqa: E402
from training.networks.blocks import parameter_count  # noqa: E402
from training.networks.metric import build_network, load_network  # noqa: E402


@pytest.fixture
def config(tmp_path):
    """Write six small frames and a config that trains on them."""
    return frame_config(tmp_path)


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
    assert 'protocol: image_mse: ' in capsys.readouterr().out


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
    assert error.startswith('training fit: ')
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
