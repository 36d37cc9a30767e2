# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Runs of published metric depth -> model files that the estimator and the node take."""
import json
import re
import shutil

from depth_ros import messages
from depth_ros.camera import Camera
from depth_ros.contracts import InputError
from depth_ros.engines import PRECISIONS, trt_build
from depth_ros.engines.calibration import Calibration
from depth_ros.engines.precision import typed
from depth_ros.engines.trt_libraries import Libraries
from depth_ros.estimator import Estimator
from depth_ros.model import read_spec
import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
pytest.importorskip('tensorboard')
from tiny_frames import SMALL  # noqa: E402
from training.__main__ import main  # noqa: E402
from training.experiment import fit  # noqa: E402
from training.export import export, LIMITS, parity, write_graph  # noqa: E402
from training.networks.metric import build_network  # noqa: E402
from training.runs import lineage, load_method  # noqa: E402
from training.wrappers import MonocularGraph, SMALLEST, with_half_layers  # noqa: E402
import yaml  # noqa: E402

DATA = {'class_path': 'ProceduralData', 'init_args': {
    'size': [32, 64], 'batch_size': 2, 'workers': 0, 'validation_batches': 1}}
TRAINER = {'accelerator': 'cpu', 'devices': 1, 'max_steps': 2, 'limit_val_batches': 0,
           'checkpoint_steps': 1}


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    """Folder with runs of two steps: `teacher`, and two distilled from it, one without data."""
    folder = tmp_path_factory.mktemp('runs')
    teacher = str(folder / 'teacher' / 'last.ckpt')
    taught = {'teacher_network': 'mff_student', 'teacher_encoder': 'mobilenet_v2',
              'teacher_checkpoint': teacher}
    for name, kind, options in (
            ('teacher', 'Supervised', {}), ('student', 'Distillation', taught),
            ('stranger', 'DataFree', {**taught, 'mix_share': 0.0, 'transform': False})):
        options = {**SMALL, 'focal': 80.0, 'freeze_norm': True, **options}
        fit({'seed': 2, 'average': 0.0, 'data': DATA, 'trainer': TRAINER,
             'model': {'class_path': kind, 'init_args': options}}, folder / name)
        raise_depth(folder / name / 'last.ckpt')
    return folder


def raise_depth(checkpoint):
    """Two steps leave depths about 0 m: add two metres."""
    content = torch.load(checkpoint, weights_only=True)
    for state, prefix in ((content['state_dict'], 'net.'), (content['average']['mean'], '')):
        state[prefix + 'refinement.1.bias'] += 2.0
    torch.save(content, checkpoint)


@pytest.fixture(scope='module')
def files(runs):
    """Model files of the teacher, by precision."""
    made = {precision: runs / f'{precision}.onnx' for precision in LIMITS}
    for precision, path in made.items():
        assert main(['export', '--checkpoint', str(runs / 'teacher' / 'last.ckpt'), '--precision',
                     precision, '--out', str(path)]) == 0
    return made


def changed(runs, tmp_path, change):
    """Copy the teacher's run with a changed config."""
    shutil.copytree(runs / 'teacher', tmp_path / 'run')
    path = tmp_path / 'run' / 'config.yaml'
    config = yaml.safe_load(path.read_text())
    change(config)
    path.write_text(yaml.safe_dump(config))
    return tmp_path / 'run' / 'last.ckpt'


def picture(height=70, width=120):
    """Random image and its camera."""
    rng = np.random.default_rng(1)
    return (rng.integers(0, 255, (height, width, 3), dtype=np.uint8),
            Camera(width, height, 100.0, 100.0, width / 2, height / 2))


@pytest.mark.parametrize('name', ['teacher', 'student', 'stranger'])
def test_estimator_runs_what_was_exported(runs, tmp_path, name):
    """The spec says what the run was; depth is the method's, scaled by the focal length."""
    error = export(runs / name / 'last.ckpt', tmp_path / 'model.onnx')
    spec = read_spec(tmp_path / 'model.onnx')
    assert (spec.task, spec.focal, spec.size_multiple) == ('monocular', 80.0, 32)
    assert (spec.input_height, spec.input_width) == (32, 64)
    assert spec.figures['parity'] == pytest.approx(error, rel=0.1) and error < LIMITS['fp32']
    assert spec.figures['steps'] == 2 and spec.licence == 'Apache-2.0' and spec.seed == '2'
    assert ('teacher: a run trained on procedural' in spec.lineage) == (name != 'teacher')
    image, camera = picture(64, 128)
    frame = Estimator(spec, size=(64, 128), threads=1).estimate(image, camera)
    method, _, _ = load_method(runs / name / 'last.ckpt')
    batch = {'image': torch.from_numpy(image)[None], 'depth': torch.zeros(1, 64, 128),
             'camera': torch.tensor([[100.0, 100.0, 64.0, 32.0]])}
    with torch.no_grad():
        wanted = method.predict_depth(batch)[0].numpy()
    np.testing.assert_allclose(frame.depth, wanted, rtol=1e-3)
    assert wanted.std() > 0


