# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the gradient and normal losses add: ResNet-50 on NYU v2 (WACV 2019)."""
from training.tables.table import Row, Table

COLUMNS = {'rmse': 'RMS', 'abs_rel': 'REL', 'delta1': 'd1', 'edge_f1': 'F1 at 0.5'}


def _row(name, label, figures, terms):
    return Row(name, label, dict(zip(COLUMNS, figures)), 'supervised', (f'model.terms={terms}',))


TABLE = Table(
    name='wacv2019-ablation',
    title='Loss terms of supervised depth, ResNet-50 (NYU v2)',
    source='Hu et al., Revisiting Single Image Depth Estimation, WACV 2019',
    columns=COLUMNS,
    small_steps=24, small_batch=2,
    rows=(
        _row('depth', 'depth', (.580, .133, .830, .525), '[depth]'),
        _row('depth-grad', 'depth + grad', (.563, .128, .841, .543), '[depth, grad]'),
        _row('full', 'depth + grad + normal', (.555, .126, .843, .548), '[depth, grad, normal]'),
    ))
