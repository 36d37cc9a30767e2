# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Recordings as training data: any topic names, with and without ground truth."""
from depth_ros.contracts import InputError
from depth_ros.datasets import open_dataset, Options
import numpy as np
import pytest
from tiny_bags import make_tiny_bag

torch = pytest.importorskip('torch')
lightning = pytest.importorskip('lightning')
from tiny_frames import SMALL  # noqa: E402
from training.datasets.frames import FrameData, Frames, Source  # noqa: E402
from training.datasets.pipeline import Augmentation  # noqa: E402
from training.experiment import build  # noqa: E402
from training.networks.metric import build_network  # noqa: E402

STEPS = Augmentation(size=None, crop=(32, 48), place='random')
ODD = {'/camera/image': '/front/rgb', '/camera/camera_info': '/calibration',
       '/scan': '/beams/low', '/ground_truth/depth': '/lab/d', '/tf_static': '/robot/tf_static'}


def section(*sources, **options):
    """Make the `data` section of a config file."""
    return {'class_path': 'FrameData', 'init_args': {
        'train': list(sources), 'batch_size': 2, 'workers': 0,
        'steps': {'size': None, 'crop': [32, 48]}, **options}}


def fit(method, data):
    """Take two steps; returns the parameters that changed."""
    before = {name: value.clone() for name, value in method.net.named_parameters()}
    trainer = lightning.Trainer(
        accelerator='cpu', devices=1, max_steps=2, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False)
    trainer.fit(method, data)
    assert trainer.global_step == 2
    return [name for name, value in method.net.named_parameters()
            if not torch.equal(value, before[name])]


def test_named_topics(tmp_path):
    """Where types leave a choice, or the ground truth has a name of its own, topics say it."""
    path = str(make_tiny_bag(tmp_path / 'bag', extra_image=True, names=ODD))
    source = {'dataset': 'bag', 'path': path,
              'topics': {'image': '/front/rgb', 'depth': 'lab/d'}}
    data = build(section(source))
    data.setup('fit')
    item = data.training_frames[1]
    assert (len(data.training_frames), item['name'], bool(item['labelled'])) == (4, '1.100', True)
    assert item['image'].shape == (3, 32, 48)
    depth = item['depth'][torch.isfinite(item['depth'])]
    assert depth.numpy() == pytest.approx(np.full(len(depth), 4.0), abs=1e-4)
    assert (item['sparse_depth'] > 0).sum() > 20
    with pytest.raises(InputError, match=r'/front/rgb, /rear/image.*topics: \{image: NAME\}'):
        Frames(Source('bag', path), STEPS)


def test_without_ground_truth(tmp_path):
    """Image, line and camera alone are unlabelled; who asks for labels is told."""
    path = str(make_tiny_bag(tmp_path / 'bag', truth='none'))
    # A roll takes pixels of the depth and moves points of the line: compared without it.
    frames = Frames(Source('bag', path), STEPS, training=False)
    item = frames[0]
    assert not item['labelled']
    line = item['sparse_depth'] > 0
    assert line.sum() > 20
    assert torch.equal(torch.isfinite(item['depth']), line)
    assert 'no ground truth; 4 of 4' in frames.data.line
    with pytest.raises(InputError, match='no cloud topic'):
        Frames(Source('bag', path, labelled=True), STEPS)
    path = str(make_tiny_bag(tmp_path / 'cloud', truth='cloud'))
    labelled = Frames(Source('bag', path), STEPS, training=False)
    assert labelled[0]['labelled']
    column = torch.isfinite(labelled[0]['depth'])[:, 23]
    assert column.nonzero().ravel().tolist() == [10, 14, 19]  # a ring, the line, a ring


def test_cloud_without_scan(tmp_path):
    """Of a cloud alone one ring is the line, and the others are the ground truth."""
    path = make_tiny_bag(tmp_path / 'bag', truth='cloud', scan=False)
    for wanted, row, others in ((None, 22, [18, 27]), (6.0, 18, [22, 27])):
        sample = next(open_dataset('bag', path, Options(elevation=wanted)).samples(1))
        assert np.flatnonzero(sample.sparse[:, 31]).tolist() == [row]
        assert np.flatnonzero(np.isfinite(sample.depth[:, 31])).tolist() == others
    assert open_dataset('bag', path).line.startswith('ring of /points, truth /points; 4 of 4')
    path = make_tiny_bag(tmp_path / 'none', truth='depth', scan=False)
    with pytest.raises(InputError, match='no scan topic. Expected layout.*ring is the line'):
        open_dataset('bag', path)


def test_mounting_on_tf(tmp_path):
    """Transforms of /tf count where they never change, whatever the robot does."""
    still = make_tiny_bag(tmp_path / 'still', static=False, moving=('base',))
    expected = make_tiny_bag(tmp_path / 'static')
    for one, other in zip(open_dataset('bag', still).samples(),
                          open_dataset('bag', expected).samples()):
        assert np.array_equal(one.sparse, other.sparse)
    turning = make_tiny_bag(tmp_path / 'turning', static=False, moving=('laser',))
    with pytest.raises(InputError, match="no static transform joins 'laser' and 'camera'"):
        list(open_dataset('bag', turning).samples())


