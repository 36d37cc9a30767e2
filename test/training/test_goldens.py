# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Networks, losses and metrics give the published numbers (needs ../shared/goldens)."""
from depth_ros.evaluation.edges import edge_metrics, mean_edge_metrics
from depth_ros.evaluation.edges import sobel as numpy_sobel
from depth_ros.evaluation.protocols import PROTOCOLS
import numpy as np
import pytest

torch = pytest.importorskip('torch')
from reference_numbers import assert_golden, built, fill  # noqa: E402
from training.losses.composite import composite_loss, sobel  # noqa: E402
from training.networks.blocks import parameter_count  # noqa: E402
from training.networks.fcrn import FCRN  # noqa: E402
from training.networks.high_resolution import HighResolution  # noqa: E402
from training.networks.mask_net import MaskNet  # noqa: E402
from training.networks.mff_student import MFFStudent  # noqa: E402
from training.networks.sarpn import SARPN  # noqa: E402

IMAGE = (1, 3, 228, 304)
FIGURES = {'mse': 'MSE', 'rmse': 'RMSE', 'mae': 'MAE', 'abs_rel': 'ABS_REL', 'log10': 'LG10',
           'delta1': 'DELTA1', 'delta2': 'DELTA2', 'delta3': 'DELTA3'}
EDGE_FIGURES = ('accuracy', 'precision', 'recall', 'f1')


def sizes(net):
    """Return (output shape, feature shapes) for a 228x304 image, without computing."""
    image = torch.empty(IMAGE, device='meta')
    return list(net(image).shape), [list(x.shape) for x in net.encoder(image)]


@pytest.mark.parametrize('encoder', ['resnet18', 'resnet34', 'resnet50', 'densenet161',
                                     'senet154'])
def test_high_resolution_parameters(goldens, encoder):
    """Counts and shapes of method 1 with every encoder."""
    inputs, outputs, _ = goldens.load(f'wacv/params_{encoder}')
    net = built(lambda: HighResolution(encoder))
    assert list(net.encoder.channels) == inputs['block_channel']
    counts = [parameter_count(x) for x in (net, net.encoder, net.decoder, net.fusion,
                                           net.refinement)]
    assert counts == [outputs[key] for key in ('total', 'encoder', 'D', 'MFF', 'R')]
    shape, features = sizes(net)
    assert shape == outputs['out_shape_for_1x3x228x304']
    assert features == [outputs[f'block{k}_shape'] for k in (1, 2, 3, 4)]


@pytest.mark.parametrize('name, encoder', [
    ('mobilenetv2', 'mobilenet_v2'), ('resnet18', 'resnet18'), ('resnet34', 'resnet34'),
    ('resnet50', 'resnet50')])
def test_mff_student_parameters(goldens, name, encoder):
    """Counts and shapes of method 5, students and teachers."""
    inputs, outputs, _ = goldens.load(f'boosting/params_{name}')
    net = built(lambda: MFFStudent(encoder))
    assert list(net.encoder.channels) == inputs['block_channel']
    counts = [parameter_count(x) for x in (net, net.encoder, net.fusion, net.refinement)]
    assert counts == [outputs[key] for key in ('total', 'encoder', 'MFF', 'R')]
    shape, features = sizes(net)
    assert shape == outputs['out_shape_for_1x3x228x304']
    assert features == [outputs[f'block{k}_shape'] for k in (1, 2, 3, 4)]
    fused = net.fusion([torch.empty(x, device='meta') for x in features])
    assert list(fused.shape) == outputs['mff_shape']


@pytest.mark.parametrize('depth', [22, 38])
def test_mask_net_parameters(goldens, depth):
    """Counts and shapes of method 2's mask network."""
    _, outputs, _ = goldens.load(f'visualization/params_mask_drn_d_{depth}')
    net = built(lambda: MaskNet(f'drn_d_{depth}'))
    whole, encoder = parameter_count(net), parameter_count(net.encoder)
    assert [whole, encoder, whole - encoder] == [
        outputs[key] for key in ('total', 'encoder', 'decoder')]
    shape, features = sizes(net)
    assert shape == outputs['out_shape_for_1x3x228x304']
    assert features == [outputs['feature_shape']]


@pytest.mark.parametrize('channels', [3, 4])
@pytest.mark.parametrize('decoder', ['upproj', 'upconv', 'deconv3'])
@pytest.mark.parametrize('depth', [18, 50])
def test_fcrn_parameters(goldens, depth, decoder, channels):
    """Counts of the FCRN pair and its relatives."""
    _, outputs, _ = goldens.load(
        f'distill_attack_misc/params_fcrn_resnet{depth}_{decoder}_in{channels}')
    assert parameter_count(built(lambda: FCRN(depth, decoder, channels))) == outputs['total']


@pytest.mark.parametrize('name, encoder', [
    ('ResNet18', 'resnet18'), ('ResNet34', 'resnet34'), ('ResNet50', 'resnet50'),
    ('SENet154', 'senet154')])
def test_sarpn_parameters(goldens, name, encoder):
    """Counts of SARPN, teacher and student."""
    _, outputs, _ = goldens.load(f'distill_attack_misc/params_sarpn_{name}')
    assert parameter_count(built(lambda: SARPN(encoder))) == outputs['total']


