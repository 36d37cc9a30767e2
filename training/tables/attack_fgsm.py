# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Depth under FGSM, with and without a mask that was trained on clean images."""
from training.attack.gradient import fgsm
from training.tables.attacks import attack_rows, AttackTable

COLUMNS = {'rmse': 'RMS', 'abs_rel': 'REL', 'log10': 'log10', 'delta1': 'd1', 'delta2': 'd2',
           'delta3': 'd3'}
EPS = (0.0, 0.05, 0.1, 0.15, 0.2)
# RMSE only.
PUBLISHED = {
    'N': {0.0: (.555,), 0.05: (1.055,), 0.1: (1.139,)},
    'N.G': {0.0: (.683,), 0.05: (.813,), 0.1: (.943,)},
    'N.G(x)': {0.0: (.683,), 0.05: (.696,), 0.1: (.712,)},
    'N_adv': {}, 'N.G_adv': {}}

TABLE = AttackTable(
    name='attack-fgsm',
    title='Depth under FGSM against N: masks, adversarial training (NYU v2)',
    source='Hu and Okatani, Analysis of Deep Networks for Monocular Depth Estimation Through '
           'Adversarial Attacks with Proposal of a Defense Method, arXiv 1911.08790',
    columns=COLUMNS, attack=fgsm(), rows=attack_rows(COLUMNS, EPS, PUBLISHED))
