# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A relative teacher comes to metres by a line: scale, scale and shift, one scale for all."""
from depth_ros.contracts import InputError
import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
from training.losses.alignment import affine_fit, affine_teacher, line_scales  # noqa: E402
from training.losses.r2m import line_loss, log_loss, R2MLoss  # noqa: E402
from training.methods.r2m import hide_columns, R2M  # noqa: E402


@pytest.fixture
def maps():
    """Return true depth (2, 1, 20, 40), two rows of it as the line."""
    torch.manual_seed(0)
    depth = 2.0 + 18.0 * torch.rand(2, 1, 20, 40, dtype=torch.float64)
    line = torch.zeros_like(depth)
    line[:, :, 9:11] = depth[:, :, 9:11]
    return depth, line


def from_disparity(depth, gain, shift):
    """Make what a teacher of disparity says: gain / depth + shift, turned into depth."""
    return 1.0 / (gain / depth + shift)


@pytest.mark.parametrize('gain, shift', [(3.0, 0.5), (200.0, -5.0), (0.7, 0.0)])
def test_scale_and_shift_are_found(maps, gain, shift):
    """A teacher whose inverse depth is off by both gives the true depth, off the line too."""
    depth, line = maps
    teacher = from_disparity(depth, gain, shift)
    assert (teacher > 0).all()
    scales, _ = line_scales(teacher, line, scale='affine')
    metric = affine_teacher(teacher, line, scales)
    torch.testing.assert_close(metric, depth, rtol=1e-6, atol=0)
    parts = R2MLoss(scale='affine')(depth, line, teacher)
    assert parts['loss'].item() == pytest.approx(0.0, abs=1e-4)
    if shift:
        assert R2MLoss(scale='ratios')(depth, line, teacher)['teacher'] > 0.3


def test_wrong_points_do_not_move_the_fit(maps):
    """A quarter of the points five times as far, as seen past an edge: nothing changes."""
    depth, line = maps
    teacher = from_disparity(depth, 3.0, 0.5)
    measured = line > 0
    values = line[measured]
    values[::4] *= 5.0
    a, b = affine_fit(teacher[measured], values)
    assert (a, b) == pytest.approx((1 / 3, -0.5 / 3), rel=1e-3)


@pytest.mark.parametrize('case', ['few', 'wall', 'turned', 'one near'])
def test_line_that_cannot_tell_the_shift(maps, case):
    """Fewer than 20 points, no spread, one outlier in place of it, or a wrong order: a scale."""
    depth, line = maps
    if case == 'few':
        line = torch.where(torch.arange(40) < 9, line, 0.0)
    elif case == 'wall':
        depth = 10.0 + 0.01 * depth
        line = torch.where(line > 0, depth, 0.0)
    elif case == 'one near':
        depth = 10.0 + 0.01 * depth
        depth[:, :, 9, 0] = 1.0
        line = torch.where(line > 0, depth, 0.0)
    teacher = from_disparity(30.0 - depth if case == 'turned' else depth, 3.0, 0.5)
    scales, own = line_scales(teacher, line, scale='affine')
    assert own.all()
    metric = affine_teacher(teacher, line, scales, None)
    torch.testing.assert_close(metric, teacher * scales.view(-1, 1, 1, 1))
    for k in range(2):
        on = line[k] > 0
        assert float((line[k][on] / teacher[k][on]).median()) == pytest.approx(
            float(scales[k]), rel=0.05)


def test_disparity_is_never_negative(maps):
    """What the fit puts behind infinity is cut at the cap; unknown stays unknown."""
    depth, line = maps
    teacher = from_disparity(depth, 3.0, 0.5)
    teacher[:, :, 0] = 100.0  # inverse depth 0.01, far below the shift
    teacher[:, :, 1] = float('nan')
    scales, _ = line_scales(teacher, line, scale='affine')
    metric = affine_teacher(teacher, line, scales, 80.0)
    assert (metric[:, :, 0] == 80.0).all() and metric[:, :, 1].isnan().all()
    assert (affine_teacher(teacher, line, scales, None)[:, :, 0] == 1000.0).all()
    assert torch.isfinite(R2MLoss(scale='affine')(depth, line, teacher)['loss'])


def test_ratios_resist_a_mixed_line():
    """A line half on near, half on far things, of which the teacher has the far ones wrong."""
    line = torch.zeros(1, 1, 8, 40)
    line[..., 4, :21], line[..., 4, 21:] = 4.0, 40.0
    teacher = torch.where(line > 0, line / 5.0, 1.0)
    teacher[..., 4, 17:21] = 8.0  # bleeding of the far things
    assert line_scales(teacher, line, scale='ratios')[0].item() == pytest.approx(5.0)


def test_shared_scale(maps):
    """One scale for all images: the running mean; half of it: between the two."""
    depth, line = maps
    teacher = depth / torch.tensor([2.0, 8.0], dtype=depth.dtype).view(2, 1, 1, 1)
    for shared, expected in ((0.0, (2.0, 8.0)), (0.5, (8 ** 0.5, 32 ** 0.5)), (1.0, (4.0, 4.0))):
        loss = R2MLoss(shared=shared, scale='ratios', cap=None).train()
        target, known = loss.target(teacher, line)
        assert known.all() and loss.scale.item() == pytest.approx(4.0)
        for k in range(2):
            torch.testing.assert_close(target[k], teacher[k] * expected[k], rtol=1e-5, atol=0)
    # Not learned from what is only measured.
    loss.eval().target(teacher[:1], line[:1])
    assert loss.scale.item() == pytest.approx(4.0)


