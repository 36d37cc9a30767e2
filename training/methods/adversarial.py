# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A depth network trained on attacked images: the usual defence, N_adv of arXiv 1911.08790."""
from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from depth_ros.contracts import InputError
import torch
from training.attack.gradient import ifgsm
from training.attack.mix import check_against, evaluating, Mix, of_batch
from training.methods.metric_depth import normalised
from training.methods.supervised import Supervised
from training.networks.metric import load_network
from training.targets import load_target


class Adversarial(Supervised):
    """
    Supervised depth on a mix of clean images and attacked ones.

    :param target: a frozen network that is attacked: last.ckpt, model file or shipped name.
    :param against: 'target', which is how the publication compares; or 'self', the network in
        training (ours): only that resists who attacks it knowing its weights.
    :param start: last.ckpt of a run of the same network to start from; None: as `supervised` does.
    :param attack_share, eps, attack_steps: see `attack.mix.Mix`; `attack_loss`: of the attack.

    See Supervised and MetricDepth for the other arguments.
    """

    def __init__(self, target: str | None = None, against: str = 'target',
                 start: str | None = None,
                 attack_share: float = 0.5, eps: Sequence[float] = (0.01, 0.3),
                 attack_steps: Sequence[int] = (1, 10), attack_loss: str = 'l1',
                 network: str = 'high_resolution', encoder: str = 'resnet50', **options):
        """See the class; the attacked network is read when training starts."""
        super().__init__(network, encoder, **options)
        check_against(against)
        self.mix = Mix(attack_share, tuple(eps), tuple(attack_steps), ifgsm(loss=attack_loss))
        if start:
            load_network(self.net, start)
        # In a tuple, so that it is neither trained nor written to checkpoints.
        self.attacked = ()

    def setup(self, stage: str | None = None):
        """Read the network that is attacked."""
        if stage == 'fit' and not self.attacked and self.hparams.against == 'target':
            if self.hparams.target is None:
                raise InputError('adversarial training needs model.target: the last.ckpt of the '
                                 'network whose attacks are to be resisted')
            self.attacked = (load_target(self.hparams.target),)

    def depth_of(self, batch, index):
        """Return depth as a function of some images of a batch, of what is attacked."""
        if self.attacked:
            return of_batch(self.attacked[0].to(self.device), batch, index)
        unit = self.unit(batch)
        unit = unit[index] if torch.is_tensor(unit) else unit
        return lambda image: self.net(image) * unit

    def losses(self, batch) -> dict:
        """Compare with the ground truth of a batch of which some images are attacked."""
        image = normalised(batch['image'])
        with evaluating(self.net):
            image = self.mix.apply(partial(self.depth_of, batch), image, batch['depth'])
        return super().losses({**batch, 'image': image})
