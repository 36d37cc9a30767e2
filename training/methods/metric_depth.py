# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the methods of published metric depth share: a network of one image, and its unit."""
from __future__ import annotations

from collections.abc import Sequence

from depth_ros.evaluation.protocols import find_protocol
import torch
from torch.nn import functional
from training.losses.composite import TERMS
from training.methods.recipe import Recipe
from training.networks.blocks import resize
from training.networks.encoders import IMAGENET_MEAN, IMAGENET_STD
from training.networks.metric import build_network


def normalised(image):
    """Give (B, 3, H, W) for the networks; uint8 (B, H, W, 3) is normalised, floats already are."""
    if image.dtype != torch.uint8:
        return image
    mean, std = (torch.tensor(x, device=image.device) for x in (IMAGENET_MEAN, IMAGENET_STD))
    return ((image / 255.0 - mean) / std).permute(0, 3, 1, 2).contiguous()


def truth_at(depth, size):
    """Give ground truth (B, H, W) metres as (B, 1, *size), taking pixels; unknown is 0."""
    depth = depth[:, None]
    if depth.shape[2:] != size:
        depth = functional.interpolate(depth, size=size, mode='nearest-exact')
    return torch.where(torch.isfinite(depth), depth, 0.0)


class MetricDepth(Recipe):
    """
    Train a network of `networks.metric` by the recipe of Hu et al. (WACV 2019).

    Adam, learning rate times `decay_by` every `decay_every` epochs (or steps).

    :param network, encoder: names, see `networks.metric` and `networks.encoders`.
    :param imagenet: start the encoder from `weights`, or from the public ones where that is None.
    :param terms: of the loss: depth, grad, normal.
    :param masked: compare valid depth only; False counts unknown depth as 0 m, as published.
    :param focal: None for data of one camera. Otherwise the network answers for a camera of that
        focal length (pixels) and its answer is scaled by the batch's camera, so that data of
        several cameras can be mixed.
    :param protocol: of validation, see `depth_ros.evaluation.protocols`.
    :param freeze_norm: keep BatchNorm's statistics, for batches of one or two images.
    """

    task = 'monocular'  # of the model contract

    def __init__(self, network: str, encoder: str, imagenet: bool = True,
                 weights: str | None = None, lr: float = 1e-4, weight_decay: float = 1e-4,
                 decay_every: int = 5, decay_by: float = 0.1, decay_unit: str = 'epoch',
                 terms: Sequence[str] = TERMS, masked: bool = True, focal: float | None = None,
                 protocol: str = 'image_mse', freeze_norm: bool = False):
        """See the class."""
        super().__init__()
        self.save_hyperparameters()
        self.net = build_network(network, encoder, (weights or 'imagenet') if imagenet else None)
        find_protocol(protocol)  # an unknown one is an error now, not after the first epoch

    def unit(self, batch):
        """Return (B, 1, 1, 1): metres per unit of the network's answer."""
        if self.hparams.focal is None:
            return 1.0
        focal = (batch['camera'][:, 0] * batch['camera'][:, 1]).sqrt()
        return (focal / self.hparams.focal)[:, None, None, None]

    def targets(self, batch, size):
        """Give the ground truth (B, 1, *size) in the network's unit; unknown is 0."""
        return truth_at(batch['depth'], size) / self.unit(batch)

    def predict_depth(self, batch):
        """Predict (B, H, W) metres at the size of the batch's ground truth."""
        depth = self.net(normalised(batch['image'])) * self.unit(batch)
        return resize(depth, batch['depth'].shape[1:])[:, 0]
