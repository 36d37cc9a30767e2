# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Depth under ten steps of IFGSM, with and without defences, and what an adaptive attack does."""
from training.attack.gradient import ifgsm
from training.attack.measure import ADAPTIVE
from training.tables.attack_fgsm import COLUMNS, EPS
from training.tables.attacks import attack_rows, AttackTable

# The REL of N at 0.1 is below that at 0.05 and equals d2 of its row: probably a slip in print.
PUBLISHED = {
    'N': {0.0: (.555, .126, .054, .843, .968, .991), 0.05: (1.465, .419, .200, .249, .568, .774),
          0.1: (1.792, .373, .273, .161, .373, .571), 0.15: (1.988, .516, .325, .109, .263, .442),
          0.2: (2.107, .541, .360, .075, .201, .370)},
    'N.G(x)': {0.0: (.683, .154, .068, .773, .939, .982),
               0.05: (.692, .156, .069, .768, .937, .981),
               0.1: (.706, .158, .070, .763, .934, .980),
               0.15: (.720, .159, .071, .759, .931, .978),
               0.2: (.743, .161, .074, .751, .927, .977)},
    'N.G': {0.0: (.683, .154, .068, .773, .939, .982)},
    'N_adv': {0.0: (.682, .167, .071, .757, .935, .979),
              0.05: (.666, .160, .067, .774, .943, .982),
              0.1: (.677, .159, .068, .769, .942, .982),
              0.15: (.724, .167, .073, .741, .931, .976),
              0.2: (.798, .180, .081, .701, .911, .970)},
    'N.G_adv': {0.0: (.615, .148, .063, .792, .952, .987),
                0.05: (.644, .158, .067, .771, .945, .984),
                0.1: (.655, .160, .067, .770, .942, .983),
                0.15: (.677, .162, .068, .767, .939, .981),
                0.2: (.703, .165, .071, .754, .933, .979)}}

TABLE = AttackTable(
    name='attack-ifgsm',
    title='Depth under IFGSM (10 steps) against N, and against each defence itself (NYU v2)',
    source='Hu and Okatani, Analysis of Deep Networks for Monocular Depth Estimation Through '
           'Adversarial Attacks with Proposal of a Defense Method, arXiv 1911.08790; rows '
           '"adaptive" are ours',
    columns=COLUMNS, attack=ifgsm(), rows=attack_rows(COLUMNS, EPS, PUBLISHED, ADAPTIVE))
