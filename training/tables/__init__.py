# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Published tables that `python -m training table NAME` reruns: one file each."""
from importlib import import_module

from depth_ros.contracts import choose

# Name to module, each with a TABLE.
TABLES = {'wacv2019-nyu': 'training.tables.wacv2019_nyu',
          'wacv2019-ablation': 'training.tables.wacv2019_ablation',
          'ksem2023': 'training.tables.ksem2023',
          'datafree-nyu': 'training.tables.datafree_nyu',
          'datafree-procedural': 'training.tables.datafree_procedural',
          'ral2023-kitti': 'training.tables.ral2023_kitti',
          'iccv2019-lambda': 'training.tables.iccv2019_lambda',
          'lifelong-nyu-kitti': 'training.tables.lifelong_nyu_kitti',
          'lifelong-procedural': 'training.tables.lifelong_procedural',
          'attack-fgsm': 'training.tables.attack_fgsm',
          'attack-ifgsm': 'training.tables.attack_ifgsm'}


def find_table(name):
    """Return the `table.Table` called `name`; an unknown name lists the choices."""
    return import_module(choose(TABLES, name, 'table')).TABLE
