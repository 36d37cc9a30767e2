# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Errors of a finished run on the validation frames of its own config."""
from __future__ import annotations

import math

from depth_ros.contracts import InputError
import lightning
from training.experiment import build, quiet
from training.methods.base import DepthMethod
from training.methods.recipe import EDGE, Recipe
from training.runs import load_method

# What methods.base measures, and what methods that learn without ground truth log.
MEAN = ('mean', 'ground truth finite and > 0.1 m; weight of an image 1')
OWN = ('own', 'means of what the method logs on its validation frames')


def data_name(section) -> str:
    """Name the validation frames of a config's section, for people."""
    options = section.get('init_args') or {}
    if 'train' not in options:
        seed = options.get('validation_seed', 9001)
        size = options.get('size')
        return f'procedural frames of seed {seed}' + (
            f', {size[0]} x {size[1]}' if size else ', mixed sizes')
    return ', '.join(f'{source["dataset"]} ({source["path"]})'
                     for source in options.get('validation') or ())


def validate(checkpoint) -> dict:
    """
    Measure a checkpoint's averaged weights.

    :returns: checkpoint, steps, data (name), protocol, definition, and figures by name: metres,
        1/km, shares; those of the protocol and edge_f1, which is None where it cannot be measured.
    :raises InputError: no usable checkpoint, or no validation frames.
    """
    method, config, content = load_method(checkpoint)
    data = build(config['data'])
    with quiet():
        trainer = lightning.Trainer(
            accelerator=(config.get('trainer') or {}).get('accelerator', 'auto'), devices=1,
            logger=False, enable_progress_bar=False, enable_model_summary=False,
            enable_checkpointing=False)
        measured = trainer.validate(method, data, verbose=False)
    figures = {name.removeprefix('val/'): value if math.isfinite(value) else None
               for name, value in (measured[0] if measured else {}).items()}
    if not figures:
        raise InputError(f'{checkpoint} has no validation frames: its data.validation is empty')
    if isinstance(method, Recipe):
        name, definition = method.protocol.name, method.protocol.definition
        if method.edges:
            figures.setdefault('edge_f1', None)
            definition += f'; edge F1 at {EDGE:g} m of Sobel response'
    else:
        name, definition = MEAN if isinstance(method, DepthMethod) else OWN
    return {'checkpoint': str(checkpoint), 'steps': int(content['global_step']),
            'data': data_name(config['data']), 'protocol': name, 'definition': definition,
            'figures': figures}
