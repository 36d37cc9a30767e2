# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Runs of several epochs that are stopped twice: as many steps as one that nothing stopped."""
import pytest

torch = pytest.importorskip('torch', reason='training needs the train extra: torch')
lightning = pytest.importorskip('lightning')
from tiny_frames import fit_config  # noqa: E402
from training.experiment import fit, load_config  # noqa: E402
from training.networks.encoders import read_checkpoint  # noqa: E402

STEPS, EPOCHS = 2, 3


class Stop(lightning.Callback):
    """Stops a run after a step, as a kill does: what is written is the checkpoint of that step."""

    def __init__(self, after):
        self.after = after

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if trainer.global_step == self.after:
            raise RuntimeError('stopped')


def run_to_the_end(config, run, stops):
    """Stop a run after each of some steps; return its last checkpoint."""
    for after in stops:
        with pytest.raises(RuntimeError, match='stopped'):
            fit(config, run, callbacks=[Stop(after)])
    fit(config, run)
    return read_checkpoint(run / 'last.ckpt')


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    """Return a config of some epochs of a few steps, a checkpoint after each."""
    made = load_config(fit_config(tmp_path_factory.mktemp('frames'), STEPS))
    made['trainer']['max_epochs'] = EPOCHS
    return made


@pytest.fixture(scope='module')
def whole(config, tmp_path_factory):
    """Last checkpoint of the run that nothing stops."""
    return run_to_the_end(config, tmp_path_factory.mktemp('whole') / 'run', ())


# In mid-epoch and in the next; after a last step and in the next two epochs; after two last steps.
@pytest.mark.parametrize('stops', [(1, 3), (2, 3, 5), (2, 4)])
def test_a_run_that_is_stopped_again_and_again_ends_at_its_step(config, whole, tmp_path, stops):
    found = run_to_the_end(config, tmp_path / 'run', stops)
    assert whole['global_step'] == found['global_step'] == STEPS * EPOCHS
    assert whole['epoch'] == found['epoch']
    for name, value in whole['state_dict'].items():
        torch.testing.assert_close(found['state_dict'][name], value)
