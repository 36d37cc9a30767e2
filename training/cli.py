# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Typed configs: LightningCLI makes method, data and trainer of what a config file says.

The file is read, and overrides are applied, by `training.experiment`; here its values are held
against the types of the classes' own arguments. A mistake is one InputError that names the key.
"""
from __future__ import annotations

from argparse import ArgumentError
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from importlib import import_module
import re
import typing

from depth_ros.contracts import InputError
import lightning
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

# What `class_path` may say in short; any importable class of the kind does as well.
METHODS = {'Completion': 'training.methods.completion.Completion',
           'Student': 'training.methods.student.Student',
           'Supervised': 'training.methods.supervised.Supervised',
           'Distillation': 'training.methods.distillation.Distillation',
           'DataFree': 'training.methods.data_free.DataFree',
           'SelfSupervised': 'training.methods.self_supervised.SelfSupervised',
           'R2M': 'training.methods.r2m.R2M',
           'Adversarial': 'training.methods.adversarial.Adversarial',
           'Saliency': 'training.methods.saliency.Saliency',
           'Defence': 'training.methods.defence.Defence',
           'Lifelong': 'training.methods.lifelong.Lifelong'}
DATA = {'ProceduralData': 'training.datasets.procedural.dataset.ProceduralData',
        'FrameData': 'training.datasets.frames.FrameData',
        'SequenceData': 'training.datasets.sequences.SequenceData',
        'TaughtData': 'training.datasets.taught.TaughtData',
        'SimulatedData': 'training.datasets.simulated.SimulatedData',
        'DomainData': 'training.datasets.domains.DomainData'}
SECTIONS = {'model': (METHODS, lightning.LightningModule),
            'data': (DATA, lightning.LightningDataModule)}


def find_class(section, key: str):
    """Return the class that a section's `class_path` names; `key`: model or data."""
    known, kind = SECTIONS[key]
    if not isinstance(section, Mapping) or not isinstance(section.get('class_path'), str):
        raise InputError(f'{key} needs a class_path: {", ".join(known.values())}')
    if not isinstance(section.get('init_args', {}), Mapping):
        raise InputError(f'{key}.init_args is {section["init_args"]!r}: it must be a mapping')
    for name in set(section) - {'class_path', 'init_args'}:
        raise InputError(f'unknown key {name!r} beside {key}.class_path: put it into init_args')
    path = known.get(section['class_path'], section['class_path'])
    module, _, name = path.rpartition('.')
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(f'{key}.class_path {path!r} is not there ({error}): choose one of '
                         f'{", ".join(known.values())}') from error
    if not (isinstance(found, type) and issubclass(found, kind)):
        raise InputError(f'{key}.class_path {path!r} is no {kind.__name__}')
    return found


def arguments(kind) -> dict:
    """Name to type of a class's arguments, those it hands on to its base class among them."""
    if is_dataclass(kind):
        return {field.name: field.type for field in fields(kind)}
    parser = LightningArgumentParser()
    parser.add_class_arguments(kind, 'it')
    return {action.dest[3:]: getattr(action, '_typehint', action.type)
            for action in parser._actions
            if action.dest.startswith('it.') and not action.dest.endswith('.help')}


def _dataclass_in(hint):
    if is_dataclass(hint):
        return hint
    return next(filter(None, map(_dataclass_in, typing.get_args(hint))), None)


def _optional(hint):
    return hint in (None, typing.Any) or type(None) in typing.get_args(hint)


def _accepted(config, keys):
    """Names that may stand under `keys`, a path into the config."""
    if not keys:
        return ['seed', 'average', *SECTIONS, 'trainer']
    if keys[0] == 'trainer':
        return [*arguments(lightning.Trainer), 'checkpoint_steps']
    if keys[0] not in SECTIONS:
        return []
    kind = find_class(config[keys[0]], keys[0])
    for key in keys[1:]:
        kind = _dataclass_in(arguments(kind).get(key))
    return list(arguments(kind)) if kind else []


def explain(message: str, config) -> str:
    """Put the parser's report of a mistake, of many lines, into one: what is wrong with a key."""
    keys = [key for found in re.findall(r'Parser key "([^"]+)"', message)
            for key in found.split('.')]
    unknown = re.search(r"(?:Group '([^']*)' does not accept option|Option) '([^']+)'", message)
    if unknown:
        words = [*keys, *(unknown[1] or '').split('.'), *unknown[2].split('.')]
        return _unknown(list(filter(None, words)), config)
    missing = re.search(r'following arguments are required: ([^\n]+)', message)
    if missing:
        return f'{".".join([*keys, missing[1]])} is missing'
    # What is expected, without the "or nothing" of optional arguments, and what came.
    expected = [found for found in re.findall(r'Expected an? ([^\n]+?)(?:\. Got value:|\n|$)',
                                              message) if 'NoneType' not in found]
    if not expected:
        lines = [line.strip(' -<>') for line in message.splitlines() if 'Given value' not in line]
        return f'{".".join(keys) or "config"}: {next(filter(None, reversed(lines)), message)}'
    names = [re.sub(r"<class '(?:\w+\.)*(\w+)'>|typing\.", r'\1', found) for found in expected]
    return (f'{".".join(keys)} is {_given(config, keys)}: it must be '
            f'{" or ".join(dict.fromkeys(names))}')


