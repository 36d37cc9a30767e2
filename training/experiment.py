# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Experiments: YAML file and command-line overrides -> method, data and trainer.

The file has `seed`, `trainer` (arguments of lightning.Trainer), `average`, and `model` and
`data` with `class_path` and `init_args`, as LightningCLI files have; that tool itself needs a
package more than the project wants.
"""
from __future__ import annotations

import copy
import importlib
import json
from pathlib import Path
import platform
import subprocess
import sys

import lightning
from lightning.pytorch.callbacks import ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger
import torch
from training.average import WeightAverage
import yaml


def load_config(path, overrides=()) -> dict:
    """
    Read a config file and apply overrides such as `model.lr=1e-3`.

    :raises ValueError: for an override whose key the file does not have a section for.
    """
    config = yaml.safe_load(Path(path).read_text())
    for item in overrides:
        name, sign, value = item.partition('=')
        if not sign:
            raise ValueError(f'{item!r} is not KEY=VALUE, for example model.lr=0.001')
        section, *rest = name.split('.')
        target = config
        if rest:
            if section not in config:
                raise ValueError(f'no section {section!r} in {path}: it has {sorted(config)}')
            target = config[section]
            target = target.get('init_args', target)
        target[rest[0] if rest else section] = yaml.safe_load(value)
    return config


def build(section: dict):
    """Make the object that a `class_path` / `init_args` section describes."""
    module, _, name = section['class_path'].rpartition('.')
    return getattr(importlib.import_module(module), name)(**section.get('init_args', {}))


def provenance(config: dict) -> dict:
    """Tell what a run was made from: config, revision, versions, machine, command."""
    root = Path(__file__).resolve().parent.parent

    def git(*words):
        done = subprocess.run(['git', '-C', root, *words], capture_output=True, text=True)
        return done.stdout.strip()
    return {'config': config, 'revision': git('rev-parse', 'HEAD') or 'unknown',
            'changed_files': git('status', '--porcelain', '--untracked-files=no').splitlines(),
            'command': ' '.join(['python -m training', *sys.argv[1:]]),
            'python': platform.python_version(), 'torch': torch.__version__,
            'lightning': lightning.__version__, 'machine': platform.machine(),
            'threads': torch.get_num_threads(), 'cuda': torch.cuda.is_available()}


def fit(config: dict, run, resume: bool = True):
    """
    Train, and leave last.ckpt, metrics and provenance under the folder `run`.

    :param resume: go on from `run`/last.ckpt where there is one.
    """
    run = Path(run)
    run.mkdir(parents=True, exist_ok=True)
    (run / 'provenance.json').write_text(json.dumps(provenance(config), indent=1))
    (run / 'config.yaml').write_text(yaml.safe_dump(config, sort_keys=False))
    lightning.seed_everything(config.get('seed', 1), verbose=False)
    options = copy.deepcopy(config.get('trainer', {}))
    interval = options.pop('checkpoint_steps', 200)
    callbacks = [
        WeightAverage(config.get('average', 0.998)),
        ModelCheckpoint(run, 'last', every_n_train_steps=interval, save_top_k=1,
                        enable_version_counter=False)]
    if sys.stderr.isatty():
        callbacks.append(TQDMProgressBar())
    trainer = lightning.Trainer(
        **options, callbacks=callbacks, logger=CSVLogger(run, 'logs', flush_logs_every_n_steps=50),
        enable_progress_bar=sys.stderr.isatty(), enable_model_summary=False,
        num_sanity_val_steps=0, default_root_dir=run)
    method, data = build(config['model']), build(config['data'])
    last = run / 'last.ckpt'
    trainer.fit(method, data, ckpt_path=str(last) if resume and last.exists() else None,
                weights_only=False)
    trainer.save_checkpoint(last)
    return trainer
