# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Completion without labels: frames with a teacher, students, and that training gains."""
from depth_ros.contracts import InputError
from depth_ros.engines import load
from depth_ros.model import find, read_spec
from made_scene import line, pose, view
import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('cv2')
pytest.importorskip('lightning')
pytest.importorskip('onnx')
from tiny_frames import frame_config, train  # noqa: E402
from tiny_teachers import write_onnx  # noqa: E402
from training.__main__ import main  # noqa: E402
from training.datasets.taught import TaughtData  # noqa: E402
from training.experiment import load_config, resolve  # noqa: E402
from training.losses.r2m import line_scales  # noqa: E402
from training.methods.r2m import R2M  # noqa: E402
from training.networks.completion_students import find_student, STUDENTS  # noqa: E402
from training.networks.from_onnx import load_onnx  # noqa: E402
from training.pictures import to_rgb  # noqa: E402
import yaml  # noqa: E402


@pytest.fixture
def config(tmp_path):
    """Write six frames and a teacher whose map follows the brightness; a config for them."""
    made = frame_config(tmp_path)
    write_onnx(tmp_path / 'teacher.onnx', (1, 'h', 'w', 3), kind='UINT8', gain=0.1)
    made['model'] = {'class_path': 'R2M', 'init_args': {'imagenet': False}}
    made['data']['class_path'] = 'TaughtData'
    options = made['data']['init_args']
    options['steps'] = {'size': [36, 72], 'crop': [32, 64], 'place': 'random', 'degrees': 4.0,
                        'flip': 0.5, 'lighting': 0.0, 'jitter': 0.0}
    options.update(teacher=str(tmp_path / 'teacher.onnx'), layout={'kind': 'depth'},
                   cache=str(tmp_path / 'cache'), lines={'length': 12.0, 'count': 8})
    return made


def relative_error(depth, truth, measured):
    """Return the mean relative error on pixels that were not measured."""
    free = measured == 0
    return float((np.abs(depth - truth) / truth)[free].mean())


def test_training_beats_the_scaled_teacher():
    """Twenty steps on one frame: nearer to the truth than the teacher scaled by the line."""
    torch.manual_seed(3)
    image, depth = view(pose(z=1.0))
    sparse = line(depth)
    # A teacher in its own unit, right on the whole and wrong from patch to patch.
    noise = np.kron(np.random.default_rng(1).normal(0, 0.3, (16, 24)), np.ones((4, 4)))
    teacher = (depth * np.exp(noise) / 7.3).astype(np.float32)
    batch = {key: torch.from_numpy(value)[None] for key, value in (
        ('image', image), ('sparse_depth', sparse), ('teacher', teacher))}
    scales, _ = line_scales(batch['teacher'][None], batch['sparse_depth'][None])
    scaled = relative_error(teacher * float(scales), depth, sparse)
    method = R2M(imagenet=False)
    losses = train(method, batch, 20, 3e-3)
    method.train()
    with torch.no_grad():
        learnt = relative_error(method.predict_depth(batch)[0].numpy(), depth, sparse)
    assert losses[-1] < 0.7 * losses[0]
    assert learnt < 0.9 * scaled, (learnt, scaled)


def test_teacher_follows_the_image(config):
    """Mirrored, rolled and cropped, each pixel keeps what the teacher said of it."""
    options = config['data']['init_args']
    data = TaughtData(**options)
    data.setup('fit')
    assert data.taught.runs == 6
    again = TaughtData(**options)
    again.setup('fit')
    assert again.taught.runs == 0
    torch.manual_seed(2)
    for item in (again.training_frames[k] for k in range(6)):
        assert set(item) == {'image', 'sparse_depth', 'camera', 'teacher', 'name', 'pairs'}
        brightness = to_rgb(item['image']).mean(-1)
        known = torch.isfinite(item['teacher']).numpy()
        assert known.mean() > 0.8
        said = item['teacher'].numpy()[known]
        assert np.corrcoef(said, brightness[known])[0, 1] > 0.95
        assert item['pairs'].shape == (8 * 21, 3) and item['pairs'][:, :2].max() < 32 * 64
        assert (item['sparse_depth'] > 0).any()


