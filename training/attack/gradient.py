# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Attacks along the sign of the gradient: FGSM, IFGSM (projected gradient) and random starts.

x_0 = x, x_{t+1} = clip(x_t + alpha sign(grad l(N(x_t), y)), x - eps, x + eps), in the setting of
Hu and Okatani, Analysis of Deep Networks for Monocular Depth Estimation Through Adversarial
Attacks with Proposal of a Defense Method (arXiv 1911.08790).
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from depth_ros.contracts import choose, InputError
import torch
from training.losses.composite import composite_loss
from training.networks.blocks import resize
from training.networks.encoders import IMAGENET_MEAN, IMAGENET_STD


def l1(prediction, truth, known):
    """Mean |prediction - truth| in metres over the known pixels of each image: (B,)."""
    error = torch.where(known, (prediction - truth).abs(), 0.0)
    return error.flatten(1).sum(1) / known.flatten(1).sum(1).clamp(min=1)


def composite(prediction, truth, known):
    """Depth, gradient and normal loss of `composite_loss` for each image: (B,)."""
    return torch.stack([
        composite_loss(prediction[k:k + 1], truth[k:k + 1], mask=known[k:k + 1])['loss']
        for k in range(len(prediction))])


# Name to function: prediction (B, 1, H, W), truth, known (bool) -> (B,); what an attack raises.
LOSSES = {'l1': l1, 'l_dif': composite}
SPACES = ('normalised', 'pixel')
CLAMPS = ('image', 'batch')


@dataclass(frozen=True)
class Attack:
    """
    One attack; no image's result depends on the other images unless `clamp` is 'batch'.

    :param eps: greatest change of a pixel: in units of the ImageNet-normalised image (0.1 is about
        6 of 255 grey levels), or with `space` 'pixel' in parts of the pixel range 0..1.
    :param steps: 1 is FGSM.
    :param alpha: size of a step in the unit of eps; None: eps for one step, else `pace` of eps.
    :param author_step: steps of size 1, as the authors' code takes them: the eps ball decides.
    :param clamp: keep within the range of each clean 'image', or of the whole 'batch' as the
        authors' code does. In pixel space the range is that of pixels.
    :param loss: of LOSSES, against ground truth.
    :param starts: how often it begins: at the image, then at random points of the ball; the worst
        result of each image counts. With more than one start, or `keep_worst`, the worst step
        counts too, not the last.
    :param seed: of the random starts.
    """

    eps: float = 0.1
    steps: int = 1
    alpha: float | None = None
    pace: float = 0.25
    space: str = 'normalised'
    author_step: bool = False
    clamp: str = 'image'
    loss: str = 'l1'
    starts: int = 1
    keep_worst: bool = False
    seed: int = 0

    def __post_init__(self):
        """Check the values."""
        for known, value, what in ((SPACES, self.space, 'space'), (CLAMPS, self.clamp, 'clamp'),
                                   (LOSSES, self.loss, 'attack loss')):
            choose(dict.fromkeys(known), value, what)
        if self.eps < 0 or self.steps < 1 or self.starts < 1:
            raise InputError(f'an attack needs eps >= 0, steps >= 1 and starts >= 1, not eps '
                             f'{self.eps:g}, steps {self.steps}, starts {self.starts}')

    def at(self, eps: float) -> Attack:
        """Return the same attack with another eps."""
        return replace(self, eps=eps)


def fgsm(eps: float = 0.1, **options) -> Attack:
    """One step of size eps."""
    return Attack(eps, 1, **options)


def ifgsm(eps: float = 0.1, steps: int = 10, **options) -> Attack:
    """Ten steps of size eps / 4."""
    return Attack(eps, steps, **options)


def attack_loss(name: str, prediction, truth):
    """
    Return the loss (B,) that an attack raises.

    :param prediction: (B, 1, h, w) metres, enlarged to the truth as published.
    :param truth: (B, H, W) metres; pixels that are not finite or not above 0 do not count.
    """
    truth = truth[:, None]
    known = torch.isfinite(truth) & (truth > 0)
    if prediction.shape[2:] != truth.shape[2:]:
        prediction = resize(prediction, truth.shape[2:])
    return LOSSES[name](prediction, torch.where(known, truth, 0.0).to(prediction.dtype), known)