@pytest.mark.parametrize('align_corners', [True, False])
def test_high_resolution_forward(goldens, align_corners):
    """Method 1 with ResNet-18, filled weights."""
    inputs, outputs, rtol = goldens.load('wacv/forward_resnet18')
    net = fill(HighResolution('resnet18', align_corners=align_corners))
    with torch.no_grad():
        result = net(torch.from_numpy(inputs['x']))
    assert_golden(result, outputs[f'out_align_corners_{align_corners}'], rtol)


def test_high_resolution_parts(goldens):
    """Decoder, fusion and refinement of method 1, each by itself."""
    inputs, outputs, rtol = goldens.load('wacv/decoder_mff_refine')
    net = fill(HighResolution('resnet18'), single=False)
    features = [torch.from_numpy(inputs[f'block{k}']) for k in (1, 2, 3, 4)]
    with torch.no_grad():
        decoded, fused = net.decoder(features), net.fusion(features)
        refined = net.refinement(torch.cat([decoded, fused], dim=1))
    for name, value in (('D', decoded), ('MFF', fused), ('R', refined)):
        assert_golden(value, outputs[name], rtol, name)


def test_mff_student_forward(goldens):
    """Method 5 with MobileNetV2, filled weights, and the fixed output size as published."""
    inputs, outputs, rtol = goldens.load('boosting/forward_mobilenetv2')
    net = fill(MFFStudent('mobilenet_v2', output_size=(228, 304)))
    image = torch.from_numpy(inputs['x'])
    with torch.no_grad():
        fused = net.fusion(net.encoder(image))
        refined, result = net.refinement(fused), net(image)
    assert_golden(fused, outputs['mff'], rtol, 'fusion')
    assert_golden(refined, outputs['refine'], rtol, 'refinement')
    assert_golden(result[..., ::4, ::4], outputs['final_228x304_every4'], rtol, 'depth')


@pytest.mark.parametrize('align_corners', [True, False])
def test_mask_net_forward(goldens, align_corners):
    """Method 2's mask network with DRN-D-22, filled weights."""
    inputs, outputs, rtol = goldens.load('visualization/forward_mask_net')
    net = fill(MaskNet('drn_d_22', align_corners=align_corners))
    with torch.no_grad():
        image = torch.from_numpy(inputs['x'])
        assert_golden(net.encoder(image)[0], outputs['features'], rtol, 'features')
        assert_golden(net(image), outputs[f'mask_align_corners_{align_corners}'], rtol, 'mask')


def test_sobel(goldens):
    """The loss and the edge metric use the published filter."""
    inputs, outputs, rtol = goldens.load('wacv/sobel')
    result = torch.cat(sobel(torch.from_numpy(inputs['x'])), dim=1)
    assert_golden(result, outputs['gxgy'], rtol)
    for image, expected in zip(inputs['x'][:, 0], outputs['gxgy']):
        assert_golden(np.stack(numpy_sobel(image)), expected, rtol)


def test_composite_loss(goldens):
    """Terms, sum and gradient of the depth loss."""
    inputs, outputs, rtol = goldens.load('wacv/loss_depth_grad_normal')
    prediction = torch.from_numpy(inputs['output']).requires_grad_()
    parts = composite_loss(prediction, torch.from_numpy(inputs['target']))
    parts['loss'].backward()
    assert_golden(parts['depth'], outputs['loss_depth'], rtol)
    assert_golden(parts['grad'], outputs['loss_dx'] + outputs['loss_dy'], rtol)
    assert_golden(parts['normal'], outputs['loss_normal'], rtol)
    assert_golden(parts['loss'], outputs['loss_total'], rtol)
    assert_golden(prediction.grad, outputs['grad_wrt_output'], rtol)


@pytest.mark.parametrize('name, protocol, prefix', [
    ('wacv/metrics', 'image_mse', 'mean_'),
    ('boosting/metrics_masked_image_mean', 'image_rmse', '')])
def test_metrics(goldens, name, protocol, prefix):
    """Per-image metrics and their means under two protocols."""
    inputs, outputs, rtol = goldens.load(name)
    protocol = PROTOCOLS[protocol]
    images = [protocol.image(prediction[0], target[0])
              for prediction, target in zip(inputs['prediction'], inputs['target'])]
    combined = protocol.combine(images)
    combined['mse'] = np.mean([image['mse'] for image in images])
    compared = 0
    for ours, theirs in FIGURES.items():
        assert_golden(combined[ours], outputs[prefix + theirs], rtol, ours)
        if f'per_image_{theirs}' in outputs:
            compared += 1
            assert_golden([image[ours] for image in images], outputs[f'per_image_{theirs}'],
                          rtol, ours)
    assert compared == (7 if prefix else 0)


@pytest.mark.parametrize('threshold', [0.25, 0.5, 1.0])
def test_edge_metrics(goldens, threshold):
    """Edge agreement per image and on average."""
    inputs, outputs, rtol = goldens.load('wacv/edge_metrics')
    images = [edge_metrics(prediction[0], target[0], threshold)
              for prediction, target in zip(inputs['prediction'], inputs['target'])]
    key = f'th_{threshold:g}' if threshold < 1 else 'th_1.0'
    assert_golden([[image[name] for name in EDGE_FIGURES] for image in images],
                  outputs[f'{key}_A_P_R_F_per_image'], rtol)
    mean = mean_edge_metrics(images)
    assert_golden([mean[name] for name in EDGE_FIGURES], outputs[f'{key}_mean'], rtol)
