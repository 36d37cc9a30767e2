# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
What may stand in a room, and in which kinds of rooms.

FURNITURE, name: (function, half width, half depth, likes a wall); half sizes in metres let the
room builder keep pieces apart.
"""
from __future__ import annotations

from training.datasets.procedural import fittings, furniture, people, plants, things, vehicles

FURNITURE = {
    'table': (furniture.table, 0.9, 0.5, 0.4), 'dining': (furniture.dining, 1.1, 1.1, 0.0),
    'chair': (furniture.chair, 0.35, 0.35, 0.2), 'shelf': (furniture.shelf, 0.8, 0.25, 0.9),
    'cabinet': (furniture.cabinet, 0.9, 0.35, 0.9),
    'kitchen': (fittings.kitchen_run, 2.0, 0.4, 1.0),
    'sofa': (furniture.sofa, 1.1, 0.5, 0.7), 'bed': (furniture.bed, 0.9, 1.0, 0.9),
    'lamp': (furniture.floor_lamp, 0.25, 0.25, 0.6),
    'basin': (fittings.wash_stand, 0.6, 0.25, 1.0), 'shower': (fittings.shower, 0.85, 0.48, 0.9),
    'desk': (fittings.work_place, 0.9, 0.5, 0.8), 'rack': (fittings.rack, 1.1, 0.45, 0.3),
    'partition': (fittings.partition, 1.4, 0.15, 0.1),
    'clothes': (fittings.clothes, 0.9, 0.25, 0.5),
    'plant': (plants.plant, 0.4, 0.4, 0.5), 'person': (people.person, 0.35, 0.35, 0.0),
    'animal': (people.animal, 0.3, 0.5, 0.0), 'sitting': (people.sitting, 0.4, 0.45, 0.5),
    'crates': (things.crates, 0.6, 0.5, 0.4), 'bin': (things.bin_or_drum, 0.35, 0.35, 0.6),
    'pillar': (things.pillar, 0.4, 0.4, 0.0), 'stairs': (things.stairs, 1.0, 1.8, 0.3),
    'balls': (things.balls, 0.9, 0.9, 0.0), 'board': (things.board, 1.0, 0.3, 0.3),
    'ladder': (things.ladder, 0.3, 0.5, 0.5), 'trolley': (vehicles.trolley, 0.4, 0.6, 0.2),
    'bicycle': (vehicles.bicycle, 0.3, 0.9, 0.0)}

STYLES = {
    'living': ('table', 'sofa', 'sofa', 'shelf', 'cabinet', 'plant', 'lamp', 'chair', 'dining',
               'balls', 'person', 'sitting', 'bed', 'board', 'animal', 'clothes'),
    'office': ('desk', 'desk', 'desk', 'table', 'chair', 'shelf', 'cabinet', 'board', 'plant',
               'bin', 'person', 'crates', 'partition'),
    'kitchen': ('kitchen', 'kitchen', 'kitchen', 'dining', 'cabinet', 'chair', 'bin', 'shelf',
                'table', 'person', 'plant'),
    'bath': ('basin', 'basin', 'shower', 'cabinet', 'bin', 'shelf', 'clothes', 'plant'),
    'shop': ('rack', 'rack', 'rack', 'rack', 'table', 'person', 'trolley', 'clothes', 'board',
             'crates', 'pillar'),
    'work': ('desk', 'rack', 'crates', 'bin', 'ladder', 'trolley', 'bicycle', 'table', 'shelf',
             'stairs', 'person', 'board'),
    'store': ('crates', 'crates', 'shelf', 'shelf', 'bin', 'pillar', 'board', 'balls', 'person',
              'ladder', 'rack'),
    'any': tuple(FURNITURE)}