def test_fit_and_export(config, tmp_path, capsys):
    """A run trains from a config, is measured, and its model says what it comes from."""
    path, run = tmp_path / 'config.yaml', tmp_path / 'run'
    path.write_text(yaml.safe_dump(config))
    assert main(['fit', '--config', str(path), '--run', str(run)]) == 0
    logged = max(run.rglob('metrics.csv')).read_text()
    for name in ('train/teacher', 'train/line', 'train/ranking', 'val/abs_rel'):
        assert name in logged.splitlines()[0]
    out = tmp_path / 'model.onnx'
    assert main(['export', '--checkpoint', str(run / 'last.ckpt'), '--out', str(out)]) == 0
    spec = read_spec(out)
    assert spec.task == 'completion'
    assert 'teacher: teacher.onnx' in spec.lineage and 'nyu_lists' in spec.lineage
    assert spec.licence.startswith('unknown')
    # Its weights are a start for another run, under other weights of the terms.
    method = R2M(start=str(run / 'last.ckpt'), beta=0.0)
    method.setup('fit')
    kept = torch.load(run / 'last.ckpt')['average']['mean']
    assert all(torch.equal(value, kept[key]) for key, value in method.net.state_dict().items())


@pytest.mark.parametrize('name', STUDENTS)
def test_students_answer_alike(name):
    """Each takes bytes or normalised floats, and gives positive depth of the image's size."""
    torch.manual_seed(1)
    student = find_student(name)
    net = student.build().eval()
    image = torch.randint(0, 255, (1, 32, 64, 3), dtype=torch.uint8)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    floats = ((image / 255.0 - mean) / std).permute(0, 3, 1, 2)
    sparse = torch.zeros(1, 32, 64)
    sparse[:, 20] = 3.0
    with torch.no_grad():
        depth, log_uncertainty = student.answer(net, image, sparse)
        other, _ = student.answer(net, floats, sparse)
    assert depth.shape == (1, 1, 32, 64) and depth.min() > 0
    assert torch.allclose(depth, other, rtol=1e-3)
    assert (log_uncertainty is not None) == student.uncertain


def test_line_is_no_ground_truth():
    """Validation leaves out the pixels that were an input."""
    batch = {'depth': torch.full((1, 4, 4), 2.0), 'sparse_depth': torch.zeros(1, 4, 4)}
    batch['sparse_depth'][0, 2] = 2.0
    truth = R2M(imagenet=False).truth(batch)
    assert torch.isnan(truth[0, 2]).all() and torch.isfinite(truth).sum() == 12


@pytest.mark.parametrize('make, said', [
    (lambda c: R2M('s2d'), 'unknown student .s2d.*completion, dcvan, s2d_18, s2d_34'),
    (lambda c: R2M('s2d_18', alignment='uncertainty'), 'needs a student that says how sure'),
    (lambda c: R2M(alignment='mean'), 'unknown alignment .mean.*median, scale_free, uncert'),
    (lambda c: R2M(start='no.ckpt').setup('fit'), 'unknown model .no.ckpt.: choose'),
    (lambda c: R2M(imagenet=False).losses({'image': None}), 'hold no teacher: use the data'),
    (lambda c: TaughtData(**{**c, 'teacher': 'no.onnx'}).setup('fit'), 'no teacher at no.onnx'),
    (lambda c: TaughtData(**{**c, 'steps': {'target': [8, 8]}}), 'cannot be used with a teacher'),
    (lambda c: TaughtData(**{**c, 'lines': {'size': 3}}), 'option of LinePrior .size')])
def test_unusable_options(config, make, said):
    """Each is one error that says what to do."""
    with pytest.raises(InputError, match=said):
        make(config['data']['init_args'])


@pytest.mark.parametrize('name', ['r2m', 'self_supervised'])
def test_config_files(repository, name):
    """The configs that the documentation names can be read."""
    resolved = resolve(load_config(repository / 'config' / 'training' / f'{name}.yaml'))
    assert 'class_path' in resolved


def test_shipped_model_is_a_start():
    """The weights come back out of the shipped file; a file of another network is refused."""
    shipped = find('completion')
    method = R2M(start='completion', freeze_norm=True)
    method.setup('fit')
    image = view(pose())[0]
    sparse = line(view(pose())[1])
    expected = load('onnxruntime', shipped, *sparse.shape, threads=1).run(image, sparse)['depth']
    with torch.no_grad():
        depth = method.train().predict_depth({'image': torch.from_numpy(image)[None],
                                              'sparse_depth': torch.from_numpy(sparse)[None]})
    np.testing.assert_allclose(depth[0].numpy(), expected, rtol=1e-3)
    assert method.net.training and not method.net.stem[1].training
    with pytest.raises(InputError, match='does monocular, this needs completion'):
        R2M(start=str(find('student').file)).setup('fit')
    with pytest.raises(InputError, match='does not fit CompletionNet: only one of the two has'):
        load_onnx(method.net, find('student').file)
