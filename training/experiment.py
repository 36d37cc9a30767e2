# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Experiments: YAML file and command-line overrides -> a run's folder.

The file is a LightningCLI file: `seed`, `average`, `model` and `data` with `class_path` and
`init_args`, `trainer`. Overrides are put into it before it is parsed, so that config.yaml of the
run holds what was asked for, and the run can be gone on from it.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
import logging
from pathlib import Path
import sys
import warnings

from depth_ros.contracts import InputError
from depth_ros.documents import parse_yaml, read_yaml
from lightning.pytorch.callbacks import ModelCheckpoint, ProgressBar, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from training.average import WeightAverage
from training.cli import build, Experiment
from training.files import WholeCheckpoints, write_json, write_text
from training.finite import FiniteSteps
from training.networks.encoders import read_checkpoint
from training.pictures import ValidationPictures
from training.provenance import provenance
from training.resuming import EpochCount
from training.runs import load_weights
import yaml

__all__ = ['build', 'fit', 'load_config', 'resolve']


def load_config(path, overrides=()) -> dict:
    """
    Read a config file and apply overrides such as `model.lr=1e-3`.

    In `model` and `data` the keys are those of `init_args`; deeper ones follow after dots.

    :raises InputError: no such file, not YAML, or an override that fits nowhere.
    """
    config = read_yaml(path)
    if not isinstance(config, dict):
        raise InputError(f'{path} is no config: it needs the sections model, data and trainer')
    return override(config, overrides, path)


def override(config: dict, overrides, path) -> dict:
    """Apply overrides to a config, in place; see load_config. `path`: what an error names."""
    for item in overrides:
        _override(config, item, path)
    return config


def _override(config, item, path):
    name, sign, value = item.partition('=')
    if not sign:
        raise InputError(f'{item!r} is not KEY=VALUE, for example model.lr=0.001')
    *sections, key = name.split('.')
    target = config
    for depth, section in enumerate(sections):
        if depth == 0 and section not in config:
            raise InputError(f'no section {section!r} in {path}: it has {sorted(config)}')
        if target.get(section) is None:
            target[section] = {}
        target = target[section]
        if isinstance(target, Mapping) and key != 'class_path' and 'class_path' in target:
            target = target.setdefault('init_args', {})
        if not isinstance(target, dict):
            raise InputError(f'{name}: {section} is {target!r} in {path} and has no keys')
    target[key] = parse_yaml(value, f'{item!r}: the value')


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Lightning's remarks to itself: nothing but errors, and the bar on a terminal."""
    loggers = [logging.getLogger(name) for name in ('lightning.pytorch', 'lightning.fabric')]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            yield
    finally:
        for logger, level in zip(loggers, levels):
            logger.setLevel(level)


def _trainer_options(run: Path, callbacks=()):
    """Give what the run's folder needs of the trainer; see Experiment."""
    def options(config, interval):
        tables = CSVLogger(run, 'logs', flush_logs_every_n_steps=50)
        own = any(isinstance(callback, ProgressBar) for callback in callbacks)
        shown = sys.stderr.isatty()
        return {
            'callbacks': [
                EpochCount(), WeightAverage(config['average']), FiniteSteps(), *callbacks,
                ValidationPictures(),
                ModelCheckpoint(run, 'last', every_n_train_steps=interval, save_top_k=1,
                                enable_version_counter=False),
                *([TQDMProgressBar()] if shown and not own else [])],
            'logger': [tables, TensorBoardLogger(run, 'logs', f'version_{tables.version}',
                                                 default_hp_metric=False)],
            'plugins': [WholeCheckpoints()],
            'enable_progress_bar': shown or own, 'enable_model_summary': False,
            'num_sanity_val_steps': 0, 'default_root_dir': run}
    return options


def resolve(config: dict) -> str:
    """Check a config, and return it with all defaults as YAML."""
    with quiet():
        return Experiment(config).resolved


def fit(config: dict, run, resume: bool = True, callbacks=()):
    """
    Train, and leave last.ckpt, metrics, pictures and provenance under the folder `run`.

    :param resume: go on from `run`/last.ckpt where there is one.
    :param callbacks: more Lightning callbacks than the usual ones.
    :returns: the trainer.
    :raises InputError: a mistake in the config, or a last.ckpt that is broken or of another
        network.
    """
    run = Path(run)
    with quiet():
        experiment = Experiment(config, _trainer_options(run, callbacks))
        trainer = experiment.trainer
        last = run / 'last.ckpt'
        for leftover in run.glob('.*.part.*'):  # of a run that was killed while it wrote
            leftover.unlink(missing_ok=True)
        if resume and last.exists():
            # Says in one line that a file is broken or of another network.
            load_weights(experiment.model.net, read_checkpoint(last), last)
        if trainer.is_global_zero:
            run.mkdir(parents=True, exist_ok=True)
            facts = provenance(config, yaml.safe_load(experiment.resolved))
            write_json(run / 'provenance.json', facts)
            write_text(run / 'config.yaml', yaml.safe_dump(config, sort_keys=False))
        trainer.fit(experiment.model, experiment.datamodule,
                    ckpt_path=str(last) if resume and last.exists() else None,
                    weights_only=True)
        trainer.save_checkpoint(last)
        if hasattr(experiment.model, 'after_fit') and trainer.is_global_zero:
            experiment.model.after_fit(run, experiment.datamodule)
    return trainer
