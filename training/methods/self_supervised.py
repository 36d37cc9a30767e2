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
from training.networks.lite_disparity import LiteDisparity, LitePose
from training.networks.metric import load_network
from training.networks.monodepth2 import MonoDepth2, PoseNet
from training.networks.warping import (
    disparity_to_depth,
    rigid_matrix,
    scaled_camera,
    warp,
)

NETWORKS = {'monodepth2': MonoDepth2, 'cadepth': CADepth, 'lite0': LiteDisparity}

# In the parts of the warm-up images are so much smaller: motion of many pixels is found only
# among few, then made exact among more.
COARSE = (8, 4, 2)


class SelfSupervised(lightning.LightningModule):
    """
    A depth network and a pose network that explain each frame by the one before and after it.

    Adam, learning rate times `decay_by` every `decay_every` epochs. Batches are those of
    `datasets.sequences`. The answer has no scale.

    :param network: 'monodepth2', 'cadepth' (attention among channels), or 'lite0', the shipped
        student with a light pose network, for a small machine.
    :param depth, pose_depth: of the ResNets: 18, 34 or 50; lite0 has none.
    :param imagenet: start the encoders from the public ImageNet weights.
    :param start: what the depth network starts from: a folder of encoder.pth and depth.pth; for
        lite0 'student' (the shipped model), an exported student, or a run's last.ckpt.
    :param pose_lr: learning rate of the pose network, where it is not that of depth.
    :param smooth: weight of the smoothness; halved at each coarser scale.
    :param automask: leave out pixels that do not change between frames.
    :param scales: how many of the disparities are trained, of four; lite0 has one.
    :param warmup: steps in which the pose network learns alone and nothing is masked: for good
        start weights of depth, which a pose network that knows nothing would spoil.
    :param freeze_norm: keep BatchNorm's statistics: for small batches, and needed where `start`
        was exported.
    """

    task = 'relative'  # of the model contract

    def __init__(self, network: str = 'monodepth2', depth: int = 18, pose_depth: int = 18,
                 imagenet: bool = True, start: str | None = None, lr: float = 1e-4,
                 decay_every: int = 15, decay_by: float = 0.1, smooth: float = 1e-3,
                 automask: bool = True, scales: int = 4, pose_lr: float | None = None,
                 freeze_norm: bool = False, warmup: int = 0):
        """See the class."""
        super().__init__()
        self.save_hyperparameters()
        kind = choose(NETWORKS, network, 'network')
        self.net = kind.load(start).train() if start else kind(depth)
        light = kind is LiteDisparity
        self.pose = LitePose() if light else PoseNet(pose_depth)
        if imagenet and light:
            if not start:
                self.net.encoder.load_imagenet()
            self.pose.load_imagenet()
            self.to(memory_format=torch.channels_last)
        elif imagenet:
            if not start:
                load_encoder(self.net.encoder, depth)
            load_encoder(self.pose.encoder, pose_depth)

    def train(self, mode: bool = True):
        """Switch to training or evaluation; with `freeze_norm` BatchNorm keeps its statistics."""
        super().train(mode)
        if self.hparams.freeze_norm:
            for layer in self.modules():
                if isinstance(layer, torch.nn.BatchNorm2d):
                    layer.eval()
        return self

    def on_fit_start(self):
        """Apply `freeze_norm`: the trainer takes modules in the mode they were made in."""
        self.train()

    def configure_optimizers(self):
        """Adam with a step schedule."""
        h = self.hparams
        optimizer = torch.optim.Adam([
            {'params': self.net.parameters(), 'lr': h.lr},
            {'params': self.pose.parameters(), 'lr': h.pose_lr or h.lr}])
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, h.decay_every, h.decay_by)
        return {'optimizer': optimizer, 'lr_scheduler': schedule}

    def motions(self, seen, turns=None):
        """
        Give the target's points in the frame of each source, two of (N, 4, 4).

        :param turns: (N, 2, 3) radians that take the place of the network's, where not NaN.
        """
        target, before, after = seen.unbind(1)
        # The network sees the earlier image first, so that time always runs forward.
        poses = [self.pose(before, target), self.pose(target, after)]
        if turns is not None:
            poses = [(torch.where(known.isfinite(), known, turn), shift)
                     for known, (turn, shift) in zip(turns.to(seen).unbind(1), poses)]
        return [rigid_matrix(*poses[0], invert=True), rigid_matrix(*poses[1])]

    def losses(self, batch) -> dict:
        """Mean over the scales of photometric loss and smoothness; `used`: share not masked."""
        h, warm = self.hparams, self.training and self.global_step < self.hparams.warmup
        part = len(COARSE) * self.global_step // h.warmup if warm else None
        image, sources, camera = shrunk(batch, COARSE[part] if warm else 1)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not warm):
            disparities = self.net.disparities(batch['seen'][:, 0])[:h.scales]
        motions = self.motions(batch['seen'], batch.get('turns'))
        photometric, smooth, used = 0.0, 0.0, 0.0
        for scale, disparity in enumerate(disparities):
            size = disparity.shape[2:]
            full = functional.interpolate(disparity, image.shape[2:], mode='bilinear')
            depth = disparity_to_depth(full)[1]
            warped = [warp(source, depth, camera, motion)[0]
                      for source, motion in zip(sources, motions)]
            parts = reprojection_loss(image, warped, sources, h.automask and not warm)
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


def shrunk(batch, factor: int):
    """Give a batch's image, its two sources and its camera at 1 / `factor` of the size."""
    image, sources, camera = batch['image'], batch['sources'].unbind(1), batch['camera']
    if factor == 1:
        return image, sources, camera
    small = [functional.avg_pool2d(x, factor) for x in (image, *sources)]
    return small[0], small[1:], scaled_camera(camera, image.shape[2:], small[0].shape[2:])


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
