# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Attacks along the gradient: what must hold for every one of them, and reference numbers."""
from dataclasses import replace

from depth_ros.contracts import InputError
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
from reference_numbers import assert_golden  # noqa: E402
from tiny_frames import batch  # noqa: E402
from torch import nn  # noqa: E402
from training.attack.gradient import Attack, attack_loss, fgsm, ifgsm, perturb  # noqa: E402
from training.attack.mix import Mix  # noqa: E402
from training.networks.encoders import IMAGENET_MEAN, IMAGENET_STD  # noqa: E402

ATTACKS = {
    'fgsm': fgsm(0.1), 'ifgsm': ifgsm(0.1), 'authors': fgsm(0.1, author_step=True, clamp='batch'),
    'pixel': ifgsm(8 / 255, space='pixel'), 'composite': ifgsm(0.2, 6, loss='l_dif'),
    'starts': ifgsm(0.1, 4, starts=3), 'worst': ifgsm(0.1, 4, keep_worst=True)}


def network(seed=0):
    """Make a small network that is not linear, at half the size."""
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1), nn.Tanh(), nn.Conv2d(6, 1, 3, padding=1),
                        nn.Softplus())
    return net.requires_grad_(False)


def frames(count=3, seed=0):
    """Return images of different ranges and true depth with unknown pixels."""
    data = batch(count, 16, 20, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    image = data['image'] + 0.3 * torch.randn(count, 3, 16, 20, generator=generator)
    image *= torch.linspace(0.5, 1.0, count)[:, None, None, None]
    depth = data['depth'].clone()
    depth[:, :3] = float('nan')
    depth[:, 3, 4] = 0.0
    return image, depth


@pytest.mark.parametrize('name', ATTACKS)
def test_invariants(name):
    """Inside the ball and the clamp, and the loss of each image is higher than it was."""
    attack, (image, depth), net = ATTACKS[name], frames(), network()
    attacked = perturb(attack, net, image, depth)
    unit = torch.tensor(IMAGENET_STD)[:, None, None] if attack.space == 'pixel' else 1.0
    change = (attacked - image).abs() * unit
    assert change.max() <= attack.eps + 1e-6
    assert change.amax((1, 2, 3)).min() > 0.9 * attack.eps  # and uses the ball
    if attack.space == 'pixel':
        # Pixels beyond white or black before are not moved farther out.
        mean, std = (torch.tensor(x)[:, None, None] for x in (IMAGENET_MEAN, IMAGENET_STD))
        low, high = torch.minimum(-mean / std, image), torch.maximum((1 - mean) / std, image)
    else:
        low, high = image.amin((1, 2, 3), True), image.amax((1, 2, 3), True)
        if attack.clamp == 'batch':
            low, high = low.min(), high.max()
    assert ((attacked >= low) & (attacked <= high)).all()
    before, after = (attack_loss(attack.loss, net(x), depth) for x in (image, attacked))
    assert (after > before).all()
    assert not attacked.requires_grad


@pytest.mark.parametrize('attack', [fgsm(0.1), ifgsm(0.1), fgsm(0.1, author_step=True)])
def test_linear_network(attack):
    """Where depth is a linear function far from the truth, the loss rises as far as it can."""
    torch.manual_seed(1)
    weights = torch.randn(1, 3, 16, 20)
    image, depth = frames()
    depth = torch.where(depth > 0, depth, 2.0)
    attacked = perturb(replace(attack, clamp='batch'), lambda x: 50 + (x * weights).sum(1, True),
                       image, depth)
    low, high = image.min(), image.max()
    assert torch.allclose(attacked, (image + 0.1 * weights.sign()).clamp(low, high), atol=1e-6)


def test_images_are_independent():
    """An image is attacked alike alone and in company, unless the clamp is the batch's."""
    (image, depth), net = frames(), network()
    for attack in (ifgsm(0.1), ifgsm(0.1, loss='l_dif'), ifgsm(0.1, 3, keep_worst=True)):
        together = perturb(attack, net, image, depth)
        alone = torch.cat([perturb(attack, net, image[k:k + 1], depth[k:k + 1])
                           for k in range(len(image))])
        assert torch.allclose(together, alone, atol=1e-6)
    attack = ifgsm(0.3, clamp='batch')
    together = perturb(attack, net, image, depth)
    assert not torch.allclose(together[:1], perturb(attack, net, image[:1], depth[:1]))


def test_strength_of_each_image():
    """Each image has its own eps and steps in a batch of several."""
    (image, depth), net = frames(), network()
    eps, steps = torch.tensor([0.02, 0.1, 0.3]), torch.tensor([1, 3, 9])
    attacked = perturb(ifgsm(), net, image, depth, eps, steps)
    for k in range(3):
        alone = perturb(ifgsm(float(eps[k]), int(steps[k]), alpha=float(eps[k]) / 4), net,
                        image[k:k + 1], depth[k:k + 1])
        assert torch.allclose(attacked[k:k + 1], alone, atol=1e-6)


def test_more_is_worse():
    """A larger ball, more steps that are kept and more starts never lower the loss."""
    (image, depth), net = frames(), network()

    def height(attack):
        return attack_loss('l1', net(perturb(attack, net, image, depth)), depth)
    base = replace(ifgsm(0.1, 4), keep_worst=True, alpha=0.025)
    assert (height(replace(base, steps=8)) >= height(base)).all()
    assert (height(replace(base, starts=4)) >= height(base)).all()
    assert (height(base.at(0.0)) == attack_loss('l1', net(image), depth)).all()


def test_unknown_depth_does_not_count():
    """What stands where the truth is unknown changes nothing, for every loss."""
    (image, depth), net = frames(), network()
    other = torch.where(torch.isfinite(depth), depth, torch.inf)
    for name in ('l1', 'l_dif'):
        assert torch.equal(attack_loss(name, net(image), depth),
                           attack_loss(name, net(image), other))
    known = torch.isfinite(depth[0]) & (depth[0] > 0)
    prediction = depth.nan_to_num(3.0)[:, None] + 0.5
    assert attack_loss('l1', prediction, depth)[0] == pytest.approx(0.5, abs=1e-6)
    assert known.sum() == 13 * 20 - 1


def test_mix():
    """Half of the images are attacked, with eps and steps over their whole ranges."""
    torch.manual_seed(0)
    chosen, eps, steps = Mix().draw(20000)
    assert abs(chosen.float().mean() - 0.5) < 0.02
    assert 0.01 <= eps.min() < 0.012 and 0.298 < eps.max() <= 0.3
    assert sorted(steps.unique().tolist()) == list(range(1, 10))
    assert abs((steps == 9).float().mean() - 1 / 9) < 0.01
    (image, depth), net = frames(8), network()
    asked = []

    def depth_of(index):
        asked.extend(index.tolist())
        return net
    mixed = Mix(eps=(0.1, 0.2)).apply(depth_of, image, depth)
    changed = ((mixed - image).abs().amax((1, 2, 3)) > 0).nonzero()[:, 0].tolist()
    assert changed == asked and 0 < len(changed) < 8
    assert torch.equal(Mix(share=0.0).apply(depth_of, image, depth), image)


def test_wrong_values():
    """Each is one error that says what is allowed."""
    for make in (lambda: Attack(eps=-1), lambda: Attack(steps=0), lambda: Attack(space='rgb'),
                 lambda: Attack(loss='l2'), lambda: Attack(clamp='none'), lambda: Mix(share=2.0),
                 lambda: Mix(eps=(0.3, 0.1)), lambda: Mix(steps=(0, 3))):
        with pytest.raises(InputError):
            make()


class Scheduled(torch.autograd.Function):
    """Depth whose gradient is told from outside."""

    @staticmethod
    def forward(ctx, image, signs):
        """Give depths above any truth."""
        ctx.save_for_backward(signs)
        return image.new_full((len(image), 1, *image.shape[2:]), 100.0)

    @staticmethod
    def backward(ctx, up):
        """Give the signs."""
        return ctx.saved_tensors[0], None


def test_ifgsm_golden(goldens):
    """
    Ten steps of 0.01, the ball and the clamp give the reference numbers.

    The network behind them is not known; each pixel's signs follow from where it ended.
    """
    inputs, outputs, rtol = goldens.load('distill_attack_misc/ifgsm_spec')
    image, expected = (torch.from_numpy(x).double() for x in (inputs['image'], outputs['x_adv']))
    ups = torch.round((expected - image) / inputs['alpha'] / 2) + 5  # of the ten steps
    clamped = (expected == inputs['lo']) | (expected == inputs['hi'])
    ups = torch.where(clamped, 10.0 * (expected > image), ups)
    count = iter(range(inputs['iterations']))

    def depth(x):
        return Scheduled.apply(x, torch.where(ups > next(count), 1.0, -1.0).double())
    attack = ifgsm(inputs['eps'], inputs['iterations'], alpha=inputs['alpha'], clamp='batch')
    attacked = perturb(attack, depth, image, torch.from_numpy(inputs['gt'])[:, 0])
    assert (float(image.min()), float(image.max())) == (inputs['lo'], inputs['hi'])
    assert_golden(attacked, outputs['x_adv'], rtol)


def test_fgsm_as_the_authors(goldens):
    """A unit step against mean |d - y| over y > 0, the ball, then the range of the batch."""
    inputs, _, _ = goldens.load('distill_attack_misc/ifgsm_spec')
    image = torch.from_numpy(inputs['image']).double()
    truth, net = torch.from_numpy(inputs['gt']).double(), network().double()
    asked = image.clone().requires_grad_(True)
    prediction = nn.functional.interpolate(net(asked), truth.shape[2:], mode='bilinear',
                                           align_corners=True)
    (prediction - truth).abs()[truth > 0].mean().backward()
    expected = (image + asked.grad.sign()).clamp(image - 0.1, image + 0.1).clamp(
        image.min(), image.max())
    attack = fgsm(0.1, author_step=True, clamp='batch')
    assert torch.equal(perturb(attack, net, image, truth[:, 0]), expected)