def _unknown(keys, config):
    accepted = sorted(_accepted(config, keys[:-1]))
    meant = get_close_matches(keys[-1], accepted, 1)
    return (f'unknown key {".".join(keys)}' + (f', perhaps {meant[0]}' if meant else '')
            + (f': choose one of {", ".join(accepted)}' if accepted else ''))


def _given(config, keys):
    """Show what the config has under a path of keys, as far as it can be followed."""
    value = config
    for key in keys:
        value = value.get('init_args', value) if isinstance(value, Mapping) else value
        value = value.get(key, value) if isinstance(value, Mapping) else value
    text = repr(value)
    return text if len(text) < 100 else text[:97] + '...'


def parse(parser, config):
    """Hold a config against a parser's types; raise one InputError for a mistake."""
    for key in SECTIONS:
        if key in config:
            hints = arguments(find_class(config[key], key))
            for name, value in config[key].get('init_args', {}).items():
                # The parser takes null for "not given".
                if value is None and name in hints and not _optional(hints[name]):
                    raise InputError(f'{key}.{name} must not be null')
    try:
        return parser.parse_object(deepcopy(config))  # the parser changes nested lists
    except (ArgumentError, TypeError, KeyError) as error:
        raise InputError(explain(str(getattr(error, 'message', error)), config)) from error


def _section_of(path) -> str:
    for key, (known, kind) in SECTIONS.items():
        if path in known or path in known.values():
            return key
    try:
        find_class({'class_path': path}, 'data')
    except InputError:
        return 'model'
    return 'data'


def build(section: Mapping):
    """
    Make the method or the data that a `class_path` / `init_args` section describes.

    :raises InputError: for an unknown class or key, or a wrong type.
    """
    key = _section_of(section.get('class_path'))
    find_class(section, key)
    parser = LightningArgumentParser(exit_on_error=False)
    parser.add_lightning_class_args(SECTIONS[key][1], key, subclass_mode=True)
    try:
        return parser.instantiate(parse(parser, {key: dict(section)}))[key]
    except Exception as error:
        # The parser wraps what a constructor raises into lines of its own.
        raise _input_error(error) or error from None


def _input_error(error):
    """Return the InputError that another error came from, or None."""
    while error is not None and not isinstance(error, InputError):
        error = error.__cause__ or error.__context__
    return error


class Experiment(LightningCLI):
    """
    The parts of one run: `model`, `datamodule`, `trainer`, and `resolved`, the whole config.

    Sections of the config: `seed`, `average` (decay of the weights' mean), `model` and `data`
    (`class_path`, `init_args`), `trainer` (arguments of lightning.Trainer, and
    `checkpoint_steps`: how often last.ckpt is written).

    :param config: dict of a config file.
    :param trainer_options: function of the resolved config and `checkpoint_steps` that returns
        arguments of the trainer, `callbacks` among them; None: only check the config.
    """

    def __init__(self, config: dict, trainer_options=None):
        """See the class."""
        self._options = trainer_options
        for key in SECTIONS:
            find_class(config.get(key), key)  # says which section is missing
        super().__init__(
            lightning.LightningModule, lightning.LightningDataModule, save_config_callback=None,
            parser_kwargs={'exit_on_error': False}, subclass_mode_model=True,
            subclass_mode_data=True, args=config, run=False, auto_configure_optimizers=False,
            load_from_checkpoint_support=False)

    def add_default_arguments_to_parser(self, parser):
        """Add what the config has beside model, data and trainer."""
        parser.add_argument('--seed', type=int, default=1)
        parser.add_argument('--average', type=float, default=0.998)

    def add_arguments_to_parser(self, parser):
        """Add our own option of the trainer."""
        parser.add_argument('--trainer.checkpoint_steps', type=int, default=200)

    def parse_arguments(self, parser, args):
        """Take the config file's content, not the command line."""
        self.config = parse(parser, args)

    def _set_seed(self):
        lightning.seed_everything(self.config['seed'], verbose=False)

    @property
    def resolved(self) -> str:
        """Return the config with all defaults, YAML."""
        return self.parser.dump(self.config, skip_unset=False)

    def instantiate_classes(self):
        """Make method, data and trainer."""
        if self._options is not None:
            try:
                super().instantiate_classes()
            except Exception as error:
                # The parser wraps what a constructor raises into lines of its own.
                raise _input_error(error) or error from None

    def instantiate_trainer(self, **kwargs):
        """Make the trainer."""
        options = dict(self.config_init['trainer'])
        interval = options.pop('checkpoint_steps')
        ours = self._options(self.config, interval)
        for name in ('callbacks', 'plugins'):
            given = options.get(name) or []
            ours[name] = [*(given if isinstance(given, list) else [given]), *ours.get(name, ())]
        return lightning.Trainer(**{**options, **ours})