def test_extrinsics_of_a_config(tmp_path):
    """A recording without transforms is read by the pose that the source names."""
    bare = {'dataset': 'bag', 'path': str(make_tiny_bag(tmp_path / 'bare', static=False))}
    with pytest.raises(InputError, match='no static transform joins'):
        Frames(Source(**bare), STEPS, training=False)[0]
    pose = [0, -0.1, 0, np.pi / 2, -np.pi / 2, 0]
    data = build(section({**bare, 'extrinsics': pose}))
    data.setup('fit')
    expected = Frames(Source('bag', str(make_tiny_bag(tmp_path / 'whole'))), STEPS, training=False)
    for one, other in zip(data.training_frames.datasets[0].data.samples(),
                          expected.data.samples()):
        assert (one.sparse > 0).sum() > 40
        np.testing.assert_allclose(one.sparse, other.sparse, atol=1e-6)
    with pytest.raises(InputError, match='extrinsics of 2 numbers'):
        Frames(Source('bag', bare['path'], extrinsics=(1.0, 2.0)), STEPS)
    with pytest.raises(InputError, match="extrinsics are for recordings .*not for 'tum'"):
        Frames(Source('tum', str(tmp_path), extrinsics=tuple(pose)), STEPS)


def test_any_order(tmp_path):
    """Frames drawn one by one are those read in a row."""
    dataset = open_dataset('bag', make_tiny_bag(tmp_path / 'bag', frames=6, truth='cloud'))
    row = list(dataset.read(range(6)))
    for index in (5, 0, 3):
        sample, = dataset.read([index])
        assert sample.name == row[index].name
        assert np.array_equal(sample.sparse, row[index].sparse)
        np.testing.assert_array_equal(sample.depth, row[index].depth)


def test_unusable_topics(tmp_path):
    """Parts that a recording does not have, and topics of something else."""
    with pytest.raises(InputError, match="unknown part of a recording 'lidar'.*scan"):
        Frames(Source('bag', str(tmp_path), topics={'lidar': '/x'}), STEPS)
    with pytest.raises(InputError, match="topics are for recordings .*not for 'tum'"):
        Frames(Source('tum', str(tmp_path), topics={'scan': '/x'}), STEPS)


def test_supervised_fit(tmp_path):
    """Supervised training runs on a recording with a cloud."""
    path = str(make_tiny_bag(tmp_path / 'bag', truth='cloud', compressed=True))
    method = build({'class_path': 'Supervised', 'init_args': SMALL})
    changed = fit(method, build(section({'dataset': 'bag', 'path': path})))
    assert len(changed) > 50


def test_distillation_fit(tmp_path):
    """Images without ground truth, next to labelled ones, teach a student by its teacher."""
    torch.save(build_network('mff_student', 'mobilenet_v2').state_dict(), tmp_path / 'teacher.pth')
    path = str(make_tiny_bag(tmp_path / 'bag', truth='none'))
    labelled = str(make_tiny_bag(tmp_path / 'more', truth='depth'))
    method = build({'class_path': 'Distillation', 'init_args': {
        **SMALL, 'teacher_encoder': 'mobilenet_v2',
        'teacher_checkpoint': str(tmp_path / 'teacher.pth')}})
    data = build(section({'dataset': 'bag', 'path': path}, {'dataset': 'bag', 'path': labelled}))
    changed = fit(method, data)
    assert len(changed) > 50
    assert sorted(bool(item['labelled']) for item in data.training_frames) == [
        False] * 4 + [True] * 4


def test_demo_recording(repository):
    """The recording that ships serves as training data as it is."""
    data = FrameData([{'dataset': 'bag', 'path': str(repository / 'depth_ros' / 'demo_bag'),
                       'limit': 3}], batch_size=2, workers=0)
    data.setup('fit')
    batch = next(iter(data.train_dataloader()))
    assert batch['image'].shape == (2, 3, 228, 304)
    assert batch['labelled'].all() and torch.isfinite(batch['depth']).float().mean() > 0.5
    assert ((batch['sparse_depth'] > 0).flatten(1).sum(1) > 50).all()


def test_real_recording(shared):
    """A KITTI recording: the ring is the line, labels come from the cloud."""
    path = shared / 'data' / 'bags' / 'kitti_sfnd_converted'
    if not path.is_dir():
        pytest.skip(f'{path} is absent')
    frames = Frames(Source('bag', str(path), limit=2), Augmentation(
        size=None, crop=(160, 480), place='bottom'), training=False)
    item = frames[1]
    assert item['labelled'] and len(frames) == 2
    line = item['sparse_depth'] > 0
    assert line.sum() > 150
    assert torch.equal(item['depth'][line], item['sparse_depth'][line])
    assert torch.isfinite(item['depth']).sum() > 5 * line.sum()
    assert 3 < item['depth'][torch.isfinite(item['depth'])].median() < 40
