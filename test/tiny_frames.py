# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A small network's options, and frames whose depth can be read off their brightness."""
import csv

import numpy as np
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


def frame_config(folder):
    """Write six small frames into a folder; return a config that trains on them, on a CPU."""
    import cv2
    rows = []
    for k in range(6):
        data = batch(1, 48, 64, seed=k)
        cv2.imwrite(str(folder / f'{k}.jpg'),
                    (data['image'][0] * 60 + 128).permute(1, 2, 0).clamp(0, 255).byte().numpy())
        cv2.imwrite(str(folder / f'd{k}.png'),
                    (data['depth'][0] * 1000).numpy().astype(np.uint16))
        rows.append([f'{k}.jpg', f'd{k}.png'])
    with (folder / 'list.csv').open('w', newline='') as file:
        csv.writer(file).writerows(rows)
    source = {'dataset': 'nyu_lists', 'path': str(folder / 'list.csv')}
    return {
        'seed': 3, 'average': 0.0,
        'model': {'class_path': 'training.methods.supervised.Supervised',
                  'init_args': {**SMALL, 'lr': 1e-3}},
        'data': {'class_path': 'training.datasets.frames.FrameData',
                 'init_args': {'train': [source], 'validation': [{**source, 'limit': 2}],
                               'steps': {'size': [36, 48], 'crop': [32, 40]},
                               'batch_size': 3, 'workers': 0}},
        'trainer': {'accelerator': 'cpu', 'devices': 1, 'max_epochs': 1, 'checkpoint_steps': 1,
                    'log_every_n_steps': 1}}


def fit_config(folder, steps=8):
    """Write a config of an epoch on one frame, unchanged: the order does not matter."""
    config = frame_config(folder)
    options = config['data']['init_args']
    source = {**options['train'][0], 'limit': 1}
    options.update(train=[source] * steps, batch_size=1, validation=[], steps={
        'size': [36, 48], 'crop': [32, 40], 'flip': 0.0, 'degrees': 0.0, 'lighting': 0.0,
        'jitter': 0.0})
    config['average'] = 0.9
    path = folder / 'config.yaml'
    import yaml
    path.write_text(yaml.safe_dump(config))
    return path