def perturb(attack: Attack, depth: Callable, image, truth, eps=None, steps=None):
    """
    Change images within the eps ball so that depth gets worse.

    :param depth: normalised image (B, 3, H, W) -> (B, 1, h, w) metres, differentiable; in eval
        mode, or the images of a batch are not independent.
    :param image: (B, 3, H, W), ImageNet-normalised; truth: (B, H, W) metres.
    :param eps, steps: (B,) for each image instead of the attack's.
    :returns: (B, 3, H, W) without gradient; never farther from `image` than eps, never outside of
        the clamp.
    """
    clean = image.detach()
    count = len(clean)
    eps = _each(attack.eps if eps is None else eps, clean)
    steps = torch.as_tensor(attack.steps if steps is None else steps).expand(count)
    ball = _Ball(attack, clean, eps)
    if attack.starts == 1 and not attack.keep_worst:
        return _climb(attack, depth, clean, truth, ball, steps)[0]
    random = torch.Generator().manual_seed(attack.seed)
    worst, height = clean, torch.full((count,), -torch.inf, device=clean.device)
    for start in range(attack.starts):
        x = clean
        if start:
            noise = torch.rand(clean.shape, generator=random, dtype=torch.float64)
            x = ball.inside(clean + ball.reach * (2 * noise - 1).to(clean))
        x, raised = _climb(attack, depth, x, truth, ball, steps, keep_worst=True)
        better = raised > height
        worst = torch.where(better[:, None, None, None], x, worst)
        height = torch.where(better, raised, height)
    return worst


class _Ball:
    """Where the attacked images may be, and how far one step goes."""

    def __init__(self, attack, clean, eps):
        unit, self.low, self.high = _range(attack, clean)
        alpha = attack.alpha
        if alpha is None:
            alpha = eps if attack.steps == 1 else attack.pace * eps
        self.reach = eps * unit
        self.step = 1.0 if attack.author_step else alpha * unit
        self.first, self.last = clean - self.reach, clean + self.reach

    def inside(self, x):
        x = torch.minimum(torch.maximum(x, self.first), self.last)
        return torch.minimum(torch.maximum(x, self.low), self.high)


def _range(attack, clean):
    """Return the unit of eps in the normalised image, and the lowest and highest values."""
    if attack.space == 'normalised':
        if attack.clamp == 'batch':
            return 1.0, clean.amin(), clean.amax()
        return 1.0, clean.amin((1, 2, 3), True), clean.amax((1, 2, 3), True)
    mean, std = (torch.tensor(x, dtype=clean.dtype, device=clean.device)[:, None, None]
                 for x in (IMAGENET_MEAN, IMAGENET_STD))
    # Colour changes of training may leave the range of pixels.
    return (1 / std, torch.minimum(-mean / std, clean), torch.maximum((1 - mean) / std, clean))


def _each(value, image):
    value = torch.as_tensor(value, dtype=image.dtype, device=image.device)
    return value.expand(len(image))[:, None, None, None]


def _climb(attack, depth, x, truth, ball, steps, keep_worst=False):
    """Return the last, or the worst, of the steps from x, and its loss (B,) where asked for."""
    steps = steps.to(x.device)
    worst, height = x, None
    for k in range(int(steps.max())):
        gradient, loss = _gradient(attack.loss, depth, x, truth)
        if keep_worst:
            worst, height = _higher(x, loss, worst, height)
        moved = ball.inside(x + ball.step * gradient.sign())
        x = torch.where((k < steps)[:, None, None, None], moved, x)
    if not keep_worst:
        return x, None
    with torch.no_grad():
        loss = attack_loss(attack.loss, depth(x), truth)
    return _higher(x, loss, worst, height)


def _higher(x, loss, worst, height):
    if height is None:
        return x, loss
    better = loss > height
    return (torch.where(better[:, None, None, None], x, worst), torch.where(better, loss, height))


def _gradient(name, depth, x, truth):
    """Return the gradient of the loss in the image, and the loss (B,)."""
    with torch.inference_mode(False), torch.enable_grad():
        x = x.clone().requires_grad_(True)
        loss = attack_loss(name, depth(x), truth)
        gradient, = torch.autograd.grad(loss.sum(), x)
    return gradient, loss.detach()
