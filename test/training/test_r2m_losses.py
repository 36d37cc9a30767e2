# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Losses of completion from a relative teacher: what each term sees and what it is blind to."""
import numpy as np
import pytest

torch = pytest.importorskip('torch')
from training.losses.r2m import (  # noqa: E402
    line_loss,
    line_scales,
    median,
    pair_loss,
    R2MLoss,
    ranking_loss,
    uncertain_loss,
)


@pytest.fixture
def maps():
    """Return true depth (2, 1, 8, 10), one row of it as the line, a teacher in its own unit."""
    torch.manual_seed(0)
    depth = 2.0 + 8.0 * torch.rand(2, 1, 8, 10, dtype=torch.float64)
    line = torch.zeros_like(depth)
    line[:, :, 4] = depth[:, :, 4]
    return depth, line, depth / torch.tensor([3.0, 0.2])[:, None, None, None]


def test_scale_comes_from_the_line(maps):
    """The scale of each image is found; the true depth then loses nothing."""
    depth, line, teacher = maps
    scales, own = line_scales(teacher, line)
    assert scales.tolist() == pytest.approx([3.0, 0.2]) and own.all()
    parts = R2MLoss()(depth, line, teacher, torch.full((2, 4, 3), -1))
    assert parts['loss'].item() == pytest.approx(0.0, abs=1e-9)
    wrong = R2MLoss()(2 * depth, line, teacher)
    assert wrong['teacher'].item() == pytest.approx(depth.mean().item())
    assert wrong['line'].item() == pytest.approx(depth[:, :, 4].mean().item())
    assert wrong['loss'].item() == pytest.approx(
        wrong['teacher'].item() + wrong['line'].item())


def test_scale_free_form_knows_no_scale(maps):
    """Any multiple of the teacher's map is as good; the other forms tell them apart."""
    depth, line, teacher = maps
    loss = R2MLoss(alpha=0.0, alignment='scale_free')
    assert loss(7 * depth, line, teacher)['loss'].item() == pytest.approx(0.0, abs=1e-9)
    assert loss(depth.flip(3), line, teacher)['loss'] > 0.1
    assert R2MLoss(alpha=0.0)(7 * depth, line, teacher)['loss'] > 10


def test_far_teacher_is_cut(maps):
    """Targets stop at the cap."""
    depth, line, teacher = maps
    teacher = teacher.clone()
    teacher[:, :, 0] *= 1000
    parts = R2MLoss(cap=20.0)(depth, line, teacher)
    expected = (20.0 - depth[:, :, 0]).sum() / depth.numel()
    assert parts['teacher'].item() == pytest.approx(expected.item())


def test_short_line_takes_the_running_scale(maps):
    """An image with hardly any measurement uses the mean scale of those before it."""
    depth, line, teacher = maps
    same = depth / 3.0
    line = torch.zeros_like(depth)
    line[:, :, 4:7] = depth[:, :, 4:7]
    loss = R2MLoss().train()
    loss(depth, line, same)
    assert loss.scale.item() == pytest.approx(3.0)
    short = torch.zeros_like(line)
    short[:, :, 4, 4] = 1.5 * depth[:, :, 4, 4]
    parts = loss(depth, short, same)
    assert parts['teacher'].item() == pytest.approx(0.0, abs=1e-6)
    assert loss.scale.item() == pytest.approx(3.0)
    unknown = R2MLoss()(depth, torch.zeros_like(line), same)
    assert unknown['loss'].item() == 0.0
    assert R2MLoss().state_dict().keys() == {'scale'}


def test_uncertain_pixels_count_less(maps):
    """A larger log uncertainty lowers the price of an error and costs by itself."""
    depth, line, teacher = maps
    target, zero = depth, torch.zeros_like(depth)
    error = uncertain_loss(1.5 * depth, target, zero)
    relative = (0.5 * depth / torch.tensor(
        np.median(depth.numpy(), axis=(1, 2, 3))).view(2, 1, 1, 1)) ** 2
    assert error.item() == pytest.approx(relative.mean().item())
    assert uncertain_loss(depth, target, zero + 1).item() == pytest.approx(2.0)
    parts = R2MLoss(alignment='uncertainty')(1.5 * depth, line, teacher, None, zero)
    assert parts['teacher'].item() == pytest.approx(error.item())


def test_ranking(maps):
    """The gradient pushes the two pixels apart in the labelled order, or together."""
    for label, sign in ((1, 1.0), (-1, -1.0)):
        first = torch.tensor([3.0], requires_grad=True)
        second = torch.tensor([3.0], requires_grad=True)
        ranking_loss(first, second, torch.tensor([label])).backward()
        assert (first.grad * sign).item() < 0 < (second.grad * sign).item()
    equal = ranking_loss(torch.tensor([2.0]), torch.tensor([4.0]), torch.tensor([0]))
    assert equal.item() == pytest.approx(np.log(2) ** 2)
    assert ranking_loss(torch.zeros(0), torch.zeros(0), torch.zeros(0, dtype=int)).item() == 0.0


def test_pairs_of_pixels(maps):
    """Pairs are read by their flat index; unused rows do not count; negative depth is bounded."""
    depth, _, _ = maps
    pairs = torch.tensor([[[3, 47, 1], [-1, -1, -1]], [[-1, -1, -1], [-1, -1, -1]]])
    values = depth[0].flatten()
    expected = ranking_loss(values[3:4], values[47:48], torch.tensor([1]))
    assert pair_loss(depth, pairs).item() == pytest.approx(expected.item())
    assert pair_loss(depth, torch.full((2, 5, 3), -1)).item() == 0.0
    assert torch.isfinite(pair_loss(-depth, pairs))


def test_no_line_no_loss(maps):
    """Without measurements the line's term is 0 and finite."""
    depth, line, _ = maps
    assert line_loss(depth, torch.zeros_like(line)).item() == 0.0
    assert median(torch.tensor([4.0, 1.0, 3.0, 2.0])).item() == 2.5
    assert median(torch.tensor([4.0, 1.0, 3.0])).item() == 3.0
