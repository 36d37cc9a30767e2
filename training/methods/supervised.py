# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Supervised metric depth with accurate boundaries. Hu et al., WACV 2019."""
from __future__ import annotations

from training.losses.composite import composite_loss
from training.methods.metric_depth import MetricDepth, normalised


class Supervised(MetricDepth):
    """
    Depth, gradient and normal loss against ground truth; see MetricDepth for the arguments.

    The published setting is network high_resolution (whose output and loss are at half the input
    size) on NYU v2 lists with `masked` False and the data's `author_mode`.
    """

    def __init__(self, network: str = 'high_resolution', encoder: str = 'resnet50', **options):
        """See MetricDepth."""
        super().__init__(network, encoder, **options)

    def losses(self, batch) -> dict:
        """Compare with the ground truth of one batch; the terms are those of the finest map."""
        image = normalised(batch['image'])
        # SARPN learns at all of its scales, the loss being their sum (Chen et al., IJCAI 2019).
        maps = self.net.pyramid(image) if hasattr(self.net, 'pyramid') else [self.net(image)]
        scales = [self._compare(depth, batch) for depth in maps]
        return {**scales[-1], 'loss': sum(parts['loss'] for parts in scales),
                'prediction': maps[-1]}

    def _compare(self, prediction, batch):
        target = self.targets(batch, prediction.shape[2:])
        mask = target > 0 if self.hparams.masked else None
        return composite_loss(prediction, target, self.hparams.terms, mask)
