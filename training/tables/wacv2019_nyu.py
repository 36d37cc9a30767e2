# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Supervised depth with accurate boundaries: encoders on NYU v2 (WACV 2019)."""
from training.tables.table import Row, Table

COLUMNS = {'rmse': 'RMS', 'abs_rel': 'REL', 'log10': 'log10', 'delta1': 'd1', 'delta2': 'd2',
           'delta3': 'd3'}


def _figures(*values):
    return dict(zip(COLUMNS, values))


TABLE = Table(
    name='wacv2019-nyu',
    title='Supervised depth with accurate boundaries, by encoder (NYU v2)',
    source='Hu et al., Revisiting Single Image Depth Estimation, WACV 2019',
    columns=COLUMNS,
    small_steps=12, small_batch=2,
    rows=(
        Row('laina', 'Laina et al. (quoted)', _figures(.573, .127, .055, .811, .953, .988)),
        Row('fu', 'Fu et al. (quoted)', _figures(.509, .115, .051, .828, .965, .992)),
        Row('resnet50', 'ResNet-50', _figures(.555, .126, .054, .843, .968, .991), 'supervised'),
        Row('densenet161', 'DenseNet-161', _figures(.544, .123, .053, .855, .972, .993),
            'supervised', ('model.encoder=densenet161',)),
        Row('senet154', 'SENet-154', _figures(.530, .115, .050, .866, .975, .993),
            'supervised', ('model.encoder=senet154',)),
    ))
