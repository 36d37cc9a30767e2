# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Losses: fixed values, switches, masks, and the mix of labelled and unlabelled images."""
import math

from depth_ros.contracts import InputError
import numpy as np
import pytest

torch = pytest.importorskip('torch')
from training.losses.composite import composite_loss, sobel, TERMS  # noqa: E402
from training.losses.distillation import distillation_loss  # noqa: E402

TARGET = torch.tensor([[1.0, 2.0, 4.0], [2.0, 2.0, 3.0], [1.0, 5.0, 2.0], [3.0, 1.0, 2.0]])
TARGET = TARGET[None, None]
PREDICTION = TARGET + torch.tensor([0.5, -0.25, 0.0])


def test_values():
    """Numbers of an independent NumPy computation of the published formulas."""
    t, d = (x[0, 0].double().numpy() for x in (TARGET, PREDICTION))
    kernel = np.array([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])

    def response(x, k):
        p = np.pad(x, 1)
        return np.array([[(p[r:r + 3, c:c + 3] * k).sum() for c in range(3)] for r in range(4)])
    (dx, tx), (dy, ty) = ([response(x, k) for x in (d, t)] for k in (kernel, kernel.T))
    cosine = (dx * tx + dy * ty + 1) / np.sqrt((dx ** 2 + dy ** 2 + 1) * (tx ** 2 + ty ** 2 + 1))
    expected = {'depth': np.log(abs(d - t) + 0.5).mean(),
                'grad': np.log(abs(dx - tx) + 0.5).mean() + np.log(abs(dy - ty) + 0.5).mean(),
                'normal': abs(1 - cosine).mean()}
    parts = composite_loss(PREDICTION, TARGET)
    for name, value in expected.items():
        assert parts[name].item() == pytest.approx(value, abs=1e-6), name
    assert parts['loss'].item() == pytest.approx(sum(expected.values()), abs=1e-6)
    # (0.0 + ln 0.75 + ln 0.5) / 3, by hand
    assert parts['depth'].item() == pytest.approx(math.log(0.375) / 3, abs=1e-6)


def test_perfect_prediction():
    """The minimum is 3 ln 0.5, with finite gradients."""
    prediction = TARGET.clone().requires_grad_()
    loss = composite_loss(prediction, TARGET)['loss']
    loss.backward()
    assert loss.item() == pytest.approx(3 * math.log(0.5), abs=1e-6)
    assert torch.isfinite(prediction.grad).all()


def test_sobel_border():
    """Zero padding makes the border of a flat wall answer with four times its depth."""
    across, down = sobel(torch.full((1, 1, 5, 6), 2.0))
    assert across[0, 0, 2].tolist() == [-8.0, 0, 0, 0, 0, 8.0]
    assert down[0, 0, :, 2].tolist() == [-8.0, 0, 0, 0, 8.0]


@pytest.mark.parametrize('terms', [('depth',), ('depth', 'grad'), ('normal', 'depth'), TERMS])
def test_switches(terms):
    """The loss is the sum of the terms asked for, and only those are computed."""
    parts, full = composite_loss(PREDICTION, TARGET, terms), composite_loss(PREDICTION, TARGET)
    assert set(parts) == {'loss', *terms}
    assert parts['loss'].item() == pytest.approx(sum(full[name].item() for name in terms))


def test_unknown_term():
    """The choices are named."""
    with pytest.raises(InputError, match='unknown loss term .normals.*depth, grad, normal'):
        composite_loss(PREDICTION, TARGET, ('depth', 'normals'))


def test_shapes_must_agree():
    """Broadcasting would hide a prediction of half the size."""
    with pytest.raises(ValueError, match='differ in shape'):
        composite_loss(PREDICTION, TARGET[0])


def test_half_precision_is_widened():
    """Gradients of depth are compared in float32 whatever the network computes in."""
    prediction = PREDICTION.bfloat16()
    loss = composite_loss(prediction, TARGET.half())['loss']
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(
        composite_loss(prediction.float(), TARGET)['loss'].item(), abs=1e-6)


def test_full_mask_changes_nothing():
    """A mask that keeps all pixels gives the published loss."""
    mask = torch.ones_like(TARGET, dtype=torch.bool)
    masked, plain = composite_loss(PREDICTION, TARGET, mask=mask), composite_loss(
        PREDICTION, TARGET)
    assert masked['loss'].item() == pytest.approx(plain['loss'].item(), abs=1e-6)


def test_mask_hides_invalid_targets():
    """What lies under the mask has no influence, not even through neighbours."""
    torch.manual_seed(0)
    prediction, target = torch.rand(2, 1, 9, 11) + 1, torch.rand(2, 1, 9, 11) + 1
    mask = torch.rand(2, 1, 9, 11) > 0.1
    losses = []
    for filler in (0.0, 50.0, float('nan'), float('inf')):
        prediction.grad = None
        prediction.requires_grad_()
        loss = composite_loss(prediction, torch.where(mask, target, filler), mask=mask)['loss']
        loss.backward()
        assert torch.isfinite(prediction.grad).all()
        losses.append(loss.item())
    assert losses == pytest.approx([losses[0]] * 4, abs=1e-6)
    flat = composite_loss(prediction, target, mask=mask, terms=('depth',))['loss']
    by_hand = torch.log((prediction - target)[mask].abs() + 0.5).mean()
    assert flat.item() == pytest.approx(by_hand.item(), abs=1e-6)


def test_empty_mask():
    """Without any valid pixel the loss is 0 and pulls nowhere."""
    prediction = PREDICTION.clone().requires_grad_()
    loss = composite_loss(prediction, TARGET, mask=torch.zeros_like(TARGET) > 0)['loss']
    loss.backward()
    assert loss.item() == 0.0
    assert not prediction.grad.any()


def test_distillation_mix():
    """Each image contributes by whether it is labelled, with the same weight."""
    torch.manual_seed(0)
    student, teacher, truth = (torch.rand(4, 1, 8, 10) + 1 for _ in range(3))
    labelled = torch.tensor([True, False, True, False])
    images = []
    for k in range(4):
        part = slice(k, k + 1)
        kd = composite_loss(student[part], teacher[part])['loss']
        gt = composite_loss(student[part], truth[part])['loss']
        images.append(0.3 * gt + 0.7 * kd if labelled[k] else kd)
    truth[1] = float('nan')  # unlabelled: never looked at
    parts = distillation_loss(student, teacher, truth, labelled, 0.3)
    assert parts['loss'].item() == pytest.approx((sum(images) / 4).item(), abs=1e-5)


@pytest.mark.parametrize('share, labels, other', [(1.0, True, 'truth'), (0.0, True, 'teacher'),
                                                  (0.5, False, 'teacher')])
def test_distillation_extremes(share, labels, other):
    """All truth, all teacher, and no labels at all."""
    torch.manual_seed(0)
    maps = {name: torch.rand(2, 1, 8, 10) + 1 for name in ('student', 'teacher', 'truth')}
    parts = distillation_loss(maps['student'], maps['teacher'], maps['truth'],
                              torch.full((2,), labels), share)
    expected = composite_loss(maps['student'], maps[other])['loss']
    assert parts['loss'].item() == pytest.approx(expected.item(), abs=1e-6)
    assert ('truth' in parts) == labels


def test_teacher_gets_no_gradient():
    """Only the student learns."""
    student, teacher = PREDICTION.clone().requires_grad_(), TARGET.clone().requires_grad_()
    distillation_loss(student, teacher, TARGET, torch.tensor([True]))['loss'].backward()
    assert teacher.grad is None
    assert student.grad.abs().sum() > 0
