# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Readers of native data-set formats: `open_dataset(name, path, options)`."""
from importlib import import_module

from depth_ros.contracts import choose
from depth_ros.datasets.sample import Dataset, Options, Sample

# Name to module; a module is imported only when its data set is opened.
DATASETS = {name: f'depth_ros.datasets.{name}' for name in (
    'kitti_object', 'kitti_depth_completion', 'tum', 'redwood', 'seven_scenes', 'nyu', 'icl_nuim',
    'bag')}

__all__ = ['DATASETS', 'Dataset', 'open_dataset', 'Options', 'Sample']


def open_dataset(name, path, options=None):
    """
    Open the data set ``name`` at ``path``.

    Raises InputError when the name is unknown (the choices are listed) or when the folder does
    not hold the expected layout (which is named).
    """
    module = import_module(choose(DATASETS, name, 'data set'))
    return module.open_dataset(path, options or Options())
