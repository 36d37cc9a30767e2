# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Folders of tiny runs of lifelong learning, and frames of made domains."""
import copy

from depth_ros.camera import Camera
from depth_ros.datasets.sample import Sample
import numpy as np
from tiny_frames import batch
from training.datasets.stored import write_frames

# Nothing random but the first weights.
STEPS = {'size': [32, 48], 'crop': None, 'flip': 0.0, 'degrees': 0.0, 'lighting': 0.0,
         'jitter': 0.0}


def samples(count, first=0, scale=1.0, shade=0):
    """Make frames whose depth can be read off their brightness, by a rule of their domain."""
    for number in range(first, first + count):
        made = batch(1, 32, 48, seed=number)
        image = (made['image'][0] * 50 + 128 + shade).permute(1, 2, 0).clamp(0, 255)
        depth = (scale * made['depth'][0]).numpy().astype(np.float32)
        yield Sample(f'frame {number}', image.byte().numpy(), depth, np.zeros_like(depth),
                     Camera(48, 32, 60.0, 60.0, 23.5, 15.5))


def write_domain_frames(folder, scale=1.0, shade=0, train=6, test=3):
    """Write stored frames of a domain; returns train and validation sources of a config."""
    write_frames(folder / 'train', samples(train, 0, scale, shade), 'made frames')
    write_frames(folder / 'test', samples(test, 50, scale, shade), 'made frames')
    return tuple([{'dataset': 'stored', 'path': str(folder / part)}]
                 for part in ('train', 'test'))


def stage_config(name, sources, previous=None, steps=2, **options):
    """Make a config of a stage on a CPU."""
    train, validation = copy.deepcopy(sources)
    return {
        'seed': 3, 'average': 0.0,
        'model': {'class_path': 'Lifelong', 'init_args': {
            'domain': name, 'encoder': 'mobilenet_v2', 'imagenet': False, 'lr': 1e-3,
            'previous': previous and str(previous), **options}},
        'data': {'class_path': 'DomainData', 'init_args': {
            'train': train, 'validation': validation, 'steps': STEPS, 'batch_size': 2,
            'workers': 0, 'replay_frames': 4, 'measure_frames': 2}},
        'trainer': {'accelerator': 'cpu', 'devices': 1, 'max_steps': steps,
                    'checkpoint_steps': 1, 'log_every_n_steps': 1, 'limit_val_batches': 0}}
