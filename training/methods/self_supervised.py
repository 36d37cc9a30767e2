# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Relative depth from unlabelled video. Godard et al., MonoDepth2 (ICCV 2019)."""
from __future__ import annotations

from depth_ros.contracts import choose, InputError
import lightning
import torch
from torch.nn import functional
from training.losses.photometric import reprojection_loss, smoothness
from training.networks.cadepth import CADepth
from training.networks.encoders import imagenet_state, load_state, read_checkpoint
from training.networks.metric import load_network
from training.networks.monodepth2 import MonoDepth2, PoseNet
from training.networks.warping import disparity_to_depth, rigid_matrix, warp

NETWORKS = {'monodepth2': MonoDepth2, 'cadepth': CADepth}


class SelfSupervised(lightning.LightningModule):
    """
    A depth network and a pose network that explain each frame by the one before and after it.

    Adam, learning rate times `decay_by` every `decay_every` epochs. Batches are those of
    `datasets.sequences`. The answer has no scale.

    :param network: 'monodepth2' or 'cadepth' (attention among channels).
    :param depth, pose_depth: of the ResNets: 18, 34 or 50.
    :param imagenet: start both encoders from the public ImageNet weights.
    :param start: folder of encoder.pth and depth.pth to start the depth network from.
    :param smooth: weight of the smoothness; halved at each coarser scale.
    :param automask: leave out pixels that do not change between frames.
    :param scales: how many of the four disparities are trained.
    """

    task = 'relative'  # of the model contract

    def __init__(self, network: str = 'monodepth2', depth: int = 18, pose_depth: int = 18,
                 imagenet: bool = True, start: str | None = None, lr: float = 1e-4,
                 decay_every: int = 15, decay_by: float = 0.1, smooth: float = 1e-3,
                 automask: bool = True, scales: int = 4):
        """See the class."""
        super().__init__()
        self.save_hyperparameters()
        kind = choose(NETWORKS, network, 'network')
        self.net = kind.load(start).train() if start else kind(depth)
        self.pose = PoseNet(pose_depth)
        if imagenet:
            if not start:
                load_encoder(self.net.encoder, depth)
            load_encoder(self.pose.encoder, pose_depth)

    def configure_optimizers(self):
        """Adam with a step schedule."""
        h = self.hparams
        optimizer = torch.optim.Adam(self.parameters(), h.lr)
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, h.decay_every, h.decay_by)
        return {'optimizer': optimizer, 'lr_scheduler': schedule}

    def motions(self, seen):
        """Give the target's points in the frame of each source, two of (N, 4, 4)."""
        target, before, after = seen.unbind(1)
        # The network sees the earlier image first, so that time always runs forward.
        return [rigid_matrix(*self.pose(before, target), invert=True),
                rigid_matrix(*self.pose(target, after))]

    def losses(self, batch) -> dict:
        """Mean over the scales of photometric loss and smoothness; `used`: share not masked."""
        h, image = self.hparams, batch['image']
        sources = batch['sources'].unbind(1)
        disparities = self.net.disparities(batch['seen'][:, 0])[:h.scales]
        motions = self.motions(batch['seen'])
        photometric, smooth, used = 0.0, 0.0, 0.0
        for scale, disparity in enumerate(disparities):
            size = disparity.shape[2:]
            full = functional.interpolate(disparity, image.shape[2:], mode='bilinear')
            depth = disparity_to_depth(full)[1]
            warped = [warp(source, depth, batch['camera'], motion)[0]
                      for source, motion in zip(sources, motions)]
            parts = reprojection_loss(image, warped, sources, h.automask)
            photometric = photometric + parts['loss'] / len(disparities)
            used = used + parts['used'].float().mean() / len(disparities)
            small = functional.interpolate(image, size, mode='area')
            smooth = smooth + smoothness(disparity, small) / 2 ** scale / len(disparities)
        return {'loss': photometric + h.smooth * smooth, 'photometric': photometric,
                'smooth': smooth, 'used': used}

    def training_step(self, batch, batch_idx):
        """Train on one batch; a loss that is not finite stops and names the frames."""
        parts = self.losses(batch)
        if not torch.isfinite(parts['loss']):
            raise InputError(f'the loss is not finite on {", ".join(batch["name"])}: lower '
                             'model.lr, or remove these frames')
        for name, value in parts.items():
            self.log(f'train/{name}', value.detach(), prog_bar=name == 'loss',
                     batch_size=len(batch['image']))
        return parts['loss']

    def validation_step(self, batch, batch_idx):
        """Measure how well unseen frames are explained."""
        parts = self.losses(batch)
        for name in ('photometric', 'used'):
            self.log(f'val/{name}', parts[name], prog_bar=name == 'photometric',
                     batch_size=len(batch['image']))


def load_encoder(encoder, depth):
    """Start an encoder, of one or two images, from the public ImageNet weights."""
    name = f'resnet{depth}'
    state = dict(imagenet_state(name))
    # Of two images each gives half of what one image gave.
    images = encoder.conv1.in_channels // 3
    state['conv1.weight'] = state['conv1.weight'].repeat(1, images, 1, 1) / images
    load_state(encoder, state, f'the ImageNet weights of {name}')


def trained_network(path):
    """
    Load the depth network of a run.

    :param path: last.ckpt of a `self_supervised` run.
    :raises InputError: it is none.
    """
    content = read_checkpoint(path)
    options = content.get('hyper_parameters', {})
    if not {'network', 'pose_depth'} <= set(options):
        raise InputError(f'{path} is no checkpoint of a self-supervised run')
    net = choose(NETWORKS, options['network'], 'network')(options['depth'])
    load_network(net, path)
    size = content.get('datamodule_hyper_parameters', {}).get('size')
    if size:
        net.height, net.width = size
    net.licence, net.lineage = 'that of the video it learnt from', f'{net.lineage}, own training'
    net.training_note = 'python -m training fit (self-supervised)'
    return net.eval()
