# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""From a config to a model with figures and a card, in pieces, and its twins."""
import hashlib
import json

from depth_ros.model import read_spec
import made_sets
import numpy as np
import onnxruntime
import pytest
from tiny_models import make_tiny_model

torch = pytest.importorskip('torch', reason='training needs the train extra: torch')
lightning = pytest.importorskip('lightning', reason='training needs the train extra')

from training.__main__ import main  # noqa: E402
from training.card import write_card  # noqa: E402
from training.compact import CompactCheckpoint, halved, size_of  # noqa: E402
from training.methods.completion import Completion  # noqa: E402
from training.ship import past_pieces  # noqa: E402
import yaml  # noqa: E402

TINY = """
seed: 1
average: 0.9
model:
  class_path: training.methods.completion.Completion
  init_args: {imagenet: false, blocks: 12, steps: 6}
data:
  class_path: made_data.MadeData
  init_args: {batch_size: 2}
trainer: {accelerator: cpu, precision: bf16-mixed, max_epochs: -1, log_every_n_steps: 1,
          val_check_interval: 100, check_val_every_n_epoch: null}
"""


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """Real sets, made: one of them."""
    folder = tmp_path_factory.mktemp('data')
    made_sets.redwood(folder / 'redwood')
    return folder


@pytest.fixture
def ship(tmp_path, monkeypatch):
    """Call the command on a run with tiny settings."""
    monkeypatch.delenv('DEPTH_ROS_TEACHER', raising=False)
    (tmp_path / 'tiny.yaml').write_text(TINY)

    def call(run, *options, settings=()):
        return main(['ship', '--config', str(tmp_path / 'tiny.yaml'), '--run', str(run),
                     '--norm-batches', '2', *options, '--set', *settings])
    return call


def test_pieces_export_figures_and_card(ship, data, tmp_path, capsys):
    """Stop after a step, ship that, go on to the end, export, evaluate in a call of its own."""
    run = tmp_path / 'run'
    assert ship(run, '--minutes', '0', '--no-evaluate', '--revision', 'abc') == 0
    assert 'call again' in capsys.readouterr().out
    kept = torch.load(run / 'last.ckpt', weights_only=False)
    assert kept['optimizer_states'] == [] and kept['global_step'] == 1
    assert kept['state_dict']['net.stem.0.weight'].dtype == torch.float16
    assert kept['average']['mean']['stem.0.weight'].dtype == torch.float32
    assert (run / 'last.ckpt').stat().st_size < 16 * 2 ** 20
    assert ship(run, '--now', '--no-evaluate') == 0
    assert 'is exported' in capsys.readouterr().out
    assert read_spec(run / 'completion.onnx').figures['steps'] == 1
    assert json.loads((run / 'ship.json').read_text())['progress'] < 1
    assert ship(run, '--no-evaluate', '--revision', 'abc') == 0
    assert 'is exported' in capsys.readouterr().out and not (run / 'completion.md').exists()
    before = read_spec(run / 'completion.onnx').figures
    assert before['steps'] >= 6
    assert main(['ship', '--run', str(run), '--data', str(data)]) == 0
    assert 'is ready' in capsys.readouterr().out
    spec = read_spec(run / 'completion.onnx')
    assert spec.figures['redwood_rel'] > 0 and spec.figures['steps'] == before['steps']
    assert spec.revision == 'abc' and str(tmp_path) not in spec.training
    card = (run / 'completion.md').read_text()
    digest = hashlib.sha256((run / 'completion.onnx').read_bytes()).hexdigest()
    assert digest in card and 'python -m training ship' in card and 'bf16-mixed' in card
    assert '| redwood | 2 |' in card and 'Absent, not measured' in card and '2 pieces' in card
    assert f'{before["steps"]} steps, {2 * before["steps"]} frames' in card
    assert f'{before["parameters"]:,}' in card and 'made_data.MadeData' in card
    assert json.loads((run / 'figures.json').read_text()) == spec.figures
    assert json.loads((run / 'table.json').read_text())['rows'][0]['name'] == 'redwood'


