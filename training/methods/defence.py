# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
A mask network that keeps a frozen depth network right on attacked images: G_adv.

Hu and Okatani, Analysis of Deep Networks for Monocular Depth Estimation Through Adversarial
Attacks with Proposal of a Defense Method (arXiv 1911.08790).
"""
from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from training.attack.gradient import ifgsm
from training.attack.mix import check_against, evaluating, Mix, of_batch
from training.losses.composite import composite_loss
from training.methods.metric_depth import normalised, truth_at
from training.methods.saliency import Saliency
from training.networks.encoders import read_checkpoint
from training.runs import load_weights


class Defence(Saliency):
    """
    Learn G_adv that minimises l_dif(y, N(x' G(x'))) + lambda mean(G(x')); N is frozen.

    x' is x, or x attacked against N; y is the ground truth, not N(x) as in `Saliency`.

    :param against: 'target' attacks N alone, as published; 'self' attacks N(x G(x)) with the mask
        network as it is then (ours): only that prepares it for who knows the defence.
    :param start: last.ckpt of a `saliency` run of the same mask network to start from; None:
        random weights behind the encoder.
    :param sparsity: lambda; 2.5 puts the clean mask between rows 2 and 3 of the published sweep.
    :param masked: compare known depth only; False counts unknown depth as 0 m, as published.
    :param attack_share, eps, attack_steps: see `attack.mix.Mix`; `attack_loss`: of the attack.

    See Saliency for the other arguments.
    """

    def __init__(self, target: str | None = None, start: str | None = None,
                 against: str = 'target', sparsity: float = 2.5, masked: bool = True,
                 attack_share: float = 0.5, eps: Sequence[float] = (0.01, 0.3),
                 attack_steps: Sequence[int] = (1, 10), attack_loss: str = 'l1', **options):
        """See the class; the depth network is read when it is needed."""
        super().__init__(target, sparsity, **options)
        check_against(against)
        self.mix = Mix(attack_share, tuple(eps), tuple(attack_steps), ifgsm(loss=attack_loss))
        if start:
            load_weights(self.net, read_checkpoint(start), start)

    def depth_of(self, batch, index):
        """Return depth as a function of some images of a batch, of what is attacked."""
        depth = of_batch(self.target, batch, index)
        if self.hparams.against == 'target':
            return depth
        return lambda image: depth(image * self.net(image))

    def losses(self, batch) -> dict:
        """Compare N of masked images, some of them attacked, with the ground truth."""
        target, image = self.target, normalised(batch['image'])
        with evaluating(self.net):
            image = self.mix.apply(partial(self.depth_of, batch), image, batch['depth'])
        mask = self.net(image)
        depth = of_batch(target, batch)(image * mask)
        truth = truth_at(batch['depth'], depth.shape[2:])
        parts = composite_loss(depth, truth, self.hparams.terms,
                               truth > 0 if self.hparams.masked else None)
        dif, shown = parts.pop('loss'), mask.mean()
        return {'loss': dif + self.hparams.sparsity * shown, 'dif': dif, 'mask': shown, **parts,
                'prediction': depth}
