# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Rooms, then streets, and the reverse: NYU v2 and KITTI with ResNet-34 (Lifelong-MonoDepth)."""
from training.lifelong.sequence import STRATEGIES
from training.tables.lifelong import columns, LifelongRow, LifelongTable
from training.tables.lifelong_data import find_nyu_kitti
from training.tables.lifelong_procedural import SMALL

TITLES = {'nyu': 'NYU', 'kitti': 'KITTI'}
COLUMNS = columns(TITLES)
ORDERS = {'N->K': ('nyu', 'kitti'), 'K->N': ('kitti', 'nyu')}
# NYU, KITTI and mean, of each RMSE, REL, d1.
QUOTED = {
    'comoda': ('Comoda (quoted)', (.673, .191, .706, 6.249, .158, .769, 3.461, .175, .738)),
    'coselfdepth': ('CoSelfDepth (quoted)',
                    (.626, .187, .728, 5.809, .154, .784, 3.218, .171, .756))}
PUBLISHED = {
    ('finetune', 'N->K'): (1.133, .328, .451, 3.655, .079, .918, 2.394, .204, .685),
    ('frozen', 'N->K'): (.532, .130, .836, 8.946, .252, .600, 4.739, .191, .718),
    ('ewc', 'N->K'): (1.007, .251, .475, 4.550, .100, .876, 2.779, .176, .676),
    ('ours', 'N->K'): (.622, .162, .768, 3.829, .081, .910, 2.226, .122, .839),
    ('finetune', 'K->N'): (.555, .137, .820, 13.22, .450, .179, 6.888, .294, .500),
    ('frozen', 'K->N'): (.991, .318, .523, 3.286, .070, .939, 2.139, .194, .731),
    ('ewc', 'K->N'): (.650, .173, .755, 7.178, .243, .573, 3.914, .208, .664),
    ('ours', 'K->N'): (.567, .142, .812, 5.060, .136, .813, 2.814, .139, .813)}


def _figures(values):
    return dict(zip(COLUMNS, values))


def _sequences():
    for (strategy, order), values in PUBLISHED.items():
        domains = ORDERS[order]
        yield LifelongRow('-'.join((strategy, *domains)), f'{STRATEGIES[strategy]} {order}',
                          _figures(values), strategy=strategy, domains=domains, seeds=(1,))


TABLE = LifelongTable(
    name='lifelong-nyu-kitti',
    title='Metric depth of rooms and streets learnt one after another (NYU v2, KITTI)',
    source='Hu et al., Lifelong-MonoDepth, arXiv 2303.05050',
    columns=COLUMNS,
    find=find_nyu_kitti,
    needs=('nyu', 'KITTI depth completion'),
    small_change=SMALL,
    small_steps=20,
    rows=(
        LifelongRow('single', 'SDT, a network for each',
                    _figures((.532, .130, .836, 3.286, .070, .939, 1.909, .100, .888)),
                    strategy='single', domains=tuple(TITLES), seeds=(1,)),
        LifelongRow('joint', 'JDT, both at once',
                    _figures((.581, .151, .803, 3.658, .086, .911, 2.120, .119, .857)),
                    strategy='joint', domains=tuple(TITLES), seeds=(1,)),
        *(LifelongRow(name, label, _figures(values)) for name, (label, values) in QUOTED.items()),
        *_sequences()))