@pytest.mark.ros
def test_node_runs_what_was_exported(files, tmp_path):
    """The monocular node publishes the depth of the file, unchanged."""
    pytest.importorskip('rclpy', reason='ROS 2 is not installed: make venv')
    from node_bench import Bench
    with Bench('monocular', folder=tmp_path, model=str(files['fp32'])) as node:
        depth = messages.image_to_depth(node.good_frame())
    height, width = depth.shape
    image = np.full((height, width, 3), 128, np.uint8)
    camera = Camera(width, height, width / 1.2, width / 1.2, (width - 1) / 2, (height - 1) / 2)
    wanted = Estimator(str(files['fp32']), threads=1).estimate(image, camera).depth
    np.testing.assert_allclose(depth, wanted, rtol=1e-3)
    assert np.isfinite(depth).all()


def test_float16_layers(files):
    """Half the file, float32 at both ends, the limit of its own; the figure is in the spec."""
    import onnx
    whole, half = files.values()
    assert half.stat().st_size < 0.55 * whole.stat().st_size
    spec = read_spec(half)
    assert spec.figures['precision'] == 'fp16'
    assert read_spec(whole).figures['parity'] < spec.figures['parity'] < LIMITS['fp16']
    kinds = {value.data_type for value in onnx.load(str(half)).graph.initializer}
    assert onnx.TensorProto.FLOAT16 in kinds
    image, camera = picture()
    one, two = (Estimator(str(path), threads=1).estimate(image, camera) for path in (whole, half))
    np.testing.assert_allclose(two.depth, one.depth, rtol=LIMITS['fp16'])


@pytest.mark.parametrize('name', ['high_resolution', 'fcrn'])
def test_networks_of_any_size(tmp_path, name):
    """Outputs of half size and aligned corners are right at sizes that were not traced."""
    torch.manual_seed(0)
    net = build_network(name, 'resnet18').eval()
    for layer in net.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.running_var.fill_(0.5)
    graph = MonocularGraph(net).eval()
    with torch.no_grad():
        # Untrained depths lie about 0 m: make metres of them.
        last = [m for m in net.modules() if isinstance(m, torch.nn.Conv2d)][-1]
        last.weight.abs_()
        image = torch.randint(0, 255, (1, 64, 96, 3), dtype=torch.uint8)
        last.weight.mul_(3 / graph(image).mean())
        depth = graph(image)
    assert depth.shape == (1, 64, 96) and depth.min() >= SMALLEST and depth.std() > 0.01
    error, spec = write_graph(graph, 'monocular', tmp_path / 'x.onnx', (57, 76), 1e-3)
    assert error < 1e-3, error
    assert spec == (64, 96, 32)


class OneSize(torch.nn.Module):
    """A network with a learned plane, which only fits images of 48 x 64."""

    def __init__(self):
        super().__init__()
        self.plane = torch.nn.Parameter(2.0 + torch.rand(1, 1, 48, 64))

    def forward(self, image):
        """Add the image's mean."""
        return self.plane + image.mean(1, keepdim=True)


def test_a_network_of_one_size(tmp_path):
    """It is exported at the size of training; a wrong file is refused."""
    graph = MonocularGraph(OneSize()).eval()
    error, spec = write_graph(graph, 'monocular', tmp_path / 'x.onnx', (48, 64), 1e-3)
    assert error < 1e-4 and spec == (48, 64, 0)
    other = MonocularGraph(OneSize()).eval()
    assert parity(other, 'monocular', tmp_path / 'x.onnx', [(48, 64)]) > 1e-3
    with pytest.raises(InputError, match='differs from the network by .*%: do not use it'):
        write_graph(graph, 'monocular', tmp_path / 'x.onnx', (48, 64), 1e-3, other)


def test_half_layers_leave_the_network_alone():
    """The float32 network is not changed by making its float16 twin."""
    graph = MonocularGraph(build_network('mff_student', 'mobilenet_v2')).eval()
    twin = with_half_layers(graph)
    assert {value.dtype for value in graph.state_dict().values()} <= {torch.float32, torch.int64}
    assert twin.net.encoder.layer.state_dict()['features.0.0.weight'].dtype == torch.float16


def test_focal_length_of_one_camera(runs, tmp_path):
    """A run without model.focal: the data are asked; cameras that differ give no answer."""
    def forget(config):
        config['model']['init_args']['focal'] = None
    checkpoint = changed(runs, tmp_path, forget)
    with pytest.raises(InputError, match='model.focal of this run is null.*focal lengths from'):
        export(checkpoint, tmp_path / 'x.onnx')
    assert not (tmp_path / 'x.onnx').exists()


