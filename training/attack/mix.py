# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Which images of a training batch are attacked, and how strongly; arXiv 1911.08790."""
from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field

from depth_ros.contracts import choose, InputError
import torch
from training.attack.gradient import Attack, ifgsm, perturb


@dataclass(frozen=True)
class Mix:
    """
    Attack some images of a batch; the others stay clean.

    :param share: probability that an image is attacked.
    :param eps: each attacked image draws its eps uniformly from this range.
    :param steps: (low, high): each draws its steps as the floor of a uniform number between them,
        so that `high` itself never comes.
    :param attack: the rest of the attack: steps of eps / 4 by default.
    """

    share: float = 0.5
    eps: tuple[float, float] = (0.01, 0.3)
    steps: tuple[int, int] = (1, 10)
    attack: Attack = field(default_factory=ifgsm)

    def __post_init__(self):
        """Check the ranges."""
        if not 0 <= self.share <= 1:
            raise InputError(f'attack_share is {self.share}: it is a part, between 0 and 1')
        if not 0 <= self.eps[0] <= self.eps[1]:
            raise InputError(f'eps is {list(self.eps)}: give LOW, HIGH with 0 <= LOW <= HIGH')
        if not 1 <= self.steps[0] < self.steps[1]:
            raise InputError(f'attack_steps is {list(self.steps)}: give LOW, HIGH with '
                             '1 <= LOW < HIGH')

    def draw(self, count: int):
        """Draw who is attacked (count,) bool, eps (count,) and steps (count,) for torch's seed."""
        p, e, t = torch.rand(3, count).unbind()
        low, high = self.steps
        steps = torch.floor(low + (high - low) * t).long().clamp(max=high - 1)
        return p < self.share, self.eps[0] + (self.eps[1] - self.eps[0]) * e, steps

    def apply(self, depth_of, image, truth):
        """
        Attack the images that are drawn.

        :param depth_of: indices (n,) -> function of these images, see `gradient.perturb`: a
            measured line belongs to its image.
        :param image: (B, 3, H, W) normalised; truth: (B, H, W) metres.
        """
        chosen, eps, steps = self.draw(len(image))
        index = chosen.nonzero()[:, 0].to(image.device)
        if not len(index):
            return image
        attacked = perturb(self.attack, depth_of(index), image[index], truth[index],
                           eps[chosen].to(image.device), steps[chosen])
        return image.index_copy(0, index, attacked)


def of_batch(target, batch, index=slice(None)):
    """Return depth as a function of the images of a batch alone, for a `targets.Target`."""
    line, camera = batch.get('sparse_depth'), batch.get('camera')
    line = None if line is None else line[index]
    camera = None if camera is None else camera[index]
    return lambda image: target.depth(image, line, camera)


@contextmanager
def evaluating(net):
    """Switch a network to eval mode meanwhile: an attack must not move its statistics."""
    modes = {layer: layer.training for layer in net.modules()}
    net.eval()
    try:
        yield
    finally:
        for layer, mode in modes.items():
            layer.training = mode


AGAINST = ('target', 'self')


def check_against(against: str) -> None:
    """Refuse what a training attack cannot be against."""
    choose(dict.fromkeys(AGAINST), against, 'attack')
