# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A small network's options, and frames whose depth can be read off their brightness."""
import torch

SMALL = {'network': 'mff_student', 'encoder': 'mobilenet_v2', 'imagenet': False}


def batch(count=2, height=32, width=48, seed=0):
    """Make images whose depth can be read off their brightness."""
    generator = torch.Generator().manual_seed(seed)
    image = torch.rand(count, 1, 4, 6, generator=generator)
    image = torch.nn.functional.interpolate(image, (height, width), mode='bilinear')
    return {'image': (image - 0.5).expand(-1, 3, -1, -1) * 4, 'depth': 1.0 + 3.0 * image[:, 0],
            'camera': torch.tensor([[60.0, 60.0, width / 2, height / 2]]).repeat(count, 1),
            'labelled': torch.ones(count, dtype=torch.bool),
            'name': [f'frame {k}' for k in range(count)]}


def train(method, data, steps, lr):
    """Take a few steps by hand; returns the losses."""
    optimizer = torch.optim.Adam(method.net.parameters(), lr)
    method.train()
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = method.losses(data)['loss']
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
