# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Completion students and teachers of the literature: sizes, files, what outputs depend on."""
from depth_ros.contracts import InputError
import pytest

torch = pytest.importorskip('torch')
from reference_numbers import built  # noqa: E402
from training.networks.blocks import parameter_count  # noqa: E402
from training.networks.cadepth import CADepth, StructurePerception  # noqa: E402
from training.networks.dcvan import DCVAN  # noqa: E402
from training.networks.monodepth2 import MonoDepth2, PoseNet  # noqa: E402
from training.networks.s2d import S2D  # noqa: E402
from training.networks.van import VAN  # noqa: E402

# Published or counted from published code; DCVAN's is ours.
COUNTS = {'s2d 18': (lambda: S2D(18), 16_000_033), 's2d 34': (lambda: S2D(34), 26_108_193),
          'van b0': (lambda: VAN('b0'), 3_848_800), 'van b1': (lambda: VAN('b1'), 13_348_800),
          'van b2': (lambda: VAN('b2'), 26_065_472),
          'monodepth2 18': (MonoDepth2, 14_329_236),
          'monodepth2 50': (lambda: MonoDepth2(50), 32_522_132),
          'cadepth 18': (lambda: CADepth(18), 18_223_172), 'cadepth 50': (CADepth, 56_292_484)}


@pytest.mark.parametrize('name', COUNTS)
def test_parameter_count(name):
    """Networks have exactly as many parameters as their originals."""
    make, count = COUNTS[name]
    assert parameter_count(built(make)) == count


@pytest.mark.parametrize('make', [lambda: S2D(18), DCVAN])
@pytest.mark.parametrize('size', [(32, 64), (96, 320)])
def test_output_size(make, size):
    """Depth comes at the size of the image."""
    image, sparse = (torch.empty(2, channels, *size, device='meta') for channels in (3, 1))
    assert tuple(built(make)(image, sparse).shape) == (2, 1, *size)


@pytest.mark.parametrize('make', [lambda: S2D(18), lambda: DCVAN('b0')])
def test_both_inputs_count(make):
    """The answer depends on the image and on the line, and is metric depth: positive."""
    torch.manual_seed(2)
    net = make().eval()
    for value in net.parameters():
        if value.ndim > 1:  # from the tiny values of a fresh S2D nothing would come through
            torch.nn.init.kaiming_normal_(value)
    image, sparse = 50 * torch.rand(1, 3, 32, 64), torch.zeros(1, 1, 32, 64)
    sparse[:, :, 20] = 5.0
    with torch.no_grad():
        depth = net(image, sparse)
        assert depth.min() > 0
        assert (net(image, 2 * sparse) - depth).abs().max() > 1e-4
        assert (net(image.flip(3), sparse) - depth).abs().max() > 1e-4


def test_s2d_is_linear_while_training():
    """Only evaluated depth is bounded from below, so that gradients reach every pixel."""
    torch.manual_seed(2)
    net = S2D(18, 'd')
    torch.nn.init.constant_(net.last.bias, -1.0)
    sparse = torch.rand(2, 1, 16, 32)
    assert net(None, sparse).max() < 0
    assert net.eval()(None, sparse).min().item() == pytest.approx(0.9)


def test_van_takes_public_key_names():
    """Weights are found by the public names."""
    keys = built(lambda: VAN('b0')).state_dict()
    assert {'patch_embed1.proj.weight', 'block1.0.attn.spatial_gating_unit.conv_spatial.weight',
            'block2.1.mlp.dwconv.dwconv.weight', 'block4.1.layer_scale_2', 'norm4.bias'} <= set(
                keys)


@pytest.mark.parametrize('make, message', [
    (lambda: S2D(50), 'S2D has no depth 50: choose one of 18, 34'),
    (lambda: S2D(18, 'rgbdx'), 'rgbdx.*choose one of d, gd, rgb, rgbd'),
    (lambda: DCVAN('b9'), 'size of VAN .b9.*b0, b1, b2')])
def test_unknown_variants(make, message):
    """The choices are named."""
    with pytest.raises(InputError, match=message):
        make()


@pytest.fixture(scope='module')
def small_teacher(tmp_path_factory):
    """Write a MonoDepth2 teacher with random weights; returns its folder and the network."""
    torch.manual_seed(4)
    net = MonoDepth2(18).eval()
    net.height, net.width = 64, 96
    folder = tmp_path_factory.mktemp('monodepth2')
    net.save(folder)
    return folder, net


def test_monodepth2_files(small_teacher):
    """The public layout is written and read: key names, extra entries, the trained size."""
    folder, net = small_teacher
    encoder, decoder = (torch.load(folder / name) for name in ('encoder.pth', 'depth.pth'))
    assert {'encoder.conv1.weight', 'encoder.layer4.1.bn2.running_var', 'height'} <= set(encoder)
    assert {'decoder.0.conv.conv.weight', 'decoder.9.conv.conv.bias',
            'decoder.13.conv.weight'} <= set(decoder)
    assert decoder['decoder.10.conv.weight'].shape == (1, 16, 3, 3)
    encoder['encoder.fc.weight'] = torch.zeros(1000, 512)  # the public file has a classifier
    torch.save(encoder, folder / 'encoder.pth')
    again = MonoDepth2.load(folder)
    image = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        assert torch.equal(again(image), net(image))
        scales = net.disparities(image)
    assert [tuple(x.shape[2:]) for x in scales] == [(64, 96), (32, 48), (16, 24), (8, 12)]
    assert (again.height, again.width) == (64, 96)


def test_monodepth2_wrong_files(small_teacher, tmp_path):
    """A missing, foreign or damaged file is one error that names it."""
    folder, _ = small_teacher
    with pytest.raises(InputError, match='no weights at .*encoder.pth'):
        MonoDepth2.load(tmp_path)
    (tmp_path / 'depth.pth').write_bytes((folder / 'depth.pth').read_bytes()[:5000])
    torch.save({'height': 192}, tmp_path / 'encoder.pth')
    with pytest.raises(InputError, match='depth.pth cannot be read'):
        MonoDepth2.load(tmp_path)
    torch.save({'x': torch.zeros(1)}, tmp_path / 'depth.pth')
    with pytest.raises(InputError, match='encoder.pth is no encoder of the MonoDepth2 layout'):
        MonoDepth2.load(tmp_path)
    (tmp_path / 'encoder.pth').write_bytes((folder / 'encoder.pth').read_bytes())
    with pytest.raises(InputError, match='depth.pth does not fit DisparityDecoder: .* missing'):
        MonoDepth2.load(tmp_path)


def test_structure_perception():
    """Two opposite channels: each takes the other's part and adds itself."""
    x = torch.tensor([[[[1.0, 2.0]], [[-1.0, -2.0]]]])
    result = StructurePerception()(x)
    # Rows of X X^T are (5, -5) and (-5, 5); softmax of (0, 10) leaves nearly all to the opposite.
    assert torch.allclose(result, torch.zeros_like(x), atol=1e-3)


def test_pose_is_small():
    """A fresh pose network answers for both inputs, near no motion."""
    torch.manual_seed(1)
    net = PoseNet(18).eval()
    first, second = torch.rand(2, 3, 32, 64), torch.rand(2, 3, 32, 64)
    with torch.no_grad():
        turn, shift = net(first, second)
        other, _ = net(second, first)
    assert turn.shape == shift.shape == (2, 3)
    assert turn.abs().max() < 0.1 and not torch.equal(turn, other)
