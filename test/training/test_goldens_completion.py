# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Completion students, teachers and losses give the published numbers (../shared/goldens)."""
import pytest

torch = pytest.importorskip('torch')
from reference_numbers import assert_golden, built, fill  # noqa: E402
from training.lines.pairs import order_labels  # noqa: E402
from training.losses.photometric import smoothness  # noqa: E402
from training.losses.r2m import line_scales, R2MLoss, ranking_loss  # noqa: E402
from training.networks.blocks import parameter_count  # noqa: E402
from training.networks.cadepth import CADepth  # noqa: E402
from training.networks.monodepth2 import MonoDepth2  # noqa: E402
from training.networks.s2d import S2D  # noqa: E402
from training.networks.van import VAN  # noqa: E402
from training.networks.warping import disparity_to_depth, warp  # noqa: E402


@pytest.mark.parametrize('inputs', ['rgbd', 'gd', 'd', 'rgb'])
@pytest.mark.parametrize('depth', [18, 34])
def test_s2d_parameters(goldens, depth, inputs):
    """Counts of all eight variants, and the output's shape."""
    _, outputs, _ = goldens.load(f'completion_teachers/params_s2d_{depth}_{inputs}')
    net = built(lambda: S2D(depth, inputs))
    assert parameter_count(net) == outputs['total']
    if 'out_shape_352x1216' in outputs:
        image, sparse = (torch.empty(1, c, 352, 1216, device='meta') for c in (3, 1))
        assert list(net(image, sparse).shape) == outputs['out_shape_352x1216']


def test_s2d_forward(goldens):
    """Both outputs of S2D-18, filled weights."""
    inputs, outputs, rtol = goldens.load('completion_teachers/forward_s2d_18_rgbd')
    net = fill(S2D(18), single=False)
    image, sparse = (torch.from_numpy(inputs[key]) for key in ('rgb', 'd'))
    with torch.no_grad():
        assert_golden(net(image, sparse), outputs['eval_output'], rtol, 'eval')
        assert_golden(net.linear(image, sparse), outputs['train_head_output_with_bn_in_eval'],
                      rtol, 'train')


@pytest.mark.parametrize('size', ['b0', 'b1', 'b2'])
def test_van_parameters(goldens, size):
    """Counts of the encoders."""
    _, outputs, _ = goldens.load(f'distill_attack_misc/params_van_{size}_encoder')
    assert parameter_count(built(lambda: VAN(size))) == outputs['encoder_without_head']


@pytest.mark.parametrize('depth', [18, 50])
@pytest.mark.parametrize('kind', [MonoDepth2, CADepth])
def test_teacher_parameters(goldens, kind, depth):
    """Counts of encoder and decoder."""
    _, outputs, _ = goldens.load(f'completion_teachers/params_{kind.__name__.lower()}_{depth}')
    net = built(lambda: kind(depth))
    decoder = outputs.get('depth_decoder', outputs.get('depth_decoder_registered'))
    assert parameter_count(net.encoder) == outputs['encoder_without_fc']
    assert parameter_count(net.decoder) == decoder
    assert parameter_count(net) == outputs['depth_total']


def test_disparity_to_depth(goldens):
    """Inverse depth and depth of a disparity."""
    inputs, outputs, rtol = goldens.load('completion_teachers/disp_to_depth')
    inverse, depth = disparity_to_depth(
        torch.from_numpy(inputs['disp']), inputs['min_depth'], inputs['max_depth'])
    assert_golden(inverse, outputs['scaled_disp'], rtol)
    assert_golden(depth, outputs['depth'], rtol)


@pytest.mark.parametrize('normalise, name', [
    (True, 'loss_on_mean_normalised_disp'), (False, 'loss_raw_disp')])
def test_smoothness(goldens, normalise, name):
    """Edge-aware smoothness with and without the division by the mean."""
    inputs, outputs, rtol = goldens.load('completion_teachers/edge_aware_smoothness')
    result = smoothness(*(torch.from_numpy(inputs[key]) for key in ('disp', 'img')), normalise)
    assert_golden(result, outputs[name], rtol)


def test_warp(goldens):
    """A near image seen from the target's camera, outside black."""
    inputs, outputs, rtol = goldens.load('completion_teachers/s2d_inverse_warp_align_True')
    motion = torch.eye(4)[None].clone()
    motion[:, :3, :3] = torch.from_numpy(inputs['R'])
    motion[:, :3, 3] = torch.from_numpy(inputs['t'])
    camera = torch.tensor([inputs['fu_fv_cu_cv']], dtype=torch.float32)
    warped, inside = warp(torch.from_numpy(inputs['rgb_near']), torch.from_numpy(inputs['depth']),
                          camera, motion, padding='zeros')
    # There a pixel that is outside by any part is black.
    assert_golden(warped * inside, outputs['warped'], rtol)


def test_r2m_losses(goldens):
    """Scale of each image, both forms of l_ud, and l_sl."""
    inputs, outputs, rtol = goldens.load('distill_attack_misc/r2m_ud_sl_spec')
    depth, teacher, line = (torch.from_numpy(inputs[key])
                            for key in ('completed', 'mde', 'single_line'))
    scales, own = line_scales(teacher, line)
    assert_golden(scales, outputs['scale_per_image'], rtol)
    assert own.all()
    parts = R2MLoss(beta=0.0, cap=None)(depth, line, teacher)
    assert_golden(parts['teacher'], outputs['l_ud_aligned_l1'], rtol)
    assert_golden(parts['line'], outputs['l_sl_l1'], rtol)
    free = R2MLoss(alignment='scale_free')(depth, line, teacher)
    assert_golden(free['teacher'], outputs['l_ud_median_l1_alternative'], rtol)


def test_ranking_loss(goldens):
    """Labels and loss of pairs."""
    inputs, outputs, rtol = goldens.load('distill_attack_misc/ranking_spec')
    labels = order_labels(inputs['ref_a'], inputs['ref_b'], inputs['tau'])
    assert labels.tolist() == outputs['labels'].tolist()
    loss = ranking_loss(*(torch.from_numpy(inputs[key]) for key in ('pred_a', 'pred_b')),
                        torch.from_numpy(labels))
    assert_golden(loss, outputs['loss'], rtol)
