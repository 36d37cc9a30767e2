# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Networks of methods 1, 2, 5 and 6: sizes, shapes and the switches of their structure."""
from depth_ros.contracts import InputError
import pytest

torch = pytest.importorskip('torch')
from reference_numbers import built  # noqa: E402
from training.methods.metric_depth import normalised  # noqa: E402
from training.networks.blocks import parameter_count, resize  # noqa: E402
from training.networks.encoders import build_encoder, ENCODERS  # noqa: E402
from training.networks.fast_student import FastStudent, GAIN  # noqa: E402
from training.networks.fcrn import FCRN, unpool  # noqa: E402
from training.networks.high_resolution import HighResolution  # noqa: E402
from training.networks.mask_net import MaskNet  # noqa: E402
from training.networks.mff_student import MFFStudent  # noqa: E402
from training.networks.sarpn import SARPN  # noqa: E402
from training.networks.student import StudentNet  # noqa: E402

# Published or counted from published code; a change of structure changes these.
COUNTS = {
    'high_resolution resnet18': (lambda: HighResolution('resnet18'), 14_883_825),
    'high_resolution resnet34': (lambda: HighResolution('resnet34'), 24_991_985),
    'high_resolution resnet50': (lambda: HighResolution('resnet50'), 67_569_473),
    'high_resolution densenet161': (lambda: HighResolution('densenet161'), 77_101_151),
    'high_resolution senet154': (lambda: HighResolution('senet154'), 157_101_425),
    'mff_student mobilenet_v2': (lambda: MFFStudent('mobilenet_v2'), 1_673_905),
    'mff_student resnet18': (lambda: MFFStudent('resnet18'), 11_810_817),
    'mff_student resnet34': (lambda: MFFStudent('resnet34'), 21_918_977),
    'mff_student resnet50': (lambda: MFFStudent('resnet50'), 25_947_137),
    'mask_net drn_d_22': (lambda: MaskNet('drn_d_22'), 25_259_761),
    'mask_net drn_d_38': (lambda: MaskNet('drn_d_38'), 35_367_921),
    'fast_student': (FastStudent, 1_596_970),
    'sarpn resnet18': (lambda: SARPN('resnet18'), 28_543_189),
    'sarpn resnet34': (lambda: SARPN('resnet34'), 38_651_349),
    'sarpn resnet50': (lambda: SARPN('resnet50'), 167_280_997),
    'sarpn senet154': (lambda: SARPN('senet154'), 258_400_149),
    'fcrn 18': (lambda: FCRN(18), 13_681_520), 'fcrn 50': (lambda: FCRN(50), 63_563_008)}


@pytest.mark.parametrize('name', COUNTS)
def test_parameter_count(name):
    """Networks have exactly as many parameters as their originals."""
    make, count = COUNTS[name]
    assert parameter_count(built(make)) == count


