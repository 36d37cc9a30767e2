# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
A mask network that finds the pixels a frozen depth network needs.

Hu et al., Visualization of Convolutional Neural Networks for Monocular Depth Estimation (2019).
"""
from __future__ import annotations

from collections.abc import Sequence

from depth_ros.contracts import InputError
from depth_ros.evaluation.protocols import find_protocol
import torch
from training.losses.composite import TERMS
from training.losses.mask import mask_loss
from training.methods.metric_depth import normalised
from training.methods.recipe import Recipe
from training.networks.blocks import resize
from training.networks.masks import build_mask_net
from training.saliency.masks import THRESHOLD
from training.saliency.measure import combine, depth_of, measure_batch
from training.targets import load_target


class Saliency(Recipe):
    """
    Learn G that minimises l_dif(N(x), N(x G(x))) + lambda mean(G(x)); N is frozen.

    The mask multiplies the normalised image, so that a hidden pixel has the mean colour. A
    completion network keeps its whole line. Ground truth is measured with only.

    :param target: N: a run's last.ckpt, an exported file, or the name of a shipped model.
    :param sparsity: lambda; more of it shows fewer pixels.
    :param mask_net: drn_d_22 (published), drn_d_38 or light (for robots and CPUs).
    :param imagenet: start its encoder from `weights`, or from the public ones where that is None.
    :param lr: of Adam; times `decay_by` every `decay_every` epochs (or steps), constant as
        published.
    :param terms: of l_dif: depth, grad, normal.
    :param threshold: above which the binarised mask of the validation shows a pixel.
    :param protocol: of validation, see `depth_ros.evaluation.protocols`.
    :param freeze_norm: keep BatchNorm's statistics, for batches of one or two images.
    """

    edges = False  # validation measures none

    def __init__(self, target: str | None = None, sparsity: float = 5.0,
                 mask_net: str = 'drn_d_22', imagenet: bool = True, weights: str | None = None,
                 lr: float = 1e-4, weight_decay: float = 1e-4, decay_every: int = 5,
                 decay_by: float = 1.0, decay_unit: str = 'epoch',
                 terms: Sequence[str] = TERMS, threshold: float = THRESHOLD,
                 protocol: str = 'image_mse', freeze_norm: bool = False):
        """See the class; the target is read when it is needed."""
        super().__init__()
        self.save_hyperparameters()
        find_protocol(protocol)
        if sparsity < 0:
            raise InputError(f'model.sparsity={sparsity}: lambda weighs how much is shown; give 0 '
                             'or more, 1 to 6 are published')
        if not 0.0 <= threshold < 1.0:
            raise InputError(f'model.threshold={threshold}: masks are in 0..1; give 0 up to '
                             'below 1')
        self.net = build_mask_net(mask_net, (weights or 'imagenet') if imagenet else None)
        # In a tuple, so that it is neither trained nor written to the mask's checkpoints.
        self.kept = ()

    @property
    def target(self):
        """Return the depth network that is looked at, on the device of this module."""
        if not self.kept:
            if self.hparams.target is None:
                raise InputError('saliency needs model.target: the last.ckpt of the depth network '
                                 'that is looked at, an exported file, or a shipped model '
                                 '(student, completion)')
            self.kept = (load_target(self.hparams.target),)
        return self.kept[0].to(self.device)

    @property
    def task(self):
        """Return what the target does: monocular or completion."""
        return self.target.task

    def setup(self, stage: str | None = None):
        """Read the target, so that a missing one is an error before training starts."""
        self.target

    def masks(self, batch):
        """Give (B, 3, H, W) normalised images of a batch, and of each its mask, (B, 1, H, W)."""
        image = normalised(batch['image'])
        return image, self.net(image)

    def losses(self, batch) -> dict:
        """Compare N of the whole and of the masked images of one batch."""
        image, mask = self.masks(batch)
        target, line = self.target, batch.get('sparse_depth')
        with torch.no_grad():
            whole = target.depth(image, line)
        depth = target.depth(image * mask, line)
        return {**mask_loss(depth, whole, mask, self.hparams.sparsity, self.hparams.terms),
                'prediction': depth}

    def predict_depth(self, batch):
        """Estimate (B, H, W) metres from the masked images."""
        image, mask = self.masks(batch)
        depth = depth_of(self.target, batch, image * mask)
        return resize(depth, batch['depth'].shape[1:])[:, 0]

    def pictures(self, batch) -> dict:
        """Return {name: (B, H, W, 3) uint8} to log beside the prediction."""
        _, mask = self.masks(batch)
        grey = (255 * mask.detach()).byte().cpu().numpy()[:, 0]
        return {'mask': grey[..., None].repeat(3, -1)}

    def validation_step(self, batch, batch_idx):
        """Measure the whole image, soft, binarised and plain masks."""
        self.measured += measure_batch(self.target, batch, *self.masks(batch), self.protocol,
                                       self.hparams.threshold)

    def log_validation(self, measured):
        """Log the figures of all images."""
        for name, value in combine(measured, self.protocol).items():
            self.log(f'val/{name}', float(value), prog_bar=name in ('rmse_soft', 'sparseness'))