def test_focal_length_without_the_data(runs, tmp_path, capsys):
    """Data that are not there: one line that asks for --focal."""
    def elsewhere(config):
        config['model']['init_args']['focal'] = None
        config['data'] = {'class_path': 'FrameData', 'init_args': {
            'train': [{'dataset': 'nyu_lists', 'path': 'nowhere.csv'}],
            'steps': {'crop': [50, 70]}}}
    checkpoint = changed(runs, tmp_path, elsewhere)
    words = ['export', '--checkpoint', str(checkpoint), '--out', str(tmp_path / 'x.onnx')]
    assert main(words) == 2
    line, = capsys.readouterr().err.splitlines()
    assert 'give --focal PIXELS' in line and 'nowhere.csv' in line
    assert main([*words, '--focal', '518', '--licence', 'CC BY-NC 4.0']) == 0
    spec = read_spec(tmp_path / 'x.onnx')
    assert (spec.focal, spec.licence) == (518.0, 'CC BY-NC 4.0')
    assert (spec.input_height, spec.input_width) == (64, 96)
    assert spec.lineage.startswith('trained on nyu_lists; encoder start: random')


@pytest.mark.parametrize('model, data, text, free', [
    ({}, {}, 'trained on procedural frames only; encoder start: ImageNet weights of effi', True),
    ({'encoder': 'resnet18'}, {}, 'public ImageNet weights of resnet18', False),
    ({'imagenet': False}, {'train': [{'dataset': 'tum'}, {'dataset': 'scannet',
                                                          'labelled': False}]},
     'trained on tum, scannet (images only); encoder start: random weights', False),
    ({'encoder': 'resnet18', 'weights': 'a/b.pth'}, {}, 'encoder start: b.pth', False),
    ({'imagenet': False, 'teacher_checkpoint': 'gone/last.ckpt'}, {}, 'unknown origin', False),
    ({'imagenet': False, 'teacher_checkpoint': 'gone', 'truth_share': 1.0}, {}, 'random', True)])
def test_lineage(model, data, text, free):
    """Names data, start and teacher; nothing unknown is called free."""
    found, ours = lineage({'model': {'init_args': model}, 'data': {'init_args': data}})
    assert text in found and ours == free


def test_validate_says_what_was_measured(runs, tmp_path, capsys):
    """Data, protocol and its figures, edges among them, on paper and as JSON."""
    file = tmp_path / 'figures.json'
    words = ['validate', '--checkpoint', str(runs / 'student' / 'last.ckpt'), '--json', str(file)]
    assert main(words) == 0
    captured = capsys.readouterr()
    assert not captured.err
    assert 'data: procedural frames of seed 9001, 32 x 64\nprotocol: image_rmse: ' in captured.out
    found = json.loads(file.read_text())
    assert {'rmse', 'abs_rel', 'delta1', 'edge_f1'} <= set(found['figures'])
    assert 0 < found['figures']['abs_rel'] < 10 and found['steps'] == 2
    assert f'rmse     {found["figures"]["rmse"]:.4f}' in captured.out


def break_config(folder):
    """Put a key that the method does not know into the config of a run."""
    path = folder / 'config.yaml'
    path.write_text(path.read_text().replace('focal:', 'focall:'))


def other_network(folder):
    """Claim another network."""
    path = folder / 'config.yaml'
    path.write_text(path.read_text().replace('mobilenet_v2', 'resnet18'))


@pytest.mark.parametrize('command', ['validate', 'export', 'fit'])
@pytest.mark.parametrize('spoil, said', [
    (lambda folder: (folder / 'config.yaml').unlink(), 'no config.yaml beside .*last.ckpt'),
    (break_config, 'unknown key model.focall, perhaps focal: choose one of'),
    (other_network, 'last.ckpt does not fit MFFStudent: .*missing: encoder'),
    (lambda folder: (folder / 'last.ckpt').write_bytes(b'PK'), 'cannot be read as torch weights'),
    (lambda folder: (folder / 'last.ckpt').unlink(), 'no weights at .*last.ckpt')])
def test_spoilt_runs(runs, tmp_path, capsys, command, spoil, said):
    """Each gives one line and exit code 2, also when training is to go on from it."""
    folder = tmp_path / 'run'
    shutil.copytree(runs / 'teacher', folder)
    spoil(folder)
    words = [command, '--checkpoint', str(folder / 'last.ckpt')]
    if command == 'export':
        words += ['--out', str(tmp_path / 'x.onnx')]
    if command == 'fit':
        if not all((folder / name).exists() for name in ('config.yaml', 'last.ckpt')):
            return  # fit makes them
        words = ['fit', '--config', str(folder / 'config.yaml'), '--run', str(folder)]
    assert main(words) == 2
    assert_one_line(capsys, said)


def assert_one_line(capsys, said):
    """One line on stderr that matches."""
    line, = capsys.readouterr().err.splitlines()
    assert re.search(said, line), line


@pytest.mark.trt
@pytest.mark.parametrize('exported, wanted', [('fp16', 'fp32'), *zip(['fp32'] * 4, PRECISIONS)])
def test_tensorrt_reads_and_builds_exported_files(files, exported, wanted, tmp_path):
    spec, trt = read_spec(files[exported]), pytest.importorskip('tensorrt_rtx_bindings')
    assert trt_build.build(
        Libraries(trt, None, 'tensorrt_rtx', trt.__version__),
        typed(spec, wanted, tmp_path, Calibration(frames=1)), spec, spec.input_height,
        spec.input_width, trt_build.BuildOptions(wanted))
