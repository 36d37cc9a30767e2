# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Teachers of all kinds give relative depth; the cache asks them once; bad files are named."""
from depth_ros.contracts import InputError
import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('onnx')
from tiny_teachers import write_onnx  # noqa: E402
from training.networks.monodepth2 import MonoDepth2  # noqa: E402
from training.teacher_cache import CachedTeacher  # noqa: E402
from training.teacher_depth import Layout, open_teacher, Teacher  # noqa: E402
from training.teachers import export_teacher, RTMonoDepthS  # noqa: E402

FLOATS = Layout('depth', takes='imagenet')
IMAGE = np.random.default_rng(0).integers(60, 200, (40, 60, 3), np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Write a MonoDepth2 teacher for small images."""
    torch.manual_seed(4)
    net = MonoDepth2(18)
    net.height, net.width = 64, 96
    net.save(tmp_path / 'monodepth2')
    return tmp_path / 'monodepth2'


def test_folder_of_states(folder, tmp_path):
    """Both public layouts are told apart, and give positive depth at the image's size."""
    teacher = open_teacher(folder)
    assert isinstance(teacher, Teacher)
    assert isinstance(teacher.network.teacher, MonoDepth2)
    depth = teacher.depth(IMAGE)
    assert depth.shape == (40, 60) and depth.dtype == np.float32 and depth.min() > 0
    other = tmp_path / 'other'
    other.mkdir()
    state = RTMonoDepthS().state_dict()
    for name, start in (('encoder.pth', 'conv'), ('depth.pth', 'decoder')):
        torch.save({k: v for k, v in state.items() if k.startswith(start)}, other / name)
    second = open_teacher(other)
    assert isinstance(second.network.teacher, RTMonoDepthS) and second.key != teacher.key
    assert second.depth(IMAGE).shape == (40, 60)


def test_exported_teacher_is_the_same(folder, tmp_path):
    """Exported by `export-teacher`, a teacher says the same, and of itself what it gives."""
    export_teacher('monodepth2', folder, tmp_path / 'm.onnx')
    exported, plain = open_teacher(tmp_path / 'm.onnx'), open_teacher(folder)
    np.testing.assert_allclose(exported.depth(IMAGE), plain.depth(IMAGE), rtol=1e-3)


def test_published_weights(shared):
    """The public RT-MonoDepth-S is recognised."""
    path = shared / 'data' / 'weights' / 'rt_monodepth_s' / 'm_640_192'
    if not path.is_dir():
        pytest.skip('no teacher weights in the shared folder')
    assert isinstance(open_teacher(path).network.teacher, RTMonoDepthS)


def test_onnx_depth_of_floats(tmp_path):
    """Floats are planar and normalised; the map comes back at the image's size."""
    path = write_onnx(tmp_path / 'a.onnx')
    grey = np.full((40, 60, 3), 102, np.uint8)
    layout = Layout('depth', mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    depth = open_teacher(path, layout).depth(grey)
    assert depth.shape == (40, 60)
    np.testing.assert_allclose(depth, 4.0 + (0.4 - 0.5) / 0.5, rtol=1e-5)


def test_onnx_disparity_of_bytes(tmp_path):
    """Bytes are interleaved as in our contract; disparity is turned over, far away bounded."""
    path = write_onnx(tmp_path / 'b.onnx', (1, 'height', 'width', 3), kind='UINT8', gain=-4 / 200)
    image = np.full((40, 60, 3), 100, np.uint8)
    image[:, :20] = 200
    depth = open_teacher(path, Layout('disparity')).depth(image)
    np.testing.assert_allclose(depth[:, 40:], 1 / 2.0, rtol=1e-5)
    np.testing.assert_allclose(depth[:, :10], 1 / 0.02, rtol=1e-4)


def test_own_contract_says_its_kind(tmp_path):
    """A file of our own contract needs no layout."""
    shape = (1, 'height', 'width', 3)
    path = write_onnx(tmp_path / 'c.onnx', shape, kind='UINT8', names=('depth',), own=True)
    np.testing.assert_allclose(open_teacher(path).depth(IMAGE), IMAGE.mean(2) + 4, rtol=1e-4)


def test_free_size(tmp_path):
    """Where the file leaves it free the size keeps the image's aspect, or is what is asked for."""
    path = write_onnx(tmp_path / 'd.onnx', ('n', 3, 'h', 'w'))
    assert open_teacher(path, FLOATS).run_size(375, 1242) == (154, 518)
    teacher = open_teacher(path, Layout('depth', size=(64, 96), takes='unit'))
    assert teacher.run_size(375, 1242) == (64, 96)
    assert teacher.depth(IMAGE).shape == (40, 60)


@pytest.mark.parametrize('make, layout, said', [
    ({}, None, 'does not say whether it gives depth or disparity: set `kind`'),
    ({'names': ('a', 'b')}, Layout('depth'), 'gives a, b: say with `output`'),
    ({}, Layout('depth', output='z'), 'gives map: say with `output`'),
    ({'shape': (1, 4, 32, 48)}, Layout('depth'), 'takes image0 .*a teacher takes one image'),
    ({'inputs': 2}, Layout('depth'), 'image0 .*, image1 .*a teacher takes one image'),
    ({'kind': 'DOUBLE'}, Layout('depth'), 'a teacher takes one image'),
    ({}, Layout('depth', size=(64, 64)), r'runs at \(32, 48\).*only')])
def test_unusable_onnx(tmp_path, make, layout, said):
    """Each is one error that says what to do."""
    with pytest.raises(InputError, match=said):
        open_teacher(write_onnx(tmp_path / 'x.onnx', **make), layout)


def test_bad_files(tmp_path, folder):
    """Missing, truncated and foreign files are named."""
    with pytest.raises(InputError, match='no teacher at .*nowhere: name a folder'):
        open_teacher(tmp_path / 'nowhere')
    path = write_onnx(tmp_path / 'x.onnx')
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match='x.onnx cannot be read as an ONNX model'):
        open_teacher(path, Layout('depth'))
    (folder / 'depth.pth').unlink()
    with pytest.raises(InputError, match='lacks depth.pth: a teacher is a folder'):
        open_teacher(folder)
    (tmp_path / 'x.ckpt').write_bytes(b'no checkpoint')
    with pytest.raises(InputError, match='x.ckpt cannot be read'):
        open_teacher(tmp_path / 'x.ckpt')
    torch.save({'state_dict': {}}, tmp_path / 'y.ckpt')
    with pytest.raises(InputError, match='no checkpoint of a self-supervised run'):
        open_teacher(tmp_path / 'y.ckpt')


def test_depth_must_be_positive(tmp_path):
    """A teacher that gives nonsense is an error, not a label."""
    teacher = open_teacher(write_onnx(tmp_path / 'x.onnx', gain=50.0), FLOATS)
    with pytest.raises(InputError, match='not finite and positive'):
        teacher.depth(np.zeros((40, 60, 3), np.uint8))


def test_cache(tmp_path):
    """The same teacher and image are asked once; another of either, or a broken file, again."""
    path = write_onnx(tmp_path / 'x.onnx')
    layout = FLOATS
    teacher = CachedTeacher(open_teacher(path, layout), tmp_path / 'cache')
    first = teacher.depth(IMAGE)
    assert teacher.runs == 1
    # The unit stays the teacher's, in which images compare.
    np.testing.assert_allclose(first, teacher.teacher.depth(IMAGE), rtol=1e-3)
    again = CachedTeacher(open_teacher(path, layout), tmp_path / 'cache')
    assert np.array_equal(again.depth(IMAGE), first) and again.runs == 0
    other = IMAGE.copy()
    other[3, 4, 1] += 1
    again.depth(other)
    again.depth(IMAGE[:30])
    assert again.runs == 2
    write_onnx(path, gain=2.0)
    changed = CachedTeacher(open_teacher(path, layout), tmp_path / 'cache')
    assert not np.array_equal(changed.depth(IMAGE), first) and changed.runs == 1
    turned = CachedTeacher(open_teacher(
        path, Layout('disparity', takes='imagenet')), tmp_path / 'cache')
    turned.depth(IMAGE)
    assert turned.runs == 1


def test_broken_cache_files_are_made_again(tmp_path):
    """Truncated, empty and foreign files count as none."""
    path = write_onnx(tmp_path / 'x.onnx')
    teacher = CachedTeacher(open_teacher(path, FLOATS), tmp_path / 'cache')
    first = teacher.depth(IMAGE)
    file, = teacher.folder.iterdir()
    whole = file.read_bytes()
    for damaged in (whole[:-100], b'', b'text', whole[:20]):
        file.write_bytes(damaged)
        assert np.array_equal(teacher.depth(IMAGE), first)
        assert file.read_bytes() == whole
    assert teacher.runs == 5