def test_twins_train_export_and_are_measured(ship, data, tmp_path):
    """Without the image its pixels change nothing; without the line it only sets the scale."""
    image = np.random.default_rng(0).integers(0, 255, (1, 64, 96, 3), dtype=np.uint8)
    sparse = np.zeros((1, 64, 96), np.float32)
    sparse[0, 30] = np.linspace(1, 5, 96)
    for name, setting in (('blind', 'model.use_image=false'), ('lineless', 'data.none_share=1.0')):
        run = tmp_path / name
        settings = (setting, 'model.steps=2')
        assert ship(run, '--name', name, '--data', str(data), settings=settings) == 0
        card = (run / f'{name}.md').read_text()
        assert ('Trained without any line' in card) == (name == 'lineless')
        session = onnxruntime.InferenceSession(str(run / f'{name}.onnx'))
        depth, dark = (session.run(['depth'], {'image': shown, 'sparse_depth': sparse})[0]
                       for shown in (image, image // 3))
        assert np.array_equal(depth, dark) == (name == 'blind')
    report = json.loads((run / 'table.json').read_text())
    assert report['rows'][0]['residual_on_line']['median_rel'] is None


def test_card_of_a_run_that_fit_made(tmp_path):
    """Provenance and figures stand in for pieces; folders of this machine are left out."""
    model = make_tiny_model(tmp_path / 'm.onnx', training='python -m training fit', figures=(
        '{"steps": 50, "training_minutes": 7.0, "parameters": 3, "parity": 1e-6}'))
    config = {'data': {'init_args': {'batch_size': 4, 'pool': '/home/me/runs/pool'}}}
    (tmp_path / 'provenance.json').write_text(json.dumps(
        {'revision': 'abc', 'environment': {'cpu': 'Z80', 'cores': 2, 'gpus': []}}))
    pieces = past_pieces(tmp_path, read_spec(model), config)
    card = write_card(model, pieces, '| table |', yaml.safe_dump(config)).read_text()
    assert '50 steps, 200 frames, 7 minutes in 1 piece' in card
    assert '2 CPU cores (Z80)' in card and 'pool: pool' in card and '/home' not in card


def test_bad_input_is_one_line(tmp_path, capsys):
    """Each mistake is said before anything is trained."""
    def error(*words):
        assert main(['ship', '--run', str(tmp_path / 'run'), *words]) == 2
        text = capsys.readouterr().err.strip()
        assert '\n' not in text
        return text
    assert '--no-evaluate' in error()
    assert 'name its --config' in error('--no-evaluate')
    assert 'no folder of real sets' in error('--data', str(tmp_path / 'absent'))
    assert not (tmp_path / 'run').exists()


def test_compact_checkpoint_of_the_shipped_net_fits():
    """Weights in half, the mean whole where it fits; norms and biases stay exact."""
    state = Completion(imagenet=False).state_dict()
    mean = {name: value.clone() for name, value in state.items()}
    checkpoint = {'state_dict': state, 'optimizer_states': [{}], 'average': {'mean': mean}}
    CompactCheckpoint().on_save_checkpoint(None, None, checkpoint)
    content = checkpoint['state_dict'], checkpoint['average']['mean']
    assert sum(map(size_of, content)) < 16.3e6 and checkpoint['optimizer_states'] == []
    assert content[1]['net.decoder.head.weight'].dtype == torch.float32
    for name, value in content[0].items():
        assert value.dtype == (torch.float16 if value.ndim > 1 else state[name].dtype)
        torch.testing.assert_close(value.to(state[name]), state[name], rtol=1e-3, atol=1e-7)
    CompactCheckpoint(limit=10 ** 6).on_save_checkpoint(None, None, checkpoint)
    assert size_of(checkpoint['average']['mean']) < 0.6 * size_of(mean)
    assert halved({'count': torch.tensor(3)})['count'].dtype == torch.int64


class OneWeight(lightning.LightningModule):
    """Wants a learning rate of 1 at every step and notes what it gets."""

    def __init__(self):
        """Start with a weight of 0."""
        super().__init__()
        self.weight, self.rates = torch.nn.Parameter(torch.zeros(1)), []

    def configure_optimizers(self):
        """Plain descent."""
        return torch.optim.SGD(self.parameters(), lr=1.0)

    def on_train_batch_start(self, batch, batch_idx):
        """Set the rate afresh, as the depth methods do."""
        self.optimizers().param_groups[0]['lr'] = 1.0

    def training_step(self, batch, batch_idx):
        """Any loss."""
        return (self.weight - batch.float().mean()) ** 2

    def on_train_batch_end(self, outputs, batch, batch_idx):
        """Note the rate that the step was made with."""
        self.rates.append(self.optimizers().param_groups[0]['lr'])


def test_learning_rate_rises_again_after_a_resume(tmp_path):
    """A fresh run is left alone; a resumed one starts small and is whole after the rewarming."""
    last, rates = None, []
    for steps in (3, 9):
        method = OneWeight()
        trainer = lightning.Trainer(
            max_steps=steps, accelerator='cpu', callbacks=[CompactCheckpoint(rewarm=4)],
            logger=False, enable_checkpointing=False, enable_progress_bar=False,
            enable_model_summary=False, default_root_dir=tmp_path)
        trainer.fit(method, torch.utils.data.DataLoader(torch.arange(20)), ckpt_path=last)
        last = tmp_path / 'last.ckpt'
        trainer.save_checkpoint(last)
        rates.append(method.rates)
    assert rates[0] == [1.0] * 3
    assert rates[1] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0, 1.0])
