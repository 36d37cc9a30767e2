# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What stops or spoils a run: full disks, damaged frames, gradients that are no number."""
import resource
import subprocess
import sys

from depth_ros.contracts import InputError
from depth_ros.model import read_spec
import pytest

torch = pytest.importorskip('torch', reason='training needs the train extra: torch')
lightning = pytest.importorskip('lightning')
pytest.importorskip('onnx')
from tiny_frames import fit_config, frame_config  # noqa: E402
from tiny_runs import leave_run  # noqa: E402
from training.__main__ import main  # noqa: E402
from training.experiment import fit, load_config  # noqa: E402
from training.files import replacing, write_json, write_text  # noqa: E402
from training.finite import FiniteSteps, MOST  # noqa: E402
from training.networks.encoders import read_checkpoint  # noqa: E402
import yaml  # noqa: E402


class FullDisk:
    """No file may grow beyond some bytes, as on a disk with that much space left."""

    def __init__(self, size):
        self.size = size

    def __enter__(self):
        self.limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, self.limits[1]))

    def __exit__(self, *unused):
        resource.setrlimit(resource.RLIMIT_FSIZE, self.limits)


def parts(folder):
    """Return what writing left over."""
    return [path.name for path in folder.rglob('*') if '.part' in path.name]


def test_a_full_disk_stops_fit_in_one_line_and_it_goes_on(tmp_path, capsys):
    """The checkpoint of before stays, nothing is left over, and with space it goes on."""
    config, run = fit_config(tmp_path), tmp_path / 'run'
    words = ['fit', '--config', str(config), '--run', str(run), '--set']
    assert main([*words, 'trainer.max_epochs=1']) == 0
    before = (run / 'last.ckpt').read_bytes()
    capsys.readouterr()
    with FullDisk(len(before) // 2):
        assert main([*words, 'trainer.max_epochs=2']) == 2
    line, = capsys.readouterr().err.splitlines()
    assert 'last' in line and 'File too large' in line and 'Make space' in line
    assert (run / 'last.ckpt').read_bytes() == before and not parts(run)
    assert main([*words, 'trainer.max_epochs=2']) == 0
    assert read_checkpoint(run / 'last.ckpt')['global_step'] == 16


def test_a_full_disk_leaves_the_model_that_was_there(tmp_path, capsys):
    """An export that does not fit does not replace anything."""
    checkpoint, out = leave_run(tmp_path / 'run', 'Student', {}), tmp_path / 'model.onnx'
    words = ['export', '--checkpoint', str(checkpoint), '--out', str(out)]
    with FullDisk(1 << 20):
        assert main(words) == 2
    line, = capsys.readouterr().err.splitlines()
    assert 'File too large' in line and not out.exists() and not parts(tmp_path)
    assert main(words) == 0
    spec = read_spec(out)
    with FullDisk(1 << 20):
        assert main(words) == 2
    assert read_spec(out) == spec and not parts(tmp_path)


def test_files_are_written_whole_or_not_at_all(tmp_path):
    """An error in the middle leaves the old one and nothing beside it."""
    path = tmp_path / 'a.json'
    write_json(path, {'a': 1})
    before = path.read_text()
    with pytest.raises(RuntimeError), replacing(path) as part:
        part.write_text('half')
        raise RuntimeError
    with pytest.raises(TypeError):
        write_json(path, {'a': object()})
    with FullDisk(100), pytest.raises(OSError):
        write_text(path, 'x' * 1000)
    assert path.read_text() == before and [file.name for file in tmp_path.iterdir()] == ['a.json']


@pytest.mark.parametrize('damage', [
    lambda data: data[:len(data) // 2], lambda data: b'', lambda data: b'no image'],
    ids=['half', 'empty', 'text'])
@pytest.mark.parametrize('name', ['3.jpg', 'd3.png'])
def test_a_damaged_frame_is_one_line_with_its_name(tmp_path, capfd, name, damage):
    """Half a JPEG, too, which a decoder would fill with grey."""
    assert main(damaged_run(tmp_path, name, damage, workers=0)) == 2
    lines = [line for line in capfd.readouterr().err.splitlines() if 'training fit' in line]
    assert len(lines) == 1 and name in lines[0]


def test_a_damaged_frame_in_a_worker_is_one_line_with_its_name(tmp_path, repository):
    # In a process of its own: workers are forked, and the one of the tests holds the threads of
    # every library that was tested before.
    words = damaged_run(tmp_path, '3.jpg', lambda data: data[:len(data) // 2], workers=1)
    result = subprocess.run([sys.executable, '-m', 'training', *words], cwd=repository,
                            capture_output=True, text=True)
    assert result.returncode == 2, result.stderr
    lines = [line for line in result.stderr.splitlines() if 'training fit' in line]
    assert len(lines) == 1 and '3.jpg' in lines[0]


def damaged_run(folder, name, damage, workers):
    """Write a config and damage one of its frames; return the words of the command."""
    config = frame_config(folder)
    config['data']['init_args'].update(workers=workers, validation=[])
    (folder / 'c.yaml').write_text(yaml.safe_dump(config))
    (folder / name).write_bytes(damage((folder / name).read_bytes()))
    return ['fit', '--config', str(folder / 'c.yaml'), '--run', str(folder / 'r')]


class Poison(lightning.Callback):
    """Makes gradients, or an image, that are no number, at some steps."""

    def __init__(self, steps, image=False):
        self.steps, self.image = steps, image

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if self.image and trainer.global_step in self.steps:
            batch['image'][0, 0, 0, 0] = float('nan')

    def on_after_backward(self, trainer, pl_module):
        if not self.image and trainer.global_step in self.steps:
            next(pl_module.net.parameters()).grad[...] = float('nan')


def test_steps_without_a_number_are_left_out_and_named(tmp_path, capsys):
    """Two of eight steps: counted, named, and the weights are numbers."""
    config = load_config(fit_config(tmp_path))
    trainer = fit(config, tmp_path / 'run', callbacks=[Poison({2, 5})])
    found = next(one for one in trainer.callbacks if isinstance(one, FiniteSteps))
    assert [step for step, _ in found.skipped] == [2, 5]
    assert all(names == (str(tmp_path / '3.jpg'),) for _, names in found.skipped)
    first, second, last = capsys.readouterr().err.splitlines()
    assert first.startswith('step 2: left out, the gradient of') and '3.jpg is no number' in first
    assert second.startswith('step 5') and last.startswith('2 steps were left out')
    state = read_checkpoint(tmp_path / 'run' / 'last.ckpt')
    assert state['global_step'] == 8
    for values in (state['state_dict'], state['average']['mean']):
        assert all(torch.isfinite(value).all() for value in values.values())


def test_too_many_of_them_stop_the_run(tmp_path):
    """A run that does not learn says so, and leaves a checkpoint that is whole."""
    config = load_config(fit_config(tmp_path), ['trainer.max_epochs=4'])
    with pytest.raises(InputError, match=f'{MOST + 1} steps in a row .*3.jpg: leave them out'):
        fit(config, tmp_path / 'run', callbacks=[Poison(range(3, 99))])
    state = read_checkpoint(tmp_path / 'run' / 'last.ckpt')['state_dict']
    assert all(torch.isfinite(value).all() for value in state.values())


def test_statistics_without_a_number_stop_the_run(tmp_path):
    """An image that is no number would go into the statistics of a norm: named at once."""
    config = load_config(fit_config(tmp_path))
    with pytest.raises(InputError, match='step 4: .*image is not finite of .*3.jpg'):
        fit(config, tmp_path / 'run', callbacks=[Poison({4}, image=True)])
    state = read_checkpoint(tmp_path / 'run' / 'last.ckpt')
    assert state['global_step'] <= 4
    assert all(torch.isfinite(value).all() for value in state['state_dict'].values())
