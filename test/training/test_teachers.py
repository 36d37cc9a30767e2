# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The relative teacher: its structure, loading and export."""
from depth_ros.contracts import InputError
from depth_ros.engines import load
from depth_ros.model import read_spec
import numpy as np
import pytest

torch = pytest.importorskip('torch')
from training import teachers  # noqa: E402


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    """Write random weights split over two files, as they are published."""
    folder = tmp_path_factory.mktemp('weights')
    torch.manual_seed(3)
    state = teachers.RTMonoDepthS().state_dict()
    torch.save({k: v for k, v in state.items() if k.startswith('conv')}
               | {'height': 192, 'width': 640}, folder / 'encoder.pth')
    torch.save({k: v for k, v in state.items() if k.startswith('decoder')}
               | {'decoder.9.conv3.bias': torch.zeros(1)}, folder / 'depth.pth')
    return folder


def test_structure():
    network = teachers.RTMonoDepthS()
    parameters = sum(parameter.numel() for parameter in network.parameters())
    # The two heads of coarser scales, which only training uses, would add 866.
    assert parameters + 9 * 32 + 1 + 9 * 64 + 1 == pytest.approx(1.235e6, rel=1e-3)
    with torch.no_grad():
        depth = network(torch.rand(1, 3, 192, 640))
    assert depth.shape == (1, 1, 192, 640)
    assert 0.1 <= depth.min() and depth.max() <= 100.0


def test_export_keeps_the_contract_and_the_numbers(weights, tmp_path):
    out = tmp_path / 'new' / 'teacher.onnx'
    teachers.export_teacher('rt_monodepth_s', weights, out)
    spec = read_spec(out)
    assert spec.task == 'relative' and 'research' in spec.licence
    for height, width in ((375, 1242), (192, 640), (100, 150)):
        image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
        measured = load('onnxruntime', spec, height, width).run(image)['depth']
        with torch.no_grad():
            expected = teachers.AtAnySize(teachers.RTMonoDepthS.load(weights))(
                torch.from_numpy(image)[None])[0].numpy()
        assert measured.shape == (height, width)
        np.testing.assert_allclose(measured, expected, rtol=1e-3)


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(InputError, match='encoder.pth'):
        teachers.RTMonoDepthS.load(tmp_path)
    torch.save({}, tmp_path / 'encoder.pth')
    torch.save({}, tmp_path / 'depth.pth')
    with pytest.raises(InputError, match='RT-MonoDepth-S'):
        teachers.RTMonoDepthS.load(tmp_path)
    with pytest.raises(InputError, match='rt_monodepth_s'):
        teachers.export_teacher('monster', tmp_path, tmp_path / 'x.onnx')


def test_published_weights(shared, tmp_path):
    """The street of the first frame grows deeper from bottom to top."""
    import cv2
    folder = shared / 'data' / 'weights' / 'rt_monodepth_s' / 'm_640_192'
    frame = shared / 'data' / 'kitti' / 'object' / 'training' / 'image_2' / '000001.png'
    if not folder.is_dir() or not frame.is_file():
        pytest.skip('no teacher weights or frames in the shared folder')
    teachers.export_teacher('rt_monodepth_s', folder, tmp_path / 'teacher.onnx')
    image = cv2.cvtColor(cv2.imread(str(frame)), cv2.COLOR_BGR2RGB)
    spec = read_spec(tmp_path / 'teacher.onnx')
    depth = load('onnxruntime', spec, *image.shape[:2]).run(image)['depth']
    rows = np.median(depth[200:370, 550:700], axis=1)
    assert rows[0] > 2 * rows[-1]
    assert np.mean(np.diff(rows) < 0) > 0.9