def test_teacher_bends_to_the_line():
    """Where the line disagrees with the scaled teacher the target follows it, and only there."""
    line = torch.zeros(1, 1, 60, 80)
    line[..., 30, :50], line[..., 30, 50:] = 10.0, 20.0
    teacher = torch.full_like(line, 5.0)
    stiff, bent = (R2MLoss(scale='ratios', bend=bend, cap=18.0).target(teacher, line)[0]
                   for bend in (False, True))
    assert (stiff - 10.0).abs().max() < 1e-5
    assert (bent[..., 30, :40] - 10.0).abs().max() < 0.1
    assert bent[..., 30, 60:].min() > 17.0 and bent.max() == 18.0
    assert (bent[..., 0, :] - 10.0).abs().max() < 0.5  # far above the line
    teacher[..., 0, :] = torch.nan
    unknown = R2MLoss(bend=True).target(teacher, line)[0]
    assert unknown[..., 0, :].isnan().all() and torch.isfinite(unknown[..., 1:, :]).all()


def test_part_of_the_start_is_kept(maps):
    """The target lies between teacher and start, in log depth; 0 does not ask the start."""
    depth, line = maps
    loss = R2MLoss(alpha=0.0, alignment='log', keep=0.5, cap=None)
    parts = loss(3 * depth, line, depth, None, None, 9 * depth)
    assert parts['teacher'].item() == pytest.approx(0.0, abs=1e-9)
    assert loss(9 * depth, line, depth, None, None, 9 * depth)['loss'].item() == pytest.approx(
        np.log(3))
    assert R2MLoss(alpha=0.0, alignment='log')(
        9 * depth, line, depth, None, None, depth)['loss'].item() == pytest.approx(np.log(9))


def test_start_stays_what_it_was():
    """It is asked about the whole line, is not trained, and is no part of a checkpoint."""
    method = R2M(start='completion', freeze_norm=True, keep=1.0, alpha=0.0, beta=0.0,
                 alignment='log', cap=None)
    before = len(method.state_dict())
    method.setup('fit')
    assert len(method.state_dict()) == before
    batch = {'image': torch.randint(0, 255, (1, 32, 64, 3), dtype=torch.uint8),
             'sparse_depth': torch.zeros(1, 32, 64), 'teacher': torch.ones(1, 32, 64)}
    batch['sparse_depth'][:, 20] = 4.0
    method.train()
    assert method.losses(batch)['loss'].item() == pytest.approx(0.0, abs=1e-5)
    with torch.no_grad():
        for value in method.net.decoder.parameters():
            value *= 1.1
    parts = method.losses(batch)
    parts['loss'].backward()
    assert parts['loss'] > 1e-3
    assert all(value.grad is None for value in method.start[0].parameters())
    with pytest.raises(InputError, match='name it as model.start'):
        R2M('dcvan', keep=0.5).losses(batch)


def test_logarithmic_form(maps):
    """Twice too far costs ln 2 near and far, from the teacher and from the line."""
    depth, line = maps
    assert log_loss(2 * depth, depth).item() == pytest.approx(np.log(2))
    assert line_loss(2 * depth, line, True).item() == pytest.approx(np.log(2))
    parts = R2MLoss(alignment='log', alpha=3.0)(2 * depth, line, depth)
    assert parts['loss'].item() == pytest.approx(4 * np.log(2))


def test_hidden_columns():
    """Each line loses one run of columns, of at most the part asked for; the rest stays."""
    torch.manual_seed(1)
    line = torch.ones(64, 3, 100)
    shown = hide_columns(line, 0.5)
    gone = (shown == 0).all(1)
    assert ((shown == 1).all(1) | gone).all()
    counts = gone.sum(1)
    assert counts.max() <= 50 and counts.max() > 40 and counts.min() < 10
    edges = (gone != gone.roll(1, 1)).sum(1)
    assert set(edges.tolist()) <= {0, 2}
    assert torch.equal(hide_columns(line, 0.0), line)


def test_student_does_not_see_what_is_hidden():
    """The loss has the whole line, the network in training a part of it, measured all of it."""
    torch.manual_seed(0)
    method = R2M('dcvan', hide=0.9)
    seen = []
    method.student = type(method.student)(
        object, lambda net, image, line: (seen.append(line), (torch.full_like(line, 5.0)[:, None],
                                                              None))[1])
    batch = {'image': torch.zeros(1, 8, 40, 3, dtype=torch.uint8),
             'sparse_depth': torch.full((1, 8, 40), 4.0), 'teacher': torch.full((1, 8, 40), 2.0)}
    parts = method.train().losses(batch)
    assert parts['line'].item() == 1.0 and parts['teacher'].item() == 1.0
    method.eval().losses(batch)
    assert 0 < (seen[0] > 0).float().mean() < 1 and (seen[1] > 0).all()


@pytest.mark.parametrize('options, said', [
    ({'scale': 'mean'}, 'unknown scale of the teacher .mean.*affine, medians, ratios'),
    ({'shared': 1.5}, 'shared part of 1.5'), ({'keep': -1.0}, 'kept part of -1'),
    ({'hide': 1.0}, 'model.hide=1.0'),
    ({'student': 's2d_18', 'alignment': 'log'}, 'positive while it learns')])
def test_unusable_options(options, said):
    """Each is one error that says what to do."""
    with pytest.raises(InputError, match=said):
        R2M(**{'student': 'dcvan', **options})
