# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Runs of completion without labels: every student exports, a broken run goes on the same."""
from depth_ros.camera import Camera
from depth_ros.estimator import Estimator
from depth_ros.model import read_spec
import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('cv2')
pytest.importorskip('lightning')
pytest.importorskip('onnx')
from tiny_frames import frame_config  # noqa: E402
from tiny_teachers import write_onnx  # noqa: E402
from training.experiment import fit  # noqa: E402
from training.export import export, LIMITS  # noqa: E402
from training.runs import load_method  # noqa: E402


@pytest.fixture
def config(tmp_path):
    """Write six frames and a teacher; a config without anything random but the first weights."""
    made = frame_config(tmp_path)
    write_onnx(tmp_path / 'teacher.onnx', (1, 'h', 'w', 3), kind='UINT8', gain=0.1)
    made['model'] = {'class_path': 'R2M', 'init_args': {
        'imagenet': False, 'scale': 'ratios', 'shared': 0.5, 'decay_every': 2,
        'decay_unit': 'step'}}
    options = made['data']['init_args']
    made['data']['class_path'] = 'TaughtData'
    options['steps'] = {'size': [32, 64], 'crop': None, 'degrees': 0.0, 'flip': 0.0,
                        'lighting': 0.0, 'jitter': 0.0}
    options.update(teacher=str(tmp_path / 'teacher.onnx'), layout={'kind': 'depth'},
                   cache=str(tmp_path / 'cache'), lines={'length': 12.0, 'count': 8},
                   batch_size=6, validation=[])
    made['trainer'].pop('max_epochs')
    made['trainer'].update(max_steps=4, checkpoint_steps=1)
    return made


@pytest.mark.parametrize('student, multiple', [('s2d_18', 32), ('dcvan', 32)])
def test_students_export(config, tmp_path, student, multiple):
    """A run becomes a model file that gives what the network gives, at other sizes too."""
    config['model']['init_args']['student'] = student
    config['trainer']['max_steps'] = 1
    fit(config, tmp_path / 'run')
    out = tmp_path / 'model.onnx'
    assert export(tmp_path / 'run' / 'last.ckpt', out) < LIMITS['fp32']
    spec = read_spec(out)
    assert (spec.task, spec.input_height, spec.input_width, spec.size_multiple) == (
        'completion', 32, 64, multiple)
    assert 'teacher: teacher.onnx' in spec.lineage
    method, _, _ = load_method(tmp_path / 'run' / 'last.ckpt')
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (64, 96, 3), dtype=np.uint8)
    sparse = np.zeros((64, 96), np.float32)
    sparse[40] = rng.uniform(2, 9, 96)
    with torch.no_grad():
        expected = method.predict_depth({'image': torch.from_numpy(image)[None],
                                         'sparse_depth': torch.from_numpy(sparse)[None]})[0]
    frame = Estimator(out, anchor=False, size=(64, 96)).estimate(
        image, Camera(96, 64, 60.0, 60.0, 47.5, 31.5), sparse=sparse)
    np.testing.assert_allclose(frame.depth, expected.numpy(), rtol=1e-3)
    assert frame.confidence is None


def test_broken_run_goes_on_the_same(config, tmp_path):
    """Two steps, and two more from the checkpoint, are four steps: weights, rate and scale."""
    # One frame: the order in a batch would change the last bits, and Adam enlarges these.
    options = config['data']['init_args']
    options.update(train=[{**options['train'][0], 'limit': 1}], batch_size=1)
    weights = {}
    for name, parts in (('whole', [4]), ('broken', [2, 4])):
        for steps in parts:
            config['trainer']['max_steps'] = steps
            trainer = fit(config, tmp_path / name)
        assert trainer.global_step == 4
        weights[name] = torch.load(tmp_path / name / 'last.ckpt', weights_only=True)
    whole, broken = (weights[name]['state_dict'] for name in ('whole', 'broken'))
    assert 'loss.scale' in whole and torch.isfinite(whole['loss.scale'])
    for key, value in whole.items():
        torch.testing.assert_close(broken[key], value, rtol=1e-5, atol=1e-7)
    rates = [state['optimizer_states'][0]['param_groups'][0]['lr'] for state in weights.values()]
    assert rates[0] == rates[1] == pytest.approx(1e-4 / 4)