@pytest.mark.parametrize('name', ENCODERS)
def test_encoder_channels(name):
    """Each encoder returns what its `channels` promise, at the strides users rely on."""
    encoder = built(lambda: build_encoder(name))
    features = encoder(torch.empty(1, 3, 64, 96, device='meta'))
    assert tuple(x.shape[1] for x in features) == tuple(encoder.channels)
    strides = [8] if name.startswith('drn') else [4, 8, 16, 32]
    assert [64 // x.shape[2] for x in features] == strides


@pytest.mark.parametrize('make, factor', [
    (lambda: HighResolution('resnet18'), 2), (MFFStudent, 1), (MaskNet, 1), (SARPN, 2),
    (lambda: FCRN(18), 1), (FastStudent, 1), (lambda: MFFStudent('efficientnet_lite0'), 1)])
@pytest.mark.parametrize('size', [(228, 304), (96, 320)])
def test_output_size(make, factor, size):
    """Depth comes at the input size, or at half of it."""
    result = built(make)(torch.empty(2, 3, *size, device='meta'))
    assert tuple(result.shape) == (2, 1, size[0] // factor, size[1] // factor)


def test_sarpn_adds_to_coarser_maps():
    """Each map is the doubled coarser one plus what its level adds; the first is the coarsest."""
    net = SARPN('resnet18').eval()
    with torch.no_grad():
        for level in net.levels[:-1]:
            for layers in (level.residual, level.refine):
                layers[-1].weight.zero_()
                if layers[-1].bias is not None:
                    layers[-1].bias.zero_()
        maps = net.pyramid(torch.randn(1, 3, 64, 96))
        assert [tuple(depth.shape[2:]) for depth in maps] == [
            (64 // stride, 96 // stride) for stride in (32, 16, 8, 4, 2)]
        for coarse, fine in zip(maps, maps[1:]):
            assert torch.allclose(fine, resize(coarse, fine.shape[2:]))
        assert maps[0].std() > 0
    with pytest.raises(InputError, match='sarpn needs features at stride 2.*resnet18, resnet34'):
        SARPN('mobilenet_v2')


def test_fixed_output_size():
    """An output size can be fixed, as the published student has it."""
    net = built(lambda: MFFStudent(output_size=(228, 304)))
    assert net(torch.empty(1, 3, 64, 96, device='meta')).shape[2:] == (228, 304)


def test_align_corners():
    """Aligned corners keep the corner values, today's default of torch does not."""
    x = torch.tensor([[[[0.0, 1.0], [2.0, 3.0]]]])
    assert resize(x, (4, 4))[0, 0, 1].tolist() == pytest.approx([2 / 3, 1.0, 4 / 3, 5 / 3])
    assert resize(x, (4, 4), False)[0, 0, 1].tolist() == pytest.approx([0.5, 0.75, 1.25, 1.5])


def test_unpool():
    """Values go to the top left of each 2 x 2, channel by channel."""
    x = torch.arange(8.0).reshape(1, 2, 2, 2)
    result = unpool(x)
    assert result.shape == (1, 2, 4, 4)
    assert torch.equal(result[..., ::2, ::2], x)
    assert result.sum() == x.sum()


def test_mask_is_a_share():
    """The mask lies in 0..1 and follows its image."""
    torch.manual_seed(1)
    net = MaskNet().eval()
    with torch.no_grad():
        mask = net(torch.randn(1, 3, 48, 64))
    assert 0.0 <= mask.min() < mask.max() <= 1.0


def test_unknown_encoder():
    """The choices are named."""
    with pytest.raises(InputError, match='resnet99.*choose one of.*densenet161.*resnet18'):
        build_encoder('resnet99')


def test_encoder_without_scales():
    """A dilated encoder cannot drive a four-scale network, and the error says why."""
    with pytest.raises(InputError, match='strides 4, 8, 16 and 32, which DRN does not have'):
        built(lambda: MFFStudent('drn_d_22'))


def test_unknown_decoder():
    """The choices are named."""
    with pytest.raises(InputError, match='deconv2.*choose one of deconv3, upconv, upproj'):
        built(lambda: FCRN(18, 'deconv2'))


def test_fast_student_is_the_shipped_student():
    """The distilled network and the shipped one are the same function, up to the inputs' form."""
    torch.manual_seed(0)
    fast = FastStudent().eval()
    torch.nn.init.normal_(fast.decoder.head.weight, std=0.1)
    shipped = StudentNet().eval()
    shipped.load_state_dict(fast.state_dict())
    shipped.decoder.head.weight.data *= GAIN
    image = torch.randint(0, 255, (1, 64, 96, 3), dtype=torch.uint8)
    with torch.no_grad():
        depth, _ = shipped(image)
        assert torch.allclose(fast(normalised(image))[:, 0], depth, rtol=1e-4)
    assert depth.std() > 0.01


def test_fast_student_has_one_encoder():
    """Another encoder is refused by name."""
    with pytest.raises(InputError, match='efficientnet_lite0, not resnet18'):
        FastStudent('resnet18')
